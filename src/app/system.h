/**
 * @file app/system.h
 * The technical state of a running centre, for GET /api/v1/system: what the SIP thread says of trunks and telephones,
 * and what the machine says of disk, certificates and processes. Nothing of contacts and customers is in it.
 *
 * The SIP thread writes a report into a slot when one is asked for (sapa_channels_report()); flat, with keys instead of
 * indices, so that a reader needs no description. Growth of the disk is found from its free bytes each ten minutes.
 *
 * Room    app.   Thread  writing: the SIP thread; keeping: the centre's pool; the answer: the job's.
 * Tests   app/system_test.c, test/scenario/80-api
 */
#ifndef SAPA_APP_SYSTEM_H
#define SAPA_APP_SYSTEM_H

#include "channel/voice/voice.h"
#include "http/web.h"
#include "model/centre.h"
#include "rt/loop.h"
#include "rt/slot.h"
#include "rt/process.h"
#include "rt/socket.h"
#include "rt/thread.h"
#include "rt/tls.h"

/* ---- what the SIP thread tells ---- */

struct sapa_system_head {
    uint64_t trunks, devices;
    struct sapa_voice_stats voice;
    struct sapa_voice_media_stats media;
};

struct sapa_system_trunk {
    char key[SAPA_KEY_MAX + 1], host[129];
    struct sapa_voice_trunk_state state; /* its texts are those above */
};

struct sapa_system_device {
    char agent[SAPA_KEY_MAX + 1], user_agent[97], from[64];
    uint8_t transport; /* enum sapa_sip_flow_kind */
    uint8_t place;     /* enum sapa_workplace */
    bool reachable, behind_proxy;
    int64_t since_us, expires_us;
};

/** On the SIP thread: how it is now, into the slot; what cannot be kept is left out. */
void sapa_system_report(const struct sapa_voice *voice, const struct sapa_centre *centre, struct sapa_slot *slot);

/* ---- how the disk fills ---- */

enum { SAPA_DISK_SAMPLES_MAX = 145, SAPA_DISK_SAMPLE_US = 600 * 1000000 };

struct sapa_disk_sample {
    int64_t at_us; /* UTC */
    uint64_t free_bytes;
};
struct sapa_disk_samples {
    size_t count;
    struct sapa_disk_sample of[SAPA_DISK_SAMPLES_MAX]; /* by time */
};

/** A new one behind the others; those of more than a day ago go. A clock that went back begins anew. */
void sapa_disk_add(struct sapa_disk_samples *samples, struct sapa_disk_sample sample);
/** As text in a setting, "US BYTES" a line, and back; what is no line of ours ends it. */
void sapa_disk_print(const struct sapa_disk_samples *samples, struct sapa_text *out);
void sapa_disk_parse(struct sapa_str text, struct sapa_disk_samples *ret);
/**
 * Bytes a day that it fills by, over the last day; 0 when it does not fill.
 * @retval SAPA_EAGAIN  known for less than an hour
 */
SAPA_MUST_CHECK sapa_rc sapa_disk_growth(const struct sapa_disk_samples *samples, uint64_t *ret_per_day);

struct sapa_disk_keeper;
/** Look each ten minutes, on the pool, and keep what was seen in the store's settings. */
SAPA_MUST_CHECK sapa_rc sapa_disk_keeper_start(struct sapa_loop *loop, struct sapa_pool *pool, struct sapa_store *store,
                                               struct sapa_disk_keeper **ret_keeper);
/** When the pool is gone. NULL is fine. */
void sapa_disk_keeper_free(struct sapa_disk_keeper *keeper);

/* ---- the answer ---- */

/** What the job asks, besides the work itself. Constant once the web thread runs, but `ask`. */
struct sapa_system_sources {
    struct sapa_store *store;
    struct sapa_slot *slot;
    void *ctx;
    bool (*ask)(void *ctx); /* let the SIP thread report; false: there is none yet */
    int parent;             /* pid of the supervisor; 0: none */
    const char *certificates[SAPA_TLS_CERTIFICATES_MAX + 1]; /* PEM files; the first: of HTTPS, may be NULL */
    size_t certificate_count;
    struct sapa_system_listener {
        const char *kind;
        struct sapa_addr addr;
    } listeners[SAPA_VOICE_LISTENS_MAX + 1];
    size_t listener_count;
};

/** GET /api/v1/system */
sapa_rc sapa_web_system(const struct sapa_system_sources *sources, struct sapa_web_work *work);

#endif
