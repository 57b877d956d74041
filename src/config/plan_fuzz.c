/* Two documents, parted by a zero byte: any plan is finite and UTF-8, and of a document with itself it is empty. */
#include <stdint.h>
#include <string.h>

#include "config/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(void *ctx, enum sapa_plan_kind kind, const char *sentence)
{
    (void)kind;
    sapa_assert(sapa_str_utf8(sapa_str_of(sentence)));
    ++*(unsigned *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *zero = size ? memchr(text, 0, size) : NULL;
    const struct sapa_str before = { text, zero ? (size_t)(zero - text) : size };
    const struct sapa_str after = zero ? (struct sapa_str){ zero + 1, size - before.n - 1 } : before;
    unsigned count = 0, none = 0;

    (void)!sapa_centre_plan(before, after, SAPA_LANGUAGE_EN, look, &count);
    (void)!sapa_centre_plan(after, after, SAPA_LANGUAGE_ID, look, &none);
    sapa_assert(none == 0);
    return 0;
}
