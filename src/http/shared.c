/* What the centre is asked for once for all who want it: figures, times of waiting, the view. */
#include <stdlib.h>

#include "http/answer_impl.h"

void sapa_web_shared_ask(struct sapa_web *web, unsigned kind)
{
    struct web_shared *shared = &web->shared[kind];
    const int64_t now_us = sapa_mono_us();

    if (shared->asked != 0 && now_us - shared->at_us < 3000000)
        return; /* on its way */
    const struct sapa_web_ask ask = {
        .request = web->next_request++,
        .kind = kind == WEB_SHARED_FIGURES ? SAPA_WEB_ASK_FIGURES : kind == WEB_SHARED_TIMES ? SAPA_WEB_ASK_TIMES : SAPA_WEB_ASK_VIEW,
        .contact = kind >= WEB_SHARED_VIEW ? kind - WEB_SHARED_VIEW : 0,
    };
    shared->at_us = now_us;
    shared->seq = web->mirror.seq;
    shared->covered = shared->count;
    shared->asked = sapa_web_ask_centre(web, &ask, NULL) == SAPA_OK ? ask.request : 0;
}

static int64_t shared_rest_us(unsigned kind)
{
    return INT64_C(1000) * (kind == WEB_SHARED_FIGURES ? 0 : kind == WEB_SHARED_TIMES ? WEB_TIMES_MS : WEB_VIEW_MS);
}

void sapa_web_shared_again(struct sapa_web *web)
{
    for (unsigned kind = 0; kind < WEB_SHARED_COUNT; kind++) {
        const struct web_shared *shared = &web->shared[kind];
        const int64_t left_us = shared->at_us ? shared->at_us + shared_rest_us(kind) - sapa_mono_us() : 0;
        if (shared->count == 0 || (shared->asked != 0 && shared->covered == shared->count))
            continue;
        if (left_us > 0)
            sapa_web_later(web, (uint64_t)left_us / 1000 + 1);
        else
            sapa_web_shared_ask(web, kind);
    }
}

/* What was asked before the state changed is told nobody who asks after it; figures may be a second old. */
static bool shared_is_fresh(const struct sapa_web *web, unsigned kind)
{
    const struct web_shared *shared = &web->shared[kind];

    return shared->asked == 0 && shared->at_us != 0 &&
           sapa_mono_us() - (kind == WEB_SHARED_FIGURES ? web->queues_us : shared->at_us) < WEB_FIGURES_MS * INT64_C(1000) &&
           (kind == WEB_SHARED_FIGURES ? web->mirror.figures_us != 0 : shared->seq == web->mirror.seq);
}

void sapa_web_shared_wanted(struct web_request *rq, unsigned kind)
{
    struct sapa_web *web = rq->web;
    struct web_shared *shared = &web->shared[kind];

    if (shared_is_fresh(web, kind)) {
        sapa_web_live_now(rq);
        return;
    }
    if (shared->count == shared->room) {
        const size_t room = shared->room ? shared->room * 2 : 64;
        uint64_t *bigger = room <= WEB_REQUESTS_MAX ? realloc(shared->waiters, room * sizeof(*bigger)) : NULL;
        if (!bigger) {
            sapa_web_problem_rc(rq, SAPA_ELIMIT, NULL);
            return;
        }
        shared->waiters = bigger, shared->room = room;
    }
    if (sapa_web_wait(rq) != SAPA_OK) {
        sapa_web_problem_rc(rq, SAPA_ELIMIT, NULL);
        return;
    }
    shared->waiters[shared->count++] = rq->id;
    sapa_web_shared_again(web);
}

static void figures_came(struct sapa_web *web, const void *data, size_t size)
{
    const struct sapa_web_figures *figures = data;

    if (size < sizeof(*figures) || size != sizeof(*figures) + figures->count * sizeof(struct sapa_web_queue) + figures->standings * sizeof(struct sapa_web_standing))
        return;
    /* of the description that the mirror has? Around a change it may not be, yet or any more */
    const struct sapa_web_queue *queues_of = (const struct sapa_web_queue *)(const void *)(figures + 1);
    const int64_t now_us = sapa_mono_us();
    const bool all = web->shared[WEB_SHARED_FIGURES].count > 0 || web->mirror.figures_us == 0 || now_us - web->queues_us >= (WEB_FIGURES_MS - 100) * INT64_C(1000);
    if (web->mirror.centre && memcmp(figures->centre_hash, web->mirror.centre->hash, sizeof(figures->centre_hash)) == 0 &&
        (!all || sapa_mirror_figures(&web->mirror, figures->at_us, queues_of, figures->count) == SAPA_OK) &&
        sapa_mirror_standings(&web->mirror, figures->at_us, (const struct sapa_web_standing *)(const void *)(queues_of + figures->count), figures->standings) == SAPA_OK)
        sapa_feed_tick(web->feed);
    if (all)
        web->queues_us = now_us;
}

static int by_contact(const void *a, const void *b)
{
    const uint64_t x = ((const struct sapa_web_time *)a)->contact, y = ((const struct sapa_web_time *)b)->contact;

    return x < y ? -1 : x > y;
}

const struct sapa_web_time *sapa_web_time_of(const struct sapa_web *web, uint64_t contact)
{
    const struct sapa_web_time wanted = { .contact = contact };

    return bsearch(&wanted, web->times, web->time_count, sizeof(wanted), by_contact);
}

static void times_came(struct sapa_web *web, const void *data, size_t size)
{
    web->time_count = SAPA_MIN(size / sizeof(web->times[0]), SAPA_COUNT(web->times));
    if (web->time_count > 0)
        memcpy(web->times, data, web->time_count * sizeof(web->times[0]));
    qsort(web->times, web->time_count, sizeof(web->times[0]), by_contact);
}

static void view_came(struct web_shared *shared, const void *data, size_t size)
{
    sapa_json_reset(&shared->text);
    sapa_json_bytes(&shared->text, data, size);
}

void sapa_web_shared_came(struct sapa_web *web, const struct sapa_web_reply *reply, const void *data, size_t size)
{
    unsigned kind = 0;

    while (kind < WEB_SHARED_COUNT && web->shared[kind].asked != reply->request)
        kind++;
    if (kind == WEB_SHARED_COUNT)
        return; /* it was asked again meanwhile */
    struct web_shared *shared = &web->shared[kind];
    shared->asked = 0;
    if (reply->rc != SAPA_OK)
        shared->at_us = 0;
    else if (kind == WEB_SHARED_FIGURES)
        figures_came(web, data, size);
    else if (kind == WEB_SHARED_TIMES)
        times_came(web, data, size);
    else
        view_came(shared, data, size);
    const size_t count = kind == WEB_SHARED_FIGURES ? shared->count : shared->covered;
    for (size_t i = 0; i < count; i++) {
        struct web_request *rq = sapa_web_request_of(web, shared->waiters[i]);
        if (!rq)
            continue;
        sapa_web_wait_end(rq);
        if (reply->rc == SAPA_OK)
            sapa_web_live_now(rq);
        else
            sapa_web_problem_rc(rq, (sapa_rc)reply->rc, NULL);
    }
    shared->count -= count;
    if (shared->count == 0)
        return;
    memmove(shared->waiters, shared->waiters + count, shared->count * sizeof(*shared->waiters));
    sapa_web_shared_again(web); /* who came meanwhile is told what is asked now */
}
