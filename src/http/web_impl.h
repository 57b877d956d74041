/**
 * @file http/web_impl.h
 * What the parts of the web thread share: server.c (sockets), answer.c and what it calls (routes), feed.c (live feed).
 * Room    http, internal.   Thread  the web thread's, but where it is said.
 */
#ifndef SAPA_HTTP_WEB_IMPL_H
#define SAPA_HTTP_WEB_IMPL_H

#include <libwebsockets.h>
#include <stdatomic.h>
#include <uv.h>

#include "http/cookie.h"
#include "http/feed.h"
#include "http/web.h"
#include "rt/mailbox.h"
#include "rt/thread.h"

enum {
    WEB_BODY_MAX = 64 * 1024,
    WEB_TEXT_MAX = 4 << 20,           /* a description (SAPA_CENTRE_TEXT_MAX) */
    WEB_HEADER_MAX = 8192,
    WEB_CONNECTIONS_MAX = 4096,
    WEB_SOURCE_CONNECTIONS_MAX = 2048, /* five hundred desks may stand behind one address: two WebSockets each, and what pages load */
    WEB_LOCAL_CONNECTIONS_MAX = 64,
    WEB_SOURCES_MAX = 8192,
    WEB_REQUESTS_MAX = 8192,          /* waiting for the centre or the pool */
    WEB_CHUNK = 16 * 1024,
    WEB_AUDIO_CHUNK = 1 << 20,
    WEB_MAILBOX_BYTES = 16 << 20,
    WEB_WORKERS = 2,
    WEB_WORK_MAX = 64,
    WEB_LOGINS_MAX = 1024,            /* waiting or being checked: in the morning all come at once */
    WEB_LOGIN_MS = 30000,             /* each takes its time on purpose */
    WEB_LOGIN_THREADS_MAX = 4,        /* each needs 19 MiB while it looks */
    WEB_PAGES_RATE = 10,              /* files of pages a second and source, for each request of the API that `rate` allows */
    WEB_FAILURES_MAX = 20,            /* wrong tokens from one source in ten seconds */
    WEB_IDEMPOTENT_MAX = 10000,
    WEB_TICK_MS = 20,                 /* changes are collected so long before they go to subscribers */
    WEB_BEAT_S = 5,                   /* a subscriber hears something at least so often */
    WEB_FIGURES_MS = 1000,            /* age at which figures are asked for again; times and the view sooner, after any step */
    WEB_FIGURES_SOON_MS = 100,        /* with subscribers, after something has happened */
    WEB_FIGURES_QUEUE_MS = 4,         /* and so much more for each queue */
    WEB_TIMES_MS = 50,                /* but times no more often than this … */
    WEB_VIEW_MS = 200,                /* … nor the live view: who wants it waits */
    WEB_TAKE_S = 30,                  /* who takes nothing of his answer for so long has gone */
    WEB_HELLO_MS = 5000,              /* a subscriber without Authorization says its token by then */
    WEB_WAIT_MS = 5000,               /* a request that nobody answers by then gets 503 */
};

/* The local socket as a source: no hash of an address is even. */
#define WEB_LOCAL UINT64_C(2)

/* What the centre is asked for once, for all who want it. */
enum web_shared_kind { WEB_SHARED_FIGURES, WEB_SHARED_TIMES, WEB_SHARED_VIEW, WEB_SHARED_COUNT = WEB_SHARED_VIEW + SAPA_LANGUAGE_COUNT };
struct web_shared {
    uint64_t asked; /* request id of the question under way; 0: none */
    int64_t at_us;  /* mono, when it was asked last; 0: never, or in vain */
    uint64_t seq;   /* of the mirror then */
    uint64_t *waiters;
    size_t count, room;
    size_t covered; /* so many of them wanted it before it was asked */
    struct sapa_json text; /* views */
};

struct web_listener {
    uv_poll_t poll;
    struct sapa_web *web;
    int fd; /* 0: none */
    bool is_local, is_paused;
};

/* Who asks. */
struct web_who {
    bool known;
    bool by_cookie;   /* what a page of another site could send, too */
    uint64_t id;      /* of the token or the session; 0: at the local socket */
    uint64_t session; /* 0: a token */
    bool factor;         /* a session with a second factor */
    bool factor_wanted;  /* his role wants one: no rights until then */
    char role_name[65];
    uint8_t hash[32];   /* of its text */
    int64_t expires_us; /* 0: never */
    char user[65], agent[SAPA_KEY_MAX + 1];
    uint8_t role;
    uint32_t rights;
    struct sapa_scope scope;
};

/* One request, from its headers to the end of its answer. */
struct web_request {
    struct sapa_web *web;
    struct lws *wsi;
    uint64_t id;
    int64_t began_us;
    enum sapa_route_id route;
    unsigned method;
    struct sapa_params params;
    struct web_who who;
    char source[64];
    char *body;
    size_t body_n, body_room, body_wanted, body_seen, body_max;
    char if_match[80];
    unsigned retry_s; /* of a problem: when to come again; 0 as usual */
    char etag[72]; /* of the answer; "": none */
    bool waits;     /* in the table of those that wait */
    bool answered;
    uint64_t idempotent; /* key of its entry; 0: none */
    uint64_t range_from, range_to; /* AUDIO: as asked for; to UINT64_MAX: to the end */
    bool has_range;
    uint32_t wanted_reason;  /* STATE: why not ready; SAPA_NONE */
    uint32_t disposes_agent; /* DISPOSITIONS: whose favourites; SAPA_NONE */
    struct sapa_web_why why;
    struct sapa_record *why_record;
    char answer[512]; /* of a write: members of the answer besides done and seq */
    uint64_t request_hash; /* with `idempotent` */
    /* the answer */
    unsigned status;
    const char *content_type;
    struct sapa_json out;
    struct sapa_page page; /* instead of `out`, when it has a type */
    uint32_t framed;         /* number whose frames hold; SAPA_NONE */
    char cookies[SAPA_COOKIES_MAX + 1][SAPA_COOKIE_TEXT_SIZE]; /* to be set when it succeeds; "": none */
    bool head_only;
    size_t sent;
    bool head_sent;
    uint64_t stream_at, stream_end, stream_total; /* AUDIO: what is still to be fetched */
    /* of work whose effect is to be logged before it is told */
    char *later;
    size_t later_n;
    struct web_changes *changes; /* CHANGES: what is wanted of whom (change.c) */
};

/* Per connection. */
struct web_sip;
struct web_session {
    struct web_request *request;
    struct sapa_feed_sub *sub;
    struct web_sip *phone; /* a browser's telephone (sip_ws.c) */
    struct web_who *who;  /* with `sub`, once it is let in */
    uint64_t who_version; /* when that was looked at last */
};

struct web_job {
    struct web_job *next; /* among logins that wait */
    struct sapa_web *web;
    uint64_t request;
    struct sapa_web_work work;
};

struct web_source {
    uint64_t key; /* of its address */
    uint32_t connections;
    int64_t tokens_us;   /* rate: time up to which it has spent */
    uint32_t failures;
    int64_t failures_us; /* since when they are counted */
    int64_t pages_us;    /* the same for what pages are made of */
    int64_t calls_us;    /* credentials of guests: time up to which it has spent */
};

struct web_idempotent {
    uint64_t key;
    uint64_t body_hash;
    int64_t at_us;   /* mono; of before the start: below 0 perhaps */
    uint32_t status; /* 0: not answered yet */
    int32_t rc;      /* of an answer before the start of this process that was a problem: its text is made anew */
    uint32_t n;
    char *text;
};

struct web_waiting {
    uint64_t key; /* request id */
    struct web_request *request;
};

struct web_stats {
    uint64_t requests[6]; /* by hundreds of status; 0: others */
    uint64_t connections, refused, too_fast, wrong_tokens, wrong_passwords, asks, asks_refused, work, resets;
    uint64_t slow;        /* answered after more than 100 ms */
    uint64_t sip_in, sip_out, sip_refused;
};

struct sapa_web {
    struct sapa_web_options options;
    struct sapa_thread *thread;
    struct sapa_mailbox *mailbox;
    struct sapa_pool *pool;
    struct sapa_pool *passwords;   /* of logins: looked at, several at once */
    struct sapa_pool *logins;      /* one thread: what comes of that, and whatever else changes passwords and sessions */
    struct sapa_pool *writes;      /* one thread: what is written to the store has one order */
    atomic_bool stopping;
    atomic_bool awake; /* the wake-up is on its way */
    uv_loop_t loop;
    struct web_listener listeners[2];
    uv_async_t wake;
    uv_timer_t tick, second, figures, later;
    unsigned seconds;
    bool listening, ticking;
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct sapa_tokens tokens;
    struct sapa_sessions sessions;
    struct sapa_tries tries;
    struct web_job *logins_first, **logins_last; /* that wait for those that run */
    unsigned logins_count;
    struct web_job *login_jobs[WEB_LOGIN_THREADS_MAX + 1]; /* that run; one more than threads, so that none of these waits */
    size_t login_runs, login_runs_max;
    uint64_t who_version; /* counts changes of who may do what */
    struct sapa_mirror mirror;
    /* messages that wait for their commit: size, type, bytes */
    uint8_t *pending;
    size_t pending_n, pending_room;
    uint64_t committed;
    struct sapa_table waiting;
    struct sapa_table sources;
    struct sapa_table idempotent;
    bool remembers;  /* what was answered before this process began is in it */
    struct sapa_feed *feed;
    struct sapa_pages *pages; /* NULL: none */
    struct sapa_web_state state;
    bool has_state;
    struct sapa_hook_state hooks[SAPA_HOOKS_MAX]; /* as the sender told last */
    size_t hook_count;
    struct web_shared shared[WEB_SHARED_COUNT];
    struct sapa_web_time times[SAPA_WEB_TIMES_MAX]; /* by contact */
    size_t time_count;
    int64_t queues_us; /* mono: when queues were renewed; their rings are many, and once a second will do */
    uint64_t next_request;
    uint64_t last_id; /* of calls.c */
    struct sapa_table phones; /* by connection number */
    uint32_t last_phone;
    int64_t cert_us, key_us; /* when their files were changed last; 0: not looked yet */
    struct web_stats stats;
    struct sapa_json scratch;
    struct sapa_json openapi;
    unsigned char buffer[LWS_PRE + WEB_HEADER_MAX + WEB_CHUNK];
};

/* ---- answer.c and what it calls (answer_impl.h) ---- */

/* A request is complete: answer it, or let it wait. */
void sapa_web_answer(struct web_request *rq);
void sapa_web_problem(struct web_request *rq, unsigned status, const char *code, const char *fmt, ...) SAPA_PRINTF(4, 5);
void sapa_web_problem_rc(struct web_request *rq, sapa_rc rc, const char *detail);
/* An input of the core, with its audit record; answered when both are committed. */
void sapa_web_write(struct web_request *rq, const struct sapa_record *input);
/* Several inputs, at most SAPA_WEB_INPUTS_MAX; the audit record says `detail`. The reply has a bit for each that is refused. */
void sapa_web_write_all(struct web_request *rq, const struct sapa_record *inputs, size_t count, struct sapa_str detail);
/* Like a write without an input: audited, and answered with this object, which becomes the request's, when the log has it. */
void sapa_web_tell_later(struct web_request *rq, struct sapa_json *answer);
/* The answer stands in rq->out: send it. */
void sapa_web_ready(struct web_request *rq);
void sapa_web_centre_replied(struct sapa_web *web, const struct sapa_web_reply *reply, const void *data, size_t size);
/* It checks or changes a password or a second factor: such jobs run in their order, one after the other for each name. */
bool sapa_web_is_login(enum sapa_route_id route);
/* At the end: those that nobody will do. */
void sapa_web_logins_drop(struct sapa_web *web);
void sapa_web_job_done(struct sapa_web *web, struct web_job *job);
/* The next part of a recording. */
void sapa_web_stream_next(struct web_request *rq);
void sapa_web_who_of(struct sapa_web *web, struct sapa_str header, struct web_who *ret);
/* At the local socket, without a token: whoever may open it owns the folder. `name`: as he says it; may be empty. */
void sapa_web_who_local(struct sapa_str name, struct web_who *ret);
/* Does he see of the live state what he saw when he was let in? Not when his token has ended, or says something else now. */
bool sapa_web_who_sees(struct sapa_web *web, const struct web_who *who);
/* Read what was answered before the start, and let requests with an Idempotency-Key in. */
void sapa_web_remember(struct sapa_web *web);
void sapa_web_forget_answers(struct sapa_web *web, int64_t now_us);
void sapa_web_shared_ask(struct sapa_web *web, unsigned kind);
/* Ask what somebody waits for, as far as its time has come. */
void sapa_web_shared_again(struct sapa_web *web);

/* ---- sip_ws.c ---- */

void sapa_web_phones_init(struct sapa_web *web);
/* ---- figures.c ---- */

/* Targets are read from the store: at the start, and when others were set. */
void sapa_web_goals_load(struct sapa_web *web);
/* The dictionary. */
void sapa_web_figures(struct web_request *rq);

/* ---- server.c ---- */

/* Does it come from a page of this server? */
bool sapa_web_origin_is_ours(struct lws *wsi);
/* A browser and a name of this machine, with nobody between? Over TLS, here or before us? */
bool sapa_web_is_loopback(struct lws *wsi);
bool sapa_web_is_secure(const struct sapa_web *web, struct lws *wsi);
/* Sessions that the browser has cookies of, the newest last. Returns how many. */
size_t sapa_web_cookies(const struct sapa_web *web, struct lws *wsi, uint64_t ret[SAPA_COOKIES_MAX * 4]);
/* Is there another certificate? */
void sapa_web_look_certificate(struct sapa_web *web);
struct web_request *sapa_web_request_of(struct sapa_web *web, uint64_t id);
/* It waits for an answer from elsewhere. SAPA_ELIMIT: too many do. */
SAPA_MUST_CHECK sapa_rc sapa_web_wait(struct web_request *rq);
/* sapa_web_shared_again() after so long at most. */
void sapa_web_later(struct sapa_web *web, uint64_t ms);

#endif
