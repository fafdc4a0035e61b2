#include "nodes/weights/safetensors.h"
