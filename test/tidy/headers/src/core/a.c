#include <stddef.h>

#include "core/a.h"
