#include "model/vocab.h"

#define NAME(id, text) text,
#define V(noun, PREFIX, LIST)                                     \
    const char *sapa_##noun##_name(unsigned value)                \
    {                                                             \
        static const char *const names[] = { SAPA_##LIST(NAME) }; \
        return value < SAPA_COUNT(names) ? names[value] : "?";    \
    }
SAPA_VOCABS(V)
