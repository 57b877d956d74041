/**
 * @file http/hook.h
 * Webhooks: subscriptions to the log. What is kept of one, how an event is written, how a batch is signed.
 *
 * A subscription is a place in the log (offset) and what it wants of it. Events are delivered in the log's order, each
 * with its place as id, at least once; whoever has lost some asks for them again by their place. The sender is
 * app/hooks.c.
 *
 * The subscription itself is written by whoever answers the API, the place by the sender alone: `turn` counts the
 * changes, and a place that belongs to an earlier turn is put right when the sender sees the new one.
 *
 * Room    http: base, rt, model, store.   Thread  any; one creator at a time.
 * Design  docs/design/http.md   Tests  http/hook_test.c, app/hooks_test.c, test/scenario/82-api-webhooks
 */
#ifndef SAPA_HTTP_HOOK_H
#define SAPA_HTTP_HOOK_H

#include "http/json.h"
#include "model/centre.h"
#include "model/record.h"
#include "store/store.h"

/*  What can be subscribed to: X(record, 1: also when no types are named)  */
#define SAPA_HOOK_EVENTS(X) \
    X(contact_arrived, 1) X(contact_new, 1) X(contact_queued, 1) X(contact_dequeued, 1) X(offer_made, 1) \
    X(offer_ended, 1) X(contact_connected, 1) X(hold_changed, 1) X(contact_parted, 1) X(wrapup_ended, 1) \
    X(contact_ended, 1) X(agent_moved, 1) X(assignment_moved, 0) X(callback_changed, 1) X(voicemail_left, 1) \
    X(survey_answered, 1) X(switch_changed, 1) X(outside_tried, 1) X(contact_transferred, 1) X(contact_merged, 1) \
    X(party_joined, 1) X(party_left, 1) X(call_denied, 1) X(flow_step, 0) X(flow_value, 0) X(alarm_raised, 1) \
    X(recording_state, 1) X(leg_quality, 0) X(centre_started, 1) X(api_write, 0)

enum sapa_hook_event {
#define X(name, usual) SAPA_HOOK_EVENT_##name,
    SAPA_HOOK_EVENTS(X)
#undef X
    SAPA_HOOK_EVENT_COUNT
};

enum {
    SAPA_HOOKS_MAX = 32,              /* at a time */
    SAPA_HOOKS_EVER_MAX = 10000,
    SAPA_HOOK_URL_MAX = 500,
    SAPA_HOOK_SECRET_SIZE = 6 + 64 + 1, /* "whsec_", hex, NUL */
};

struct sapa_hook {
    uint64_t id;
    uint64_t events;                  /* bit i: enum sapa_hook_event */
    uint64_t turn;                    /* counts changes */
    uint64_t replay_turn, replay_from; /* at that turn the place was set: next record wanted */
    int64_t created_us, ended_us;     /* 0: not ended */
    bool personal;                    /* events carry personal data */
    bool active;
    char url[SAPA_HOOK_URL_MAX + 1];
    char secret_ref[65];              /* name in the secrets file; "": `sealed` */
    char clients[1024];               /* keys with commas between; empty: all, and what belongs to none */
    char by[65];
    uint8_t sealed[SAPA_HOOK_SECRET_SIZE - 1 + SAPA_SEAL_EXTRA];
};

/** Where a subscription stands; written by the sender alone. */
struct sapa_hook_place {
    uint64_t turn, offset;            /* all up to this record is delivered, or was not wanted */
    uint64_t delivered;               /* events, ever */
    bool gone;                        /* the target answered 410 */
};

/* What the sender knows beside it. */
enum sapa_hook_kind { SAPA_HOOK_ACTIVE, SAPA_HOOK_FAILING, SAPA_HOOK_PAUSED, SAPA_HOOK_GONE };
struct sapa_hook_state {
    uint64_t id;                      /* key of a table */
    uint64_t offset, delivered, batches, failures, failures_total;
    int64_t last_us, next_us;         /* wall: last delivery, next try; 0 none */
    uint32_t status, kind;            /* of the last answer, 0 none; enum sapa_hook_kind */
    char error[96];                   /* of the last failure */
};

const char *sapa_hook_event_name(unsigned event);
/** Bit of the type, 0 when it cannot be subscribed to. */
uint64_t sapa_hook_event_bit(unsigned record_type);
uint64_t sapa_hook_events_usual(void);
/** Bits of a name, 0: there is none. */
uint64_t sapa_hook_event_of(struct sapa_str name);

/** http or https, a host, no user in it, no fragment, printable: else SAPA_EINVAL and what is wrong. */
SAPA_MUST_CHECK sapa_rc sapa_hook_url_check(struct sapa_str url, struct sapa_text *problem);

/**
 * Make one like `wish` (url, events, personal, clients, by, secret_ref; replay_from: first record wanted, 0: from now on).
 * @param ret_secret  shown once; "" with a secret_ref
 * @retval SAPA_ELIMIT  SAPA_HOOKS_MAX live
 */
SAPA_MUST_CHECK sapa_rc sapa_hook_create(struct sapa_store *store, const struct sapa_hook *wish,
                                         char ret_secret[SAPA_HOOK_SECRET_SIZE], struct sapa_hook *ret);
/** @retval SAPA_ENOENT  also one that has ended */
SAPA_MUST_CHECK sapa_rc sapa_hook_get(struct sapa_store *store, uint64_t id, struct sapa_hook *ret);
/** Put it back changed; its turn counts up. */
SAPA_MUST_CHECK sapa_rc sapa_hook_change(struct sapa_store *store, struct sapa_hook *hook);
/** Each that has not ended, by number. */
typedef void sapa_hook_fn(void *ctx, const struct sapa_hook *hook);
SAPA_MUST_CHECK sapa_rc sapa_hook_each(struct sapa_store *store, sapa_hook_fn *fn, void *ctx);
/** The secret that was made for it. */
SAPA_MUST_CHECK sapa_rc sapa_hook_secret(struct sapa_store *store, const struct sapa_hook *hook,
                                         char ret_secret[SAPA_HOOK_SECRET_SIZE]);

SAPA_MUST_CHECK sapa_rc sapa_hook_place(struct sapa_store *store, const struct sapa_hook *hook, struct sapa_hook_place *ret);
SAPA_MUST_CHECK sapa_rc sapa_hook_place_set(struct sapa_store *store, uint64_t id, const struct sapa_hook_place *place);

/** `state` NULL: the sender has not told of it yet. `last_seq`: of the log. */
void sapa_hook_json(const struct sapa_hook *hook, const struct sapa_hook_place *place, const struct sapa_hook_state *state,
                    uint64_t last_seq, struct sapa_json *out);

/** The event as an object; indices become keys of `centre` (the one in force then), numbers of vocabularies their words. */
void sapa_hook_event_json(const struct sapa_record *record, const struct sapa_centre *centre, bool personal,
                          struct sapa_json *out);

/** Hex of HMAC-SHA-256 over "TIMESTAMP.BODY"; the key is the secret's text. */
void sapa_hook_sign(struct sapa_str secret, int64_t timestamp_s, struct sapa_str body, char ret_hex[65]);

#endif
