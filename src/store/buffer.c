#include <stdlib.h>

#include "store/port.h"

sapa_rc sapa_buffer_reserve(struct sapa_buffer *buffer, size_t more)
{
    size_t need, size;

    if (__builtin_add_overflow(buffer->n, more, &need))
        return SAPA_ENOMEM;
    if (need <= buffer->size)
        return SAPA_OK;
    size = buffer->size ? buffer->size : 4096;
    while (size < need) {
        if (__builtin_mul_overflow(size, 2, &size))
            return SAPA_ENOMEM;
    }
    uint8_t *p = realloc(buffer->p, size);
    if (!p)
        return SAPA_ENOMEM;
    buffer->p = p;
    buffer->size = size;
    return SAPA_OK;
}

void sapa_buffer_free(struct sapa_buffer *buffer)
{
    free(buffer->p);
    *buffer = (struct sapa_buffer){ 0 };
}
