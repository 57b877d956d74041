/**
 * @file channel/voice/voice.h
 * The voice channel: calls of customers, agents' phones and outside numbers, as a B2BUA between SIP,
 * the media process and the centre.
 *
 * What happens on the wire becomes inputs of the core (`post`); commands of the core become SIP and
 * media (`sapa_voice_command`). Nothing here decides who gets a call. Every call that is offered
 * either reaches the core as contact_arrived or is counted with the reason why not.
 *
 * Registrations outlive the process in a small journal of their own; talking calls outlive it by
 * `dialog` records in the log, from which sapa_voice_adopt() takes them up again.
 *
 * Room    channel/voice.
 * Thread  the SIP thread (the loop's) for everything, callbacks included.
 * Owner   the wiring in app/.
 * Limits  sapa_voice_limits below; sizes of what peers send are limited in sip/ and sdp/.
 * Design  docs/design/voice.md
 * Tests   channel/voice/voice_test.c (scripted peers, virtual time), test/sipp/ (real calls)
 */
#ifndef SAPA_CHANNEL_VOICE_VOICE_H
#define SAPA_CHANNEL_VOICE_VOICE_H

#include "model/centre.h"
#include "model/media.h"
#include "model/record.h"
#include "rt/crypto.h"
#include "sip/flow.h"

struct sapa_loop;
struct sapa_tls_options; /* rt/tls.h */
struct sapa_voice;

enum {
    SAPA_VOICE_LISTENS_MAX = 10,   /* = SAPA_SIP_SOCKETS_MAX */
    SAPA_VOICE_SECRET_MAX = 32,    /* digits of one secret collection; further ones are dropped */
    SAPA_VOICE_PATH_MAX = 200,     /* = SAPA_MEDIA_PATH_MAX */
};

/** One SIP socket. `fd` -1: opened here; >= 0: taken over (open and bound, TCP listening), and read only once dialogs are adopted: what waits in it is answered by who knows them. */
struct sapa_voice_listen {
    uint8_t kind;                 /* SAPA_SIP_FLOW_UDP, TCP or TLS */
    struct sapa_sip_ip local;     /* port 0: any */
    int fd;
    bool has_advertise;           /* behind NAT: what to write into Via, Contact (and SDP: media_advertise) */
    struct sapa_sip_ip advertise;
};

/** What is to be heard; slices are borrowed for the call. */
struct sapa_voice_prompt {
    uint8_t music;                /* 1: music on hold */
    uint8_t language;             /* enum sapa_language */
    struct sapa_str client;       /* key of the client, empty: none */
    struct sapa_str name;         /* key of the prompt, empty: only text */
    struct sapa_str text;         /* UTF-8, spoken where nothing is recorded */
};

#define SAPA_VOICE_TAKES "_takes"
enum sapa_voice_take_what { SAPA_VOICE_TAKE_MAKE, SAPA_VOICE_TAKE_KEEP, SAPA_VOICE_TAKE_DISCARD };

/** Something that an agent has spoken in; by value. */
struct sapa_voice_take {
    uint8_t what;                 /* enum sapa_voice_take_what */
    uint8_t language;             /* enum sapa_language */
    uint64_t id;
    char path[SAPA_VOICE_PATH_MAX];        /* of the recording */
    uint8_t key[SAPA_MEDIA_KEY_SIZE];      /* MAKE: of it */
    char client[SAPA_KEY_MAX + 1];         /* KEEP: of the prompt; empty: of all */
    char name[SAPA_KEY_MAX + 1];
};

/** Everything that the channel needs of its surroundings. Callbacks are called on the SIP thread and must not block; they may not call back into the channel unless said. */
struct sapa_voice_callbacks {
    void *ctx;
    /**
     * An input for the centre; copied before it returns. Not SAPA_OK: the mailbox is full. A refused
     * contact_arrived is answered 503; everything else is kept here and tried again, in order.
     */
    sapa_rc (*post)(void *ctx, const struct sapa_record *input);
    /**
     * A prompt as a file for the media process: path without ".alaw"/".ulaw" into `ret_base`.
     * SAPA_OK: there now. SAPA_EAGAIN: being made; sapa_voice_prompt_ready(tag) follows, exactly once.
     * Anything else: cannot be played.
     */
    sapa_rc (*prompt)(void *ctx, const struct sapa_voice_prompt *prompt, uint64_t tag, char *ret_base, size_t size);
    /** Who calls: `address` as in contact_arrived ("6281234567890"; an agent's extension for phones). May be NULL: everybody is unknown (person 0, last agent SAPA_NONE, party type 0). */
    void (*resolve)(void *ctx, uint32_t client, struct sapa_str address, uint64_t *ret_person, uint32_t *ret_last_agent, uint8_t *ret_party_type);
    /** A contact that the channel does not hold (a callback after a restart): whom to call. `ret_address` is a text64; false: unknown. May be NULL. */
    bool (*address)(void *ctx, uint64_t contact, struct sapa_text64 *ret_address, uint64_t *ret_person, uint32_t *ret_number);
    /** A fresh key for a recording, plain and wrapped. Not SAPA_OK: it is not recorded and recording_state 4 says so. */
    sapa_rc (*recording_key)(void *ctx, uint64_t contact, uint64_t recording, uint8_t ret_key[SAPA_MEDIA_KEY_SIZE],
                             uint8_t ret_wrapped[96], uint8_t *ret_wrapped_size);
    /** After a restart: the media process does not run this recording (any more). What it still has to say about it comes in the next moments. May be NULL. */
    void (*recording_lost)(void *ctx, uint64_t recording);
    /** cmd_lookup came by sapa_voice_command(): `secret` are the digits of the vault (may be empty), borrowed; `person` is whose contact it is. May be NULL when app handles look-ups without secrets itself. */
    void (*lookup)(void *ctx, const struct sapa_record *command, struct sapa_str secret, uint64_t person);
    /** A SIP message for a browser's connection (WS, WSS); `n` 0: it is to be closed. SAPA_ECLOSED: it is gone; SAPA_ELIMIT. NULL: no browsers. */
    sapa_rc (*web_send)(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n);
    /**
     * A take of a prompt that an agent speaks in. MAKE: the recording becomes a file that prompt() finds as client
     * SAPA_VOICE_TAKES, its id as the name; KEEP: that file becomes the prompt. SAPA_OK: sapa_voice_take_done() follows,
     * exactly once, never from inside; but for DISCARD, which has no answer: whatever is there of it goes. May be NULL:
     * prompts are not spoken in.
     */
    sapa_rc (*take)(void *ctx, const struct sapa_voice_take *take);
    /** Is this session (or token) still good, with which credentials of a browser were asked for? NULL: those that ended before this process are not known. */
    bool (*session_lives)(void *ctx, uint64_t session);
    /** Instead of the socket to the media process (tests). NULL: options.media_path is used. */
    sapa_rc (*media_send)(void *ctx, const struct sapa_media_message *message);
};

struct sapa_voice_options {
    struct sapa_loop *loop;               /* outlives the channel */
    const struct sapa_centre *centre;     /* borrowed until sapa_voice_centre() gives another */
    struct sapa_voice_callbacks callbacks;
    /* sip */
    const struct sapa_voice_listen *listens;
    size_t listen_count;
    const struct sapa_sip_transport_ops *transport; /* instead of sockets (tests); then listens are not used */
    void *transport_ctx;
    const struct sapa_tls_options *tls;   /* certificates, read again with each new description; NULL: none of ours. Static */
    const char *product;                  /* User-Agent; NULL: none. Static */
    /* media */
    const char *media_path;               /* local socket of the media process; copied */
    uint32_t epoch;                       /* fencing epoch of this control process */
    struct sapa_media_address media_local;    /* where legs are bound; family 0: the address of the SIP flow */
    struct sapa_media_address media_advertise;/* what SDP says instead of it; family 0: the same */
    /* files; copied. NULL: not kept / nothing is recorded */
    const char *registrations_path;       /* journal of registrations */
    const char *recordings_dir;           /* <dir>/<client>/<yyyy>/<mm>/<dd>/<recording>.srec */
    /* ids: contacts and legs are sapa_id_make(node, ++counter), counter starting above id_base */
    unsigned node;                        /* below 1023: that one is for the legs of offers */
    uint8_t offer_key[32];                /* the same in each process of a store: calls to agents' phones are named by it */
    struct sapa_key pass_key;             /* of the passwords of browsers' telephones (rt/pass.h) */
    uint64_t id_base;                     /* never given out by an earlier process: e.g. epoch << 32 */
    /* limits and times; 0 = the default in brackets */
    uint32_t calls_max;                   /* customers' calls at once [2000] */
    uint32_t source_per_s, source_burst;  /* SIP messages per second and source address [200, 400]; trunks are free */
    uint32_t ping_ms;                     /* OPTIONS to phones and trunks [30000]; UINT32_MAX: never */
    uint32_t phone_answer_ms;             /* a phone that gives no answer of any kind to INVITE is unreachable [4000] */
    uint32_t media_grace_ms;              /* the media process may be away this long before its calls are lost [2000] */
    const char *alert_info;               /* Alert-Info for offers, e.g. "<http://localhost>;info=alert-autoanswer"; NULL none. Static */
};

/**
 * Open sockets, read the registrations journal, start to reach the media process. Calls are refused
 * (503) until sapa_voice_adopt() was called and media has answered: sapa_voice_ready().
 * SAPA_EIO, SAPA_EEXIST: a socket; SAPA_ENOMEM; SAPA_EINVAL.
 */
SAPA_MUST_CHECK sapa_rc sapa_voice_open(const struct sapa_voice_options *options, struct sapa_voice **ret_voice);
/** Forgets everything without saying good-bye to anyone: living calls can be adopted by the next process. NULL is fine. */
void sapa_voice_close(struct sapa_voice *voice);

/** Where socket `index` of options.listens is bound. SAPA_ENOENT. */
SAPA_MUST_CHECK sapa_rc sapa_voice_bound(const struct sapa_voice *voice, size_t index, struct sapa_sip_ip *ret_bound);

/**
 * A released command of the core (released: its commit is done, or it has SAPA_RECORD_NO_PROMISE).
 * Commands about something that is gone meanwhile do nothing and are counted. Types that are not
 * voice's are passed over.
 */
void sapa_voice_command(struct sapa_voice *voice, const struct sapa_record *command);
/** What became of a take: MAKE or KEEP. @param version  KEEP: number of the version that it is now */
void sapa_voice_take_done(struct sapa_voice *voice, uint64_t id, sapa_rc rc, uint32_t version);
/** The rendered prompt of an earlier SAPA_EAGAIN. `base` as in callbacks.prompt; used when rc is SAPA_OK. */
void sapa_voice_prompt_ready(struct sapa_voice *voice, uint64_t tag, sapa_rc rc, const char *base);
/** A message of the media process, where callbacks.media_send replaces the socket. Link state: SAPA_MEDIA_HELLO comes after `up`. */
void sapa_voice_media_receive(struct sapa_voice *voice, const struct sapa_media_message *message);
/** The same: the media process went away (false) or came (true: HELLO is sent through media_send). */
void sapa_voice_media_link(struct sapa_voice *voice, bool up);
/** Bytes from the network, where options.transport replaces the sockets. `bytes` is changed. */
void sapa_voice_sip_receive(struct sapa_voice *voice, const struct sapa_sip_flow *flow, char *bytes, size_t n);

/** A whole SIP message of a browser's connection (RFC 7118); passes the guard. `bytes` is changed. */
void sapa_voice_web_receive(struct sapa_voice *voice, const struct sapa_sip_flow *flow, char *bytes, size_t n);
/** Its connection is gone: its registration ends, calls wait for another (docs/design/browser-phones.md). */
void sapa_voice_web_closed(struct sapa_voice *voice, const struct sapa_sip_flow *flow);
/** A session has ended: credentials made with it hold no more, registrations with them end. */
void sapa_voice_session_ended(struct sapa_voice *voice, uint64_t session);

/** A new description: indices of agents, numbers, trunks … are found again by key. The old one may be freed afterwards. */
void sapa_voice_centre(struct sapa_voice *voice, const struct sapa_centre *centre);
/** No new calls (503 with Retry-After) while on: the disk is full, the centre is overloaded or stopping. Calls that live go on. */
void sapa_voice_refuse(struct sapa_voice *voice, bool on, const char *why);

/** End every call politely, on both sides, as a stop of ours (side SYSTEM). Go on running the loop until they are gone. */
void sapa_voice_end_calls(struct sapa_voice *voice, const char *why);

/** What the core believes to be alive at start, so that each can be confirmed or ended. */
enum sapa_voice_held_kind {
    SAPA_VOICE_HELD_CUSTOMER, /* a contact with a customer's leg, or one that was arriving */
    SAPA_VOICE_HELD_RINGING,  /* an offer that was ringing */
    SAPA_VOICE_HELD_AGENT,    /* an accepted offer: an agent's leg */
    SAPA_VOICE_HELD_RECORDING,/* a recording (offer = its id) that has not ended; told by callbacks.recording_lost when media does not hold it */
    SAPA_VOICE_HELD_DIAL,     /* a call being placed (offer = attempt); kind 0 callback */
};
struct sapa_voice_held {
    uint64_t contact;
    uint64_t offer;
    uint8_t what; /* enum sapa_voice_held_kind */
    uint32_t play; /* HELD_CUSTOMER: the play command whose end the core waits for; 0: none */
    bool talking;  /* HELD_AGENT: customer and agent hear each other; they are connected again where they do not */
    uint8_t kind;  /* HELD_RINGING: as in cmd_offer, and so the rest */
    uint32_t agent, queue, ring_ms;
    uint8_t supervision; /* HELD_AGENT: enum sapa_supervision + 1 of a supervisor's leg, 0: it is an agent's */
};
/**
 * Once after start, with 0 on the first start: the newest `dialog` record of each dialog that is not
 * closed, and what the core holds. When the media process has given its inventory (or has not
 * within media_grace_ms) each dialog is adopted or ended, and phones that ring go on ringing: what `held` names and does not live
 * is posted as contact_gone, offer_failed, agent_gone or dial_progress with side SYSTEM, orphans on
 * either side are closed. Both arrays are copied. Then sapa_voice_ready() holds.
 */
void sapa_voice_adopt(struct sapa_voice *voice, const struct sapa_record *const dialogs[], size_t count,
                      const struct sapa_voice_held *held, size_t held_count);
bool sapa_voice_ready(const struct sapa_voice *voice);

/** Secret digits collected for a contact into `buf`; 0 when there are none. Wiped by cmd_forget and by the next collection. */
size_t sapa_voice_secret(const struct sapa_voice *voice, uint64_t contact, char *buf, size_t size);

/** One live registration. */
struct sapa_voice_registration {
    uint32_t agent;
    struct sapa_str contact;    /* URI */
    struct sapa_str user_agent;
    int64_t expires_us;         /* UTC */
    int64_t since_us;           /* UTC: registered without a gap, as far as this process has seen */
    uint8_t transport;          /* enum sapa_sip_flow_kind: WS and WSS are browsers */
    bool behind_proxy;          /* `from` is the proxy's */
    struct sapa_sip_ip from;    /* where it is seen */
    uint8_t place;              /* enum sapa_workplace, by that */
    bool reachable;             /* it answered the last time it was asked */
};
typedef void sapa_voice_registration_fn(void *ctx, const struct sapa_voice_registration *registration);
void sapa_voice_registrations(const struct sapa_voice *voice, sapa_voice_registration_fn *fn, void *ctx);

/** How a trunk is; `key` is borrowed from the description. */
struct sapa_voice_trunk_state {
    struct sapa_str key, host;
    bool known;                 /* its addresses are */
    bool down;                  /* none of them answers */
    bool registers, registered; /* with the carrier */
    bool inbound;               /* nothing is called there: calls only come from it */
    uint32_t calls, calls_max;  /* now; 0: no limit */
    uint32_t addresses, addresses_down;
    uint32_t rtt_us;            /* of OPTIONS, the slowest address that answers; 0: not known */
    uint16_t last_status;       /* of what failed last, 408: no answer; 0: nothing has */
    int64_t failed_us;          /* UTC: when that was; 0 */
    int64_t since_us;           /* UTC: it is as it is; 0: not known yet */
};
typedef void sapa_voice_trunk_fn(void *ctx, const struct sapa_voice_trunk_state *trunk);
/** Each trunk of the description, in its order. Any moment on the SIP thread. */
void sapa_voice_trunks_each(const struct sapa_voice *voice, sapa_voice_trunk_fn *fn, void *ctx);

/* X(name, text): counters since open. refused_*: offered calls that did not reach the core, by reason. */
#define SAPA_VOICE_COUNTERS(X) \
    X(offered, "calls offered to the centre") \
    X(arrived, "of these, handed to the core") \
    X(refused_source, "refused: source is no trunk and no phone") \
    X(refused_auth, "refused: phone not authenticated (the challenge itself is not counted)") \
    X(refused_busy, "refused: limit of calls or of a trunk") \
    X(refused_store, "refused: the log cannot take it") \
    X(refused_core, "refused: the centre's mailbox is full") \
    X(refused_media, "refused: no media process, or not ready yet") \
    X(refused_sdp, "refused: no codec in common or malformed offer") \
    X(refused_target, "refused: a phone dialled nothing that is known, or replaces no call of its own") \
    X(answered, "customers' calls answered") \
    X(offers, "offers rung at phones") \
    X(accepted, "offers accepted") \
    X(dials, "calls placed") \
    X(adopted, "dialogs adopted after a restart") \
    X(orphans, "dialogs and media legs ended after a restart") \
    X(gone_customer, "customers' legs ended by the customer") \
    X(gone_network, "… by the network") \
    X(gone_system, "… by a fault of ours") \
    X(late_commands, "commands about something gone") \
    X(post_retries, "inputs that had to wait for the centre") \
    X(registers, "REGISTER taken") \
    X(register_denied, "REGISTER, SUBSCRIBE or MESSAGE denied") \
    X(pings_failed, "phones that did not answer OPTIONS")
struct sapa_voice_stats {
#define X(name, text) uint64_t name;
    SAPA_VOICE_COUNTERS(X)
#undef X
    uint32_t calls;         /* customers' legs now */
    uint32_t legs;          /* all legs now */
    uint32_t contacts;      /* contacts kept now (callbacks that wait included) */
    uint32_t registrations; /* bindings now */
    uint32_t dialogs, transactions;
    bool media_up;
    uint32_t media_restarts; /* seen since open */
    uint64_t media_version;  /* of its messages; 0: not known yet */
};
/** What the media process told last; at_us 0: nothing yet. */
struct sapa_voice_media_stats {
    int64_t at_us; /* UTC */
    uint32_t legs, recordings, delay_p99_us; /* of packets, from receiving to sending */
    uint64_t packets_in, packets_dropped;
};
/** Ask it for news, which are there a moment later. */
void sapa_voice_media_ask(struct sapa_voice *voice);
void sapa_voice_media_stats_read(const struct sapa_voice *voice, struct sapa_voice_media_stats *ret_stats);

/** Any moment on the SIP thread. */
void sapa_voice_stats_read(const struct sapa_voice *voice, struct sapa_voice_stats *ret_stats);

#endif
