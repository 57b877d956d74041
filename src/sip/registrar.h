/**
 * @file sip/registrar.h
 * Where the phones are: bindings of addresses of record (RFC 3261 10.3, RFC 3327 Path).
 *
 * The caller authenticates, decides the address of record and says when: all times are UTC
 * microseconds, since bindings are stored and live on in another process.
 *
 * Room    sip: base and rt only.
 * Thread  the SIP thread only.
 * Tests   sip/registrar_test.c
 */
#ifndef SAPA_SIP_REGISTRAR_H
#define SAPA_SIP_REGISTRAR_H

#include "sip/flow.h"
#include "sip/msg.h"

enum {
    SAPA_SIP_CONTACTS_MAX = 10,         /* bindings of one address of record */
    SAPA_SIP_BINDING_RECORD_MAX = 1024, /* bytes of one exported binding */
};

struct sapa_sip_registrar;
struct sapa_sip_registrar_opts {
    uint32_t aor_max;           /* addresses of record; 0: 20,000 */
    uint32_t contacts_max;      /* per address of record, 1..SAPA_SIP_CONTACTS_MAX; 0: 5 */
    uint32_t expires_min_s;     /* 0: 30. Shorter wishes get 423 */
    uint32_t expires_max_s;     /* 0: 3600. Longer wishes are shortened */
    uint32_t expires_default_s; /* 0: 600 */
};
SAPA_MUST_CHECK sapa_rc sapa_sip_registrar_open(const struct sapa_sip_registrar_opts *opts,
                                                struct sapa_sip_registrar **ret_registrar);
void sapa_sip_registrar_close(struct sapa_sip_registrar *registrar);

/** Borrowed view; valid until the next call into the registrar. */
struct sapa_sip_binding {
    struct sapa_str aor;
    struct sapa_str contact; /* URI */
    struct sapa_str path; /* Path values in order, comma-separated; goes into Route; empty: none */
    struct sapa_str call_id;
    struct sapa_str user_agent;
    struct sapa_str instance; /* of +sip.instance, RFC 5626: which phone it is; empty: not said */
    uint32_t cseq, reg_id;
    uint16_t q_milli;          /* 0..1000 */
    struct sapa_sip_flow flow; /* where the REGISTER came from */
    int64_t expires_us;        /* UTC */
    int64_t registered_us;     /* UTC, of the latest REGISTER */
};

struct sapa_sip_register_result {
    int status; /* 200; 400, 403 (too many contacts at once), 423, 500 (CSeq out of order), 503 (limits), 513 */
    uint32_t added, refreshed, removed;
    uint32_t bindings;      /* afterwards */
    uint32_t min_expires_s; /* with 423: value of Min-Expires */
};
/**
 * Carry out a REGISTER for `aor` (canonical text, <= 255 bytes, e.g. "1001@shop"). Either all of it or nothing.
 * A phone that says which one it is (RFC 5626: +sip.instance with reg-id; a browser's instance alone) has one binding, its newest.
 * Without Contact it is a question. Beyond contacts_max the oldest binding gives way. The answer's Contact lines (and Path, Supported) come from sapa_sip_registrar_put().
 */
void sapa_sip_registrar_update(struct sapa_sip_registrar *registrar, struct sapa_str aor,
                               const struct sapa_sip_msg *msg, const struct sapa_sip_flow *flow,
                               int64_t wall_us, struct sapa_sip_register_result *ret_result);
/** Append the "Contact: …;expires=…" lines for a 200. */
void sapa_sip_registrar_put(const struct sapa_sip_registrar *registrar, struct sapa_str aor,
                            int64_t wall_us, struct sapa_text *out);

/** Append the Path of a REGISTER to its 200, as RFC 3327 5.3 wants: the proxies on the way see that they are known. */
void sapa_sip_registrar_put_path(const struct sapa_sip_msg *msg, struct sapa_text *out);

/** Live bindings, highest q first, then newest. Returns how many were written. */
size_t sapa_sip_registrar_lookup(const struct sapa_sip_registrar *registrar, struct sapa_str aor,
                                 int64_t wall_us, struct sapa_sip_binding *ret_bindings,
                                 size_t max);

/** Called for every binding that ends by time, by its flow or by sapa_sip_registrar_drop. */
typedef void sapa_sip_binding_fn(void *ctx, const struct sapa_sip_binding *binding);
/** Earliest expiry; INT64_MAX: none. */
int64_t sapa_sip_registrar_next_due(const struct sapa_sip_registrar *registrar);
/** Remove what has expired. `gone` may be NULL. Returns how many. */
size_t sapa_sip_registrar_run_due(struct sapa_sip_registrar *registrar, int64_t wall_us,
                                  sapa_sip_binding_fn *gone, void *ctx);
/** A connection closed: its bindings end (UDP flows never do). */
size_t sapa_sip_registrar_flow_closed(struct sapa_sip_registrar *registrar,
                                      const struct sapa_sip_flow *flow, sapa_sip_binding_fn *gone,
                                      void *ctx);
/** All bindings of an address of record end. */
size_t sapa_sip_registrar_drop(struct sapa_sip_registrar *registrar, struct sapa_str aor,
                               sapa_sip_binding_fn *gone, void *ctx);
/** Every binding, in no order; do not change the registrar within. */
void sapa_sip_registrar_each(const struct sapa_sip_registrar *registrar, sapa_sip_binding_fn *each,
                             void *ctx);

/** A binding as a flat record; SAPA_ELIMIT: size too small. */
SAPA_MUST_CHECK sapa_rc sapa_sip_binding_export(const struct sapa_sip_binding *binding,
                                                uint8_t *buf, size_t size, size_t *ret_n);
/**
 * Put an exported binding back. One that was on a connection comes back without flow.conn: its
 * connection is gone, but its address is known. SAPA_ECORRUPT, SAPA_EVERSION, SAPA_ELIMIT,
 * SAPA_ETIMEOUT: expired meanwhile; SAPA_ECLOSED: a browser's: it must come again by itself; SAPA_EEXIST: a newer one is there.
 */
SAPA_MUST_CHECK sapa_rc sapa_sip_registrar_import(struct sapa_sip_registrar *registrar,
                                                  const uint8_t *record, size_t n, int64_t wall_us);

#endif
