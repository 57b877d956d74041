/**
 * @file http/web.h
 * The web thread: HTTP/1.1, the API, the live feed. Its own libwebsockets context on a libuv loop.
 *
 *   request → route → token and right → mirror (reads of live state: answered at once)
 *                                     → pool   (reads of the log: reports, past contacts, recordings)
 *                                     → centre (writes, and what only the core knows) → commit → answer
 *
 * The listening socket comes from the parent process and outlives this one: a connection attempt while
 * control restarts waits in the kernel. Nothing here is truth: the thread can be started anew at any time.
 * So does the local one in the data folder: the program's own commands ask there, with all rights and without a token,
 * if they run as the same user or as root.
 *
 * Room    http: base, rt, model, store, report.   Thread  start, stop, put: the centre's; ports say theirs.
 * Design  docs/design/http.md                     Tests   app/calls_test.c, test/scenario/80-api … 84-api-login
 */
#ifndef SAPA_HTTP_WEB_H
#define SAPA_HTTP_WEB_H

#include "http/hook.h"
#include "http/mirror.h"
#include "http/pages.h"
#include "http/route.h"
#include "http/session.h"
#include "model/record.h"
#include "rt/crypto.h"
#include "rt/socket.h"

struct sapa_web;

/* ---- questions to the centre thread ---- */

enum sapa_web_ask_kind {
    SAPA_WEB_ASK_INPUT,   /* take the input, log the audit record; replied when both are committed */
    SAPA_WEB_ASK_INPUTS,  /* take the inputs, each for itself; log the audit record. The reply tells which were refused */
    SAPA_WEB_ASK_AUDIT,   /* log the audit record */
    SAPA_WEB_ASK_RELOAD,  /* take another description, or the file again; log the audit record. Replied when it is in force */
    SAPA_WEB_ASK_WHY,     /* reply: struct sapa_web_why and an encoded `why` record behind it, if there is one */
    SAPA_WEB_ASK_NOTE,    /* take the parts of a note if its version is the next one; log the audit record. SAPA_EEXIST: it is not */
    SAPA_WEB_ASK_FIGURES, /* reply: struct sapa_web_figures, then its queues and standings */
    SAPA_WEB_ASK_TIMES,   /* reply: struct sapa_web_time of living contacts, in no special order */
    SAPA_WEB_ASK_VIEW,    /* reply: the live view as JSON, in the language (enum sapa_language) that `contact` says */
};

/** Of RELOAD: what takes the place of the file, why, and what must be in force still. Empty: the file itself, whatever is. */
struct sapa_web_reload {
    char file[512], comment[128], if_match[65];
    char zero[7];
};

/** Head of a question; behind it the audit record, the input or a struct sapa_web_reload, each cut to its size and filled to 8 bytes. */
struct sapa_web_ask {
    uint64_t request;
    uint64_t contact; /* WHY, VIEW */
    const struct sapa_centre *centre; /* whose indices stand in the input */
    uint32_t kind;
    uint16_t audit_size, input_size, reload_size; /* 0: none */
    uint16_t zero;
};

struct sapa_web_reply {
    uint64_t request;
    uint64_t seq;  /* of the last record that came of it */
    int32_t rc;
    uint32_t kind;
    uint32_t denial; /* INPUT: enum sapa_call_denial, of a call that is not placed; 0 */
    uint32_t zero;
    uint64_t refused[4]; /* INPUTS: a bit each, the first input's the lowest; `rc` is why the first of them was */
};
enum { SAPA_WEB_INPUTS_MAX = 256 };

struct sapa_web_why {
    uint32_t place, position;
    int64_t wait_ms;
    uint32_t ewt_p50_ms, ewt_p90_ms;
};

struct sapa_web_figures {
    int64_t at_us;
    uint64_t count, standings;
    uint8_t centre_hash[64]; /* whose queues these are */
};

/** What changes by the passing of time alone; at most SAPA_WEB_TIMES_MAX of them. */
struct sapa_web_time {
    uint64_t contact;
    int64_t wait_ms;
    uint32_t position, ewt_p50_ms, ewt_p90_ms, zero;
};
enum { SAPA_WEB_TIMES_MAX = 500 };

/* ---- work for the room's pool ---- */

/** An answer to a request with an Idempotency-Key, out of the log. Work with the route SAPA_ROUTE_COUNT lists them in `out`. */
#define SAPA_WEB_ANSWER_UNTOLD "untold" /* in the log, of an answer that does not stand there: a secret, or too long */

struct sapa_web_remembered {
    uint64_t key, request_hash, seq;
    int64_t age_us;
    int32_t rc;
    char answer[513];
    char zero[3];
};

enum { SAPA_WEB_CALLBACKS_MAX = 32 };

/** PARTY_SET: what the contact counts as until now, and where; as in contact_party. */
struct sapa_web_counted_as {
    uint64_t was;
    int64_t began_us;
    char client[SAPA_KEY_MAX + 1], number[SAPA_KEY_MAX + 1], campaign[SAPA_KEY_MAX + 1];
};

/** NOTE: what the parts of the note say of it; its text is the work's `text`. PARTY_SET: of whom it is said, `match` says what. */
struct sapa_web_note {
    uint64_t contact, person, version;
    uint32_t agent; /* SAPA_NONE: by no agent */
};

/** SYSTEM: what the web thread knows of the whole. */
struct sapa_web_system {
    char version[64], log_text[40];
    const char *http_library; /* static: its version */
    bool ready;
    uint32_t alarms; /* bits by enum sapa_alarm */
    uint64_t committed, commits, slow_commits, failures;
    int64_t longest_commit_us;
    uint64_t connections, feeds, phones, sessions;
};

struct sapa_web_work {
    /* in */
    enum sapa_route_id route;
    struct sapa_params params;
    struct sapa_scope scope;
    bool show_pii;
    uint32_t rights;
    const struct sapa_centre *centre;  /* in force when it was asked */
    uint64_t clients[64];              /* the store's numbers of its clients */
    char user[65];
    struct sapa_token token;           /* TOKEN_NEW: the wish */
    struct sapa_hook hook;             /* HOOK_NEW: the wish; HOOK_SET: active; HOOK_REPLAY: replay_from */
    char *text;                        /* PLAN, APPLY: the description; NOTE, TASK_NEW: the text. NUL behind it */
    size_t text_n;
    uint64_t request;
    uint64_t into;                     /* PERSON_MERGE; TASK_NEW: contact, or 0; COACH_NEW: recording */
    char name[SAPA_KEY_MAX + 1];       /* LOGIN, PASSWORD, USER_…: whose */
    char password[260], new_password[260], source[64];
    bool password_good;                /* LOGIN: it was seen to be, by the work before this; work without it does no more than look */
    bool cookie;                       /* LOGIN, DEMO_LOGIN: the secret goes into `secret`, not into the answer */
    uint64_t *ids;                     /* sessions that end with it */
    size_t id_count;
    struct sapa_hook_state *hooks;     /* HOOK, HOOKS: as the sender told */
    size_t hook_count;
    uint64_t from, to;                 /* AUDIO: bytes wanted, `to` not included */
    struct sapa_web_why why;           /* WHY: what the core says, with `why_record` */
    struct sapa_record why_record;     /* type 0: none */
    bool why_living;
    bool living;                       /* CARD, NOTE, CONTACT: it lives, and may be seen */
    uint64_t callbacks[SAPA_WEB_CALLBACKS_MAX]; /* CARD: living callbacks of the same person; WORK: of the agent's clients */
    size_t callback_count;
    uint64_t in_hand[SAPA_WEB_ASSIGNMENTS_MAX]; /* RECORDINGS, RECORDING, AUDIO, TICKET…, for who is an agent: contacts that he has */
    size_t in_hand_count;
    bool goes_on;                      /* AUDIO: a further part; it has been judged */
    uint32_t agent;                    /* NOTE: whose token it is; DISPOSITIONS: whose favourites; MY_FIGURES: whose; SAPA_NONE */
    uint64_t match;                    /* NOTE, TICKET_SET: version that it was made from (0: any); TASK_NEW, TASK_SET: due, wall time in us, 0: none; COACH_NEW: ms */
    bool task_done;                    /* TASK_SET */
    struct sapa_web_system system;     /* SYSTEM */
    bool *missing;                     /* SYSTEM: by agent: at work, and no telephone is there; NULL: nobody */
    /* out */
    struct sapa_web_note note;         /* NOTE, PARTY_SET */
    struct sapa_web_counted_as counted_as; /* PARTY_SET */
    struct sapa_web_ticket ticket;     /* TICKET_NEW, TICKET_SET, TICKET_ENTRY: what is news of it */
    struct sapa_session session;       /* LOGIN, DEMO_LOGIN */
    char secret[SAPA_TOKEN_TEXT_SIZE];
    sapa_rc rc;
    unsigned status;                   /* of a problem, when rc does not say it; 0 */
    bool has_mistakes;                 /* `out` is what a problem tells besides: members of an object */
    char problem[256];
    struct sapa_web_reload reload;     /* APPLY, RESTORE: what is to be taken over */
    char answer[128];                  /* of a write: members of the answer besides done and seq; `out` stays empty */
    const char *content_type;          /* NULL: JSON */
    struct sapa_json out;
    uint64_t total;                    /* AUDIO: bytes of the whole */
};

/* ---- SIP over WebSocket ---- */

/** A browser's connection. Numbers are never given out again; `generation` is the epoch. */
struct sapa_web_flow {
    uint32_t conn, generation;
    bool secure; /* TLS */
    struct sapa_addr local, remote;
};

/** Head of SAPA_WEB_SIP; the message behind it. Without one the connection is closed. */
struct sapa_web_sip_head {
    uint32_t conn, generation;
};

/** Called on the web thread, but `work`: on the room's pool. */
struct sapa_web_ports {
    void *ctx;
    /** One message for the centre: the head and what is behind it. SAPA_ELIMIT: its mailbox is full. */
    sapa_rc (*ask)(void *ctx, const void *message, size_t size);
    void (*work)(void *ctx, struct sapa_web_work *work);
    /** A whole SIP message of a browser. Not SAPA_OK: the connection is closed. NULL: there is no SIP over WebSocket. */
    sapa_rc (*sip)(void *ctx, const struct sapa_web_flow *flow, const char *bytes, size_t n);
    /** It is gone. */
    void (*sip_closed)(void *ctx, const struct sapa_web_flow *flow);
    /** A session or token is over: what was made with it for telephones holds no more. NULL: nobody wants to know. */
    void (*ended)(void *ctx, uint64_t session);
};

/** Who may log in without a password. */
enum sapa_web_demo { SAPA_WEB_DEMO_OFF, SAPA_WEB_DEMO_LOOPBACK, SAPA_WEB_DEMO_ANY };

struct sapa_web_options {
    int listen_fd;             /* taken over; 0: none */
    int local_fd;              /* listening local stream socket, taken over: who asks there owns the folder; 0: none */
    const char *data;          /* folder: admin.token is written there at the first start */
    const char *cert, *key;    /* PEM files; NULL: no TLS */
    const char *version;
    struct sapa_store *store;  /* for tokens; outlives the thread */
    struct sapa_web_ports ports;
    uint64_t epoch;            /* makes request ids differ from those of an earlier process */
    unsigned rate;             /* requests a second and source; 0: no limit */
    const char *pages;         /* folder of what browsers load; NULL: none is served */
    uint8_t demo;              /* enum sapa_web_demo */
    struct sapa_key phone_key; /* of passwords of browsers' telephones (rt/pass.h) */
};

SAPA_MUST_CHECK sapa_rc sapa_web_start(const struct sapa_web_options *options, struct sapa_web **ret);
/** Connections are closed. NULL is fine. */
void sapa_web_stop(struct sapa_web *web);

/** A message for the thread (enum sapa_web_message). @retval SAPA_ELIMIT  its mailbox is full: begin again with RESET */
SAPA_MUST_CHECK sapa_rc sapa_web_put(struct sapa_web *web, uint32_t type, const void *data, size_t size);
SAPA_MUST_CHECK sapa_rc sapa_web_reply(struct sapa_web *web, const struct sapa_web_reply *reply, const void *data, size_t size);
/** A SIP message for a browser (`n` 0: its connection is to be closed); wakes. Any thread, while it runs. */
SAPA_MUST_CHECK sapa_rc sapa_web_sip(struct sapa_web *web, const struct sapa_web_sip_head *head, const char *bytes, size_t n);
/** After puts: let it look. Cheap. */
void sapa_web_wake(struct sapa_web *web);

#endif
