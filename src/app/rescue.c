#include "app/rescue.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/recording_key.h"
#include "base/log.h"
#include "media/recording.h"

enum {
    MOMENT_US = 1000 * 1000, /* in which the recorder's own last word, or the writer's last chunk, may still come */
    AGAIN_US = 100 * 1000,
    STATE_ENDED = 3,
    STATE_FAILED = 4,
    STATE_CUT = 5,
    IDS_MAX = 200000, /* as many as the engine keeps */
};

struct sapa_rescue {
    struct sapa_rescue_options options;
    char folder[512];
    struct sapa_timer timer;
    uint64_t *ids; /* a queue: [first, count) wait */
    size_t first, count, room;
    int64_t not_before_us;
    bool busy, posting; /* a file is being read; its result waits for the log */
    /* the job at hand */
    struct sapa_record state; /* the newest that the log has; then what is said */
    char path[1024];
    struct sapa_recording_info info;
    sapa_rc rc;
};

static void next(void *ctx);

static void again(struct sapa_rescue *r, int64_t us)
{
    sapa_timer_set(r->options.loop, &r->timer, us, next, r);
}

/* On a thread of the pool. */
static void read_file(void *ctx)
{
    struct sapa_rescue *r = ctx;
    struct sapa_recording_head head;
    struct sapa_recording *recording;
    struct sapa_key key;

    r->rc = sapa_recording_head_read(r->path, &head);
    if (r->rc == SAPA_OK)
        r->rc = sapa_recording_key_open(r->options.store, r->state.u.recording_state.recording, head.wrapped,
                                        head.wrapped_size, key.bytes);
    if (r->rc != SAPA_OK)
        return;
    r->rc = sapa_recording_open(r->path, &key, &recording);
    sapa_wipe(&key, sizeof(key));
    if (r->rc != SAPA_OK)
        return;
    r->rc = sapa_recording_verify(recording, &r->info);
    sapa_recording_close(recording);
}

/* Also a file that cannot be read has its last word: nothing of it counts. */
static void say(struct sapa_rescue *r)
{
    struct sapa_rec_recording_state *state = &r->state.u.recording_state;
    char hex[65];

    state->state = STATE_FAILED;
    state->hash.n = 0;
    state->recorded_ms = state->masked_ms = state->bytes = 0;
    if (r->rc == SAPA_OK) {
        state->state = r->info.end == SAPA_RECORDING_CUT ? STATE_CUT : STATE_ENDED;
        state->recorded_ms = r->info.recorded_ms;
        state->masked_ms = r->info.masked_ms;
        state->bytes = r->info.bytes;
        (void)sapa_sized_set(&state->hash, sapa_str_of(sapa_hex(r->info.hash, sizeof(r->info.hash), hex)));
    }
    sapa_log(r->rc == SAPA_OK ? SAPA_LOG_INFO : SAPA_LOG_WARN, "recording.rescue", "recording=%llu ms=%llu %s",
             (unsigned long long)state->recording, (unsigned long long)(state->recorded_ms + state->masked_ms),
             r->rc == SAPA_OK ? "credited" : sapa_rc_text(r->rc));
}

static void read_done(void *ctx, sapa_rc rc)
{
    struct sapa_rescue *r = ctx;

    if (rc != SAPA_OK)
        r->rc = rc;
    say(r);
    r->posting = true;
    next(r);
}

/* False: it has ended by itself meanwhile. */
static bool begin(struct sapa_rescue *r, uint64_t recording)
{
    if (!sapa_engine_recording_get(r->options.engine, recording, &r->state))
        return false;
    const struct sapa_str path = sapa_sized_str(&r->state.u.recording_state.path);
    const uint64_t contact = r->state.u.recording_state.contact;
    snprintf(r->path, sizeof(r->path), "%s/" SAPA_STR_FMT, r->folder, SAPA_STR_ARG(path));
    const struct sapa_rec_recording_state was = r->state.u.recording_state;
    sapa_record_init(&r->state, SAPA_T_recording_state);
    r->state.u.recording_state = was;
    r->state.u.recording_state.contact = contact;
    r->rc = SAPA_EIO;
    return true;
}

static void next(void *ctx)
{
    struct sapa_rescue *r = ctx;
    uint64_t recording;

    if (r->posting) {
        static struct sapa_record now;
        recording = r->state.u.recording_state.recording;
        if (sapa_engine_recording_get(r->options.engine, recording, &now) && !r->options.post(r->options.ctx, &r->state)) {
            again(r, AGAIN_US);
            return;
        }
        r->posting = r->busy = false;
    }
    if (r->busy)
        return;
    const int64_t now_us = sapa_loop_now_us(r->options.loop);
    if (r->first < r->count && now_us < r->not_before_us) {
        again(r, r->not_before_us - now_us);
        return;
    }
    while (r->first < r->count && !r->busy) {
        if (!begin(r, r->ids[r->first++]))
            continue;
        r->busy = true;
        if (sapa_pool_submit(r->options.pool, r->options.loop, read_file, read_done, r) != SAPA_OK) {
            r->busy = false;
            r->first--;
            again(r, AGAIN_US);
            return;
        }
    }
    if (r->first == r->count)
        r->first = r->count = 0;
}

void sapa_rescue_add(struct sapa_rescue *r, uint64_t recording)
{
    if (r->count == r->room) {
        const size_t room = r->room ? r->room * 2 : 64;
        uint64_t *bigger = room <= 2 * IDS_MAX ? realloc(r->ids, room * sizeof(*bigger)) : NULL;
        if (!bigger)
            return; /* it is looked at after the next start */
        r->ids = bigger;
        r->room = room;
    }
    r->ids[r->count++] = recording;
    r->not_before_us = sapa_loop_now_us(r->options.loop) + MOMENT_US;
    if (!r->busy)
        again(r, MOMENT_US);
}

void sapa_rescue_add_all(struct sapa_rescue *r)
{
    static struct sapa_record state;
    uint32_t cursor = 0;

    while (sapa_engine_recording_next(r->options.engine, &cursor, &state))
        sapa_rescue_add(r, state.u.recording_state.recording);
}

sapa_rc sapa_rescue_new(const struct sapa_rescue_options *options, struct sapa_rescue **ret)
{
    struct sapa_rescue *r = calloc(1, sizeof(*r));

    if (!r)
        return SAPA_ENOMEM;
    r->options = *options;
    if (!sapa_str_copy(sapa_str_of(options->recordings), r->folder, sizeof(r->folder))) {
        free(r);
        return SAPA_ELIMIT;
    }
    *ret = r;
    return SAPA_OK;
}

void sapa_rescue_free(struct sapa_rescue *r)
{
    if (!r)
        return;
    sapa_timer_cancel(r->options.loop, &r->timer);
    free(r->ids);
    free(r);
}
