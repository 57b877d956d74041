/**
 * @file rt/loop_impl.h
 * How mailboxes hang on a loop. For files of rt/ only.
 *
 * Room    rt.   Thread  the loop's.
 */
#ifndef SAPA_RT_LOOP_IMPL_H
#define SAPA_RT_LOOP_IMPL_H

#include "rt/loop.h"

/**
 * Something that other threads fill and the loop empties each turn. Writers make it non-empty with
 * a sequentially consistent store and then call sapa_loop_wake(); the loop says that it goes to
 * sleep, sequentially consistent too, and then looks at is_empty once more: one of the two sees the other.
 */
struct sapa_source {
    struct sapa_source *next, *prev;
    size_t (*drain)(struct sapa_source *source); /* returns callbacks made */
    bool (*is_empty)(const struct sapa_source *source);
};

void sapa_loop_attach(struct sapa_loop *loop, struct sapa_source *source);
void sapa_loop_detach(struct sapa_loop *loop, struct sapa_source *source);
/** As sapa_loop_wake(); true when the eventfd had to be written. */
bool sapa_loop_nudge(struct sapa_loop *loop);

#endif
