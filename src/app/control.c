/**
 * @file app/control.c
 * The control process: opens the log, rebuilds the live state, starts the channels and serves.
 *
 * Order at start: lock and epoch → description → snapshot and the log behind it → centre_started →
 * channels, which adopt the calls that live → ready. The centre thread is the main thread.
 */
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/alerts.h"
#include "app/breach.h"
#include "app/centre_file.h"
#include "app/centre_shelf.h"
#include "app/channels.h"
#include "app/commands.h"
#include "app/engine.h"
#include "app/figures_keeper.h"
#include "app/heartbeat.h"
#include "app/hooks.h"
#include "app/recording_key.h"
#include "app/rescue.h"
#include "app/serve.h"
#include "app/system.h"
#include "app/web_link.h"
#include "app/web_shift.h"
#include "app/web_target.h"
#include "app/web_work.h"
#include "base/log.h"
#include "phone/phone.h"
#include "rt/file.h"
#include "rt/pages.h"
#include "rt/process.h"
#include "rt/socket.h"
#include "rt/thread.h"
#include "rt/tls.h"
#include "store/log.h"
#include "store/sqlite/sqlite.h"
#include "store/writer.h"

#ifndef SAPA_VERSION
#define SAPA_VERSION "development"
#endif

enum {
    INBOX_BYTES = 32 << 20,
    INBOX_BATCH = 256,
    SNAPSHOT_LOOK_US = 1000 * 1000,
    SNAPSHOT_EVERY_US = 60 * 1000 * 1000,
    SNAPSHOT_RECORDS = 200000, /* or so many records, whichever comes first */
    BACKLOG_STOP = 192 << 20,  /* bytes of log that wait for the disk: no further input is taken */
    RETRY_INBOX_US = 5000,
    SECOND_US = 1000 * 1000,
    LARGE_CENTRE = 2000,    /* agents: from here on the core lies in large pages */
    SLOW_SECONDS = 3,       /* alarm after so many seconds with slow commits */
    SLOW_SECONDS_MAX = 10,  /* and off after at most so many without */
    STOP_LOOK_US = 20 * 1000,
    LAST_WORDS_US = 200 * 1000,
    STOP_LIMIT_US = 3 * 1000 * 1000,
    CONTACTS_LEAST = 20000,
    FILES_WANTED = 8192, /* connections of browsers and of telephones, with some for the rest */
};

#define PHONE_KEY "sapa telephones in browsers" /* what their passwords are made with */

/* Taken from the mailbox, not yet by the engine. */
struct waiting {
    struct waiting *next;
    _Alignas(8) uint8_t record[];
};

struct control {
    struct sapa_clock clock;
    struct sapa_loop *loop;
    struct sapa_signals *signals;
    struct sapa_store *store;
    struct sapa_log_writer *writer;
    struct sapa_core *core;
    struct sapa_names names;
    struct sapa_live live;
    struct sapa_engine *engine;
    struct sapa_mailbox *inbox;
    struct sapa_channels *channels;
    struct sapa_web *web;
    struct sapa_web_link *web_link;
    _Atomic(struct sapa_channels *) web_channels; /* for the web thread: it begins earlier, and ends before they are freed */
    struct sapa_alerts *alerts;
    struct sapa_web_files web_files;
    struct sapa_hooks *hooks;
    struct sapa_pool *pool;
    struct sapa_figures_keeper *figures;
    struct sapa_disk_keeper *disk;
    struct sapa_slot *reports; /* of the SIP thread */
    struct sapa_system_sources system;
    struct sapa_breaches *breaches;
    struct sapa_centre_shelf *shelf;
    struct sapa_rescue *rescue;
    struct sapa_channels_centre today, next; /* next: read, and waiting for its moment */
    struct sapa_timer stop_timer, second_timer, beat_timer;
    uint64_t slow_commits;
    int slow_seconds; /* seconds with slow commits, less those without */
    bool slow_alarm;
    int64_t stop_us, stop_limit_us; /* 0: not stopping */
    struct sapa_timer inbox_retry, switch_timer, snapshot_timer;
    struct sapa_deferred inbox_pause;
    struct waiting *waiting, **waiting_last;
    uint64_t snapshot_seq;
    int64_t snapshot_us;
    bool snapshot_busy, refusing, serving, ready;
    enum sapa_log_state log_state;
    int ready_fd;
    int64_t started_us;
    int64_t stopped_us; /* the process before was there until then; 0: none, or said */
    int64_t announced_us; /* core time of our centre_started */
    struct sapa_text64 brought_by; /* of a description that takes force while we run */
    struct sapa_text128 comment;
};

static struct {
    const char *data, *centre, *advertise, *secrets, *http_cert, *http_key, *web, *demo_logins, *targets, *shifts;
    const char *tls_trust;
    struct sapa_option_list udp, tcp, tls, tls_cert, tls_key;
    uint64_t http_fd, api_fd, http_rate, parent_since;
    bool webhooks_private, https;
} opt;

static const struct sapa_option options[] = {
    { "data", SAPA_OPTION_TEXT, &opt.data, "DIR", "log, recordings and keys", 0, 0 },
    { "centre", SAPA_OPTION_TEXT, &opt.centre, "FILE", "description of the centre", 0, 0 },
    { "secrets", SAPA_OPTION_TEXT, &opt.secrets, "FILE", "passwords that it refers to", 0, 0 },
    { "advertise", SAPA_OPTION_TEXT, &opt.advertise, "ADDRESS", "address written into SIP and SDP", 0, 0 },
    { "udp-fd", SAPA_OPTION_LIST, &opt.udp, "FD", "open UDP socket", 0, 0 },
    { "tcp-fd", SAPA_OPTION_LIST, &opt.tcp, "FD", "open TCP listener", 0, 0 },
    { "http-fd", SAPA_OPTION_NUMBER, &opt.http_fd, "FD", "open TCP listener for HTTP", 3, 1000 },
    { "api-fd", SAPA_OPTION_NUMBER, &opt.api_fd, "FD", "open local listener for HTTP", 3, 1000 },
    { "http-cert", SAPA_OPTION_TEXT, &opt.http_cert, "FILE", "certificate (PEM)", 0, 0 },
    { "http-key", SAPA_OPTION_TEXT, &opt.http_key, "FILE", "its key (PEM)", 0, 0 },
    { "https", SAPA_OPTION_FLAG, &opt.https, NULL, "HTTPS, with a certificate of our own where none is given", 0, 0 },
    { "http-rate", SAPA_OPTION_NUMBER, &opt.http_rate, "N", "requests a second and source", 0, 1000000 },
    { "webhooks-private", SAPA_OPTION_FLAG, &opt.webhooks_private, NULL, "webhooks may go to this machine and private networks", 0, 0 },
    { "web", SAPA_OPTION_TEXT, &opt.web, "DIR", "pages for browsers", 0, 0 },
    { "demo-logins", SAPA_OPTION_TEXT, &opt.demo_logins, "loopback|any", "logins without a password", 0, 0 },
    { "targets", SAPA_OPTION_TEXT, &opt.targets, "FILE", "targets to begin with", 0, 0 },
    { "shifts", SAPA_OPTION_TEXT, &opt.shifts, "FILE", "shifts of every day", 0, 0 },
    { "tls-fd", SAPA_OPTION_LIST, &opt.tls, "FD", "open TCP listener for TLS", 0, 0 },
    { "tls-cert", SAPA_OPTION_LIST, &opt.tls_cert, "FILE", "certificate chain", 0, 0 },
    { "tls-key", SAPA_OPTION_LIST, &opt.tls_key, "FILE", "its key", 0, 0 },
    { "tls-trust", SAPA_OPTION_TEXT, &opt.tls_trust, "FILE", "authorities", 0, 0 },
    { "parent-since", SAPA_OPTION_NUMBER, &opt.parent_since, "US", "when the parent started, which also starts the media process", 0, INT64_MAX },
};

/* ---- the engine's ports ---- */

static bool log_ready(void *ctx)
{
    struct control *c = ctx;

    return sapa_log_writer_status(c->writer).backlog_bytes < BACKLOG_STOP;
}

static void log_step(void *ctx, const struct sapa_record *const records[], size_t count, bool last)
{
    struct control *c = ctx;

    for (size_t i = 0; i < count; i++) {
        if (sapa_log_writer_put(c->writer, records[i]) != SAPA_OK) {
            /* log_ready() leaves a quarter of the backlog for one step: this cannot be */
            sapa_log(SAPA_LOG_ERROR, "log.put", "the backlog is full; ending so that nothing unlogged is promised");
            abort();
        }
    }
    if (c->web_link)
        sapa_web_link_step(c->web_link, records, count, last);
    if (last)
        sapa_log_writer_flush(c->writer);
}

static sapa_rc command(void *ctx, const struct sapa_record *record)
{
    struct control *c = ctx;

    return c->channels ? sapa_channels_command(c->channels, record) : SAPA_ELIMIT;
}

static void input_now(struct control *c, struct sapa_record *input)
{
    const sapa_rc rc = sapa_engine_input(c->engine, input);

    sapa_assert(rc == SAPA_OK); /* callers have asked log_ready() */
}

/* ---- inbox ---- */

/* To serve, which has the other end of the pipe. It is never full: a byte a second, and somebody reads. */
static void beat(const struct control *c, uint8_t byte)
{
    if (c->ready_fd >= 0 && write(c->ready_fd, &byte, 1) != 1)
        sapa_log(SAPA_LOG_DEBUG, "control.beat", "nobody waits for it");
}

static void on_beat(void *ctx)
{
    struct control *c = ctx;

    beat(c, SAPA_HEARTBEAT_ALIVE);
    sapa_timer_set(c->loop, &c->beat_timer, SAPA_HEARTBEAT_EVERY_US, on_beat, c);
}

static void on_ready(struct control *c)
{
    c->ready = true;
    if (c->web_link)
        sapa_web_link_second(c->web_link, true);
    sapa_log(SAPA_LOG_INFO, "control.ready", "start_ms=%lld epoch=%llu",
             (long long)((sapa_mono_us() - c->started_us) / 1000), (unsigned long long)sapa_store_epoch(c->store));
    if (!sapa_phone_present())
        sapa_log(SAPA_LOG_WARN, "control.phone", "sapa-phone.so is not beside the program: national numbers stay as they are dialled, ignoring");
    on_beat(c);
}

static void retry_inbox(void *ctx);

/* No input is taken while the disk does not follow, or while a new description waits for what was promised under the old one. */
static bool must_wait(struct control *c)
{
    return c->next.centre || !log_ready(c);
}

static void take_input(struct control *c, const void *bytes)
{
    static struct sapa_record input;

    memcpy(&input, bytes, sapa_record_size(bytes));
    input_now(c, &input);
    if (input.type == SAPA_T_alarm_raised && input.u.alarm_raised.kind == SAPA_ALARM_MEDIA_LOST && input.u.alarm_raised.on)
        sapa_rescue_add_all(c->rescue); /* what was recorded until then */
}

static bool post_rescued(void *ctx, struct sapa_record *input)
{
    struct control *c = ctx;

    if (must_wait(c))
        return false;
    input_now(c, input);
    return true;
}

/* The rest stays in the mailbox: senders will feel it. Not possible from within its own callback. */
static void pause_inbox(void *ctx)
{
    struct control *c = ctx;

    sapa_mailbox_detach(c->inbox);
    sapa_timer_set(c->loop, &c->inbox_retry, RETRY_INBOX_US, retry_inbox, c);
}

static void on_inbox(void *ctx, uint32_t type, const void *data, size_t size)
{
    struct control *c = ctx;

    if (type == SAPA_INBOX_READY) {
        on_ready(c);
        return;
    }
    if (type == SAPA_INBOX_WEB) { /* a write while the log or a description is awaited is told to come again */
        sapa_web_link_ask(c->web_link, data, size);
        return;
    }
    if (type == SAPA_INBOX_RECORDING) {
        uint64_t recording;
        memcpy(&recording, data, sizeof(recording));
        sapa_rescue_add(c->rescue, recording);
        return;
    }
    if (!c->waiting && !must_wait(c)) {
        take_input(c, data);
        return;
    }
    struct waiting *waiting = malloc(sizeof(*waiting) + size);
    sapa_assert(waiting != NULL); /* at most a batch of them */
    waiting->next = NULL;
    memcpy(waiting->record, data, size);
    *c->waiting_last = waiting;
    c->waiting_last = &waiting->next;
    sapa_loop_defer(c->loop, &c->inbox_pause, pause_inbox, c);
}

/* True when nothing waits any more. */
static bool take_waiting(struct control *c)
{
    while (c->waiting && !must_wait(c)) {
        struct waiting *waiting = c->waiting;
        c->waiting = waiting->next;
        if (!c->waiting)
            c->waiting_last = &c->waiting;
        take_input(c, waiting->record);
        free(waiting);
    }
    return !c->waiting;
}

static void retry_inbox(void *ctx)
{
    struct control *c = ctx;

    if (take_waiting(c))
        sapa_mailbox_attach(c->inbox, c->loop, INBOX_BATCH, on_inbox, c);
    else
        sapa_timer_set(c->loop, &c->inbox_retry, RETRY_INBOX_US, retry_inbox, c);
}

/* ---- the log's news ---- */

static void alarm_input(struct control *c, enum sapa_alarm kind, bool on, const char *text)
{
    struct sapa_record input;

    if (!log_ready(c))
        return;
    sapa_record_init(&input, SAPA_T_alarm_raised);
    input.u.alarm_raised.kind = kind;
    input.u.alarm_raised.on = on;
    (void)sapa_sized_set(&input.u.alarm_raised.text, sapa_str_of(text));
    input_now(c, &input);
}

static void alarm_log(struct control *c, enum sapa_log_state before, enum sapa_log_state now)
{
    const enum sapa_alarm kind_before = before == SAPA_LOG_FAILED ? SAPA_ALARM_STORE_FAILED : SAPA_ALARM_STORE_FULL;
    const enum sapa_alarm kind_now = now == SAPA_LOG_FAILED ? SAPA_ALARM_STORE_FAILED : SAPA_ALARM_STORE_FULL;

    if (before != SAPA_LOG_GOOD && (now == SAPA_LOG_GOOD || kind_now != kind_before))
        alarm_input(c, kind_before, false, sapa_log_state_name(now));
    if (now != SAPA_LOG_GOOD && (before == SAPA_LOG_GOOD || kind_now != kind_before))
        alarm_input(c, kind_now, true, sapa_log_state_name(now));
}

static void on_log(void *ctx, const struct sapa_log_status *status)
{
    struct control *c = ctx;

    sapa_engine_committed(c->engine, status->committed_seq);
    if (c->web_link)
        sapa_web_link_committed(c->web_link, status->committed_seq);
    sapa_hooks_committed(c->hooks);
    if (status->state == SAPA_LOG_FENCED) {
        sapa_log(SAPA_LOG_ERROR, "log.fenced", "another process has taken over; this one ends");
        _exit(SAPA_EXIT_FAILED); /* at once: nothing of ours may reach anybody any more */
    }
    if (status->state != c->log_state) {
        const enum sapa_log_state before = c->log_state;
        sapa_log(status->state == SAPA_LOG_GOOD ? SAPA_LOG_INFO : SAPA_LOG_ERROR, "log.state", "state=\"%s\" backlog_bytes=%zu",
                 sapa_log_state_name(status->state), status->backlog_bytes);
        c->log_state = status->state;
        alarm_log(c, before, status->state);
    }
    if (c->channels && c->stop_limit_us == 0 && status->accepts_new == c->refusing &&
        sapa_channels_refuse(c->channels, !status->accepts_new, "the log cannot take new calls") == SAPA_OK)
        c->refusing = !status->accepts_new;
}

/* ---- snapshots: sealed, for they hold callers' numbers ---- */

#define SNAPSHOT_CONTEXT SAPA_STR("engine snapshot")

static sapa_rc seal_snapshot(struct control *c, uint64_t seq, const uint8_t *bytes, size_t size)
{
    uint8_t *sealed = malloc(size + SAPA_SEAL_EXTRA);
    sapa_rc rc = sealed ? sapa_person_seal(c->store, 0, SNAPSHOT_CONTEXT, bytes, size, sealed) : SAPA_ENOMEM;

    if (rc == SAPA_OK)
        rc = sapa_store_snapshot_put(c->store, "engine", SAPA_ENGINE_SNAPSHOT_VERSION, seq, sealed, size + SAPA_SEAL_EXTRA);
    free(sealed);
    return rc;
}

/* In place. */
static sapa_rc unseal_snapshot(struct control *c, struct sapa_snapshot *snapshot)
{
    uint8_t *plain = snapshot->size > SAPA_SEAL_EXTRA ? malloc(snapshot->size - SAPA_SEAL_EXTRA) : NULL;
    const sapa_rc rc = plain ? sapa_person_unseal(c->store, 0, SNAPSHOT_CONTEXT, snapshot->blob, snapshot->size, plain)
                             : SAPA_ECORRUPT;

    free(snapshot->blob);
    snapshot->blob = plain;
    snapshot->size -= SAPA_MIN(snapshot->size, (size_t)SAPA_SEAL_EXTRA);
    return rc;
}

struct snapshot_job {
    struct control *control;
    uint8_t *bytes;
    size_t size;
    uint64_t seq;
    sapa_rc rc;
};

static void snapshot_work(void *ctx)
{
    struct snapshot_job *job = ctx;

    job->rc = seal_snapshot(job->control, job->seq, job->bytes, job->size);
}

static void snapshot_done(void *ctx, sapa_rc rc)
{
    struct snapshot_job *job = ctx;
    struct control *c = job->control;

    if (rc == SAPA_OK && job->rc == SAPA_OK)
        c->snapshot_seq = job->seq;
    else if (job->rc != SAPA_ESTATE) /* not committed so far yet: next time */
        sapa_log(SAPA_LOG_WARN, "snapshot.put", "%s; the next start takes longer, ignoring", sapa_rc_text(job->rc));
    c->snapshot_busy = false;
    free(job->bytes);
    free(job);
}

static void take_snapshot(struct control *c)
{
    struct snapshot_job *job = calloc(1, sizeof(*job));
    sapa_rc rc = job ? sapa_engine_save(c->engine, &job->bytes, &job->size, &job->seq) : SAPA_ENOMEM;

    if (rc == SAPA_OK) {
        job->control = c;
        rc = sapa_pool_submit(c->pool, c->loop, snapshot_work, snapshot_done, job);
    }
    if (rc != SAPA_OK) {
        sapa_log(SAPA_LOG_WARN, "snapshot.save", "%s, ignoring", sapa_rc_text(rc));
        if (job)
            free(job->bytes);
        free(job);
        return;
    }
    c->snapshot_busy = true;
    c->snapshot_us = sapa_loop_now_us(c->loop);
}

static void look_snapshot(void *ctx)
{
    struct control *c = ctx;
    const struct sapa_engine_stats stats = sapa_engine_stats(c->engine);
    const bool old = sapa_loop_now_us(c->loop) - c->snapshot_us >= SNAPSHOT_EVERY_US;

    /* only when the log has caught up: a snapshot may not say more than the log */
    if (!c->snapshot_busy && stats.seq > c->snapshot_seq && stats.committed == stats.seq &&
        (old || stats.seq - c->snapshot_seq >= SNAPSHOT_RECORDS))
        take_snapshot(c);
    sapa_timer_set(c->loop, &c->snapshot_timer, SNAPSHOT_LOOK_US, look_snapshot, c);
}

/* ---- ports of the channels, on the SIP thread ---- */

static sapa_rc reserve_person(void *ctx, uint64_t client, struct sapa_str address, struct sapa_person_found *ret)
{
    struct control *c = ctx;

    return sapa_person_reserve(c->store, client, SAPA_IDENTITY_PHONE, address, ret);
}

static sapa_rc recording_key(void *ctx, uint64_t person, uint64_t recording, uint8_t ret_key[SAPA_MEDIA_KEY_SIZE],
                             uint8_t ret_wrapped[96], uint8_t *ret_wrapped_size)
{
    struct control *c = ctx;

    return sapa_recording_key_make(c->store, person, recording, ret_key, ret_wrapped, ret_wrapped_size);
}

static bool session_lives(void *ctx, uint64_t session)
{
    struct control *c = ctx;

    return session >= SAPA_SESSION_FIRST_ID ? sapa_session_lives(c->store, session, sapa_wall_us())
                                            : sapa_token_lives(c->store, session, sapa_wall_us());
}

/* ---- start ---- */

static bool serves(const void *ctx, uint32_t agent, uint32_t queue)
{
    return sapa_core_serves(ctx, agent, queue);
}

static sapa_rc open_engine(struct control *c)
{
    /* a description that has been lowered must still hold those who live */
    const struct sapa_core_options core = {
        .contacts_max = SAPA_MAX(c->today.centre->system.contacts_max, CONTACTS_LEAST),
        .memory = c->today.centre->agents_count >= LARGE_CENTRE ? sapa_memory_pages() : NULL,
    };
    sapa_rc rc = sapa_core_new(&core, &c->core);

    if (rc != SAPA_OK)
        return rc;
    sapa_names_init(&c->names, sapa_memory_heap());
    sapa_live_init(&c->live, sapa_memory_heap(), &c->names);
    sapa_live_serves(&c->live, serves, c->core);
    const struct sapa_engine_options engine = {
        .loop = c->loop, .core = c->core, .live = &c->live, .names = &c->names,
        .ports = { .ctx = c, .log_ready = log_ready, .log = log_step, .command = command },
    };
    return sapa_engine_new(&engine, &c->engine);
}

static void close_engine(struct control *c)
{
    sapa_engine_free(c->engine);
    if (c->core) {
        sapa_live_done(&c->live);
        sapa_names_done(&c->names);
    }
    sapa_core_free(c->core);
    c->engine = NULL;
    c->core = NULL;
}

static sapa_rc load_snapshot(struct control *c, const struct sapa_snapshot *snapshot)
{
    const struct sapa_centre *centre = NULL;
    char hash[65];
    sapa_rc rc = sapa_engine_snapshot_hash(snapshot->blob, snapshot->size, hash);

    if (rc == SAPA_OK && !(centre = sapa_centre_shelf_get(c->shelf, sapa_str_of(hash))))
        rc = SAPA_ENOENT;
    if (rc == SAPA_OK)
        rc = sapa_core_centre(c->core, centre);
    return rc == SAPA_OK ? sapa_engine_load(c->engine, snapshot->blob, snapshot->size) : rc;
}

/* The newest snapshot that can be read; without any, all of the log is replayed. */
static sapa_rc load_newest(struct control *c)
{
    uint64_t seq_max = UINT64_MAX;

    for (;;) {
        struct sapa_snapshot snapshot = { .seq = 0 };
        sapa_rc rc = SAPA_ENOENT;
        for (uint32_t version = SAPA_ENGINE_SNAPSHOT_VERSION;
             rc == SAPA_ENOENT && version >= SAPA_ENGINE_SNAPSHOT_VERSION_MIN; version--)
            rc = sapa_store_snapshot(c->store, "engine", version, seq_max, &snapshot);
        if (rc != SAPA_OK)
            return rc == SAPA_ENOENT ? SAPA_OK : rc;
        rc = unseal_snapshot(c, &snapshot);
        if (rc == SAPA_OK)
            rc = load_snapshot(c, &snapshot);
        free(snapshot.blob);
        if (rc == SAPA_OK) {
            c->snapshot_seq = snapshot.seq;
            return SAPA_OK;
        }
        sapa_log(SAPA_LOG_WARN, "control.snapshot", "seq=%llu %s: passed over, the start takes longer",
                 (unsigned long long)snapshot.seq, sapa_rc_text(rc));
        close_engine(c); /* half of it may have been taken */
        if ((rc = open_engine(c)) != SAPA_OK || snapshot.seq == 0)
            return rc;
        seq_max = snapshot.seq - 1;
    }
}

/* Live state: the newest snapshot that this build reads, and the log behind it. */
static sapa_rc recover(struct control *c)
{
    struct sapa_log_reader *reader;
    static struct sapa_record record;
    static char difference_buf[2048];
    struct sapa_text difference;
    uint64_t records = 0, differences = 0;
    sapa_rc rc = load_newest(c);

    if (rc != SAPA_OK)
        return rc;
    if ((rc = sapa_log_reader_open(c->store, c->snapshot_seq + 1, &reader)) != SAPA_OK)
        return rc;
    while ((rc = sapa_log_reader_next(reader, &record)) == SAPA_OK) {
        sapa_text_init(&difference, difference_buf, sizeof(difference_buf));
        if (record.type == SAPA_T_centre_started) {
            const struct sapa_centre *centre =
                sapa_centre_shelf_get(c->shelf, sapa_sized_str(&record.u.centre_started.centre_hash));
            if (!centre || (rc = sapa_core_centre(c->core, centre)) != SAPA_OK)
                break;
        }
        records++;
        if (sapa_engine_replay(c->engine, &record, &difference) != SAPA_OK && differences++ == 0)
            sapa_log(SAPA_LOG_WARN, "control.replay", "seq=%llu a decision differs (an older build took it), ignoring; %s",
                     (unsigned long long)record.seq, difference_buf);
    }
    sapa_log_reader_close(reader);
    if (rc != SAPA_ENOENT) {
        char problem[512];
        sapa_log(SAPA_LOG_ERROR, "control.replay", "the log cannot be read: %s",
                 sapa_store_problem(c->store, problem, sizeof(problem)));
        return rc == SAPA_OK ? SAPA_ECORRUPT : rc;
    }
    sapa_text_init(&difference, difference_buf, sizeof(difference_buf));
    if (sapa_engine_replayed(c->engine, &difference) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "control.replay", "the last step differs, ignoring; %s", difference_buf);
    sapa_clock_core_floor(&c->clock, sapa_store_tail(c->store).at_us);
    if (records > 0 || c->snapshot_seq > 0)
        sapa_log(SAPA_LOG_INFO, "control.recovered", "snapshot_seq=%llu records=%llu differences=%llu ms=%lld",
                 (unsigned long long)c->snapshot_seq, (unsigned long long)records, (unsigned long long)differences,
                 (long long)((sapa_mono_us() - c->started_us) / 1000));
    return SAPA_OK;
}

static sapa_rc open_store(struct control *c)
{
    const struct sapa_store_opts store = { .folder = opt.data, .build = SAPA_VERSION };
    char problem_buf[512], who[64];
    struct sapa_text problem;
    uint64_t epoch;
    sapa_rc rc;

    sapa_text_init(&problem, problem_buf, sizeof(problem_buf));
    if ((rc = sapa_store_open_sqlite(&store, &problem, &c->store)) != SAPA_OK) {
        fprintf(stderr, "sapa: cannot open the log in %s: %s\n", opt.data, problem_buf);
        return rc;
    }
    snprintf(who, sizeof(who), "pid %d", (int)getpid());
    if ((rc = sapa_store_take_epoch(c->store, who, &epoch)) != SAPA_OK)
        fprintf(stderr, "sapa: cannot take over the log in %s: %s\n", opt.data,
                sapa_store_problem(c->store, problem_buf, sizeof(problem_buf)));
    return rc;
}

/* A description as the file `path` has it now (lists in files stand beside the one we serve): compiled, kept under its hash, its clients known to the store.
   `ret_text` may be NULL. */
static sapa_rc open_centre(struct control *c, const char *path, struct sapa_channels_centre *ret, char **ret_text)
{
    const struct sapa_centre_file file = { .path = path, .secrets_path = opt.secrets, .make_secrets = true, .beside = opt.centre };
    struct sapa_channels_centre opened = { .centre = NULL };
    struct sapa_centre *centre;
    char *text, hash[SAPA_HASH_TEXT_SIZE];
    sapa_rc rc = sapa_centre_file_read(&file, &centre, &text);

    if (rc != SAPA_OK)
        return rc;
    rc = sapa_store_document_put(c->store, text, strlen(text), hash);
    for (uint32_t i = 0; rc == SAPA_OK && i < centre->clients_count && i < SAPA_COUNT(opened.clients); i++) {
        char key[SAPA_KEY_MAX + 1], name[128];
        sapa_str_copy(centre->clients[i].key, key, sizeof(key));
        sapa_str_copy(centre->clients[i].name, name, sizeof(name));
        rc = sapa_store_client(c->store, key, name, &opened.clients[i]);
    }
    if (rc != SAPA_OK) {
        sapa_centre_free(centre);
        free(text);
        return rc;
    }
    sapa_centre_shelf_add(c->shelf, centre);
    opened.centre = centre;
    *ret = opened;
    if (ret_text)
        *ret_text = text;
    else
        free(text);
    return SAPA_OK;
}

static uint32_t find_number(const char *text)
{
    uint64_t number;

    return sapa_str_u64(sapa_str_of(text), 1 << 20, &number) == SAPA_OK ? (uint32_t)number : 0;
}

static sapa_rc add_listen(struct sapa_voice_listen *listen, uint8_t kind, const char *fd_text)
{
    struct sapa_addr local;
    char host[SAPA_ADDR_TEXT_MAX];

    *listen = (struct sapa_voice_listen){ .kind = kind, .fd = (int)find_number(fd_text) };
    sapa_rc rc = sapa_socket_local(listen->fd, &local);
    if (rc == SAPA_OK)
        rc = sapa_sip_ip_parse(sapa_str_of(sapa_addr_print_host(&local, host, sizeof(host))), sapa_addr_port(&local),
                               &listen->local);
    if (rc == SAPA_OK && opt.advertise) {
        listen->has_advertise = true;
        rc = sapa_sip_ip_parse(sapa_str_of(opt.advertise), sapa_addr_port(&local), &listen->advertise);
    }
    return rc;
}

/*
 * What TLS speaks with: the files that were given, or a certificate of our own, made once, that phones can be told
 * to trust. NULL: neither is wanted.
 */
static sapa_rc find_certificates(struct control *c, const struct sapa_tls_options **ret_tls)
{
    static struct sapa_tls_options tls;
    static char certificate[512], key[512];
    struct sapa_text text;
    struct sapa_str names[8];
    size_t count = 0;
    char host[SAPA_ADDR_TEXT_MAX];
    struct sapa_addr local;

    *ret_tls = NULL;
    if (opt.tls.count == 0 && opt.tls_cert.count == 0 && !opt.tls_trust)
        return SAPA_OK;
    *ret_tls = &tls;
    tls.trust = opt.tls_trust;
    tls.count = opt.tls_cert.count;
    memcpy(tls.certificates, opt.tls_cert.values, sizeof(tls.certificates));
    memcpy(tls.keys, opt.tls_key.values, sizeof(tls.keys));
    if (tls.count > 0 || opt.tls.count == 0)
        return SAPA_OK;
    sapa_text_init(&text, certificate, sizeof(certificate));
    sapa_text_printf(&text, "%s/tls.certificate.pem", opt.data);
    sapa_text_init(&text, key, sizeof(key));
    sapa_text_printf(&text, "%s/tls.key.pem", opt.data);
    tls.count = 1;
    tls.certificates[0] = certificate;
    tls.keys[0] = key;
    if (sapa_file_exists(certificate) && sapa_file_exists(key))
        return SAPA_OK;
    names[count++] = c->today.centre->system.sip_host;
    if (opt.advertise)
        names[count++] = sapa_str_of(opt.advertise);
    if (count < SAPA_COUNT(names) && sapa_socket_local((int)find_number(opt.tls.values[0]), &local) == SAPA_OK &&
        !sapa_addr_is_wildcard(&local))
        names[count++] = sapa_str_of(sapa_addr_print_host(&local, host, sizeof(host)));
    const sapa_rc rc = sapa_tls_certificate_make(names, count, 3650, certificate, key);
    sapa_log(rc == SAPA_OK ? SAPA_LOG_INFO : SAPA_LOG_ERROR, "control.tls", "made=%s rc=%s", certificate, sapa_rc_name(rc));
    return rc;
}

static sapa_rc sip_to_web(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n);

static sapa_rc open_channels(struct control *c)
{
    static struct sapa_voice_listen listens[SAPA_VOICE_LISTENS_MAX];
    const struct sapa_channels_ports ports = { .ctx = c, .reserve_person = reserve_person, .recording_key = recording_key,
                                               .web_send = c->web ? sip_to_web : NULL, .session_lives = session_lives };
    struct sapa_channels_options channels = {
        .data = opt.data, .centre = c->today, .ports = &ports, .inbox = c->inbox, .listens = listens,
        .epoch = (uint32_t)sapa_store_epoch(c->store), .node = 1, .cpu = -1, .reports = c->reports,
    };
    struct sapa_key offer_key;
    sapa_rc rc = SAPA_OK;

    sapa_store_key(c->store, PHONE_KEY, &channels.pass_key);
    sapa_store_key(c->store, "sapa offers to phones", &offer_key);
    memcpy(channels.offer_key, offer_key.bytes, sizeof(channels.offer_key));
    sapa_wipe(&offer_key, sizeof(offer_key));
    for (size_t i = 0; rc == SAPA_OK && i < opt.udp.count && channels.listen_count < SAPA_VOICE_LISTENS_MAX; i++)
        rc = add_listen(&listens[channels.listen_count++], SAPA_SIP_FLOW_UDP, opt.udp.values[i]);
    for (size_t i = 0; rc == SAPA_OK && i < opt.tcp.count && channels.listen_count < SAPA_VOICE_LISTENS_MAX; i++)
        rc = add_listen(&listens[channels.listen_count++], SAPA_SIP_FLOW_TCP, opt.tcp.values[i]);
    for (size_t i = 0; rc == SAPA_OK && i < opt.tls.count && channels.listen_count < SAPA_VOICE_LISTENS_MAX; i++)
        rc = add_listen(&listens[channels.listen_count++], SAPA_SIP_FLOW_TLS, opt.tls.values[i]);
    if (rc == SAPA_OK)
        rc = find_certificates(c, &channels.tls);
    if (rc == SAPA_OK && opt.advertise) {
        struct sapa_sip_ip ip;
        rc = sapa_sip_ip_parse(sapa_str_of(opt.advertise), 0, &ip);
        if (rc != SAPA_OK)
            fprintf(stderr, "sapa: --advertise wants an address, not \"%s\"\n", opt.advertise);
        channels.media_advertise.family = ip.family;
        memcpy(channels.media_advertise.address, ip.bytes, sizeof(ip.bytes));
    }
    if (rc == SAPA_OK)
        rc = sapa_channels_start(&channels, &c->channels);
    sapa_wipe(&channels.pass_key, sizeof(channels.pass_key));
    if (rc == SAPA_OK)
        atomic_store(&c->web_channels, c->channels);
    return rc;
}

static sapa_rc hand_over_talked(void *ctx, uint64_t person, uint32_t agent)
{
    return sapa_channels_talked(((struct control *)ctx)->channels, person, agent);
}

static uint32_t queue_ring_ms(const struct control *c, uint32_t queue)
{
    const uint32_t ring_ms = queue < c->today.centre->queues_count ? c->today.centre->queues[queue].ring_ms : 0;

    return ring_ms ? ring_ms : 20000; /* as the core takes it */
}

/* What the core holds goes to the channel, so that each thing is confirmed or ended. */
static sapa_rc hand_over(struct control *c)
{
    static struct sapa_record record;
    const int64_t now_us = sapa_clock_core_us(&c->clock);
    struct sapa_contact_view contact;
    struct sapa_assignment_view assignment;
    uint32_t cursor = 0;
    sapa_rc rc = SAPA_OK;

    while (rc == SAPA_OK && sapa_engine_dialog_next(c->engine, &cursor, &record))
        rc = sapa_channels_dialog(c->channels, &record);
    cursor = 0;
    while (rc == SAPA_OK && sapa_engine_arrived_next(c->engine, &cursor, &record))
        rc = record.type == SAPA_T_contact_arrived ? sapa_channels_contact(c->channels, &record) : SAPA_OK; /* calls have cmd_call */
    if (rc == SAPA_OK)
        rc = sapa_engine_each_talked(c->engine, hand_over_talked, c);
    cursor = 0;
    while (rc == SAPA_OK && sapa_engine_recording_next(c->engine, &cursor, &record)) {
        const struct sapa_voice_held recording = { .contact = record.u.recording_state.contact, .what = SAPA_VOICE_HELD_RECORDING,
                                                   .offer = record.u.recording_state.recording };
        rc = sapa_channels_held(c->channels, &recording);
    }
    cursor = 0;
    while (rc == SAPA_OK && sapa_core_contact_next(c->core, &cursor, now_us, &contact)) {
        const struct sapa_voice_held customer = { .contact = contact.contact, .what = SAPA_VOICE_HELD_CUSTOMER,
                                                  .play = contact.play };
        struct sapa_voice_held dial = { .contact = contact.contact, .what = SAPA_VOICE_HELD_DIAL,
                                        .offer = contact.dialling };
        const bool lent = contact.beside != 0 && contact.dialling == 0; /* the caller's line is that of another contact */
        if (contact.channel == SAPA_CHANNEL_VOICE && (contact.has_leg || lent))
            rc = sapa_channels_held(c->channels, &customer);
        if (rc == SAPA_OK && contact.channel == SAPA_CHANNEL_VOICE && contact.dialling != 0)
            rc = sapa_channels_held(c->channels, &dial);
        for (unsigned i = 0; i < SAPA_OUTSIDE_MAX && contact.outside[i] && rc == SAPA_OK; i++) {
            dial.offer = contact.outside[i];
            rc = sapa_channels_held(c->channels, &dial);
        }
    }
    for (uint32_t agent = 0; agent < c->today.centre->agents_count; agent++) {
        cursor = 0;
        while (rc == SAPA_OK && sapa_core_assignment_next(c->core, agent, &cursor, &assignment)) {
            if (assignment.state == SAPA_ASSIGNMENT_OFFERED && assignment.since_us >= c->announced_us)
                continue; /* made by this process: its command follows when the log has it */
            const struct sapa_voice_held held = {
                .contact = assignment.contact, .offer = assignment.offer, .agent = agent, .queue = assignment.queue,
                .ring_ms = queue_ring_ms(c, assignment.queue), .kind = assignment.kind,
                .talking = assignment.state == SAPA_ASSIGNMENT_TALKING,
                .what = assignment.state == SAPA_ASSIGNMENT_OFFERED ? SAPA_VOICE_HELD_RINGING : SAPA_VOICE_HELD_AGENT };
            if (assignment.channel == SAPA_CHANNEL_VOICE && assignment.has_leg)
                rc = sapa_channels_held(c->channels, &held);
        }
    }
    struct sapa_watch_view watch;
    cursor = 0;
    while (rc == SAPA_OK && sapa_core_watch_next(c->core, &cursor, &watch)) {
        const struct sapa_voice_held held = { .contact = watch.contact, .offer = watch.supervision, .agent = watch.agent,
                                              .queue = SAPA_NONE, .ring_ms = queue_ring_ms(c, SAPA_NONE), .kind = 4,
                                              .supervision = (uint8_t)(watch.mode + 1),
                                              .what = watch.up ? SAPA_VOICE_HELD_AGENT : SAPA_VOICE_HELD_RINGING };
        if (watch.up || watch.since_us < c->announced_us)
            rc = sapa_channels_held(c->channels, &held);
    }
    return rc == SAPA_OK ? sapa_channels_adopt(c->channels) : rc;
}

static const char *mark_path(void)
{
    static char path[512];

    snprintf(path, sizeof(path), "%s/alive", opt.data);
    return path;
}

/* Since when nobody was there: the last mark of the process before, not before the last that it logged. 0: it is the first. */
static int64_t find_stop(const struct control *c)
{
    const struct sapa_log_tail tail = sapa_store_tail(c->store);
    int64_t marked_us = 0;

    if (tail.seq == 0)
        return 0;
    if (sapa_heartbeat_marked(mark_path(), &marked_us) != SAPA_OK)
        marked_us = 0;
    return SAPA_MAX(marked_us, tail.at_us);
}

static void announce_start(struct control *c)
{
    struct sapa_record input;

    sapa_record_init(&input, SAPA_T_centre_started);
    (void)sapa_sized_set(&input.u.centre_started.centre_hash, sapa_str_of(c->today.centre->hash));
    (void)sapa_sized_set(&input.u.centre_started.build, sapa_str_of(SAPA_VERSION));
    (void)sapa_sized_set(&input.u.centre_started.zones, SAPA_STR("system"));
    input.u.centre_started.epoch = sapa_store_epoch(c->store);
    input.u.centre_started.by = c->brought_by;
    input.u.centre_started.comment = c->comment;
    if (c->stopped_us > 0 && c->stopped_us < sapa_clock_core_us(&c->clock)) {
        input.u.centre_started.stopped_us = c->stopped_us;
        input.u.centre_started.whole = c->stopped_us < (int64_t)opt.parent_since;
    }
    c->stopped_us = 0; /* said once */
    if (c->web_link)
        sapa_web_link_clients(c->web_link, c->today.clients);
    input_now(c, &input);
    c->announced_us = input.at_us;
    if (sapa_centre_history_add(c->store, input.seq, input.at_us, c->today.centre->hash) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "control.history", "the description's version is not listed; readers take longer, ignoring");
}

/* ---- signals ---- */

/*
 * A new description takes force when nothing is on its way any more under the numbers of the old one:
 * inputs are kept back until the last promised command has left.
 */
static void try_switch(void *ctx)
{
    struct control *c = ctx;

    if (sapa_engine_stats(c->engine).held > 0 || !log_ready(c)) {
        sapa_timer_set(c->loop, &c->switch_timer, RETRY_INBOX_US, try_switch, c);
        return;
    }
    const sapa_rc rc = sapa_channels_centre(c->channels, &c->next);
    if (rc == SAPA_ELIMIT) {
        sapa_timer_set(c->loop, &c->switch_timer, RETRY_INBOX_US, try_switch, c);
        return;
    }
    c->today = c->next;
    c->next.centre = NULL;
    announce_start(c);
    sapa_log(SAPA_LOG_INFO, "control.reload", "hash=%s", c->today.centre->hash);
}

/* `wish->file` takes the place of the file that we serve once it has proved good. */
static sapa_rc reload(void *ctx, const struct sapa_reload *wish)
{
    struct control *c = ctx;
    struct sapa_channels_centre next;
    const bool other = wish->file && strcmp(wish->file, opt.centre) != 0;
    char *text = NULL;

    if (c->next.centre) {
        sapa_log(SAPA_LOG_WARN, "control.reload", "the description read before has not taken force yet; ask again later");
        return SAPA_EAGAIN;
    }
    sapa_rc rc = open_centre(c, other ? wish->file : opt.centre, &next, &text);
    if (rc == SAPA_OK)
        rc = sapa_core_centre(c->core, next.centre);
    if (rc != SAPA_OK) {
        sapa_log(SAPA_LOG_ERROR, "control.reload", "the description has mistakes or does not fit; the one before stays in force");
    } else if (other && (rc = sapa_file_write(opt.centre, text, strlen(text), 0600)) != SAPA_OK) {
        sapa_log(SAPA_LOG_ERROR, "control.reload", "%s cannot be written (%s); the one before stays in force", opt.centre,
                 sapa_rc_text(rc));
        rc = SAPA_EIO;
    } else {
        (void)sapa_sized_set(&c->brought_by, sapa_str_of(wish->by ? wish->by : ""));
        (void)sapa_sized_set(&c->comment, sapa_str_of(wish->comment ? wish->comment : ""));
        c->next = next;
        try_switch(c);
    }
    free(text);
    return rc;
}

/* Has every call ended? Then a moment more, for the recorder's last words. */
static void look_calls(void *ctx)
{
    struct control *c = ctx;
    struct sapa_contact_view contact;
    uint32_t cursor = 0, legs = 0;

    while (sapa_core_contact_next(c->core, &cursor, sapa_core_now(c->core), &contact))
        legs += contact.has_leg;
    if (c->stop_us == 0 && legs == 0)
        c->stop_us = sapa_loop_now_us(c->loop) + LAST_WORDS_US;
    if ((c->stop_us > 0 && sapa_loop_now_us(c->loop) >= c->stop_us) || sapa_loop_now_us(c->loop) >= c->stop_limit_us)
        sapa_loop_stop(c->loop);
    else
        sapa_timer_set(c->loop, &c->stop_timer, STOP_LOOK_US, look_calls, c);
}

/* The whole centre stops: calls end with a good-bye, and their ends stand in the log. */
static void begin_stop(struct control *c)
{
    static const char why[] = "the centre is stopping";

    if (c->stop_limit_us > 0)
        return;
    c->stop_limit_us = sapa_loop_now_us(c->loop) + STOP_LIMIT_US;
    if (!c->serving || sapa_channels_refuse(c->channels, true, why) != SAPA_OK ||
        sapa_channels_end_calls(c->channels, why) != SAPA_OK) {
        sapa_loop_stop(c->loop);
        return;
    }
    c->refusing = true;
    look_calls(c);
}

static void on_signal(void *ctx, int number)
{
    struct control *c = ctx;

    if (number == SIGHUP)
        (void)!reload(c, &(const struct sapa_reload){ .by = "SIGHUP" });
    else if (number == SIGUSR1) /* a successor takes over: calls go on */
        sapa_loop_stop(c->loop);
    else
        begin_stop(c);
}

/* Commits that keep being slow are a person's business: nothing is lost, but callers wait for it. */
static void look_slow_log(struct control *c)
{
    const uint64_t slow = sapa_log_writer_status(c->writer).slow_commits;

    c->slow_seconds = slow != c->slow_commits ? SAPA_MIN(c->slow_seconds + 1, SLOW_SECONDS_MAX)
                                              : SAPA_MAX(c->slow_seconds - 1, 0);
    c->slow_commits = slow;
    if (c->slow_seconds == (c->slow_alarm ? 0 : SLOW_SECONDS) && log_ready(c)) {
        c->slow_alarm = !c->slow_alarm;
        alarm_input(c, SAPA_ALARM_STORE_SLOW, c->slow_alarm,
                    c->slow_alarm ? "commits take longer than 10 ms: look at the disk" : "commits are fast again");
    }
}

static bool post_alert(void *ctx, struct sapa_record *input)
{
    struct control *c = ctx;

    if (!log_ready(c))
        return false;
    input_now(c, input);
    return true;
}

/* Once a second: is the log slow, are calls lost by us, what needs attention? */
static void look_second(void *ctx)
{
    struct control *c = ctx;
    struct sapa_record input;

    look_slow_log(c);
    sapa_heartbeat_mark(mark_path());
    if (log_ready(c) && sapa_live_drop_alarm(&c->live, &input))
        input_now(c, &input);
    if (!c->alerts && sapa_alerts_new(&c->alerts) != SAPA_OK)
        c->alerts = NULL; /* in a second perhaps */
    if (log_ready(c) && c->ready && c->alerts)
        sapa_alerts_second(c->alerts, c->core, &c->live, sapa_clock_core_us(&c->clock), post_alert, c);
    if (c->web_link)
        sapa_web_link_second(c->web_link, c->ready && !c->refusing && c->stop_limit_us == 0);
    sapa_timer_set(c->loop, &c->second_timer, SECOND_US, look_second, c);
}

/* ---- the web thread ---- */

static sapa_rc web_put(void *ctx, uint32_t type, const void *data, size_t size)
{
    return sapa_web_put(((struct control *)ctx)->web, type, data, size);
}

static sapa_rc web_reply(void *ctx, const struct sapa_web_reply *reply, const void *data, size_t size)
{
    return sapa_web_reply(((struct control *)ctx)->web, reply, data, size);
}

static void web_wake(void *ctx)
{
    sapa_web_wake(((struct control *)ctx)->web);
}

static sapa_rc web_input(void *ctx, struct sapa_record *input)
{
    struct control *c = ctx;

    if (must_wait(c) || c->stop_limit_us > 0)
        return SAPA_EAGAIN;
    input_now(c, input);
    return SAPA_OK;
}

static sapa_rc web_reload(void *ctx, const struct sapa_reload *wish)
{
    const sapa_rc rc = ((struct control *)ctx)->stop_limit_us > 0 ? SAPA_EAGAIN : reload(ctx, wish);

    if (wish->file)
        (void)unlink(wish->file); /* it was written for this */
    return rc;
}

/* On the web thread. */
static sapa_rc web_ask(void *ctx, const void *message, size_t size)
{
    return sapa_mailbox_put(((struct control *)ctx)->inbox, SAPA_INBOX_WEB, message, size);
}

/* On its pool. */
static void web_work(void *ctx, struct sapa_web_work *work)
{
    sapa_web_work(&((struct control *)ctx)->web_files, work);
}

/* On the thread of webhooks. One that is lost is followed by another. */
static void hooks_tell(void *ctx, const struct sapa_hook_state *states, size_t count)
{
    struct sapa_web *web = ((struct control *)ctx)->web;

    if (sapa_web_put(web, SAPA_WEB_HOOKS, states, count * sizeof(*states)) == SAPA_OK)
        sapa_web_wake(web);
}

/* ---- browsers' telephones, between the web thread and the SIP thread ---- */

static struct sapa_channels_web web_flow(const struct sapa_web_flow *flow)
{
    return (struct sapa_channels_web){ .conn = flow->conn, .generation = flow->generation, .secure = flow->secure,
                                       .local = flow->local, .remote = flow->remote };
}

/* On the web thread, these three. */
static sapa_rc web_sip(void *ctx, const struct sapa_web_flow *flow, const char *bytes, size_t n)
{
    struct sapa_channels *channels = atomic_load(&((struct control *)ctx)->web_channels);
    const struct sapa_channels_web from = web_flow(flow);

    return channels ? sapa_channels_web_receive(channels, &from, bytes, n) : SAPA_EAGAIN;
}

static void web_sip_closed(void *ctx, const struct sapa_web_flow *flow)
{
    struct sapa_channels *channels = atomic_load(&((struct control *)ctx)->web_channels);
    const struct sapa_channels_web from = web_flow(flow);

    if (channels && sapa_channels_web_closed(channels, &from) != SAPA_OK)
        sapa_log(SAPA_LOG_ERROR, "web.sip", "conn=%u its end could not be told, ignoring", flow->conn);
}

static void web_ended(void *ctx, uint64_t session)
{
    struct sapa_channels *channels = atomic_load(&((struct control *)ctx)->web_channels);

    if (channels && sapa_channels_session_ended(channels, session) != SAPA_OK)
        sapa_log(SAPA_LOG_ERROR, "web.sip", "session=%llu its end could not be told, ignoring", (unsigned long long)session);
}

/* On the SIP thread, which begins later than the web thread, and ends before it. */
static sapa_rc sip_to_web(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n)
{
    struct control *c = ctx;
    const struct sapa_web_sip_head head = { .conn = flow->conn, .generation = flow->generation };

    return sapa_web_sip(c->web, &head, bytes, n);
}

/* Let the SIP thread tell how it stands. On the web thread's pool. */
static bool ask_system(void *ctx)
{
    struct sapa_channels *channels = atomic_load(&((struct control *)ctx)->web_channels);

    return channels && sapa_channels_report(channels);
}

static void add_listener(struct control *c, const char *kind, uint64_t fd)
{
    struct sapa_system_sources *system = &c->system;

    if (system->listener_count < SAPA_COUNT(system->listeners) && fd > 0 && sapa_socket_local((int)fd, &system->listeners[system->listener_count].addr) == SAPA_OK)
        system->listeners[system->listener_count++].kind = kind;
}

static void find_system(struct control *c)
{
    static char own[512];
    struct sapa_system_sources *system = &c->system;

    *system = (struct sapa_system_sources){ .store = c->store, .slot = c->reports, .ctx = c, .ask = ask_system,
                                            .parent = opt.parent_since ? (int)getppid() : 0 };
    system->certificates[system->certificate_count++] = opt.http_cert;
    for (size_t i = 0; i < opt.tls_cert.count && system->certificate_count < SAPA_COUNT(system->certificates); i++)
        system->certificates[system->certificate_count++] = opt.tls_cert.values[i];
    snprintf(own, sizeof(own), "%s/tls.certificate.pem", opt.data);
    if (opt.tls.count > 0 && opt.tls_cert.count == 0)
        system->certificates[system->certificate_count++] = own;
    add_listener(c, opt.http_cert ? "https" : "http", opt.http_fd);
    for (size_t i = 0; i < opt.udp.count; i++)
        add_listener(c, "udp", find_number(opt.udp.values[i]));
    for (size_t i = 0; i < opt.tcp.count; i++)
        add_listener(c, "tcp", find_number(opt.tcp.values[i]));
    for (size_t i = 0; i < opt.tls.count; i++)
        add_listener(c, "tls", find_number(opt.tls.values[i]));
}

/* A certificate for HTTPS where none was given: made once, by ourselves; browsers ask whether to trust it. */
static sapa_rc find_web_certificate(const struct control *c)
{
    static char certificate[512], key[512];
    char host[SAPA_ADDR_TEXT_MAX];
    struct sapa_str names[5] = { SAPA_STR("localhost"), SAPA_STR("127.0.0.1"), c->today.centre->system.sip_host };
    size_t count = 3;
    struct sapa_addr addr;

    if (!opt.https || opt.http_cert || opt.http_fd == 0)
        return SAPA_OK;
    snprintf(certificate, sizeof(certificate), "%s/https.certificate.pem", opt.data);
    snprintf(key, sizeof(key), "%s/https.key.pem", opt.data);
    opt.http_cert = certificate;
    opt.http_key = key;
    if (sapa_file_exists(certificate) && sapa_file_exists(key))
        return SAPA_OK;
    if (opt.advertise)
        names[count++] = sapa_str_of(opt.advertise);
    if (sapa_socket_local((int)opt.http_fd, &addr) == SAPA_OK && !sapa_addr_is_wildcard(&addr) && !sapa_addr_is_loopback(&addr))
        names[count++] = sapa_str_of(sapa_addr_print_host(&addr, host, sizeof(host)));
    const sapa_rc rc = sapa_tls_certificate_make(names, count, 3650, certificate, key);
    sapa_log(rc == SAPA_OK ? SAPA_LOG_INFO : SAPA_LOG_ERROR, "control.https", "made=%s rc=%s", certificate, sapa_rc_name(rc));
    return rc;
}

static sapa_rc open_web(struct control *c)
{
    const sapa_rc found = find_web_certificate(c);
    if (found != SAPA_OK)
        return found;
    struct sapa_web_options web = {
        .listen_fd = (int)opt.http_fd, .local_fd = (int)opt.api_fd, .data = opt.data, .cert = opt.http_cert, .key = opt.http_key, .version = SAPA_VERSION,
        .store = c->store, .epoch = sapa_store_epoch(c->store), .rate = (unsigned)opt.http_rate,
        .pages = opt.web,
        .demo = !opt.demo_logins ? SAPA_WEB_DEMO_OFF : strcmp(opt.demo_logins, "any") == 0 ? SAPA_WEB_DEMO_ANY : SAPA_WEB_DEMO_LOOPBACK,
        .ports = { .ctx = c, .ask = web_ask, .work = web_work, .sip = web_sip, .sip_closed = web_sip_closed, .ended = web_ended },
    };
    const struct sapa_web_link_options link = {
        .loop = c->loop, .core = c->core, .engine = c->engine, .live = &c->live, .writer = c->writer,
        .ports = { .ctx = c, .put = web_put, .reply = web_reply, .wake = web_wake, .input = web_input, .reserve = reserve_person, .reload = web_reload },
    };

    find_system(c);
    c->web_files = (struct sapa_web_files){ .store = c->store, .data = opt.data, .centre = opt.centre, .system = &c->system };
    sapa_store_key(c->store, PHONE_KEY, &web.phone_key);
    if (opt.targets)
        sapa_target_first(c->store, opt.targets, c->today.centre);
    if (opt.shifts)
        sapa_shift_first(c->store, opt.shifts, c->today.centre, sapa_wall_us());
    sapa_rc rc = sapa_web_start(&web, &c->web);
    sapa_wipe(&web.phone_key, sizeof(web.phone_key));
    if (rc != SAPA_OK) {
        fprintf(stderr, "sapa: HTTP cannot be served: %s%s\n", sapa_rc_text(rc), opt.http_cert ? "; are certificate and key right?" : "");
        return rc;
    }
    const struct sapa_hooks_options hooks = { .store = c->store, .secrets = opt.secrets, .allow_private = opt.webhooks_private,
                                              .tell = hooks_tell, .ctx = c };
    if ((rc = sapa_hooks_start(&hooks, &c->hooks)) != SAPA_OK)
        return rc;
    c->web_files.hooks = c->hooks; /* no request is taken before the first commit */
    return sapa_web_link_open(&link, &c->web_link);
}

static void close_web(struct control *c)
{
    sapa_hooks_stop(c->hooks); /* it tells the web thread, whose jobs speak to it: so in two steps */
    sapa_web_stop(c->web);
    sapa_hooks_free(c->hooks);
    c->hooks = NULL;
    sapa_web_link_close(c->web_link);
    c->web = NULL;
    c->web_link = NULL;
}

/* ---- main ---- */

static sapa_rc open_all(struct control *c)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, 0 };
    sapa_rc rc;

    sapa_clock_init(&c->clock);
    if ((rc = sapa_loop_new(&c->clock, &c->loop)) != SAPA_OK ||
        (rc = sapa_signals_start(c->loop, numbers, on_signal, c, &c->signals)) != SAPA_OK ||
        (rc = sapa_mailbox_new(INBOX_BYTES, &c->inbox)) != SAPA_OK || (rc = sapa_slot_new(&c->reports)) != SAPA_OK ||
        (rc = sapa_pool_new("slow", 1, 16, &c->pool)) != SAPA_OK || (rc = open_store(c)) != SAPA_OK ||
        (rc = sapa_centre_shelf_new(c->store, &c->shelf)) != SAPA_OK || (rc = open_centre(c, opt.centre, &c->today, NULL)) != SAPA_OK ||
        (rc = open_engine(c)) != SAPA_OK || (rc = recover(c)) != SAPA_OK)
        return rc;
    const struct sapa_log_writer_opts writer = { .loop = c->loop, .progress = on_log, .ctx = c, .cpu = -1 };
    if ((rc = sapa_log_writer_start(c->store, &writer, &c->writer)) != SAPA_OK ||
        (rc = sapa_core_centre(c->core, c->today.centre)) != SAPA_OK || (rc = open_web(c)) != SAPA_OK)
        return rc;
    c->stopped_us = find_stop(c);
    announce_start(c);
    char recordings[512];
    snprintf(recordings, sizeof(recordings), "%s/recordings", opt.data);
    const struct sapa_rescue_options rescue = { .loop = c->loop, .pool = c->pool, .store = c->store, .engine = c->engine,
                                                .recordings = recordings, .post = post_rescued, .ctx = c };
    if ((rc = sapa_rescue_new(&rescue, &c->rescue)) != SAPA_OK)
        return rc;
    if ((rc = open_channels(c)) != SAPA_OK || (rc = hand_over(c)) != SAPA_OK)
        return rc;
    c->serving = true;
    sapa_mailbox_attach(c->inbox, c->loop, INBOX_BATCH, on_inbox, c);
    sapa_engine_start(c->engine);
    c->snapshot_us = sapa_loop_now_us(c->loop);
    sapa_timer_set(c->loop, &c->snapshot_timer, SNAPSHOT_LOOK_US, look_snapshot, c);
    sapa_timer_set(c->loop, &c->second_timer, SECOND_US, look_second, c);
    if ((rc = sapa_disk_keeper_start(c->loop, c->pool, c->store, &c->disk)) != SAPA_OK)
        return rc;
    if ((rc = sapa_breaches_start(c->loop, c->pool, c->store, opt.data, &c->breaches)) != SAPA_OK)
        return rc;
    return sapa_figures_keeper_start(c->loop, c->pool, opt.data, &c->figures);
}

/* What the channels still had to say is logged, and what was promised is done by the next process. */
static void take_rest(struct control *c)
{
    c->next.centre = NULL;
    c->channels = NULL;
    sapa_timer_cancel(c->loop, &c->inbox_retry);
    sapa_timer_cancel(c->loop, &c->switch_timer);
    sapa_mailbox_detach(c->inbox);
    if (take_waiting(c))
        sapa_mailbox_drain(c->inbox, 0, on_inbox, c);
    sapa_loop_undefer(c->loop, &c->inbox_pause);
}

/* Politely: what is known is written, calls stay for the next process. Also after a start that failed. */
static void close_all(struct control *c)
{
    uint8_t *bytes = NULL;
    size_t size;
    uint64_t seq;

    sapa_channels_halt(c->channels); /* it speaks to the web thread, which puts into its mailbox */
    close_web(c);
    sapa_alerts_free(c->alerts);
    sapa_channels_stop(c->channels);
    if (c->serving)
        take_rest(c);
    const uint64_t committed = sapa_log_writer_stop(c->writer);
    sapa_pool_free(c->pool);
    sapa_figures_keeper_free(c->figures);
    sapa_disk_keeper_free(c->disk);
    sapa_breaches_free(c->breaches);
    sapa_rescue_free(c->rescue);
    if (c->serving && sapa_engine_save(c->engine, &bytes, &size, &seq) == SAPA_OK && seq == committed &&
        seal_snapshot(c, seq, bytes, size) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "snapshot.put", "the next start takes longer, ignoring");
    free(bytes);
    close_engine(c);
    sapa_centre_shelf_free(c->shelf);
    sapa_store_close(c->store);
    sapa_mailbox_free(c->inbox);
    sapa_slot_free(c->reports);
    while (c->waiting) {
        struct waiting *waiting = c->waiting;
        c->waiting = waiting->next;
        free(waiting);
    }
}

int sapa_control_main(int argc, char **argv)
{
    static struct control c;
    static char secrets[512];
    const int usage = sapa_command_options("control", argc, argv, options, SAPA_COUNT(options), NULL, 0, NULL);

    if (usage >= 0)
        return usage;
    if (!opt.data || !opt.centre)
        return sapa_command_wrong("control", "this is a child of sapa serve; start that");
    if (!opt.secrets) {
        snprintf(secrets, sizeof(secrets), "%s/secrets", opt.data);
        opt.secrets = secrets;
    }
    sapa_log_role("control");
    if (sapa_process_files(FILES_WANTED) < FILES_WANTED)
        sapa_log(SAPA_LOG_WARN, "control.files", "wanted=%d: the system allows fewer descriptors, so fewer connections", FILES_WANTED);
    c.started_us = sapa_mono_us();
    c.waiting_last = &c.waiting;
    /* the supervisor's pipe, when it is there */
    c.ready_fd = opt.udp.count > 0 ? SAPA_CHILD_READY_FD : -1;
    const sapa_rc rc = open_all(&c);
    if (rc != SAPA_OK) {
        sapa_log(SAPA_LOG_ERROR, "control.start", "the centre does not start, for the reason above (%s)", sapa_rc_name(rc));
        close_all(&c);
        return rc == SAPA_EINVAL || rc == SAPA_ENOENT || rc == SAPA_EDENIED ? SAPA_EXIT_USAGE : SAPA_EXIT_FAILED;
    }
    sapa_loop_run(c.loop);
    sapa_heartbeat_mark(mark_path());
    beat(&c, SAPA_HEARTBEAT_ENDS); /* the last words and the snapshot take their time */
    close_all(&c);
    return SAPA_EXIT_OK;
}
