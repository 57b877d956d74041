/**
 * @file http/mirror.h
 * What the web thread knows of the centre: each living contact and each agent as the core sees them.
 *
 * The centre thread sends, after each step, the objects that the step has touched, flat and whole; they
 * come into force when the step is committed, so that nothing is shown that a crash could take back.
 * There is no second computation of state here, so nothing can drift: an object is replaced, never
 * adjusted. Objects are rendered by one function for REST, for snapshots and for the live feed.
 *
 * Room    http: base, model.   Thread  the web thread's.   Owner  sapa_mirror_init() .. _done().
 * Design  docs/design/http.md  Tests   app/web_link_test.c
 */
#ifndef SAPA_HTTP_MIRROR_H
#define SAPA_HTTP_MIRROR_H

#include "base/table.h"
#include "http/json.h"
#include "model/centre.h"
#include "report/goal.h"
#include "report/live.h"

enum { SAPA_WEB_ASSIGNMENTS_MAX = 8, SAPA_WEB_CONTACTS_MAX = 1000000 };

/* ---- messages of the centre thread (types of its mailbox) ---- */

enum sapa_web_message {
    SAPA_WEB_RESET = 1,   /* struct sapa_web_centre: every object follows; what does not, is gone */
    SAPA_WEB_RESET_DONE,  /* nothing */
    SAPA_WEB_ARRIVED,     /* struct sapa_web_arrived: before the contact's first object */
    SAPA_WEB_PARTY_TYPE,  /* struct sapa_web_party_type: somebody says what the far end is */
    SAPA_WEB_CONTACT,     /* struct sapa_web_contact */
    SAPA_WEB_CONTACT_END, /* uint64_t */
    SAPA_WEB_AGENT,       /* struct sapa_web_agent */
    SAPA_WEB_SWITCHES,    /* struct sapa_web_switches */
    SAPA_WEB_ALERTS,      /* struct sapa_web_alert, as many as are on */
    SAPA_WEB_BROADCASTS,  /* struct sapa_web_broadcast, as many as there are */
    SAPA_WEB_STEP,        /* uint64_t: what came before belongs to the log up to here */
    SAPA_WEB_COMMITTED,   /* uint64_t: the log is safe up to here */
    SAPA_WEB_REPLY,       /* struct sapa_web_reply, then bytes */
    SAPA_WEB_STATE,       /* struct sapa_web_state */
    SAPA_WEB_RESULT,      /* a pointer of the room's own pool */
    SAPA_WEB_HOOKS,       /* struct sapa_hook_state, as many as there are: how webhooks stand */
    SAPA_WEB_SIP,         /* struct sapa_web_sip_head and a SIP message for a browser; none: close its connection */
};

struct sapa_web_centre {
    const struct sapa_centre *centre; /* lives as long as the web thread */
    uint64_t clients[64];             /* the store's numbers of its clients */
};

struct sapa_web_arrived {
    uint64_t contact;
    uint8_t direction, party_type; /* enum sapa_party_type + 1; 0: from before it was known */
    char address[63]; /* with NUL; personal */
    uint8_t zero[7];
};

struct sapa_web_party_type {
    uint64_t contact;
    uint8_t party_type, zero[7]; /* as there */
};

enum { SAPA_WEB_OTHERS_MAX = 7 /* odd: no gap behind them */ };

/** From struct sapa_contact_view; no field that changes with time alone. */
struct sapa_web_contact {
    uint64_t contact; /* key of the table */
    uint64_t person, offer, recording;
    int64_t arrived_us, since_us;
    uint32_t client, number, queue, agent, priority;
    uint32_t others[SAPA_WEB_OTHERS_MAX]; /* agents besides `agent` with a part in it: index + 1, 0 none */
    uint8_t channel, place, language, callback; /* callback: 255 none */
    uint8_t answered, held, recording_paused, zero;
};

/** Somebody who talks in the same conversation and could be let go. */
struct sapa_web_party {
    uint64_t party;       /* the offer of an agent, or the attempt of somebody outside */
    uint32_t agent, zero; /* SAPA_NONE: outside */
};

struct sapa_web_assignment {
    uint64_t offer, contact;
    int64_t since_us, due_us;
    uint32_t queue;
    uint8_t state, channel, extended, kind; /* as in offer_made */
    uint32_t disposition, party_count;
    struct sapa_web_party parties[SAPA_PARTIES_MAX];
};

/** What a supervisor's phone does in a conversation. */
struct sapa_web_supervision {
    uint64_t supervision, contact; /* 0: nothing */
    int64_t since_us;
    uint32_t client; /* of the contact, or SAPA_NONE */
    uint8_t mode, on, zero[2]; /* enum sapa_supervision */
};

/** A skill, a queue or the team of an agent that is not as the description has it. */
struct sapa_web_change {
    int64_t until_us;      /* 0: for good */
    uint32_t skill, queue, team; /* one of them; the others are SAPA_NONE */
    uint8_t level, zero[3]; /* queue: enum sapa_serves */
};
enum { SAPA_WEB_CHANGES_MAX = 16 };

/** He asks for help. */
struct sapa_web_help {
    uint64_t contact;
    int64_t since_us;
    uint32_t client; /* of the contact */
    uint8_t state, zero[3]; /* enum sapa_hand; DOWN: he does not */
    char by[72];            /* with NUL */
};

/** What a supervisor says to agents; sent all together. */
struct sapa_web_broadcast {
    uint64_t id;
    int64_t at_us, until_us;
    uint32_t target;
    uint8_t kind, zero[3]; /* enum sapa_audience */
    char text[520], by[72]; /* with NUL */
};
enum { SAPA_WEB_BROADCASTS_MAX = 32 };

/** What needs attention; sent all together. */
struct sapa_web_alert {
    uint64_t value, limit;
    int64_t on_us;
    uint32_t target;
    uint8_t kind, state, zero[2]; /* enum sapa_alert, enum sapa_alert_state */
    char by[72];
};
enum { SAPA_WEB_ALERTS_MAX = 256 };

/** A ticket was changed: which one, and for whom that is news. No words of anybody. */
struct sapa_web_ticket {
    uint64_t number, version, person;
    int64_t at_us;
    uint8_t status, owner_kind; /* enum sapa_ticket_status, enum sapa_ticket_owner */
    char owner[SAPA_KEY_MAX + 1], client[SAPA_KEY_MAX + 1];
};
enum { SAPA_WEB_TICKETS_MAX = 32 };

struct sapa_web_agent {
    uint32_t agent;
    uint32_t reason;
    int64_t since_us;
    uint32_t contacts;
    uint8_t presence, reachable, assignment_count;
    uint8_t heard; /* a supervisor is in one of his conversations */
    uint32_t booked;
    uint32_t team; /* in which he works now; SAPA_NONE: none */
    uint32_t zero;
    int32_t used_date;
    uint32_t used_ms[SAPA_QUOTAS_MAX]; /* as in struct sapa_agent_view */
    struct sapa_web_supervision supervision;
    struct sapa_web_help help;
    uint64_t read; /* newest message */
    uint64_t change_count;
    struct sapa_web_change changes[SAPA_WEB_CHANGES_MAX];
    struct sapa_web_assignment assignments[SAPA_WEB_ASSIGNMENTS_MAX];
};

struct sapa_web_switches {
    uint64_t surge, closed; /* bit i: on for client i, the switch for all counted in */
    uint8_t surge_all, closed_all, zero[6];
};

/** Figures of a queue, taken together with those of all others; times are ages then. */
struct sapa_web_queue {
    uint32_t queue, open, waiting, callbacks_waiting, ringing, talking, longest_ms;
    uint32_t agents_ready, agents_busy, agents_not_ready, ewt_p50_ms, ewt_p90_ms;
    uint64_t offered, answered, abandoned, abandoned_short, overflowed, callbacks;
    int64_t service_level, abandon_rate, asa_ms; /* as in report/live.h: millionths, or INT64_MIN */
    int64_t wait_ms[SAPA_VIEW_PERCENTS], handling_ms[SAPA_VIEW_PERCENTS]; /* p50, p90, p95, or INT64_MIN */
    uint64_t transfers;
};

/** How the centre (kind TOTAL), a client, a queue or a team (kind AGENTS) stands, taken together with the figures of queues. */
struct sapa_web_standing {
    uint32_t kind, index; /* enum sapa_rows; of the description */
    uint32_t people, zero; /* of a team: who logged in today */
    struct sapa_live_now now;
    struct sapa_live_values of[SAPA_LIVE_PERIODS];
};

/** What readiness and metrics tell. */
struct sapa_web_state {
    uint64_t inputs, events, commands, refused, seq, committed, held, commits, slow_commits, failures;
    int64_t longest_commit_us;
    uint32_t log_state;
    uint32_t accepts_new;
    char log_text[40];
    uint32_t alarms; /* bits by enum sapa_alarm */
    uint32_t zero;
};

/* ---- the mirror ---- */

struct sapa_mirror_contact {
    struct sapa_web_contact view;
    char address[63];
    uint8_t direction, party_type;
    uint8_t dirty, seen;
    uint8_t has_view;  /* 0: only its arrival is known */
    uint8_t published; /* at the last mirror_clean(): it was there, with this agent */
    uint32_t published_agent, published_others[SAPA_WEB_OTHERS_MAX];
};

struct sapa_mirror_agent {
    struct sapa_web_agent view;
    bool dirty;
};

/** A contact that has ended since the last look, for the feed. */
struct sapa_mirror_end {
    uint64_t contact;
    uint32_t client, agent, others[SAPA_WEB_OTHERS_MAX];
};

struct sapa_mirror {
    const struct sapa_centre *centre; /* NULL before the first RESET */
    uint64_t clients[64];
    struct sapa_table contacts;       /* struct sapa_mirror_contact */
    struct sapa_mirror_agent *agents; /* centre->agents_count */
    struct sapa_web_switches switches;
    bool switches_dirty, resetting, whole_dirty;
    struct sapa_web_broadcast broadcasts[SAPA_WEB_BROADCASTS_MAX];
    size_t broadcast_count;
    bool broadcasts_dirty;
    struct sapa_web_alert alerts[SAPA_WEB_ALERTS_MAX];
    size_t alert_count;
    bool alerts_dirty;
    struct sapa_web_ticket tickets[SAPA_WEB_TICKETS_MAX]; /* that were changed last, each once, the latest first */
    size_t ticket_count;
    bool tickets_dirty;
    uint64_t *dirty;                  /* contacts that changed, each once */
    size_t dirty_count, dirty_room;
    struct sapa_mirror_end *ends;
    size_t end_count, end_room;
    uint64_t seq;                     /* of the log, that this is the state of */
    struct sapa_web_queue *queues;
    bool *queue_dirty;
    size_t queue_count;
    int64_t figures_us;               /* core time of the figures; 0: none yet */
    struct sapa_web_standing *standings;
    bool *standing_dirty;
    size_t standing_count;
    struct sapa_goals goals;          /* targets that are set */
    int32_t goal_date;                /* the local day that standings are of, yyyymmdd */
    uint32_t live_figures[SAPA_LIVE_FIGURE_COUNT]; /* their places in the dictionary */
    uint64_t teams_version; /* grows when somebody works in another team from now on: who leads one sees others */
};

void sapa_mirror_init(struct sapa_mirror *mirror);
void sapa_mirror_done(struct sapa_mirror *mirror);
/** One message from RESET to STEP, already committed. Others are passed over. */
SAPA_MUST_CHECK sapa_rc sapa_mirror_take(struct sapa_mirror *mirror, uint32_t type, const void *data, size_t size);
/** Figures of every queue: those that differ from the ones before are marked. Copied. */
SAPA_MUST_CHECK sapa_rc sapa_mirror_figures(struct sapa_mirror *mirror, int64_t at_us, const struct sapa_web_queue *queues,
                                            size_t count);
/** The same for standings; on another day all are marked, for other targets may hold. */
SAPA_MUST_CHECK sapa_rc sapa_mirror_standings(struct sapa_mirror *mirror, int64_t at_us, const struct sapa_web_standing *standings, size_t count);
/** Other targets are set: every standing is marked. Copied. */
void sapa_mirror_goals(struct sapa_mirror *mirror, const struct sapa_goals *goals);
/** A ticket was changed, as the store says. */
void sapa_mirror_ticket(struct sapa_mirror *mirror, const struct sapa_web_ticket *ticket);
/** What had changed is published: begin anew. */
void sapa_mirror_clean(struct sapa_mirror *mirror);

/** NULL: no living contact of this id. */
const struct sapa_mirror_contact *sapa_mirror_contact_find(const struct sapa_mirror *mirror, uint64_t contact);

enum { SAPA_SCOPE_GUESTS_MAX = 64 }; /* as many as a centre lends: SAPA_CORE_LENT_MAX */

/** What somebody may see: clients, and one agent's own things where `agent` is not SAPA_NONE. */
struct sapa_scope {
    uint64_t clients; /* bit i: client i; all ones: also what belongs to none */
    uint32_t agent;   /* SAPA_NONE: all agents */
    uint32_t team_first, team_count; /* in centre->user_teams: only agents of these teams; none: of all */
    uint32_t guest_count;            /* agents lent to these teams: seen meanwhile, with what they have in hand, not with what they had */
    uint32_t guests[SAPA_SCOPE_GUESTS_MAX];
};
/** Who leads teams sees who is lent to them. After clients, agent and teams are set. O(agents) for who leads some, else O(1) */
void sapa_scope_add_guests(struct sapa_scope *scope, const struct sapa_mirror *mirror);
/** All clients, agents and teams: what concerns the whole centre is for who sees it. */
bool sapa_scope_whole(const struct sapa_scope *scope);
bool sapa_scope_same(const struct sapa_scope *a, const struct sapa_scope *b);
bool sapa_scope_team(const struct sapa_scope *scope, const struct sapa_centre *centre, uint32_t team);
/** A contact of this client, in the hands of this agent (SAPA_NONE: of nobody) and of others, as in struct sapa_web_contact. */
bool sapa_scope_hands(const struct sapa_scope *scope, const struct sapa_centre *centre, uint32_t client, uint32_t agent,
                      const uint32_t others[SAPA_WEB_OTHERS_MAX]);
bool sapa_scope_client(const struct sapa_scope *scope, uint32_t client);
/** What an agent has in hand, of this client. What belongs to none (a colleague is asked) is seen by himself and by who leads his team. */
bool sapa_scope_part(const struct sapa_scope *scope, const struct sapa_centre *centre, uint32_t client, uint32_t agent);
bool sapa_scope_contact(const struct sapa_scope *scope, const struct sapa_centre *centre, const struct sapa_mirror_contact *contact);
bool sapa_scope_agent(const struct sapa_scope *scope, const struct sapa_centre *centre, uint32_t agent);

/** JSON objects. `show_pii` false hides all but the last two digits. */
void sapa_mirror_contact_json(const struct sapa_mirror *mirror, const struct sapa_mirror_contact *contact, bool show_pii,
                              struct sapa_json *out);
void sapa_mirror_agent_json(const struct sapa_mirror *mirror, uint32_t agent, const struct sapa_scope *scope,
                            struct sapa_json *out);
/** `queue`: place in mirror->queues. */
void sapa_mirror_queue_json(const struct sapa_mirror *mirror, size_t queue, struct sapa_json *out);
/** May he be given contacts of this queue now: what is changed by hand counts. */
bool sapa_mirror_serves(const struct sapa_mirror *mirror, uint32_t agent, uint32_t queue);
/** The same as he is described: a skill or a queue that is lent for an hour makes nobody one of its people. */
bool sapa_centre_serves(const struct sapa_centre *centre, uint32_t agent, uint32_t queue);
bool sapa_scope_queue(const struct sapa_scope *scope, const struct sapa_mirror *mirror, size_t queue);
/** The alerts that this view may see. */
void sapa_mirror_alerts_json(const struct sapa_mirror *mirror, const struct sapa_scope *scope, struct sapa_json *out);
bool sapa_scope_alert(const struct sapa_scope *scope, const struct sapa_centre *centre, unsigned kind, uint32_t target);
/** The messages that this view may see. */
void sapa_mirror_broadcasts_json(const struct sapa_mirror *mirror, const struct sapa_scope *scope, struct sapa_json *out);
/** The tickets changed last of clients that this view may see; an agent's are those that he serves. */
void sapa_mirror_tickets_json(const struct sapa_mirror *mirror, const struct sapa_scope *scope, struct sapa_json *out);
/** `standing`: place in mirror->standings. */
void sapa_mirror_standing_json(const struct sapa_mirror *mirror, size_t standing, struct sapa_json *out);
/** One FigureTarget. @param recent  NONE where there is no such period */
void sapa_goal_json(const struct sapa_goal_found *goal, uint32_t figure, enum sapa_goal_state today, enum sapa_goal_state recent,
                    struct sapa_json *out);
/** A value of a figure as it stands in JSON: shares as decimals, milliseconds. */
void sapa_figure_json(uint32_t figure, int64_t value, struct sapa_json *out);
/** "all", "client:KEY", "queue:KEY", "team:KEY" */
struct sapa_str sapa_mirror_standing_id(const struct sapa_mirror *mirror, size_t standing, struct sapa_text *text);
/** Who may see all clients sees the whole; an agent none. */
bool sapa_scope_standing(const struct sapa_scope *scope, const struct sapa_mirror *mirror, size_t standing);
void sapa_mirror_switches_json(const struct sapa_mirror *mirror, const struct sapa_scope *scope, struct sapa_json *out);

#endif
