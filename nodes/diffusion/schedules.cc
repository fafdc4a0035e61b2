#include "nodes/diffusion/schedules.h"
