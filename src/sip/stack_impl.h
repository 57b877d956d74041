/**
 * @file sip/stack_impl.h
 * What stack.c (tables, checks, messages), tx.c (transactions) and dialog.c (dialogs) share.
 *
 * Objects live in chunks that never move; they are named by index and generation. Within the stack a
 * pointer is held only until the next event callback, since the user may end anything there.
 *
 * Room sip.   Thread the SIP thread.
 */
#ifndef SAPA_SIP_STACK_IMPL_H
#define SAPA_SIP_STACK_IMPL_H

#include "sip/dialog.h"
#include "sip/map_impl.h"

enum tx_kind { TX_FREE, TX_CLIENT_INVITE, TX_CLIENT, TX_SERVER_INVITE, TX_SERVER };

/* RFC 3261 figures 5–8 with RFC 6026; a non-INVITE server transaction without an answer is CALLING. */
enum tx_state { TX_CALLING, TX_PROCEEDING, TX_COMPLETED, TX_CONFIRMED, TX_ACCEPTED };

struct tx {
    uint32_t index, generation;
    uint32_t next_free;
    uint32_t heap_place;
    uint8_t kind, state, method;
    bool reliable;
    bool quiet;       /* the user hears nothing of it (any more) */
    bool cancel_wish; /* client INVITE: cancel at the first provisional response */
    bool cancel_sent;
    bool timed_out;      /* client INVITE: cancelled because its time is over */
    bool cancelled;      /* server INVITE: the caller has cancelled it */
    bool held;           /* client: not sent yet, waits for an ACK (BYE) */
    bool wants_prack;    /* server INVITE: provisional answers must be reliable (RFC 3262) */
    bool prack_open;     /* … and the last one waits for its PRACK, */
    int64_t prack_end_us; /* so long */
    int8_t fail_rc;      /* client: sending failed, report when due */
    int16_t status;      /* server: last answer */
    uint16_t reply_port; /* server: port that answers go to */
    uint32_t cseq;
    uint32_t interval_ms; /* of retransmission */
    int64_t again_us;     /* next retransmission */
    int64_t end_us;       /* timers B D F H I J K L M */
    int64_t extra_us;     /* 100 Trying; limit of ringing; end of a cancelled INVITE */
    uint64_t key, merge_key;
    uint64_t user;
    sapa_sip_dialog_id dialog;
    struct sapa_sip_flow flow;
    char *text; /* client: the request (later the ACK); server: the last answer */
    uint32_t text_n;
    char *head; /* server: the header lines that each answer copies */
    uint32_t head_n;
};

/* The texts of a dialog, one block. */
enum dialog_text {
    D_CALL_ID,
    D_LOCAL_TAG,
    D_REMOTE_TAG,
    D_LOCAL,
    D_REMOTE,
    D_TARGET,
    D_ROUTE,
    D_CONTACT,
    D_COUNT
};

struct dialog {
    uint32_t index, generation;
    uint32_t next_free;
    uint32_t heap_place;
    bool used, is_uas, remote_cseq_set, awaiting_ack, bye_sent;
    bool ended; /* by the user; lives on until the ACK that its BYE waits for */
    uint8_t state, hop;
    uint8_t forks; /* made from this one */
    uint16_t text_n[D_COUNT];
    char *text;
    uint32_t local_cseq, remote_cseq;
    uint32_t local_rseq, remote_rseq; /* of the last reliable provisional answer; 0: none */
    uint64_t key;
    uint64_t user;
    struct sapa_sip_flow flow;
    sapa_sip_tx_id invite_tx; /* open INVITE, either side */
    sapa_sip_tx_id held_tx;   /* a BYE of ours that waits for their ACK */
    uint32_t ring_ms;
    /* our 2xx until its ACK */
    char *reply;
    uint32_t reply_n, reply_cseq, reply_interval_ms;
    int64_t reply_again_us, reply_end_us;
    struct sapa_sip_flow reply_flow;
    /* our ACK as long as their 2xx may come again */
    char *ack;
    uint32_t ack_n, ack_cseq;
    int64_t ack_end_us;
    struct sapa_sip_flow ack_flow;
};

enum { CHUNK = 128 };

struct sapa_sip_stack {
    struct sapa_sip_stack_opts opts;
    struct sapa_sip_stats stats;
    uint64_t counter;       /* of tokens */
    uint32_t retry_after_s; /* > 0: new work is refused */
    int64_t strays_until_us; /* 2xx of an earlier process are ended until then */
    int64_t t1_us, t2_us, t4_us;

    struct tx **tx_chunks;
    uint32_t tx_slots, tx_free;
    struct dialog **dialog_chunks;
    uint32_t dialog_slots, dialog_free;
    struct sapa_sip_map tx_map, merge_map, dialog_map;
    struct sapa_sip_heap heap; /* ref: index * 2 + (1 for a dialog) */

    struct sapa_str branch_next; /* what the next request of ours has as its branch; empty: a fresh token */
    struct sapa_text allow;
    char allow_buf[256];
    struct sapa_text out; /* where messages are built */
    char out_buf[SAPA_SIP_MSG_SIZE_MAX + 1];
};

static inline sapa_sip_tx_id tx_id(const struct tx *tx)
{
    return (uint64_t)tx->generation << 32 | (tx->index + 1);
}

static inline sapa_sip_dialog_id dialog_id(const struct dialog *dialog)
{
    return (uint64_t)dialog->generation << 32 | (dialog->index + 1);
}

/* --- stack.c --- */
struct tx *sapa_sip_tx_get(const struct sapa_sip_stack *stack, sapa_sip_tx_id id); /* NULL: gone */
struct dialog *sapa_sip_dlg_get(const struct sapa_sip_stack *stack,
                                sapa_sip_dialog_id id); /* NULL: gone */
struct tx *sapa_sip_tx_new(struct sapa_sip_stack *stack, enum tx_kind kind,
                           uint64_t key); /* NULL: limit */
void sapa_sip_tx_free(struct sapa_sip_stack *stack, struct tx *tx);
struct dialog *sapa_sip_dlg_new(struct sapa_sip_stack *stack); /* NULL: limit */
void sapa_sip_dlg_free(struct sapa_sip_stack *stack, struct dialog *dialog);
void sapa_sip_tx_arm(struct sapa_sip_stack *stack, struct tx *tx);
void sapa_sip_dlg_arm(struct sapa_sip_stack *stack, struct dialog *dialog);
sapa_rc sapa_sip_send(struct sapa_sip_stack *stack, const struct sapa_sip_flow *flow,
                      const char *bytes, size_t n);
/** The same; a connection that is gone is replaced by a new one to `elsewhere` (NULL: to where it led), and *flow with it. */
sapa_rc sapa_sip_send_anew(struct sapa_sip_stack *stack, struct sapa_sip_flow *flow,
                           const struct sapa_sip_ip *elsewhere, const char *bytes, size_t n);
void sapa_sip_emit(struct sapa_sip_stack *stack, const struct sapa_sip_event *event);
/** A fresh message builder; one at a time. */
struct sapa_text *sapa_sip_begin(struct sapa_sip_stack *stack);
/** Via with a fresh branch, Max-Forwards; the branch's key into *ret_key. */
void sapa_sip_put_own_via(struct sapa_sip_stack *stack, struct sapa_text *out,
                          const struct sapa_sip_flow *flow, enum sapa_sip_method method,
                          struct sapa_str method_text, uint64_t *ret_key);
void sapa_sip_put_common(struct sapa_sip_stack *stack, struct sapa_text *out,
                         enum sapa_sip_method method, bool request);
/** The lines that every answer copies, with the To-tag. */
void sapa_sip_put_reply_head(struct sapa_text *out, const struct sapa_sip_msg *msg,
                             const struct sapa_sip_flow *flow, struct sapa_str to_tag);
void sapa_sip_reply_stateless(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                              const struct sapa_sip_flow *flow, int status, const char *reason,
                              struct sapa_str headers);
uint64_t sapa_sip_client_key(const struct sapa_sip_stack *stack, struct sapa_str branch,
                             struct sapa_str method);
uint64_t sapa_sip_server_key(const struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                             struct sapa_str method);
uint16_t sapa_sip_reply_port(const struct sapa_sip_msg *msg, const struct sapa_sip_flow *flow);
char *sapa_sip_copy(const char *bytes, size_t n); /* NULL: out of memory */

/* --- tx.c --- */
/** A client transaction for the message in stack->out; it is sent (unless held). NULL: limit or memory. */
struct tx *sapa_sip_tx_client(struct sapa_sip_stack *stack, enum sapa_sip_method method,
                              uint64_t key, const struct sapa_sip_flow *flow,
                              const struct sapa_sip_ip *elsewhere, bool hold, int64_t now_us);
void sapa_sip_tx_release(struct sapa_sip_stack *stack, struct tx *tx,
                         int64_t now_us); /* send a held one */
struct tx *sapa_sip_tx_server(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                              const struct sapa_sip_flow *flow, struct sapa_str to_tag,
                              int64_t now_us);
void sapa_sip_tx_cancel(struct sapa_sip_stack *stack, struct tx *tx, struct sapa_str reason,
                        int64_t now_us);
void sapa_sip_tx_on_response(struct sapa_sip_stack *stack, struct tx *tx,
                             const struct sapa_sip_msg *msg, const struct sapa_sip_flow *flow,
                             int64_t now_us);
void sapa_sip_tx_on_repeat(struct sapa_sip_stack *stack,
                           struct tx *tx); /* the same request again */
void sapa_sip_tx_on_ack(struct sapa_sip_stack *stack, struct tx *tx, int64_t now_us);
void sapa_sip_tx_due(struct sapa_sip_stack *stack, struct tx *tx, int64_t now_us);
void sapa_sip_tx_broken(struct sapa_sip_stack *stack, struct tx *tx, sapa_rc rc, int64_t now_us);
/** sapa_sip_respond() without a spec, when it does not matter that the transaction has its answer already. */
void sapa_sip_respond_plain(struct sapa_sip_stack *stack, sapa_sip_tx_id tx, int status,
                            int64_t now_us);
sapa_rc sapa_sip_tx_reply(struct sapa_sip_stack *stack, struct tx *tx, int status,
                          const char *bytes, size_t n, int64_t now_us);

/* --- dialog.c --- */
struct sapa_str sapa_sip_dlg_text(const struct dialog *dialog, enum dialog_text which);
struct dialog *sapa_sip_dlg_match(const struct sapa_sip_stack *stack, struct sapa_str call_id,
                                  struct sapa_str local_tag, struct sapa_str remote_tag);
/** UAS dialog of a new INVITE. SAPA_ELIMIT, SAPA_ENOMEM: no room; SAPA_EINVAL: texts too long (513); SAPA_ECORRUPT: no way back to the caller (400). */
sapa_rc sapa_sip_dlg_of_invite(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                               const struct sapa_sip_flow *flow, struct sapa_str local_tag,
                               struct dialog **ret_dialog);
/** Checks a request in a dialog; 0: fine, else the answer. */
int sapa_sip_dlg_check(struct sapa_sip_stack *stack, struct dialog *dialog,
                       const struct sapa_sip_msg *msg);
/** A PRACK: 200 or 481, 488. */
void sapa_sip_dlg_on_prack(struct sapa_sip_stack *stack, struct dialog *dialog, struct tx *tx,
                           const struct sapa_sip_msg *msg, int64_t now_us);
void sapa_sip_dlg_refresh(struct dialog *dialog, const struct sapa_sip_msg *msg);
void sapa_sip_dlg_on_ack(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                         const struct sapa_sip_flow *flow, int64_t now_us);
/** Response to a client INVITE or other request within a dialog: bookkeeping, then the event. */
void sapa_sip_dlg_on_response(struct sapa_sip_stack *stack, struct tx *tx,
                              const struct sapa_sip_msg *msg, const struct sapa_sip_flow *flow,
                              int64_t now_us);
/** A repeated 2xx of an INVITE that is answered: ACK again. False: no such dialog. */
bool sapa_sip_dlg_on_repeat(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg);
void sapa_sip_dlg_due(struct sapa_sip_stack *stack, struct dialog *dialog, int64_t now_us);
/** The 2xx in stack->out was sent by `tx`: keep it until ACK. */
void sapa_sip_dlg_answered(struct sapa_sip_stack *stack, struct dialog *dialog, struct tx *tx,
                           int64_t now_us);
/** A 2xx to an INVITE that nobody wants any more: ACK and BYE it. */
void sapa_sip_ack_and_bye(struct sapa_sip_stack *stack, const struct sapa_sip_flow *from, enum sapa_sip_hop hop,
                          const struct sapa_sip_msg *msg, bool bye, int64_t now_us);

#endif
