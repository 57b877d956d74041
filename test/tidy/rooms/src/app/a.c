#include "core/own_impl.h"
#include "rt/clock.h"
