#include "engine/json.h"
