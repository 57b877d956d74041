/**
 * @file model/centre.h
 * The centre description, compiled: what core, voice and reports read. Immutable once built.
 *
 * Room `config` compiles it from text (config/centre_parse.h) and owns the memory; everybody else
 * borrows it. Objects are named by index into these arrays; indices mean something only together
 * with `hash`. `key` is the stable name of an object across versions ("toko.penjualan").
 *
 * Room    model: base only.   Thread  any (immutable).
 */
#ifndef SAPA_MODEL_CENTRE_H
#define SAPA_MODEL_CENTRE_H

#include "base/str.h"
#include "model/prompt_keys.h"
#include "model/vocab.h"

struct sapa_flow; /* model/flow.h */

enum {
    SAPA_CLIENTS_MAX = 64,     /* bits of a uint64_t name them */
    SAPA_AGENTS_MAX = 20000,
    SAPA_SKILLS_MAX = 1024,
    SAPA_LEVEL_DESCRIBED = 255, /* of a skill: as the description has it */
    SAPA_QUEUES_MAX = 2048,
    SAPA_STEPS_MAX = 6,        /* requirement steps a queue */
    SAPA_NEEDS_MAX = 4,        /* skills required in one step */
    SAPA_KEY_MAX = 64,         /* bytes of a key */
};

/* ---- time ---- */

/** A time zone: offset changes in UTC, sorted. `before_s` holds before the first of them. */
struct sapa_zone {
    struct sapa_str name; /* "Asia/Jakarta" */
    int32_t before_s;     /* seconds east of UTC */
    uint32_t count;
    const int64_t *at_s;  /* UTC seconds of each change */
    const int32_t *offset_s;
};

/** Open from..to on certain weekdays; minutes of the local day, to = 1440 is midnight, to > from. */
struct sapa_hours_span {
    uint8_t weekdays; /* bit 0 Monday … bit 6 Sunday */
    uint16_t from_min;
    uint16_t to_min;
};

/** A day that differs. Without spans it is closed all day. */
struct sapa_holiday {
    int32_t date; /* yyyymmdd */
    struct sapa_str name;
    uint32_t span_first, span_count; /* in sapa_centre.spans; weekdays are ignored */
};

struct sapa_hours {
    struct sapa_str key;
    uint32_t zone;
    uint32_t span_first, span_count;
    uint32_t holiday_first, holiday_count; /* sorted by date */
    uint8_t calendars;                     /* bits of enum sapa_calendar: of the program, among them (config/centre_parse.h) */
};

/* ---- people and skills ---- */

struct sapa_client {
    struct sapa_str key;
    struct sapa_str name;     /* "Toko Nusantara" */
    uint8_t language;         /* default, enum sapa_language */
    uint32_t hours;           /* default, SAPA_NONE: always open */
    uint32_t number;          /* identity shown on calls that are placed for it */
    uint32_t calls_queue;     /* whose rules hold for calls that agents place for it (recording, wrap-up);
                                 SAPA_NONE: neither */
    uint32_t calls_hours;     /* when its customers may be called by agents; SAPA_NONE: always */
    struct sapa_str customer[SAPA_LANGUAGE_COUNT]; /* what it calls its customers: "nasabah"; may be empty */
    struct sapa_str greeting[SAPA_LANGUAGE_COUNT]; /* what agents say first; may be empty */
    struct sapa_str page_name;                     /* of its page for customers (/call); empty: `name` */
    struct sapa_str page_greeting[SAPA_LANGUAGE_COUNT]; /* its first sentence; may be empty */
    uint32_t page_colour, page_colour_dark;        /* 0xRRGGBB, under white words, and in the dark theme under dark ones */
};

struct sapa_skill {
    struct sapa_str key;
};

struct sapa_agent_skill_level {
    uint32_t skill;
    uint8_t level; /* 1..10 */
};

struct sapa_agent {
    struct sapa_str key;      /* "siti" */
    struct sapa_str name;
    struct sapa_str extension;/* "101": what colleagues dial, and the SIP user of the phone */
    struct sapa_str password; /* of the SIP device; a secret */
    uint32_t team;
    uint8_t language;         /* of confirmations */
    uint32_t skill_first, skill_count; /* in sapa_centre.levels, sorted by skill */
    uint64_t clients;         /* bit i: granted client i (at most 64 clients) */
    uint8_t capacity[8];      /* assignments per channel, enum sapa_channel */
    uint8_t capacity_total;   /* over all channels */
    uint8_t reserve_voice;    /* 1: digital work never fills the last place */
    uint32_t role;            /* SAPA_NONE: he may call nobody */
    uint32_t calls_for;       /* client of calls that he places for none in particular; SAPA_NONE: as rights say */
    uint32_t campaign;        /* of calls that he places for none in particular; SAPA_NONE: none */
    uint32_t cost_hour;       /* what an hour of his costs, in system.currency; 0: it is not told */
};

struct sapa_team {
    struct sapa_str key;
};

/* ---- rights ---- */

/** What a role may call, or may not. Of the rules that match, the longest prefix counts (core/right.h). */
struct sapa_call_rule {
    uint8_t allow;          /* 1 allow, 0 deny */
    uint8_t kind;           /* enum sapa_target */
    uint8_t number_type;    /* with OUTSIDE and no prefix: enum sapa_phone_type + 1, numbers of that type; 0: any */
    struct sapa_str prefix; /* with OUTSIDE: how the number begins, E.164 without plus; empty: any */
    uint64_t clients;       /* bit i: calls for client i; with AGENT of no meaning */
    uint32_t hours;         /* in force then; SAPA_NONE: always */
};

/** What somebody who has it may do. */
struct sapa_centre_role {
    struct sapa_str key;
    uint32_t rights;                 /* bits of enum sapa_right (model/rights.h): through the API and the desk */
    uint32_t rule_first, rule_count; /* in sapa_centre.call_rules */
    uint8_t second_factor;           /* 1: without one nobody has these rights */
};

/** Somebody who logs in and is no agent; agents log in too, by their own keys (http/user.h). */
struct sapa_user {
    struct sapa_str key;  /* "dewi"; no agent has the same */
    struct sapa_str name;
    uint32_t role;
    uint64_t clients;     /* bit i: sees client i */
    uint32_t agent;       /* whose telephone and calls are his, SAPA_NONE */
    uint32_t team_first, team_count; /* in sapa_centre.user_teams, whose people he leads; none: of all */
};

struct sapa_user_team {
    uint32_t team;
};

/** A number on do-not-contact lists; the table is sorted, each number once (model/listed.h). */
struct sapa_listed_number {
    uint64_t number;  /* digits of E.164 */
    uint64_t clients; /* bit i: for client i */
};

/* ---- queues ---- */

enum sapa_choice { /* who of the free gets it */
    SAPA_CHOICE_LONGEST_IDLE, SAPA_CHOICE_LEAST_OCCUPIED, SAPA_CHOICE_FEWEST_CONTACTS,
    SAPA_CHOICE_ROUND_ROBIN, SAPA_CHOICE_RING_ALL,
};

struct sapa_need {
    uint32_t skill;
    uint8_t level_min;
};

/** In force from `after_ms` of waiting until the next step. All `needs` must hold. */
struct sapa_step {
    uint32_t after_ms;
    uint8_t need_count;
    struct sapa_need needs[SAPA_NEEDS_MAX];
    uint32_t preferred_skill; /* among the eligible, higher level first; SAPA_NONE: no preference */
    uint32_t team;            /* SAPA_NONE: any team */
};

enum sapa_overflow_when { SAPA_OVERFLOW_WAIT, SAPA_OVERFLOW_LENGTH, SAPA_OVERFLOW_EWT, SAPA_OVERFLOW_NO_AGENTS };

struct sapa_overflow {
    uint8_t when;         /* enum sapa_overflow_when */
    uint32_t limit;       /* ms of waiting, contacts, ms of expected wait (p50) */
    uint32_t queue;       /* goes there, keeping its age; SAPA_NONE: the flow's `overflow` edge */
};

enum { SAPA_SCRIPT_MAX = 4000 /* bytes of a script, in one language */ };

struct sapa_queue {
    struct sapa_str key;
    struct sapa_str name;
    uint32_t client;
    uint32_t hours;                /* SAPA_NONE: as its client */
    uint8_t priority;              /* 0..255, higher first */
    uint32_t age_ms_per_step;      /* waiting this long adds 1 to the priority; 0: never */
    uint8_t choice;                /* enum sapa_choice */
    uint8_t step_count;            /* at least 1 */
    struct sapa_step steps[SAPA_STEPS_MAX];
    uint32_t preferred_ms;         /* last or preferred agent has this long alone; 0: no preference */
    uint32_t ring_ms;              /* an offer rings this long */
    bool auto_answer;              /* the agent's phone answers by itself */
    bool whisper;                  /* he hears a tone and the queue's name before he is connected; with auto_answer always */
    uint32_t wrapup_ms;            /* limit; 0: no wrap-up */
    uint32_t wrapup_extend_ms;     /* one extension by the agent; 0: none */
    uint8_t no_answer_not_ready;   /* 1: an agent who misses an offer becomes not ready */
    uint32_t length_max;           /* hard ceiling; further contacts take the overflow edge */
    uint32_t overflow_first, overflow_count; /* in sapa_centre.overflows, tried in order */
    uint32_t service_level_ms;     /* e.g. 20,000 */
    uint8_t service_level_percent; /* e.g. 80 */
    /* limits of alerts; 0: none. Shares are of the last half hour */
    uint32_t alert_waiting, alert_longest_ms;
    uint32_t alert_level_percent, alert_abandoned_percent;
    uint32_t short_abandon_ms;     /* abandons before this are counted apart */
    uint8_t record;                /* enum sapa_record_policy */
    uint8_t record_share_percent;  /* with SHARE */
    uint32_t music;                /* prompt */
    uint32_t announce_every_ms;    /* position and expected wait; 0: never */
    uint32_t disposition_first, disposition_count;
    uint8_t disposition_required;  /* 1: an agent ends wrap-up only with one */
    struct sapa_str script[SAPA_LANGUAGE_COUNT]; /* what agents read beside the call; may be empty */
    /* callback */
    uint8_t callback_attempts;     /* 0: no callback offered by this queue */
    uint32_t callback_retry_ms;
    uint32_t callback_ring_ms;
    /* what a handled contact takes before there are figures of our own */
    uint32_t handle_ms_initial;
    uint32_t patience_ms_initial;
};

struct sapa_disposition {
    struct sapa_str key;  /* dialled: "12" */
    struct sapa_str name[SAPA_LANGUAGE_COUNT];
    bool solved;          /* what the customer wanted is done */
    struct sapa_str group[SAPA_LANGUAGE_COUNT]; /* first level of two; empty: none */
};

enum { SAPA_QUOTAS_MAX = 8 };

struct sapa_reason { /* not ready */
    struct sapa_str key;  /* dialled: "1" */
    struct sapa_str name[SAPA_LANGUAGE_COUNT];
    uint32_t team_max;    /* of a team at once; 0: any number */
    uint32_t daily_ms;    /* of each agent a day; 0: any time */
    uint8_t quota;        /* number among those that are limited, from 1; 0: it is not */
};

/** interrupt[a] bit b: an arriving contact of channel a may be given to an agent busy with channel b. */
struct sapa_interrupts {
    uint8_t over[SAPA_CHANNEL_COUNT];
};

/* ---- doors ---- */

enum { SAPA_TRUNK_HOSTS_MAX = 4 };

struct sapa_trunk {
    struct sapa_str key;
    struct sapa_str host;       /* where calls go out: name or address */
    struct sapa_str also[SAPA_TRUNK_HOSTS_MAX - 1]; /* further ones of the same carrier, tried after it */
    uint8_t also_count;
    uint16_t port;              /* 0: as their records say (RFC 3263), else the usual one */
    uint8_t transport;          /* 0 UDP, 1 TCP, 2 TLS, 3 as their records say */
    struct sapa_str tls_name;   /* in the carrier's certificate: of calls to it, and of calls from it wherever they come from */
    uint32_t from_first, from_count; /* addresses calls may come from, in sapa_centre.networks */
    uint32_t calls_max;
    struct sapa_str user, password; /* digest as client; empty: none */
    uint8_t srtp;               /* enum sapa_srtp_use, over TLS */
    uint8_t registers;          /* calls come because we register there as `user` */
    uint32_t register_s;        /* for so long, or as long as the carrier allows */
    struct sapa_str domain;     /* of addresses of ours at the carrier; empty: the host */
    uint8_t inband_dtmf;        /* listen for keys as tones, also where telephone-event was agreed */
    uint32_t cost_call, cost_minute; /* what calls that go out cost, in system.currency; both 0: no tariff */
    uint32_t cost_pulse_ms;     /* a begun one counts whole */
};

/** A range of addresses: that a trunk may call from, or of an office. */
struct sapa_network {
    uint8_t family; /* 4 or 6 */
    uint8_t bits;   /* prefix length */
    uint8_t address[16];
};
/** `address` is of `family`, in network order. */
static inline bool sapa_network_has(const struct sapa_network *network, uint8_t family, const uint8_t address[16])
{
    const unsigned bytes = network->bits / 8, bits = network->bits % 8;

    if (network->family != family || network->bits > (family == 4 ? 32 : 128) || memcmp(network->address, address, bytes) != 0)
        return false;
    return bits == 0 || ((network->address[bytes] ^ address[bytes]) & (0xff00 >> bits) & 0xff) == 0;
}

enum sapa_number_type { /* who pays and what it is: told beside the number in reports */
    SAPA_NUMBER_LOCAL, SAPA_NUMBER_TOLL_FREE, SAPA_NUMBER_MOBILE, SAPA_NUMBER_PREMIUM, SAPA_NUMBER_INTERNAL,
    SAPA_NUMBER_TYPE_COUNT
};

struct sapa_number {
    struct sapa_str key;        /* as dialled, E.164 without "+", or an extension */
    uint32_t client;
    uint32_t flow;
    uint8_t language;           /* enum sapa_language */
    uint8_t priority;           /* added to the queue's */
    uint8_t type;               /* enum sapa_number_type */
    uint32_t cost_call, cost_minute; /* what we pay for it, in system.currency; both 0: no tariff */
    uint32_t cost_pulse_ms;     /* a begun one counts whole */
    uint8_t web;                /* 1: may be called from a browser without an account */
    struct sapa_str web_frames; /* origins whose pages may show the customers' page of it, by spaces */
    uint8_t party_type;         /* enum sapa_party_type: of callers of whom nothing was said */
};

/** Calls that agents place for a client with one purpose (model/listed.h: which one a call belongs to). */
struct sapa_campaign {
    struct sapa_str key;
    struct sapa_str name;
    struct sapa_str dial;   /* digits that choose it after the code "campaign"; empty: none */
    uint32_t client;
    uint32_t number;        /* identity shown; SAPA_NONE: that of the client */
    uint32_t hours;         /* besides those of the client's calls; SAPA_NONE: always */
    uint32_t queue;         /* whose rules hold (recording, wrap-up, dispositions); SAPA_NONE: as the client's calls */
    uint32_t team;          /* who may call for it; SAPA_NONE: who may for the client */
    struct sapa_str brand;  /* in whose name is called; empty: the client's */
    struct sapa_str script[SAPA_LANGUAGE_COUNT]; /* what agents read beside such a call; may be empty */
    uint8_t party_type;     /* enum sapa_party_type: of those who are called and of whom nothing was said */
};

/** A number on a do-not-contact list of one campaign; the table is sorted by both (model/listed.h). */
struct sapa_campaign_listed {
    uint32_t campaign;
    uint64_t number; /* digits of E.164 */
};

/** Named callers of a client: 0 block, 1 allow, 2 VIP with extra priority. */
struct sapa_caller_rule {
    uint32_t client; /* SAPA_NONE: all */
    uint8_t what;
    uint8_t priority;
    struct sapa_str prefix; /* of the normalised number; the longest match wins */
};

/* ---- sounds ---- */

struct sapa_prompt {
    struct sapa_str key;                        /* "selamat-datang": also the file name of a recording */
    uint32_t client;                            /* SAPA_NONE: shared by all */
    struct sapa_str text[SAPA_LANGUAGE_COUNT];  /* spoken where nothing is recorded; may be empty */
    struct sapa_str dial;                       /* digits by which it is spoken in on a telephone; empty: it is not */
    uint8_t music;                              /* 1: played in a loop, no text */
    uint8_t always;                             /* enum sapa_language + 1: spoken in this language whatever the
                                                   contact's is ("For English, press two"); 0: the contact's */
};

/* Confirmation codes that phones dial. `{}` in the code of a verb takes the reason or disposition. */
struct sapa_code {
    struct sapa_str prefix; /* "*1" */
    uint8_t verb;           /* enum sapa_verb */
};

/** Encrypted audio where signalling is encrypted (keys come with it). */
enum sapa_srtp_use { SAPA_SRTP_USE_PREFER, SAPA_SRTP_USE_NO, SAPA_SRTP_USE_REQUIRE };

struct sapa_system { /* whole installation */
    struct sapa_str name;
    uint32_t zone;
    struct sapa_str sip_host;   /* name phones register to; also the digest realm */
    struct sapa_str name_servers; /* "192.0.2.53,[2001:db8::53]:53"; empty: the machine's */
    uint32_t contacts_max;
    uint8_t srtp;               /* of phones over TLS, enum sapa_srtp_use: 0 PREFER */
    uint32_t digest;            /* bit 0 MD5, bit 1 SHA-256 offered to phones */
    uint32_t register_min_s, register_max_s;
    uint32_t record_chunk_bytes;
    uint32_t recording_tone_s;       /* 0: none */
    uint32_t quality_alarm_mos_x100; /* 360 */
    uint32_t quality_alarm_ms;       /* 10,000 */
    uint32_t alert_not_ready_ms, alert_talk_ms; /* of agents; 0: none */
    uint8_t supervision_shown;          /* an agent is told that a supervisor hears him */
    uint32_t human_steps_max;        /* checker: a human within so many steps */
    uint32_t system_drop_percent;    /* alarm above this share of drops by us */
    struct sapa_str currency;        /* ISO 4217, of money in flows */
    struct sapa_str country;         /* ISO 3166-1, whose numbering plan numbers without "+" are dialled by: "ID" */
    uint32_t languages;              /* bit i: texts are required in enum sapa_language i */
    struct sapa_str ice_servers;     /* "stun:…, turn:…"; empty: none */
    struct sapa_str turn_secret;     /* empty: their names and passwords are not made here */
    uint32_t office_first, office_count; /* addresses of the offices, in sapa_centre.networks; none: nobody knows who works where */
};

struct sapa_centre {
    char hash[65];              /* SHA-256 of the text, hex */
    struct sapa_system system;
    struct sapa_interrupts interrupts;

#define SAPA_CENTRE_TABLES(T) \
    T(zone, zones) T(hours, hours) T(hours_span, spans) T(holiday, holidays) T(client, clients) \
    T(skill, skills) T(agent_skill_level, levels) T(team, teams) T(agent, agents) T(queue, queues) \
    T(overflow, overflows) T(disposition, dispositions) T(reason, reasons) T(trunk, trunks) \
    T(network, networks) T(number, numbers) T(caller_rule, caller_rules) T(prompt, prompts) \
    T(code, codes) T(centre_role, roles) T(call_rule, call_rules) T(listed_number, listed_numbers) \
    T(user, users) T(user_team, user_teams) T(campaign, campaigns) T(campaign_listed, campaign_listed)
#define T(type, plural) const struct sapa_##type *plural; uint32_t plural##_count;
    SAPA_CENTRE_TABLES(T)
#undef T
    uint32_t system_prompt[SAPA_PROMPT_ID_COUNT]; /* index in prompts of each of model/prompt_keys.h */
    const struct sapa_flow *flows; /* model/flow.h; array of flows_count */
    uint32_t flows_count;
};

/** Index of the object with this key in a table of the centre; SAPA_NONE when there is none. O(n). */
#define SAPA_FIND(centre, plural, wanted)                                             \
    ({                                                                                \
        uint32_t found_ = SAPA_NONE;                                                  \
        for (uint32_t i_ = 0; i_ < (centre)->plural##_count && found_ == SAPA_NONE; i_++) \
            if (sapa_str_eq((centre)->plural[i_].key, (wanted)))                      \
                found_ = i_;                                                          \
        found_;                                                                       \
    })

#endif
