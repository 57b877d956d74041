/*
 * A saved state with anything in it, its checksum right: it is refused, or the core that took it saves
 * the same again and can be looked at.
 */
#include "base/bytes.h"
#include "core/world_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
    uint8_t *p;
    size_t n, room;
};

static bool keep(void *ctx, const void *data, size_t n)
{
    struct bytes *to = ctx;

    if (to->n + n > to->room) {
        to->room = (to->n + n) * 2;
        to->p = realloc(to->p, to->room);
        sapa_assert(to->p != NULL);
    }
    memcpy(to->p + to->n, data, n);
    to->n += n;
    return true;
}

static struct sapa_core *fresh(const struct world *w)
{
    struct sapa_core *core = world_core();

    sapa_assert(sapa_core_centre(core, &w->centre) == SAPA_OK);
    return core;
}

static void look(struct sapa_core *core, int64_t now_us)
{
    struct sapa_contact_view contact;
    struct sapa_assignment_view work;

    for (uint32_t cursor = 0; sapa_core_contact_next(core, &cursor, now_us, &contact);)
        (void)!sapa_core_contact_get(core, contact.contact, now_us, &contact);
    for (uint32_t agent = 0; agent < WORLD_AGENTS; agent++)
        for (uint32_t cursor = 0; sapa_core_assignment_next(core, agent, &cursor, &work);)
            ;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w;
    struct bytes given = { 0 }, first = { 0 }, second = { 0 };

    if (size < 4 || size > 65536)
        return 0;
    world_init(&w, 3, 2, 2);
    keep(&given, data, size);
    struct sapa_writer tail = sapa_writer_of(given.p + size - 4, 4);
    sapa_put_fixed32(&tail, sapa_crc32c(0, given.p, size - 4));
    struct sapa_core *core = fresh(&w);
    if (sapa_core_load(core, given.p, size) == SAPA_OK) {
        sapa_assert(sapa_core_save(core, keep, &first) == SAPA_OK);
        struct sapa_core *again = fresh(&w);
        sapa_assert(sapa_core_load(again, first.p, first.n) == SAPA_OK);
        sapa_assert(sapa_core_save(again, keep, &second) == SAPA_OK);
        sapa_assert(first.n == second.n && memcmp(first.p, second.p, first.n) == 0);
        sapa_core_free(again);
        look(core, w.now_us);
    }
    w.core = core;
    world_done(&w);
    free(given.p);
    free(first.p);
    free(second.p);
    return 0;
}
