#include "core/a.h"

/* strcpy(here) and "a rand() there" are no calls */
static const char *const words = "sleep(1) double";

int sapa_a_of(int value)
{
    return value + words[0] + '"';
}
