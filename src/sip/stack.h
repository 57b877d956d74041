/**
 * @file sip/stack.h
 * The SIP stack: transactions (RFC 3261 17, RFC 6026, RFC 3581), checks of incoming requests, and
 * one stream of events to its user. Dialogs and calls are in sip/dialog.h, on the same object.
 *
 * Message bytes come in by sapa_sip_stack_receive(), go out through the transport ops; time comes in
 * with each call (`now_us`, monotonic microseconds) and wakes by next_due/run_due. Nothing blocks,
 * no clock is read. The user may call any function of the stack from within its event callback.
 *
 * Room    sip: base and rt only.
 * Thread  the SIP thread only.
 * Owner   whoever opened it.
 * Design  docs/design/sip.md
 * Tests   sip/stack_test.c (every transaction state, virtual time), sip/torture_test.c, sip/loss_test.c, sip/stack_fuzz.c
 */
#ifndef SAPA_SIP_STACK_H
#define SAPA_SIP_STACK_H

#include "sip/flow.h"
#include "sip/msg.h"

/** Index and generation; 0 is none. An id of something that is gone gives SAPA_ENOENT, never another's data. */
typedef uint64_t sapa_sip_tx_id;
typedef uint64_t sapa_sip_dialog_id;

struct sapa_sip_stack;

enum sapa_sip_event_kind {
    /* Requests outside a dialog (also OPTIONS, REGISTER, MESSAGE…): answer with sapa_sip_respond(tx). */
    SAPA_SIP_EV_REQUEST,
    /* A new call: INVITE outside a dialog. `dialog` is made (UAS, early). Answer with sapa_sip_call_answer(tx). */
    SAPA_SIP_EV_INVITE,
    /* re-INVITE in a confirmed dialog: answer with sapa_sip_call_answer(tx). */
    SAPA_SIP_EV_REINVITE,
    /* Any other request in a dialog (BYE, INFO, UPDATE, OPTIONS, REFER, NOTIFY…): sapa_sip_respond(tx).
       After BYE the dialog takes no more requests from us; free it with sapa_sip_dialog_end(). */
    SAPA_SIP_EV_DIALOG_REQUEST,
    /* The caller cancelled the INVITE `tx` before our final answer. 200 to the CANCEL is sent; the user
       answers `tx` with 487 (or what it likes). msg: the CANCEL (for its Reason header). */
    SAPA_SIP_EV_CANCEL,
    /* Our 2xx was acknowledged; msg: the ACK (may carry SDP). Once per INVITE. */
    SAPA_SIP_EV_ACK,
    /* 64*T1 without ACK for our 2xx: the user should send BYE. */
    SAPA_SIP_EV_ACK_TIMEOUT,
    /* 101..199 to our INVITE; `dialog` is the early dialog: of another To-tag than the first
       (fork) it is a new one and `fork_of` says of which. Also plain 100: dialog unchanged. */
    SAPA_SIP_EV_PROGRESS,
    /* 2xx to our INVITE or re-INVITE: call sapa_sip_call_ack(dialog) now or soon. A second 2xx of a
       fork has its own dialog (fork_of set): ACK and BYE it. Repeated 2xx are re-ACKed here, unseen. */
    SAPA_SIP_EV_ANSWER,
    /* Final answer to a request of ours that is no 2xx to an INVITE: 3xx–6xx to INVITE, 200–699 to others. */
    SAPA_SIP_EV_RESPONSE,
    /* No final answer to a request of ours: rc SAPA_ETIMEOUT (timer B, F), SAPA_ECLOSED, SAPA_EIO
       (transport); status 408 or 503 to be used like one. msg NULL. */
    SAPA_SIP_EV_FAILURE,
    /* A connection is gone; `flow` tells which. Drop its bindings. */
    SAPA_SIP_EV_FLOW_CLOSED,
    SAPA_SIP_EV_COUNT
};

struct sapa_sip_event {
    enum sapa_sip_event_kind kind;
    int64_t now_us;
    sapa_sip_tx_id tx;
    sapa_sip_dialog_id dialog; /* 0: outside any */
    sapa_sip_dialog_id
        fork_of; /* PROGRESS, ANSWER: the dialog that the INVITE was started with, when it is another one */
    uint64_t user; /* what the user gave to the dialog, or to the request outside one */
    enum sapa_sip_method method;    /* of the request concerned, also for responses and failures */
    int status;                     /* responses, failures */
    sapa_rc rc;                     /* FAILURE: why */
    const struct sapa_sip_msg *msg; /* valid during the callback only; NULL where none */
    const struct sapa_sip_flow *flow; /* where msg came from; valid during the callback only */
};

/** `event` is called in the SIP thread, never from within send/open of the transport. */
struct sapa_sip_user_ops {
    void (*event)(void *ctx, const struct sapa_sip_event *event);
};

struct sapa_sip_stack_opts {
    const struct sapa_sip_transport_ops *transport;
    void *transport_ctx;
    const struct sapa_sip_user_ops *user;
    void *user_ctx;
    uint8_t secret
        [16]; /* random; tags, branches and hash keys come from it. All zero: drawn from the system */
    uint32_t tx_max;              /* transactions at once; 0: 200,000. Beyond: 503 / SAPA_ELIMIT */
    uint32_t dialog_max;          /* dialogs at once; 0: 20,000 */
    uint32_t t1_ms, t2_ms, t4_ms; /* 0: 500, 4000, 5000 */
    uint32_t trying_ms;           /* 100 Trying after this long without an answer; 0: 200 */
    uint32_t invite_ms;           /* timer C: an INVITE of ours without final answer; 0: 180,000 */
    uint32_t
        methods; /* bit per enum sapa_sip_method that the user handles; 0: INVITE ACK BYE CANCEL REGISTER OPTIONS INFO */
    const char *product; /* User-Agent and Server value; NULL: none. Static */
    const char *
        supported; /* Supported value, comma-separated, e.g. "path, replaces"; what Require may ask. NULL: none */
    const char *accept; /* body types that an INVITE may carry; NULL: "application/sdp" */
};

/** Memory is taken as needed up to the limits. SAPA_ENOMEM, SAPA_EINVAL. */
SAPA_MUST_CHECK sapa_rc sapa_sip_stack_open(const struct sapa_sip_stack_opts *opts,
                                            struct sapa_sip_stack **ret_stack);
/** Forgets everything without sending anything. NULL is fine. */
void sapa_sip_stack_close(struct sapa_sip_stack *stack);

/** One message from the network. `bytes` is changed in place and may be reused after the call. Never fails: what is wrong is answered or dropped and counted. */
void sapa_sip_stack_receive(struct sapa_sip_stack *stack, const struct sapa_sip_flow *flow,
                            char *bytes, size_t n, int64_t now_us);
/** As receive, but a request is answered with 503 and Retry-After (no transaction, no event): its source sends too much. Responses and ACK go their usual way. */
void sapa_sip_stack_receive_refused(struct sapa_sip_stack *stack, const struct sapa_sip_flow *flow,
                                    char *bytes, size_t n, uint32_t retry_after_s, int64_t now_us);
/** A connection ended or could not be opened: client transactions on it fail, server transactions answer elsewhere (RFC 3261 18.2.2). */
void sapa_sip_stack_flow_closed(struct sapa_sip_stack *stack, const struct sapa_sip_flow *flow,
                                int64_t now_us);
/** An ICMP error or the like: client transactions to that address fail at once (RFC 3261 8.1.3.1). */
void sapa_sip_stack_unreachable(struct sapa_sip_stack *stack, const struct sapa_sip_flow *flow,
                                int64_t now_us);

/** Earliest time at which run_due has work; INT64_MAX: none. */
int64_t sapa_sip_stack_next_due(const struct sapa_sip_stack *stack);
void sapa_sip_stack_run_due(struct sapa_sip_stack *stack, int64_t now_us);

/**
 * No new work from now on: new INVITEs, and requests outside dialogs, get 503 with Retry-After
 * (seconds); what is running goes on. 0 opens again.
 */
void sapa_sip_stack_refuse(struct sapa_sip_stack *stack, uint32_t retry_after_s);
/**
 * After a restart: a phone may answer an INVITE of the process before. Until this time a 2xx that belongs to
 * nothing is acknowledged and ended with BYE, towards where it came from only; otherwise it is dropped.
 */
void sapa_sip_stack_end_strays(struct sapa_sip_stack *stack, int64_t until_us);

/** What a request or response carries beside what the stack puts in itself. All borrowed for the call. */
struct sapa_sip_spec {
    struct sapa_str reason; /* response: reason phrase; empty: the usual */
    struct sapa_str
        headers; /* further header lines, each whole with CRLF; write them with sapa_sip_put_header() */
    struct sapa_str content_type; /* empty with a body: application/sdp */
    struct sapa_str body;
    struct sapa_str branch; /* of sapa_sip_call_retry(), without the magic cookie; empty: a fresh one */
};

/**
 * Answer a request, INVITE or not, with any status (sapa_sip_call_answer() is the same). The answer may come long after the request's event. `spec` may be NULL. A To-tag is added.
 * SAPA_ENOENT: no such transaction (any more); SAPA_ESTATE: it has a final answer already.
 */
SAPA_MUST_CHECK sapa_rc sapa_sip_respond(struct sapa_sip_stack *stack, sapa_sip_tx_id tx,
                                         int status, const struct sapa_sip_spec *spec,
                                         int64_t now_us);

/** A request outside a dialog: OPTIONS to a trunk, REGISTER, MESSAGE. Not INVITE (sapa_sip_call_start). */
struct sapa_sip_request {
    enum sapa_sip_method method;
    struct sapa_sip_flow flow;
    struct sapa_str uri;      /* Request-URI */
    struct sapa_str from;     /* name-addr without tag; a tag is added when from_tag is empty */
    struct sapa_str to;       /* name-addr */
    struct sapa_str from_tag; /* empty: a fresh one */
    struct sapa_str call_id;  /* empty: a fresh one */
    uint32_t cseq;            /* 0: 1 */
    struct sapa_str route;    /* Route value(s), empty: none */
    struct sapa_str contact;  /* Contact value, empty: none */
    struct sapa_sip_spec spec;
    uint64_t user; /* returned in events */
};
SAPA_MUST_CHECK sapa_rc sapa_sip_request_send(struct sapa_sip_stack *stack,
                                              const struct sapa_sip_request *request,
                                              int64_t now_us, sapa_sip_tx_id *ret_tx);

/** Where the request of a server transaction came from, or where one of ours went. SAPA_ENOENT. */
SAPA_MUST_CHECK sapa_rc sapa_sip_tx_flow(const struct sapa_sip_stack *stack, sapa_sip_tx_id tx,
                                         struct sapa_sip_flow *ret_flow);
/** A number attached to a server transaction by the user, e.g. which log entry it waits for. */
SAPA_MUST_CHECK sapa_rc sapa_sip_tx_user(struct sapa_sip_stack *stack, sapa_sip_tx_id tx,
                                         uint64_t user);

/** Fresh random-looking token of 16 characters for tags and ids; writes 17 bytes. */
void sapa_sip_token(struct sapa_sip_stack *stack, char *ret_token);

/* X(name): counters since open. */
#define SAPA_SIP_COUNTERS(X) \
    X(received)              \
    X(sent)                  \
    X(keepalive)             \
    X(unparsable)            \
    X(faulty)                \
    X(stray_response)        \
    X(stray_ack)             \
    X(retransmit_in)         \
    X(retransmit_out)        \
    X(merged)                \
    X(refused)               \
    X(timeout)               \
    X(transport_error)       \
    X(ack_timeout)           \
    X(tx_limit)              \
    X(dialog_limit)          \
    X(out_of_order)
struct sapa_sip_stats {
#define X(name) uint64_t name;
    SAPA_SIP_COUNTERS(X)
#undef X
    uint32_t transactions; /* now */
    uint32_t dialogs;      /* now */
};
void sapa_sip_stack_stats(const struct sapa_sip_stack *stack, struct sapa_sip_stats *ret_stats);

#endif
