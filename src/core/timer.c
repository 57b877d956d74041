#include "core/timer.h"

enum { CHILDREN = 4 };

static bool before(const struct sapa_timer_entry *a, const struct sapa_timer_entry *b)
{
    if (a->due_us != b->due_us)
        return a->due_us < b->due_us;
    return a->order != b->order ? a->order < b->order : a->slot < b->slot;
}

static void place(struct sapa_timers *timers, uint32_t i, struct sapa_timer_entry entry)
{
    timers->heap[i] = entry;
    timers->at[entry.slot] = i;
}

static void sift_up(struct sapa_timers *timers, uint32_t i, struct sapa_timer_entry entry)
{
    while (i > 0 && before(&entry, &timers->heap[(i - 1) / CHILDREN])) {
        place(timers, i, timers->heap[(i - 1) / CHILDREN]);
        i = (i - 1) / CHILDREN;
    }
    place(timers, i, entry);
}

static void sift_down(struct sapa_timers *timers, uint32_t i, struct sapa_timer_entry entry)
{
    for (;;) {
        const uint32_t first = i * CHILDREN + 1;
        const uint32_t last = SAPA_MIN(first + CHILDREN, timers->count);
        uint32_t best = first;
        if (first >= timers->count)
            break;
        for (uint32_t child = first + 1; child < last; child++)
            if (before(&timers->heap[child], &timers->heap[best]))
                best = child;
        if (!before(&timers->heap[best], &entry))
            break;
        place(timers, i, timers->heap[best]);
        i = best;
    }
    place(timers, i, entry);
}

static void settle(struct sapa_timers *timers, uint32_t i, struct sapa_timer_entry entry)
{
    if (i > 0 && before(&entry, &timers->heap[(i - 1) / CHILDREN]))
        sift_up(timers, i, entry);
    else
        sift_down(timers, i, entry);
}

void sapa_core_timer_set(struct sapa_timers *timers, uint32_t slot, int64_t due_us, uint64_t order)
{
    const struct sapa_timer_entry entry = { due_us, order, slot };

    if (due_us == 0 || due_us == INT64_MAX) {
        sapa_core_timer_clear(timers, slot);
        return;
    }
    if (timers->at[slot] != SAPA_NONE) {
        sapa_assert(timers->heap[timers->at[slot]].slot == slot);
        if (timers->heap[timers->at[slot]].due_us != due_us)
            settle(timers, timers->at[slot], entry);
        return;
    }
    timers->count++;
    sift_up(timers, timers->count - 1, entry);
    sapa_assert(timers->at[slot] < timers->count);
}

void sapa_core_timer_clear(struct sapa_timers *timers, uint32_t slot)
{
    const uint32_t i = timers->at[slot];

    if (i == SAPA_NONE)
        return;
    sapa_assert(i < timers->count);
    sapa_assert(timers->heap[i].slot == slot);
    timers->at[slot] = SAPA_NONE;
    timers->count--;
    if (i < timers->count)
        settle(timers, i, timers->heap[timers->count]);
}

void sapa_core_timer_check(const struct sapa_timers *timers)
{
    for (uint32_t i = 0; i < timers->count; i++) {
        sapa_assert(timers->at[timers->heap[i].slot] == i);
        sapa_assert(i == 0 || !before(&timers->heap[i], &timers->heap[(i - 1) / CHILDREN]));
    }
}
