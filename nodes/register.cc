#include "nodes/register.h"
