/**
 * @file sip/dialog.h
 * Dialogs and INVITE calls (RFC 3261 12–15): both roles, forks, re-INVITE, retransmitted 2xx and
 * ACK, route sets, and a flat record from which a dialog lives on in another process.
 *
 * The stack keeps a dialog until the user ends it with sapa_sip_dialog_end(), whatever happened on
 * the wire; that is the one duty. A record of a confirmed dialog is at most
 * SAPA_SIP_DIALOG_RECORD_MAX bytes.
 *
 * Room    sip: base and rt only.
 * Thread  the SIP thread only.
 * Owner   the stack; users hold ids.
 * Design  docs/design/sip.md#dialogs
 * Tests   sip/dialog_test.c, sip/loss_test.c
 */
#ifndef SAPA_SIP_DIALOG_H
#define SAPA_SIP_DIALOG_H

#include "sip/stack.h"

enum {
    SAPA_SIP_DIALOG_RECORD_MAX = 1024, /* bytes of an export */
    SAPA_SIP_DIALOG_TEXT_MAX =
        4096, /* bytes of all the texts of a dialog; a call with more is refused (513).
                                          One above about 900 lives, but cannot be exported */
};

enum {
    SAPA_SIP_FORKS_MAX = 15
}; /* of one INVITE; further ones are ignored, or ended when they answer */

enum sapa_sip_dialog_state {
    SAPA_SIP_DIALOG_START, /* our INVITE is out (or failed and may be tried again), no To-tag yet */
    SAPA_SIP_DIALOG_EARLY, /* both tags known, no 2xx */
    SAPA_SIP_DIALOG_CONFIRMED, /* 2xx sent or received */
    SAPA_SIP_DIALOG_OVER,      /* BYE sent or received, or the INVITE failed */
    SAPA_SIP_DIALOG_STATE_COUNT
};

/** Where requests within a dialog are sent. */
enum sapa_sip_hop {
    SAPA_SIP_HOP_FLOW, /* always the flow the dialog began on: phones behind NAT, WebSocket. Reopened by address when a TCP connection is gone */
    SAPA_SIP_HOP_URI, /* the first Route, else the remote target, when it is a numeric address; the flow when it is a name */
};

struct sapa_sip_call {
    struct sapa_sip_flow flow; /* where the INVITE goes */
    enum sapa_sip_hop hop;     /* later requests */
    struct sapa_str uri;       /* Request-URI */
    struct sapa_str from;      /* name-addr without tag: display name and caller number */
    struct sapa_str to;        /* name-addr without tag */
    struct sapa_str contact;   /* "<sip:…>"; empty: made from the flow */
    struct sapa_str
        route; /* preloaded Route value(s), comma-separated (Path of a binding); empty: none */
    struct sapa_str call_id;   /* empty: a fresh one */
    struct sapa_str from_tag;  /* empty: a fresh one */
    struct sapa_str branch;    /* of the INVITE, without the magic cookie; empty: a fresh one */
    bool sent_before; /* an earlier process sent this INVITE, known by call_id, from_tag and branch: it is not
                         sent again, only its answers are taken, and it can be cancelled */
    uint32_t cseq;             /* of that INVITE, when it was a retried one; 0: 1 */
    struct sapa_sip_spec spec; /* offer, further headers */
    uint64_t user;             /* returned in every event of the dialog */
    uint32_t
        ring_ms; /* no final answer within this: cancel and fail with 408. 0: the stack's invite_ms */
};

/**
 * Start a call. Events: PROGRESS, ANSWER, RESPONSE (3xx–6xx), FAILURE.
 * SAPA_EINVAL: a text is no URI or header value; SAPA_ELIMIT: dialogs, transactions or text sizes.
 */
SAPA_MUST_CHECK sapa_rc sapa_sip_call_start(struct sapa_sip_stack *stack,
                                            const struct sapa_sip_call *call, int64_t now_us,
                                            sapa_sip_dialog_id *ret_dialog, sapa_sip_tx_id *ret_tx);
/**
 * The same INVITE again after 401, 407, 422 …: same Call-ID and From-tag, next CSeq. `spec` carries
 * the credentials and the offer again. `uri` empty: as before.
 */
SAPA_MUST_CHECK sapa_rc sapa_sip_call_retry(struct sapa_sip_stack *stack, sapa_sip_dialog_id dialog,
                                            struct sapa_str uri, const struct sapa_sip_spec *spec,
                                            int64_t now_us, sapa_sip_tx_id *ret_tx);
/**
 * Cancel an INVITE of ours. Waits for the first provisional response where RFC 3261 9.1 wants it.
 * The end comes as RESPONSE (487 as a rule), ANSWER (the race was lost: ACK, then BYE) or FAILURE.
 * `reason`: value of a Reason header, may be empty. SAPA_ESTATE: it has its final answer.
 */
SAPA_MUST_CHECK sapa_rc sapa_sip_call_cancel(struct sapa_sip_stack *stack,
                                             sapa_sip_dialog_id dialog, struct sapa_str reason,
                                             int64_t now_us);
/**
 * Answer an INVITE or re-INVITE: 1xx (early media with a body) or 2xx; 3xx–6xx as sapa_sip_respond().
 * 2xx are repeated until ACK comes (EV_ACK) or 64*T1 are over (EV_ACK_TIMEOUT).
 */
SAPA_MUST_CHECK sapa_rc sapa_sip_call_answer(struct sapa_sip_stack *stack, sapa_sip_tx_id tx,
                                             int status, const struct sapa_sip_spec *spec,
                                             int64_t now_us);
/** ACK the 2xx of EV_ANSWER; `spec` may be NULL, a body is the answer to an offer in the 2xx. Kept for repeated 2xx. */
SAPA_MUST_CHECK sapa_rc sapa_sip_call_ack(struct sapa_sip_stack *stack, sapa_sip_dialog_id dialog,
                                          const struct sapa_sip_spec *spec, int64_t now_us);
/**
 * A request within a dialog: BYE, INFO, INVITE (re-INVITE), UPDATE, REFER, NOTIFY, OPTIONS …
 * A BYE while our 2xx waits for its ACK is held back until the ACK or its time limit (RFC 3261 15).
 * BYE is allowed early for the caller's side as well. Its answer comes as RESPONSE or FAILURE (INVITE: ANSWER too).
 * SAPA_ESTATE: over, or an INVITE while another is open in either direction (answer 491 situations by waiting).
 */
SAPA_MUST_CHECK sapa_rc sapa_sip_dialog_send(struct sapa_sip_stack *stack,
                                             sapa_sip_dialog_id dialog, enum sapa_sip_method method,
                                             const struct sapa_sip_spec *spec, int64_t now_us,
                                             sapa_sip_tx_id *ret_tx);
/** Forget the dialog. Its transactions end by themselves without further events to the user, except that a cancelled INVITE that is answered all the same is ACKed and BYEd. */
void sapa_sip_dialog_end(struct sapa_sip_stack *stack, sapa_sip_dialog_id dialog);

/** Borrowed view; valid until the next call into the stack. */
struct sapa_sip_dialog_info {
    enum sapa_sip_dialog_state state;
    bool is_uas;
    uint64_t user;
    struct sapa_str call_id, local_tag, remote_tag;
    struct sapa_str local_addr, remote_addr; /* name-addrs of From and To, without tags */
    struct sapa_str remote_target;           /* URI */
    struct sapa_str route;                   /* route set, comma-separated */
    uint32_t local_cseq, remote_cseq;
    struct sapa_sip_flow flow;
    sapa_sip_tx_id invite_tx; /* open INVITE of either side, 0: none */
    bool awaiting_ack;        /* our 2xx is not acknowledged yet */
};
SAPA_MUST_CHECK sapa_rc sapa_sip_dialog_get(const struct sapa_sip_stack *stack,
                                            sapa_sip_dialog_id dialog,
                                            struct sapa_sip_dialog_info *ret_info);
SAPA_MUST_CHECK sapa_rc sapa_sip_dialog_user(struct sapa_sip_stack *stack,
                                             sapa_sip_dialog_id dialog, uint64_t user);
/** Later requests use this flow (a phone has registered anew from elsewhere). */
SAPA_MUST_CHECK sapa_rc sapa_sip_dialog_flow(struct sapa_sip_stack *stack,
                                             sapa_sip_dialog_id dialog,
                                             const struct sapa_sip_flow *flow);
/**
 * The dialog that a SUBSCRIBE outside dialogs makes when it is answered 2xx (RFC 6665 4.4.1): call this within the
 * request's own event, then answer, then send NOTIFY. Its requests come as DIALOG_REQUEST with `user`.
 * SAPA_ENOENT, SAPA_ESTATE: no open SUBSCRIBE; SAPA_EINVAL: texts too long (513); SAPA_ECORRUPT: no way back (400); SAPA_ELIMIT.
 */
SAPA_MUST_CHECK sapa_rc sapa_sip_dialog_of_subscribe(struct sapa_sip_stack *stack, const struct sapa_sip_event *event,
                                                     uint64_t user, sapa_sip_dialog_id *ret_dialog);
/** The dialog that Call-ID and tags (ours, theirs) name, as in Replaces; 0: none. */
sapa_sip_dialog_id sapa_sip_dialog_find(const struct sapa_sip_stack *stack, struct sapa_str call_id,
                                        struct sapa_str local_tag, struct sapa_str remote_tag);

/**
 * Write the state of a confirmed dialog: to be stored after every event or call that changed it.
 * SAPA_ESTATE: not confirmed; SAPA_ELIMIT: `size` too small, or the texts are unusually long (the call then
 * cannot be adopted after a restart). The record does not hold `user`.
 */
SAPA_MUST_CHECK sapa_rc sapa_sip_dialog_export(const struct sapa_sip_stack *stack,
                                               sapa_sip_dialog_id dialog, uint8_t *buf, size_t size,
                                               size_t *ret_n);
/**
 * Take a dialog over from its record. Our CSeq goes on `cseq_gap` above the record's, in case the last
 * requests before a crash were not recorded (0: 100). SAPA_ECORRUPT, SAPA_EVERSION, SAPA_EEXIST, SAPA_ELIMIT.
 */
SAPA_MUST_CHECK sapa_rc sapa_sip_dialog_import(struct sapa_sip_stack *stack, const uint8_t *record,
                                               size_t n, uint64_t user, uint32_t cseq_gap,
                                               sapa_sip_dialog_id *ret_dialog);

#endif
