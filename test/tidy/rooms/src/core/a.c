#include "rt/clock.h"
