/**
 * @file channel/voice/voice_impl.h
 * What the files of the voice channel share. The story is in voice.h and docs/design/voice.md.
 *
 * A contact has at most one customer's leg, some outside legs (transfers, conferences) and any number of
 * offers; an offer has one leg for each binding of the agent's phone, of which one wins. A leg is a dialog
 * and a media leg. Objects are found by their ids and freed at the end of a turn of the loop, so that
 * no callback finds its object gone under it.
 *
 * An agent's own call is a contact whose `own_agent` is set. His part in it is an offer won by his line where
 * somebody outside is called, else his line is the customer's leg. With SAME the line is lent: it stays the leg
 * of the contact on hold, and takes part in the other one until it is given back.
 *
 * Room    channel/voice alone.   Thread  SIP.
 */
#ifndef SAPA_CHANNEL_VOICE_VOICE_IMPL_H
#define SAPA_CHANNEL_VOICE_VOICE_IMPL_H

#include "base/log.h"
#include "base/table.h"
#include "channel/voice/voice.h"
#include "model/prompt_keys.h"
#include "model/segment.h"
#include "rt/crypto.h"
#include "rt/dns.h"
#include "rt/file.h"
#include "rt/loop.h"
#include "rt/pass.h"
#include "rt/random.h"
#include "rt/socket.h"
#include "rt/tls.h"
#include "sdp/offer.h"
#include "sip/dialog.h"
#include "sip/digest.h"
#include "sip/guard.h"
#include "sip/locate.h"
#include "sip/net.h"
#include "sip/registrar.h"

/* What a page's telephone dials to hear itself; a phone dials the code that the description names. */
#define VOICE_ECHO "*echo"

enum {
    VOICE_BODY_MAX = 8192,     /* bytes of an offer that is kept until it is answered */
    VOICE_FORKS_MAX = 4,       /* early dialogs of one INVITE beside the first */
    VOICE_DEVICES_MAX = 5,     /* bindings of one phone that are watched */
    VOICE_TRUNKS_MAX = 64,
    VOICE_PLACES_MAX = 16,     /* addresses of one trunk */
    VOICE_POSTS_MAX = 65536,   /* inputs that wait for the centre */
    VOICE_CODE_REPLY_MS = 5000,
    VOICE_ECHO_MS = 30000,     /* he hears himself for so long */
    VOICE_STAR_MAX = 24,       /* keys of a code dialled within a conversation */
    VOICE_STAR_MS = 1500,      /* between two of them */
    VOICE_TARGET_MS = 4000,    /* between two of a number that is dialled after a code */
    VOICE_PARTIES_MAX = 12,    /* that talk in one conversation; the core allows 8 */
    VOICE_RETRY_AFTER_S = 5,
    VOICE_AUTH_TRIES = 2,      /* answers to challenges of one INVITE */
    VOICE_SDP_MAX = 2048,
    VOICE_HEADERS_MAX = 1024,
    VOICE_OFFER_NODE = 1023,   /* of the ids of offers' legs */
    VOICE_WATCHES_MAX = 20480, /* lamps of all phones */
    VOICE_WATCHES_EACH = 100,  /* of one agent's */
    VOICE_GAP_US = 5000000,    /* a browser whose connection is gone is awaited so long */
    VOICE_GHOST_US = 500000,   /* a phone that is told to stop ringing is not called again before */
};

/* What a request of theirs says about the session's timer. */
struct voice_session_wish {
    uint32_t seconds; /* 0: none */
    bool supported;
    char refresher;
};

enum voice_leg_kind { LEG_CUSTOMER, LEG_AGENT, LEG_OUTSIDE, LEG_CODE };

enum voice_leg_state {
    LEG_NEW,     /* caller waits for an answer, or our INVITE waits for a media port */
    LEG_CALLING, /* our INVITE is out */
    LEG_UP,      /* 2xx sent or received */
    LEG_OVER,    /* ended towards SIP; waits for the media process' last word */
};

/* How a key came: what a tone says the other side has heard, an event was relayed unless the leg's keys are held. */
enum voice_key_by { KEY_EVENT, KEY_TONE, KEY_INFO };

enum voice_media_state { MEDIA_NONE, MEDIA_OPENING, MEDIA_OPEN, MEDIA_CLOSING };

struct voice_contact;
struct voice_offer;
struct voice_call_code;

struct voice_leg {
    uint64_t id;              /* media leg and SIP user */
    uint8_t kind, state, media;
    bool is_caller;           /* we sent the INVITE */
    bool ringing;             /* 180 told */
    bool heard;               /* some answer to our INVITE came */
    bool cancelled;           /* caller sent CANCEL */
    bool answer_wanted;       /* cmd_answer came before the media port */
    bool late_offer;          /* our offer went out in a 2xx; the ACK answers it */
    bool acked;
    bool held;                /* they hold us */
    bool logged;              /* a dialog record was posted */
    bool bad_line;            /* its quality alarm is on */
    bool asking;              /* OPTIONS within the dialog is under way */
    bool started;             /* LEG_SET was sent */
    uint8_t auth_tries;
    uint8_t invites;          /* that were sent for it: the first, and those with credentials and the like */
    uint8_t direction;        /* SAPA_MEDIA_SEND | RECEIVE */
    uint8_t srtp_key[SAPA_SDP_KEY_SIZE]; /* of what we send */
    struct sapa_sdp_crypto srtp_in;      /* of what they send */
    bool srtp_keyed;          /* srtp_key is made */
    bool srtp_off;            /* they refused it: plain, where that is allowed */
    bool secure;              /* SRTP was agreed */
    uint8_t codec;
    uint8_t type_send, type_receive, dtmf_khz;
    bool noise, opus_fec;
    bool offered_again;       /* our re-INVITE for another codec is out */
    uint16_t opus_kbps;
    uint32_t codecs;          /* that the peer has shown to know: bits by place in the table */
    uint8_t dtmf_type, dtmf_receive; /* telephone-event as they number it, as we did; 0: not negotiated */
    uint8_t fork_count;
    bool takes_update;        /* they take UPDATE */
    bool refreshing;          /* a refresh of the session is under way */
    bool session_ours;        /* we refresh it */
    uint32_t session_s;       /* 0: no timer */
    uint32_t session_min_s;   /* what they want at least */
    int64_t session_due_us;   /* refresh, or the end */
    struct voice_session_wish session_wish; /* of the caller's INVITE, until it is answered */
    uint32_t generation;      /* of the dialog record */
    uint32_t agent, trunk;
    uint32_t place;           /* of the trunk: which address is called */
    uint16_t remote_rtcp;
    uint16_t body_n;
    char *body;               /* caller's offer until it is answered */
    char *target;             /* where our INVITE goes: URI, then route */
    uint16_t target_n, route_n;
    uint64_t bridged;         /* the leg that hears it, as the media process was told; 0: none */
    uint64_t mix;             /* that it is in, likewise; 0: none */
    uint8_t role;             /* there, enum sapa_media_role */
    bool connected;           /* outside: takes part */
    bool progressed;          /* our 183 with a description is out */
    uint32_t attempt;         /* outside, or the customer of a call that we place */
    struct voice_contact *lent; /* an agent's line that takes part there, not in its own contact; NULL: none */
    uint64_t replaces;        /* the leg whose place it takes when it is answered (RFC 3891); 0: none */
    uint32_t said;            /* counts what it alone is told; stale prompts find another number */
    struct sapa_voice *voice;
    struct sapa_timer star;   /* the agent dials a code while he talks: until the next key */
    bool star_heard;          /* as tones: the other side has heard it anyway */
    uint8_t star_n;
    char star_keys[VOICE_STAR_MAX];
    uint32_t device_crc;      /* of the binding that is called */
    int64_t called_us;
    sapa_sip_dialog_id dialog;
    sapa_sip_dialog_id early; /* the fork whose provisional answer is agreed; 0: none */
    sapa_sip_dialog_id forks[VOICE_FORKS_MAX];
    sapa_sip_tx_id tx;        /* their INVITE, unanswered */
    struct sapa_sdp_local sdp;
    struct sapa_media_address local, remote;
    struct sapa_sip_flow flow;
    /* of a browser (WebRTC) */
    bool webrtc, dtls_client;
    bool web_up;              /* the media process and it hear each other, or did */
    struct sapa_sdp_web web;  /* what we say: borrows from the leg and the channel */
    char ice_ufrag[SAPA_MEDIA_UFRAG_SIZE], ice_pwd[SAPA_MEDIA_PWD_SIZE], peer_ufrag[SAPA_MEDIA_PEER_UFRAG_SIZE];
    uint8_t peer_hash, peer_fingerprint[SAPA_MEDIA_PRINT_SIZE];
    char mid[17];             /* of its one stream, as first agreed */
    uint64_t instance;        /* which browser, by hash; 0: not known */
    uint64_t guest;           /* a customer's: serial of his credentials; 0: none */
    int64_t gap_us;           /* its connection is gone: so long it waits; 0: there */
    int64_t media_gap_us;     /* the same of its audio */
    bool leaves;              /* a guest's page is going: loaded anew it is back in seconds, else nobody shall wait */
    struct voice_contact *contact; /* NULL: LEG_CODE */
    struct voice_offer *offer;
    struct voice_call_code *code;
    struct voice_leg *next;   /* of the offer, or of the contact's outside legs */
    struct voice_leg *next_dead;
};

struct voice_offer {
    uint64_t id;
    struct voice_contact *contact;
    struct voice_leg *legs;
    struct voice_leg *winner;
    uint32_t agent, queue, ring_ms;
    uint8_t kind;
    bool ringing, over;
    bool connected;            /* its winner takes part in the conversation */
    bool held;                 /* by the core, not by his phone */
    bool lent;                 /* the winner is another offer's leg */
    bool accept;               /* the phone shall answer by itself as soon as it rings */
    bool adopted;              /* its INVITEs are an earlier process' */
    uint8_t supervises;        /* a supervisor's: enum sapa_supervision + 1; no party of the conversation. 0: an agent's */
    uint8_t result;            /* worst outcome so far; SAPA_OFFER_OPEN: none */
    int cause;
    struct sapa_timer silence; /* phones that say nothing */
    struct voice_play *whisper; /* answered, and he hears which queue it is before he is connected; NULL: no */
    struct sapa_timer whispers; /* so long at most */
    uint32_t auto_crc;         /* the phone that answers by itself where the queue says so; 0: none yet */
    bool auto_web;             /* it is a browser */
    struct sapa_timer line;    /* the agent still hears the confirmation of a code: his line is freed first */
    uint8_t line_tries;
    struct voice_offer *next;
    struct voice_offer *next_dead;
    struct sapa_voice *voice;
};

struct voice_play {
    uint32_t number;
    uint8_t loop, count, waiting, bad;
    bool here[SAPA_MEDIA_FILES_MAX];
    char files[SAPA_MEDIA_FILES_MAX][SAPA_MEDIA_PATH_MAX];
};

struct voice_contact {
    uint64_t id, person, recording;
    uint32_t client, number, trunk;
    uint32_t play;            /* number of what plays, 0: nothing that is waited for */
    uint32_t attempt;         /* of the dial under way */
    int dial_status;          /* how it ended, as a status of SIP; 0: not yet */
    uint32_t dial_from, dial_ring_ms;
    struct { uint32_t attempt, trunk, place; } dial_after; /* within a trunk: the address that failed */
    uint32_t legs;            /* legs that point here */
    uint8_t direction;        /* enum sapa_direction */
    uint8_t dial_kind;
    bool arrived;             /* the core knows it */
    bool gone;                /* contact_gone posted, or the core ended it */
    bool forgotten;           /* cmd_forget */
    bool secret_on;
    bool recording_begun;     /* the recorder has a file: when it dies, the file tells the rest */
    bool recording_off;       /* what the recorder says is over */
    bool dead;
    bool unreached;           /* a callback that is being dialled, or was in vain */
    uint8_t secret_n;
    char *secret;             /* SAPA_VOICE_SECRET_MAX bytes once there is one */
    char *recording_path;
    uint64_t earlier;         /* a recording before that one whose end is not reported yet, 0 none */
    char *earlier_path;
    struct voice_play *pending; /* prompts being made */
    uint32_t music_wanted[2]; /* counts hold music up: for the customer, for the agent */
    bool music_on[2];
    struct voice_leg *customer;
    struct voice_leg *outside; /* those that are not over, by `next`; the newest first */
    uint64_t mix;             /* id of its mix, once it had one */
    uint64_t joined;          /* offer or attempt that came last by cmd_join; 0: none */
    /* an agent's own call */
    uint32_t own_agent;       /* SAPA_NONE: it is none */
    uint64_t own_offer;
    uint32_t own_target;
    uint8_t own_kind, own_line, denial;
    struct voice_leg *borrowed; /* SAME: the line that is lent to it */
    struct voice_offer *offers;
    struct voice_contact *next_dead;
    char address[64], name[64];
    char brand[65];           /* in whose name an agent calls for a campaign; empty: in the client's */
    char dial[64];
};

/** Where a call goes that an agent asks for. */
struct voice_target {
    uint8_t kind;              /* enum sapa_target */
    uint32_t index;            /* SAPA_NONE: outside */
    char number[64];           /* outside: E.164 without plus */
    uint32_t campaign;         /* outside: index of the one that he named + 1; 0 none */
};

/** A phone dials a code, as a call of its own or within a conversation; or an agent hears why his part in a contact is over. */
struct voice_call_code {
    uint64_t request;
    uint64_t refer;            /* the leg that asked by REFER; 0: keys */
    uint64_t talking;          /* the leg on which it was dialled while he talks; 0: a call of its own */
    uint8_t verb;
    uint32_t agent, code;
    struct voice_target target; /* of CONSULT and PASS */
    struct voice_greeting *greeting; /* of GREETING */
    uint32_t play, round;      /* number of the announcement under way, and of what is collected for one */
    uint8_t play_done;
    uint8_t count, waiting;
    bool cut;                  /* an offer waits for the line: no word more */
    bool here[4];
    char files[4][SAPA_MEDIA_PATH_MAX];
    struct voice_leg *leg;
    struct sapa_timer timer;
    struct sapa_voice *voice;
};

enum voice_told { TOLD_NOTHING, TOLD_REACHABLE, TOLD_UNREACHABLE, TOLD_BEFORE /* by an earlier process */ };

/* `user` of requests outside dialogs: what they ask after. */
enum { ASK_PHONE = 1, ASK_TRUNK = 2, ASK_REGISTER = 3, ASK_MESSAGE = 4 };
static inline uint64_t voice_ask(unsigned kind, uint32_t index, uint32_t crc)
{
    return (uint64_t)crc << 32 | (uint64_t)kind << 24 | (index & 0xffffff);
}

/* What a colleague's lamp shows. */
enum voice_lamp { VOICE_LAMP_IDLE, VOICE_LAMP_RINGING, VOICE_LAMP_TALKING, VOICE_LAMP_STATE = 3, VOICE_LAMP_CALLER = 4 /* he placed the call */ };

struct voice_device {
    uint32_t contact_crc;
    bool bad;
    int64_t since_us;         /* UTC: registered, as far as this process has seen */
};

struct voice_agent {
    uint8_t posted;           /* what the core was told: enum voice_told */
    uint8_t place;            /* and with it: enum sapa_workplace */
    bool dirty;               /* its bindings changed by themselves */
    uint8_t device_count;
    uint8_t lamp, lamp_next;  /* enum voice_lamp: as told, as being looked at */
    uint32_t last_queue;
    int64_t ping_due_us;      /* 0: not registered */
    int64_t gap_until_us;     /* its browser's connection is gone: until then it is awaited; 0: not */
    int64_t ghost_until_us;   /* a call of an earlier process is being taken from its phone */
    struct voice_device devices[VOICE_DEVICES_MAX];
};

/* Our registration at a carrier (RFC 3261 10.2): one Call-ID for its whole life. */
struct voice_trunk_registration {
    bool on;                  /* the carrier knows us */
    bool under_way;
    uint8_t auth_tries, fails;
    uint32_t cseq, for_s;     /* for_s: what the carrier wants at least, 0: as described */
    int64_t due_us;           /* 0: at once */
    char call_id[17], tag[17];
    uint32_t place;           /* where it was sent */
    struct sapa_sip_flow flow;
};

/* What is known of one address of a trunk. */
struct voice_place {
    uint32_t id;              /* of kind, address and port */
    uint8_t host;             /* which one of the description */
    uint8_t fails;
    bool asked, down;
    int64_t ping_due_us;
    int64_t asked_us;         /* when OPTIONS went */
    uint32_t rtt_us;          /* of the last answer; 0: none yet */
};

struct voice_trunk_host { /* one host of the description being looked up */
    struct voice_trunk *trunk;
    struct sapa_sip_locate *locate;
    int64_t due_us;           /* looked up again; INT64_MAX: an address, or under way */
};

struct voice_trunk {
    struct sapa_sip_place places[VOICE_PLACES_MAX]; /* by host; none: not known yet */
    struct voice_place watched[VOICE_PLACES_MAX];   /* each of them */
    uint8_t place_count;
    uint32_t calls;
    bool down;                /* none of its addresses answers */
    bool alarm;               /* said: it does not answer, or does not take our registration */
    int64_t since_us;         /* UTC: it is as it is; 0: not known yet */
    uint16_t last_status;     /* of what failed last: 0 nothing failed, 408 no answer */
    int64_t failed_us;        /* UTC: when that was */
    struct voice_trunk_registration registration;
    struct voice_trunk_host hosts[SAPA_TRUNK_HOSTS_MAX];
    struct sapa_voice *voice;
};

struct voice_post {
    struct voice_post *next;
    struct sapa_record record; /* cut to its size */
};

enum voice_prompt_use { USE_PLAY, USE_MUSIC_CUSTOMER, USE_MUSIC_AGENT, USE_CODE, USE_NOTE_AGENT, USE_LEG, USE_LEG_LOOP, USE_WHISPER };
struct voice_prompt_wait { /* a prompt that is being made */
    uint64_t tag;
    uint64_t target;          /* contact, leg, or request of a code */
    uint32_t number;          /* of the play or the hold music */
    uint8_t index, what;      /* enum voice_prompt_use */
};

struct voice_ref {
    uint64_t key;
    void *value;
};

enum voice_adopt_state { ADOPT_WAITING, ADOPT_GATHERING, ADOPT_DONE };

struct voice_media_link;

struct sapa_voice {
    struct sapa_voice_options options;
    const struct sapa_centre *centre;
    struct sapa_loop *loop;
    struct sapa_sip_net *net;
    struct sapa_sip_guard *guard;
    struct sapa_sip_stack *stack;
    struct sapa_sip_registrar *registrar;
    struct sapa_sip_digest_server *digest;
    struct sapa_dns *dns;
    struct voice_media_link *link;
    struct sapa_sip_ip bound[SAPA_VOICE_LISTENS_MAX];
    size_t bound_count;
    struct sapa_voice_listen waiting[SAPA_VOICE_LISTENS_MAX]; /* sockets that are read once dialogs are adopted */
    size_t waiting_count;
    struct sapa_table contacts, legs, offers, codes, greetings, prompts; /* id → pointer; prompts hold voice_prompt_wait */
    struct sapa_table watches, messages;                      /* id → pointer: subscriptions, texts under way */
    struct sapa_table trusted;                                /* sources of trunks that the guard knows */
    struct sapa_table webs, ended, guests, wrong;             /* browsers' connections; sessions that are over; guests that have called; wrong passwords */
    bool agents_dirty;
    struct sapa_table by_extension, by_number;                /* hash of text → index + 1 */
    struct voice_agent *agents;
    struct voice_trunk trunks[VOICE_TRUNKS_MAX];
    uint32_t system_prompt[SAPA_PROMPT_ID_COUNT];
    uint64_t counter;
    uint64_t prompt_tag;
    uint32_t calls;           /* customers' legs */
    struct voice_post *post_first, **post_last;
    uint32_t post_count;
    struct sapa_timer post_timer, stack_timer, second_timer, media_timer, media_retry;
    struct sapa_deferred turn_end;
    struct voice_leg *dead_legs;
    struct voice_offer *dead_offers;
    struct voice_contact *dead_contacts;
    struct voice_watch *dead_watches;
    struct sapa_timer lamp_timer;
    uint32_t message_count;
    int watches_fd;
    uint64_t watches_bytes, watches_live;
    char watches_path[SAPA_VOICE_PATH_MAX];
    bool refusing;
    char refuse_why[64];
    /* media */
    bool media_up;            /* HELLO answered and inventory read */
    bool media_linked;
    bool media_alarm, fenced;
    uint32_t bad_lines;       /* legs with bad_line: the alarm is on while there is one */
    uint64_t media_generation;
    uint32_t media_restarts;  /* seen by this process */
    struct sapa_voice_media_stats media_stats; /* as it told last */
    uint64_t media_version;
    uint8_t media_fingerprint[SAPA_MEDIA_OWN_PRINT_SIZE]; /* of its certificate */
    uint64_t media_codecs;    /* that it can do, bits by place in the table; 0: one of before, G.711 alone */
    struct sapa_media_message *inventory;
    uint32_t inventory_count, inventory_size;
    /* adoption */
    uint8_t adopt;            /* enum voice_adopt_state */
    bool adopt_called;
    struct sapa_record *adopt_dialogs;
    size_t adopt_count;
    struct sapa_voice_held *adopt_held;
    size_t adopt_held_count;
    char made_folder[SAPA_VOICE_PATH_MAX];
    int registrations_fd;
    uint64_t registrations_bytes, registrations_live;
    struct sapa_voice_stats stats;
};

/* voice.c */
void sapa_voice_post(struct sapa_voice *v, const struct sapa_record *record);
void sapa_voice_touch(struct sapa_voice *v);
void sapa_voice_listen_now(struct sapa_voice *v);
int64_t sapa_voice_now(const struct sapa_voice *v);
int64_t sapa_voice_wall(const struct sapa_voice *v);
uint64_t sapa_voice_id(struct sapa_voice *v);
void *sapa_voice_find(const struct sapa_table *table, uint64_t id);
bool sapa_voice_put(struct sapa_table *table, uint64_t id, void *value);
void sapa_voice_take(struct sapa_table *table, uint64_t id);
uint64_t sapa_voice_hash(struct sapa_str text);
uint32_t sapa_voice_agent_of(const struct sapa_voice *v, struct sapa_str extension);
uint32_t sapa_voice_number_of(const struct sapa_voice *v, struct sapa_str dialled);
void sapa_voice_alarm(struct sapa_voice *v, enum sapa_alarm kind, bool on, uint64_t contact, const char *text);

/* contact.c */
struct voice_contact *sapa_voice_contact_new(struct sapa_voice *v, uint64_t id);
void sapa_voice_contact_check(struct sapa_voice *v, struct voice_contact *c);
void sapa_voice_contact_free(struct voice_contact *c);
void sapa_voice_contact_gone(struct sapa_voice *v, struct voice_contact *c, enum sapa_side side, int cause, const char *reason);
void sapa_voice_offer_failed(struct sapa_voice *v, struct voice_offer *o, enum sapa_offer_result result, int cause);
void sapa_voice_agent_gone(struct sapa_voice *v, struct voice_offer *o, enum sapa_side side, int cause);
void sapa_voice_dial_progress(struct sapa_voice *v, struct voice_contact *c, unsigned state, int cause, enum sapa_side side, uint64_t leg);
struct voice_offer *sapa_voice_offer_new(struct sapa_voice *v, struct voice_contact *c, uint64_t id, uint32_t agent);
void sapa_voice_offer_free(struct sapa_voice *v, struct voice_offer *o);

/* conversation.c */
/** Who hears whom in this contact, as its state says now: the media process is told what changed. */
void sapa_voice_review(struct sapa_voice *v, struct voice_contact *c);
void sapa_voice_connect(struct sapa_voice *v, struct voice_contact *c, uint64_t offer);
void sapa_voice_hold(struct sapa_voice *v, struct voice_contact *c, const struct sapa_rec_cmd_hold *cmd);
void sapa_voice_join(struct sapa_voice *v, struct voice_contact *c, const struct sapa_rec_cmd_join *cmd);
/** A supervisor's leg, which is up, does this from now on; TAKEOVER: it is an agent's. */
void sapa_voice_supervise(struct sapa_voice *v, struct voice_contact *c, const struct sapa_rec_cmd_supervise *cmd);
/** This line takes part in `c` from now on; its own contact goes on without it. */
void sapa_voice_line_lend(struct sapa_voice *v, struct voice_leg *leg, struct voice_contact *c);
/** Back to its own contact. Nothing is done for a contact that has borrowed none. */
void sapa_voice_line_return(struct sapa_voice *v, struct voice_contact *c);
/** Its own contact has no more use for it: what was lent belongs to the borrower. */
void sapa_voice_line_give(struct sapa_voice *v, struct voice_leg *leg);
/** An agent's line is the caller's leg of `c` from now on. */
void sapa_voice_line_caller(struct sapa_voice *v, struct voice_leg *leg, struct voice_contact *c);
/** Outside leg of this attempt; NULL: none. */
struct voice_leg *sapa_voice_outside_of(const struct voice_contact *c, uint64_t attempt);
void sapa_voice_outside_add(struct voice_contact *c, struct voice_leg *leg);
/** The contact in whose conversation the leg is. */
static inline struct voice_contact *voice_talks_in(const struct voice_leg *leg)
{
    return leg->lent ? leg->lent : leg->contact;
}

/* own.c */
/** Whom an agent means who dials this. False: nobody that could be called. */
bool sapa_voice_target_of(const struct sapa_voice *v, struct sapa_str dialled, struct voice_target *ret_target);
/** A phone calls; the request is authenticated and may be answered now or later. */
void sapa_voice_own_invite(struct sapa_voice *v, const struct sapa_sip_event *ev, uint32_t agent, const struct voice_target *target);
/** INVITE with Replaces from an agent's phone. */
void sapa_voice_replace_invite(struct sapa_voice *v, const struct sapa_sip_event *ev, uint32_t agent, struct sapa_str replaces);
/** The leg that a Replaces header names; NULL: none of ours. */
struct voice_leg *sapa_voice_replaced_by(const struct sapa_voice *v, struct sapa_str replaces);
/** A browser's call goes on in the dialog of this INVITE. False: it is not of that kind, and nothing was done. */
bool sapa_voice_swap(struct sapa_voice *v, const struct sapa_sip_event *ev, struct voice_leg *leg);
/** Its 200 was sent: the old line goes. */
void sapa_voice_replace_done(struct sapa_voice *v, struct voice_leg *leg);
/** The leg that a Replaces value names, from either side's view; NULL: none of ours. */
struct voice_leg *sapa_voice_replaced_leg(const struct sapa_voice *v, struct sapa_str call_id, struct sapa_str to_tag, struct sapa_str from_tag);
void sapa_voice_own_call(struct sapa_voice *v, const struct sapa_rec_cmd_call *cmd);
bool sapa_voice_own_reply(struct sapa_voice *v, const struct sapa_rec_cmd_agent_reply *reply);
/** His phone that waits for its own call hears how far it is: `early` is bridged to it when it has something to say; NULL: it rings. */
void sapa_voice_own_progress(struct sapa_voice *v, struct voice_contact *c, struct voice_leg *early);
/** The INVITE of his phone that is not answered yet; NULL: none. */
struct voice_leg *sapa_voice_own_waiting(const struct voice_contact *c);
/** He asks for his call at the core. */
bool sapa_voice_own_post(struct sapa_voice *v, uint64_t contact, uint64_t offer, uint32_t agent, enum sapa_call_line line,
                         const struct voice_target *target, uint64_t request, struct sapa_str reference);

/** Where an agent takes part now. */
struct voice_part {
    struct voice_contact *contact;
    struct voice_leg *leg;
    uint64_t offer;
    bool own;
};
/** As in offer_made: an agent's telephone that is a supervisor's. */
enum { VOICE_KIND_SUPERVISOR = 4 };
enum { VOICE_PARTS_MAX = 4 };
size_t sapa_voice_parts(const struct sapa_voice *v, uint32_t agent, struct voice_part ret_parts[VOICE_PARTS_MAX]);
/** The part of the conversation that this line is in. False: an offer that is over, a customer. */
bool sapa_voice_part_of(const struct voice_leg *leg, struct voice_part *ret_part);
/** Is it a talk, beside which he may ask somebody: one that he was given, or a call outside on a line of its own. */
bool sapa_voice_part_talks(const struct voice_part *part);

/* leg.c */
struct voice_leg *sapa_voice_leg_new(struct sapa_voice *v, enum voice_leg_kind kind, struct voice_contact *c, uint64_t id);
sapa_rc sapa_voice_leg_open(struct sapa_voice *v, struct voice_leg *leg);
void sapa_voice_leg_want(const struct sapa_voice *v, const struct voice_leg *leg, struct sapa_sdp_want *ret_want, char host[64],
                         struct sapa_sdp_codec codecs[SAPA_SDP_CODECS_MAX]);
/** How the audio of this leg may be encrypted; `trunk` SAPA_NONE: a phone. */
enum sapa_srtp_use sapa_voice_srtp_use(const struct sapa_voice *v, const struct sapa_sip_flow *flow, uint32_t trunk);
void sapa_voice_leg_key(struct voice_leg *leg);
void sapa_voice_leg_agree(struct voice_leg *leg, const struct sapa_sdp_want *want, const struct sapa_sdp_agreed *agreed);
void sapa_voice_leg_set(struct sapa_voice *v, struct voice_leg *leg);
void sapa_voice_leg_bridge(struct sapa_voice *v, struct voice_contact *c, struct voice_leg *a, struct voice_leg *b);
/** The media process has taken it out of its bridge or mix: note that. */
void sapa_voice_leg_part(const struct sapa_voice *v, struct voice_leg *leg);
/** Out of its bridge or mix: it hears nobody, and nobody hears it. */
void sapa_voice_leg_alone(struct sapa_voice *v, struct voice_leg *leg);
/** It belongs to `c` from now on. `told`: the media process has it there already. */
void sapa_voice_leg_move(struct sapa_voice *v, struct voice_leg *leg, struct voice_contact *c, bool told);
void sapa_voice_leg_keys(struct sapa_voice *v, struct voice_leg *from, struct sapa_str keys);
void sapa_voice_leg_log(struct sapa_voice *v, struct voice_leg *leg, bool closed);
void sapa_voice_leg_media_close(struct sapa_voice *v, struct voice_leg *leg);
void sapa_voice_leg_over(struct sapa_voice *v, struct voice_leg *leg);
/** The leg's quality alarm begins or ends; the centre's own with the first and the last of them. */
void sapa_voice_line_alarm(struct sapa_voice *v, struct voice_leg *leg, bool on, const char *text);
void sapa_voice_leg_end(struct sapa_voice *v, struct voice_leg *leg, int q850, const char *text);
void sapa_voice_leg_free(struct sapa_voice *v, struct voice_leg *leg);
void sapa_voice_leg_lost(struct sapa_voice *v, struct voice_leg *leg, enum sapa_side side, int cause, const char *reason);
enum sapa_side sapa_voice_leg_side(const struct voice_leg *leg);
bool sapa_voice_leg_answer(struct sapa_voice *v, struct voice_leg *leg);
/** 183 with our description; false: there is nothing to describe yet, or it is not possible. */
bool sapa_voice_leg_progress(struct sapa_voice *v, struct voice_leg *leg);
void sapa_voice_leg_answered(struct sapa_voice *v, struct voice_leg *leg);
void sapa_voice_leg_event(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev);

/** Tell the core when their hold is another than it `was`. */
void sapa_voice_leg_hold_told(struct sapa_voice *v, const struct voice_leg *leg, bool was);

/* codec.c */
/** What we can do, `first` in front, or it alone; with what rides along. Returns how many. */
size_t sapa_voice_codecs(const struct sapa_voice *v, uint8_t first, bool alone, struct sapa_sdp_codec ret[SAPA_SDP_CODECS_MAX]);
void sapa_voice_codec_agree(struct voice_leg *leg, const struct sapa_sdp_want *want, const struct sapa_sdp_agreed *agreed);
void sapa_voice_codec_meet(struct sapa_voice *v, struct voice_leg *a, struct voice_leg *b);
void sapa_voice_codec_answer(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev);

/* inbound.c */
void sapa_voice_inbound(struct sapa_voice *v, const struct sapa_sip_event *ev);
/** Before there is a leg: answers and counts. */
void sapa_voice_call_refuse(struct sapa_voice *v, const struct sapa_sip_event *ev, int status, uint64_t *counter);
bool sapa_voice_authenticate(struct sapa_voice *v, const struct sapa_sip_event *ev, bool is_call, uint32_t agent);
uint32_t sapa_voice_trunk_of(const struct sapa_voice *v, const struct sapa_sip_flow *flow);
/** This address belongs to a trunk. */
void sapa_voice_trust(struct sapa_voice *v, const struct sapa_sip_ip *ip);
/** The user part as it is meant, without escapes and parameters; empty: none. */
struct sapa_str sapa_voice_uri_user(const struct sapa_sip_uri *uri, char *buf, size_t size);
/** A request outside calls that only phones of agents may send. False: it was answered (challenged; 403 from a trunk or with a wrong password). */
bool sapa_voice_from_phone(struct sapa_voice *v, const struct sapa_sip_event *ev, char *user_buf, size_t size, uint32_t *ret_agent);

void sapa_voice_challenge(struct sapa_voice *v, const struct sapa_sip_event *ev, bool stale, enum sapa_sip_digest_alg alg);

/* web.c */
void sapa_voice_webs_open(struct sapa_voice *v);
void sapa_voice_webs_close(struct sapa_voice *v);
void sapa_voice_webs_second(struct sapa_voice *v);
bool sapa_voice_flow_is_web(const struct sapa_sip_flow *flow);
/** Is an agent's own password guessed at from there? Then none is good for a minute. */
bool sapa_voice_guesses(const struct sapa_voice *v, const struct sapa_sip_flow *flow, uint32_t agent);
/** What came of one that was shown. */
void sapa_voice_guessed(struct sapa_voice *v, const struct sapa_sip_flow *flow, uint32_t agent, bool good);
/** Minted credentials of this agent? Then their password. */
bool sapa_voice_pass_known(struct sapa_voice *v, struct sapa_str user, const struct sapa_agent *agent,
                           char ret_password[SAPA_PASS_PASSWORD_SIZE]);
void sapa_voice_pass_used(struct sapa_voice *v, const struct sapa_sip_flow *flow, struct sapa_str user);
/** Serial of a guest's credentials by the user of his From; 0: he is none. */
uint64_t sapa_voice_guest_of(struct sapa_str user);
/** True: he may call `ret_number`; `replaces`: whose call he wants to take up, 0: none. False: answered. */
bool sapa_voice_guest_authenticate(struct sapa_voice *v, const struct sapa_sip_event *ev, uint64_t guest, struct sapa_str dialled,
                                   uint64_t replaces, uint32_t *ret_number);
uint64_t sapa_voice_instance_hash(struct sapa_str instance);
uint64_t sapa_voice_instance_on(const struct sapa_voice *v, uint32_t agent, const struct sapa_sip_flow *flow);
/** Its connection is gone, and it waits for another. */
bool sapa_voice_in_gap(const struct voice_leg *leg);
void sapa_voice_gap_begin(struct sapa_voice *v, struct voice_leg *leg);
void sapa_voice_gap_flow_closed(struct sapa_voice *v, const struct sapa_sip_flow *flow);
void sapa_voice_gap_registered(struct sapa_voice *v, uint32_t agent, const struct sapa_sip_flow *flow);
void sapa_voice_gap_heard(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_flow *flow);
void sapa_voice_web_connected(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_media_message *m);

/* webrtc.c */
bool sapa_voice_uri_is_web(struct sapa_str text);
/** This INVITE wants WebRTC. */
bool sapa_voice_invite_is_web(const struct sapa_sip_event *ev);
bool sapa_voice_web_can(const struct sapa_voice *v);
/** ICE begins (anew). */
void sapa_voice_web_begin(struct sapa_voice *v, struct voice_leg *leg);
void sapa_voice_web_adopted(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_media_message *media);
/** An offer of theirs, before it is answered. */
void sapa_voice_web_meet(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sdp *offer);
/** What was agreed can be used: a fingerprint that we can check. */
bool sapa_voice_web_good(const struct sapa_sdp_agreed *agreed);
void sapa_voice_web_agree(struct voice_leg *leg, const struct sapa_sdp_agreed *agreed);
void sapa_voice_web_set(const struct voice_leg *leg, struct sapa_media_message *m);

/* subscribe.c */
sapa_rc sapa_voice_watches_open(struct sapa_voice *v);
void sapa_voice_watches_close(struct sapa_voice *v);
void sapa_voice_subscribe(struct sapa_voice *v, const struct sapa_sip_event *ev);
/** True: the event was a subscription's. */
bool sapa_voice_watch_event(struct sapa_voice *v, const struct sapa_sip_event *ev);
void sapa_voice_lamps_look(struct sapa_voice *v);
void sapa_voice_lamps_touch(struct sapa_voice *v);
void sapa_voice_watches_second(struct sapa_voice *v);
void sapa_voice_watches_turn_end(struct sapa_voice *v);
void sapa_voice_watches_flow_closed(struct sapa_voice *v, const struct sapa_sip_flow *flow);
/** After the agents themselves. */
void sapa_voice_watches_map(struct sapa_voice *v, const struct sapa_centre *old);

/* message.c */
void sapa_voice_message(struct sapa_voice *v, const struct sapa_sip_event *ev);
void sapa_voice_message_answer(struct sapa_voice *v, const struct sapa_sip_event *ev);
void sapa_voice_messages_second(struct sapa_voice *v);
void sapa_voice_messages_map(struct sapa_voice *v, const struct sapa_centre *old);
void sapa_voice_messages_close(struct sapa_voice *v);

/* ring.c */
enum { VOICE_RING_TOKEN = 17 };
struct voice_ring { /* how the INVITE of an offer to one phone is known */
    uint64_t leg;
    char call_id[VOICE_RING_TOKEN], tag[VOICE_RING_TOKEN], branch[VOICE_RING_TOKEN];
};
struct voice_ring sapa_voice_ring_of(const struct sapa_voice *v, uint64_t offer, uint32_t device_crc);
/** CANCEL to all phones of the agent for an offer that an earlier process made. */
void sapa_voice_ring_cancel(struct sapa_voice *v, uint64_t offer, uint32_t agent);
/** The same for a leg of the media process that nobody knows: only its id is left. */
void sapa_voice_ring_cancel_leg(struct sapa_voice *v, uint64_t leg);
const struct sapa_media_message *sapa_voice_inventory_of(const struct sapa_voice *v, uint64_t leg);

/* refer.c */
void sapa_voice_refer(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev);
/** Kind, target, address and person of contact_passed. */
void sapa_voice_pass_to(struct sapa_voice *v, struct sapa_record *r, uint32_t client, const struct voice_target *target);
void sapa_voice_refer_reply(struct sapa_voice *v, struct voice_call_code *code, const struct sapa_rec_cmd_agent_reply *reply);

/* session.c */
/** 422 with its header when they want less than we allow, else 0. */
int sapa_voice_session_check(const struct sapa_sip_msg *msg, struct sapa_text *head);
struct voice_session_wish sapa_voice_session_wish(const struct sapa_sip_msg *msg);
void sapa_voice_session_ask(const struct voice_leg *leg, struct sapa_text *head);
void sapa_voice_session_take(struct sapa_voice *v, struct voice_leg *leg, const struct voice_session_wish *wish, struct sapa_text *head);
void sapa_voice_session_answered(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_msg *msg);
void sapa_voice_session_allows(struct voice_leg *leg, const struct sapa_sip_msg *msg);
bool sapa_voice_session_event(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev);
bool sapa_voice_session_too_small(struct voice_leg *leg, const struct sapa_sip_event *ev);
void sapa_voice_session_second(struct sapa_voice *v, struct voice_leg *leg);

/* outbound.c */
void sapa_voice_offer_command(struct sapa_voice *v, const struct sapa_rec_cmd_offer *cmd);
/** An offer that rang when an earlier process died goes on. False: it cannot, and its phones have been told to stop. */
bool sapa_voice_offer_adopt(struct sapa_voice *v, const struct sapa_voice_held *held);
/** A phone of this agent is there again: offers that wait for one ring it. */
void sapa_voice_offers_registered(struct sapa_voice *v, uint32_t agent);
void sapa_voice_offer_cancel(struct sapa_voice *v, struct voice_offer *o, bool elsewhere);
void sapa_voice_offer_accept(struct sapa_voice *v, struct voice_offer *o);
void sapa_voice_invite_agent(struct sapa_voice *v, struct voice_leg *leg);
void sapa_voice_dial_command(struct sapa_voice *v, const struct sapa_rec_cmd_dial *cmd);
void sapa_voice_invite_outside(struct sapa_voice *v, struct voice_leg *leg);
/** A call through a trunk that rang when an earlier process died: it goes on, for so long at most. False: it cannot. */
bool sapa_voice_outside_adopt(struct sapa_voice *v, struct voice_leg *leg, uint32_t ring_ms);
void sapa_voice_outbound_event(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev);
void sapa_voice_outbound_failed(struct sapa_voice *v, struct voice_leg *leg, int status, bool on_wire);
void sapa_voice_dial_next(struct sapa_voice *v, struct voice_contact *c, uint32_t first_trunk, int cause);

/** The agent has answered, and has been told what there was to tell: the centre hears of it. */
void sapa_voice_offer_accepted(struct sapa_voice *v, struct voice_offer *o);

/* whisper.c */
/** His phone is answered: does his queue want that he hears its name first? It begins then, and sapa_voice_offer_accepted() follows. */
bool sapa_voice_whisper_begin(struct sapa_voice *v, struct voice_offer *o);
void sapa_voice_whisper_prompt(struct sapa_voice *v, uint64_t offer, uint8_t index, sapa_rc rc, const char *base);
/** His browser can be heard: before that nothing is said to it. */
void sapa_voice_whisper_heard(struct sapa_voice *v, struct voice_offer *o);
/** `play` 0: it could not be played. */
void sapa_voice_whisper_played(struct sapa_voice *v, struct voice_offer *o, uint32_t play);
/** Nothing follows. */
void sapa_voice_whisper_forget(struct sapa_voice *v, struct voice_offer *o);

/* agent.c */
sapa_rc sapa_voice_agents_open(struct sapa_voice *v);
void sapa_voice_agents_close(struct sapa_voice *v);
void sapa_voice_register(struct sapa_voice *v, const struct sapa_sip_event *ev);
void sapa_voice_ping_answer(struct sapa_voice *v, uint64_t user, bool alive);
void sapa_voice_agents_second(struct sapa_voice *v);
void sapa_voice_agents_map(struct sapa_voice *v, const struct sapa_centre *old);
void sapa_voice_agents_restore(struct sapa_voice *v);
void sapa_voice_device_bad(struct sapa_voice *v, uint32_t agent, uint32_t contact_crc, const char *why);
bool sapa_voice_device_is_bad(const struct sapa_voice *v, uint32_t agent, uint32_t contact_crc);
uint32_t sapa_voice_device_crc(struct sapa_str contact);
void sapa_voice_agents_flow_closed(struct sapa_voice *v, const struct sapa_sip_flow *flow);

/* trunk.c */
void sapa_voice_trunks_second(struct sapa_voice *v);
void sapa_voice_trunks_map(struct sapa_voice *v, const struct sapa_centre *old);
void sapa_voice_trunks_stop(struct sapa_voice *v);
/** The name servers of the description, instead of those before. */
void sapa_voice_trunks_resolver(struct sapa_voice *v);
void sapa_voice_trunk_answer(struct sapa_voice *v, uint32_t trunk, uint32_t place, bool alive);

/* code.c */
bool sapa_voice_code_is(const struct sapa_voice *v, struct sapa_str dialled);
/** The code for a campaign, its digits and a number outside: a call of his own. False: another code, or not whole. */
bool sapa_voice_code_campaign(const struct sapa_voice *v, struct sapa_str dialled, struct voice_target *ret_target);
void sapa_voice_code_call(struct sapa_voice *v, const struct sapa_sip_event *ev, uint32_t agent, struct sapa_str dialled);
void sapa_voice_code_reply(struct sapa_voice *v, const struct sapa_rec_cmd_agent_reply *reply);
void sapa_voice_code_ready(struct sapa_voice *v, struct voice_leg *leg);
void sapa_voice_code_prompt(struct sapa_voice *v, uint64_t request, uint32_t round, uint8_t index, sapa_rc rc, const char *base);
void sapa_voice_code_played(struct sapa_voice *v, struct voice_leg *leg);
/** The agent's part is over: he hears why, and then his line is free; at once when it cannot be said. */
void sapa_voice_code_last_word(struct sapa_voice *v, struct voice_leg *leg, enum sapa_prompt_id id);
/** An offer comes: code calls of this agent end, spoken or not. True: one of them still holds the line. */
bool sapa_voice_code_yield(struct sapa_voice *v, uint32_t agent);
void sapa_voice_code_free(struct sapa_voice *v, struct voice_call_code *code);
void sapa_voice_star_forget(struct sapa_voice *v, struct voice_leg *leg);

/** What was said is over: something else comes. */
void sapa_voice_code_again(struct voice_call_code *code);
void sapa_voice_code_say(struct sapa_voice *v, struct voice_call_code *code, enum sapa_prompt_id id);
/** A prompt of another folder than the description's. */
void sapa_voice_code_say_take(struct sapa_voice *v, struct voice_call_code *code, uint64_t take, unsigned language);
void sapa_voice_code_speak(struct sapa_voice *v, struct voice_call_code *code);

/* greeting.c */
/** The code for speaking in a prompt, and its digits. SAPA_PROMPT_ID_COUNT: it begins; else why not, in words. */
enum sapa_prompt_id sapa_voice_greeting_new(struct sapa_voice *v, struct voice_call_code *code, struct sapa_str dialled);
void sapa_voice_greeting_played(struct sapa_voice *v, struct voice_call_code *code);
void sapa_voice_greeting_key(struct sapa_voice *v, struct voice_call_code *code, char digit);
/** His line is gone. */
void sapa_voice_greeting_left(struct sapa_voice *v, struct voice_call_code *code);
/** True: the recording is one of these. */
bool sapa_voice_greeting_recorded(struct sapa_voice *v, const struct sapa_media_message *m);
void sapa_voice_greetings_close(struct sapa_voice *v);

/** Legs that the media process does not hold any more (`there` says of which it does; NULL: of none): their calls end. */
void sapa_voice_media_legs_lost(struct sapa_voice *v, bool (*there)(const struct sapa_voice *v, const struct voice_leg *leg), const char *why);

/* play.c */
void sapa_voice_play(struct sapa_voice *v, const struct sapa_rec_cmd_play *cmd);
void sapa_voice_play_stop(struct sapa_voice *v, struct voice_contact *c);
void sapa_voice_hold_music(struct sapa_voice *v, const struct sapa_rec_cmd_hold_music *cmd);
void sapa_voice_play_done(struct sapa_voice *v, struct voice_contact *c, uint32_t play, bool failed);
sapa_rc sapa_voice_prompt_ask(struct sapa_voice *v, uint32_t prompt, struct sapa_str text, unsigned language,
                         struct voice_prompt_wait wait, char *ret_base);
sapa_rc sapa_voice_prompt_want(struct sapa_voice *v, const struct sapa_voice_prompt *p, struct voice_prompt_wait wait, char *ret_base);
struct voice_leg *sapa_voice_talking_agent(const struct voice_contact *c);
void sapa_voice_agent_note(struct sapa_voice *v, struct voice_contact *c, uint32_t prompt);
/** A word, or a sound in a loop, for one line alone; it replaces what that line was told before. */
void sapa_voice_leg_say(struct sapa_voice *v, struct voice_leg *leg, uint32_t prompt, bool loop);
void sapa_voice_digit(struct sapa_voice *v, struct voice_leg *leg, char digit, enum voice_key_by by);
void sapa_voice_agent_key(struct sapa_voice *v, struct voice_leg *leg, char digit, bool heard);
void sapa_voice_secret_set(struct sapa_voice *v, struct voice_contact *c, bool on);

/* record.c */
void sapa_voice_record(struct sapa_voice *v, const struct sapa_rec_cmd_record *cmd);
void sapa_voice_record_state(struct sapa_voice *v, const struct sapa_media_message *m);
void sapa_voice_recording_failed(struct sapa_voice *v, struct voice_contact *c);

/* media_link.c */
sapa_rc sapa_voice_media_open(struct sapa_voice *v);
void sapa_voice_media_close(struct sapa_voice *v);
sapa_rc sapa_voice_media_send(struct sapa_voice *v, struct sapa_media_message *m);
/** What the description says of the media process's own judgements: sent when it comes up and when the description changes. */
void sapa_voice_media_limits(struct sapa_voice *v);
void sapa_voice_media_message(struct sapa_voice *v, const struct sapa_media_message *m);
void sapa_voice_media_link_state(struct sapa_voice *v, bool up);

/* adopt.c */
size_t sapa_voice_state_write(struct sapa_voice *v, const struct voice_leg *leg, char *buf, size_t size);
void sapa_voice_adopt_try(struct sapa_voice *v, bool give_up);
void sapa_voice_media_inventory_done(struct sapa_voice *v);

/* trunk.c */
void sapa_voice_trunk_registered(struct sapa_voice *v, uint32_t index, const struct sapa_sip_event *ev);
void sapa_voice_trunks_flow_closed(struct sapa_voice *v, const struct sapa_sip_flow *flow);
/** A (Proxy-)Authorization line for the challenge in `msg`. False: none that we can answer. */
bool sapa_voice_trunk_credentials(struct sapa_voice *v, const struct sapa_trunk *trunk, const struct sapa_sip_msg *msg,
                                  struct sapa_str method, struct sapa_str uri, struct sapa_text *head);
/** inbound.c: enum sapa_workplace of who is seen at this address. */
uint8_t sapa_voice_workplace(const struct sapa_voice *v, const struct sapa_sip_ip *ip);
/** It may be called through: its address is known, it answers, and it takes our registration if it wants one. */
bool sapa_voice_trunk_good(const struct sapa_voice *v, uint32_t index);
/** A way to leg->trunk for this call: flow and place of the leg. Not one that was tried for it before. SAPA_ENOENT: none left. */
sapa_rc sapa_voice_trunk_way(struct sapa_voice *v, struct voice_leg *leg);
/** The call by this leg has failed there: where the next attempt begins, this trunk by another address, or the next trunk. */
uint32_t sapa_voice_trunk_after(struct sapa_voice *v, const struct voice_leg *leg);
/** The host that the leg's place belongs to, as the description has it. */
struct sapa_str sapa_voice_trunk_host(const struct sapa_voice *v, const struct voice_leg *leg);
/** One of the trunk's addresses, whatever the port. */
bool sapa_voice_trunk_is_at(const struct sapa_voice *v, uint32_t index, const struct sapa_sip_ip *ip);

/* headers.c: small readers of SIP headers */
int sapa_voice_reason_cause(const struct sapa_sip_msg *msg, struct sapa_text64 *ret_text);
enum sapa_side sapa_voice_side_of_cause(int cause, enum sapa_side otherwise);
char sapa_voice_info_digit(const struct sapa_sip_msg *msg);

#endif
