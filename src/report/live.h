/**
 * @file report/live.h
 * What is going on now: the fold behind `sapa top` and wallboards.
 *
 * "Today" is the local day of the centre's zone; its counters begin anew at midnight.
 *
 * Room    report: base, model; pure.   Thread  the fold's.   Owner  sapa_live_init() .. _done().
 * Tests   report/live_test.c (fold = recount)   Design  docs/design/numbers.md
 */
#ifndef SAPA_REPORT_LIVE_H
#define SAPA_REPORT_LIVE_H

#include "report/interval.h"

enum {
    SAPA_LIVE_NEWS_MAX = 64,
    SAPA_LIVE_DROPS_OF = 200,  /* the contacts that ended last, of which drops are counted */
    SAPA_LIVE_DROPS_FROM = 20, /* fewer than this say nothing */
    SAPA_LIVE_RECENT_MIN = 30, /* minutes that count as recent: the present one and those before it */
};

/** Something worth a line on the screen. */
struct sapa_live_news {
    int64_t at_us;
    uint64_t contact;
    uint32_t agent, queue; /* dimensions */
    uint32_t a;            /* outcome, result, presence … by type */
    uint32_t b;
    uint16_t type;         /* enum sapa_type; 0: empty */
    uint16_t zero[3];      /* no padding: these stand in snapshots byte by byte */
};

/* Figures that screens show of a queue, a client or the centre while the day goes on: keys of report/figure.h.
 * Counted and computed from counts alone, so that rows of queues can be joined. */
/*  X(ID, "key")  */
#define SAPA_LIVE_FIGURES(X) \
    X(OFFERED, "offered") X(ANSWERED, "answered") X(ABANDONED, "abandoned") X(OVERFLOWED, "overflowed") \
    X(CALLBACK, "callback") X(HANDLED, "handled") X(TRANSFERS, "transfers") X(SERVICE_LEVEL, "service_level_1") \
    X(ANSWER_RATE, "answer_rate") X(ABANDON_RATE, "abandon_rate_short") X(ASA, "asa") X(AHT, "aht") \
    X(WAIT_MAX, "wait_max_ms") X(WRAPUP_MEAN, "wrapup_mean") X(OCCUPANCY, "occupancy")

enum sapa_live_figure {
#define X(id, key) SAPA_LIVE_##id,
    SAPA_LIVE_FIGURES(X)
#undef X
    SAPA_LIVE_FIGURE_COUNT
};

struct sapa_live {
    const struct sapa_names *names;
    bool (*serves)(const void *ctx, uint32_t agent, uint32_t queue); /* sapa_live_serves() */
    const void *serves_ctx;
    struct sapa_intervals today; /* the day's figures are those of the report, not a second count */
    struct sapa_intervals recent; /* the same by the minute, people by team; what is older than the recent minutes is let go */
    int64_t minute_end_s;       /* when the next one is */
    uint32_t figures[SAPA_LIVE_FIGURE_COUNT]; /* their places in the dictionary */
    uint32_t of_queues, of_agents; /* bit each: rows of these have it */
    uint64_t seq;
    int64_t now_us;
    int64_t day_end_s;          /* next local midnight */
    struct sapa_table contacts; /* open */
    struct sapa_table agents;   /* by dimension */
    uint64_t surge, closed;     /* bit per client with the switch on; bit 63: all */
    uint32_t alarms;            /* bit per enum sapa_alarm that is on */
    uint32_t news_next;
    struct sapa_live_news news[SAPA_LIVE_NEWS_MAX];
    uint32_t ended_count;       /* since the beginning; the ring below holds the last of them */
    uint32_t dropped;           /* of those in the ring: ended by a fault of ours */
    uint8_t drops[SAPA_LIVE_DROPS_OF];
};

void sapa_live_init(struct sapa_live *live, const struct sapa_memory *memory,
                    const struct sapa_names *names);
void sapa_live_done(struct sapa_live *live);
/** Who serves which queue now, by indices of the description in force; what supervisors have changed counts. By the description without. */
void sapa_live_serves(struct sapa_live *live, bool (*serves)(const void *ctx, uint32_t agent, uint32_t queue), const void *ctx);
/** As sapa_calls_fold(); `names` is brought up to date by its owner before. */
SAPA_MUST_CHECK sapa_rc sapa_live_fold(struct sapa_live *live, const struct sapa_record *record);
SAPA_MUST_CHECK sapa_rc sapa_live_save(const struct sapa_live *live, const struct sapa_save *save);
SAPA_MUST_CHECK sapa_rc sapa_live_load(struct sapa_live *live, const struct sapa_load *load);

/**
 * Shall the alarm "calls lost by the system" be raised, or is it over? Of the last contacts that were
 * let in and ended, the share that a fault of ours ended is held against the description's
 * system_drop_alarm: above it the alarm begins, at half of it and below it is over.
 *
 * @param ret_input  an alarm_raised for the core, at_us not set; it comes back to this fold through the log
 * @retval true  the alarm's state should change; asks again until it has
 */
bool sapa_live_drop_alarm(const struct sapa_live *live, struct sapa_record *ret_input);

enum sapa_live_period { SAPA_LIVE_TODAY, SAPA_LIVE_RECENT, SAPA_LIVE_PERIODS };

const char *sapa_live_figure_key(unsigned figure);
/** Each in its unit; SAPA_KPI_NONE where there is no value. */
struct sapa_live_values {
    int64_t of[SAPA_LIVE_FIGURE_COUNT];
};
/** By report/figure.h, of a row or of rows that were joined. @param kind  QUEUES or AGENTS: what such rows have not, has no value */
void sapa_live_values(const struct sapa_live *live, enum sapa_rows kind, const struct sapa_measures *m, struct sapa_live_values *ret);
/**
 * Counts of a team's agents joined. Today's are of those who are in it now, recent ones of those who were in it then;
 * who is lent to another team counts for his own.
 * @param team        in the description in force
 * @param ret_people  of them who logged in today
 */
SAPA_MUST_CHECK sapa_rc sapa_live_team(struct sapa_live *live, uint32_t team, enum sapa_live_period period, int64_t now_us,
                                       struct sapa_measures *ret, uint32_t *ret_people);

/**
 * Counts of a queue for the local day or for the recent minutes: of the contacts that joined it in that time, all that
 * has become of them up to now. Those of several queues are joined with sapa_measures_join(): of a client, of all.
 * @param queue   in the description in force
 */
SAPA_MUST_CHECK sapa_rc sapa_live_measures(struct sapa_live *live, uint32_t queue, enum sapa_live_period period, int64_t now_us,
                                           struct sapa_measures *ret);
/** Time has come so far: the day and the recent minutes begin where they should, agents' time is counted. Before measures are read. */
SAPA_MUST_CHECK sapa_rc sapa_live_until(struct sapa_live *live, int64_t now_us);

/** What goes on now in the whole centre, with a client, in a queue. */
struct sapa_live_now {
    int64_t oldest_us;           /* since when the one who waits longest waits; 0: nobody does. Callbacks apart */
    uint32_t waiting, callbacks_waiting, ringing, talking;
    uint32_t agents_ready, agents_busy, agents_not_ready; /* who may serve it; each once. Ready: free */
};
/** @param kind  TOTAL, CLIENTS or QUEUES   @param index  in the description in force   O(contacts + agents) */
void sapa_live_now(const struct sapa_live *live, enum sapa_rows kind, uint32_t index, struct sapa_live_now *ret);

/* ---- a view: flat, made at one moment, may be sent to another thread or process ---- */

enum { SAPA_VIEW_PERCENTS = 3 }; /* p50, p90, p95 */

struct sapa_view_queue {
    char key[40], name[40], client[40];
    uint32_t waiting, callbacks_waiting, ringing, talking;
    uint32_t longest_ms;         /* of those waiting, callbacks apart */
    uint32_t agents_ready, agents_busy, agents_not_ready; /* who may serve it in some step; ready: free */
    uint32_t level_ms, level_percent;  /* the target */
    uint64_t offered, answered, abandoned, abandoned_short, overflowed, callbacks;
    int64_t service_level;       /* today, millionths, SAPA_KPI_NONE */
    int64_t abandon_rate;        /* today, short ones apart */
    int64_t asa_ms;
    int64_t wait_ms[SAPA_VIEW_PERCENTS];     /* today, of the answered: 50, 90, 95 of 100 waited no longer; SAPA_KPI_NONE */
    int64_t handling_ms[SAPA_VIEW_PERCENTS]; /* today, of parts that are over */
    uint64_t transfers;          /* today, by agents of this queue's contacts */
};

enum sapa_view_doing {
    SAPA_DOING_OFFLINE, SAPA_DOING_NOT_READY, SAPA_DOING_READY, SAPA_DOING_RINGING, SAPA_DOING_TALKING,
    SAPA_DOING_HOLD, SAPA_DOING_WRAPUP
};

struct sapa_view_agent {
    char key[40], name[40], extension[16];
    char reason[40];             /* not ready because */
    char queue[40];              /* of the contact in hand */
    uint64_t contact;
    uint32_t since_ms;           /* in this state for so long */
    uint32_t handled, missed;    /* today */
    int64_t occupancy;           /* today, millionths */
    uint8_t doing;               /* enum sapa_view_doing */
    uint8_t presence;            /* enum sapa_presence */
    uint8_t device;              /* 1: phone reachable */
};

struct sapa_view_call {
    uint64_t contact;
    char client[24], number[24], queue[40], agent[40];
    uint32_t age_ms;
    uint32_t here_ms;            /* in this place for so long */
    uint8_t place;               /* enum sapa_place */
    uint8_t channel;
    uint8_t direction;           /* enum sapa_direction */
};

struct sapa_view_news {
    int64_t at_us;
    char text[120];              /* in the view's language */
};

struct sapa_view {
    int64_t now_us;
    int32_t offset_s;            /* local clock */
    uint8_t language;
    char centre[64];
    uint32_t in_menu, waiting, ringing, talking, callbacks, open;
    uint32_t outbound, internal; /* of the open: placed outward; among colleagues */
    uint32_t agents_ready, agents_busy, agents_wrapup, agents_not_ready, agents_offline;
    uint64_t offered, answered, abandoned, contained, system_faults; /* answered: those who talk now too */
    int64_t service_level;       /* of all queues together */
    uint64_t surge, closed;
    uint64_t unwritten;          /* set by the caller: records in these figures that the disk does not take, 0 in good times */
    uint32_t alarms;
    uint32_t queue_count, agent_count, call_count, news_count;
    struct sapa_view_queue *queues; /* memory of the caller */
    struct sapa_view_agent *agents;
    struct sapa_view_call *calls;   /* the oldest first */
    struct sapa_view_news *news;    /* the newest first */
};

/** Memory of the caller for one view; a size of 0 leaves the list out. */
struct sapa_view_room {
    struct sapa_view_queue *queues;
    struct sapa_view_agent *agents;
    struct sapa_view_call *calls;
    struct sapa_view_news *news;
    uint32_t queue_size, agent_size, call_size, news_size;
};

/** The view at `now_us` (not before the last record). O(contacts + agents · queues). */
SAPA_MUST_CHECK sapa_rc sapa_live_view(struct sapa_live *live, int64_t now_us, enum sapa_language language,
                                       const struct sapa_view_room *room, struct sapa_view *ret_view);

enum { SAPA_VIEW_QUEUES = 256, SAPA_VIEW_AGENTS = 512, SAPA_VIEW_CALLS = 64, SAPA_VIEW_NEWS = 32,
       SAPA_VIEW_JSON_MAX = 1 << 20 };

/** Memory for one view of the usual size; what is more is left out. */
struct sapa_view_memory {
    struct sapa_view_queue queues[SAPA_VIEW_QUEUES];
    struct sapa_view_agent agents[SAPA_VIEW_AGENTS];
    struct sapa_view_call calls[SAPA_VIEW_CALLS];
    struct sapa_view_news news[SAPA_VIEW_NEWS];
};
struct sapa_view_room sapa_view_room_of(struct sapa_view_memory *memory);

/* ---- as JSON: one table for who writes it, who reads it (app/view_read.h) and who describes it (http/schema.c) ---- */

/*  X(KIND, member, "name", "what it is").
 *  TEXT char[] · COUNT uint32_t · TOTAL uint64_t · ID uint64_t, null when 0 · MS int64_t, null when it has no meaning ·
 *  RATIO likewise, millionths here, a fraction there · TIME int64_t · EAST int32_t · FLAG uint8_t · ANY uint64_t, true when not 0 ·
 *  ALARMS uint32_t, a bit each, a list there · LANGUAGE DOING PRESENCE PLACE CHANNEL DIRECTION uint8_t, a word there  */
#define SAPA_VIEW_FIELDS(X) \
    X(TIME, now_us, "at", "") X(EAST, offset_s, "offset_s", "local time less UTC") X(LANGUAGE, language, "language", "of the news") \
    X(TEXT, centre, "centre", "its name") X(COUNT, open, "open", "living contacts") X(COUNT, in_menu, "in_menu", "") \
    X(COUNT, waiting, "waiting", "") X(COUNT, ringing, "ringing", "") X(COUNT, talking, "talking", "") \
    X(COUNT, callbacks, "callbacks", "waiting") X(COUNT, outbound, "outbound", "of the open: placed outward") \
    X(COUNT, internal, "internal", "of the open: among colleagues") X(COUNT, agents_ready, "agents_ready", "") \
    X(COUNT, agents_busy, "agents_busy", "") X(COUNT, agents_wrapup, "agents_wrapup", "") \
    X(COUNT, agents_not_ready, "agents_not_ready", "") X(COUNT, agents_offline, "agents_offline", "") \
    X(TOTAL, offered, "offered", "today") X(TOTAL, answered, "answered", "today") X(TOTAL, abandoned, "abandoned", "today") \
    X(TOTAL, contained, "contained", "today: served by the menu") X(TOTAL, system_faults, "system_faults", "today") \
    X(RATIO, service_level, "service_level", "today, of all queues together, 0 to 1") \
    X(TOTAL, unwritten, "unwritten", "records counted here that a full or failing disk does not take") \
    X(ANY, surge, "surge", "on for somebody") X(ANY, closed, "closed", "by hand, for somebody") X(ALARMS, alarms, "alarms", "that are on")
#define SAPA_VIEW_QUEUE_FIELDS(X) \
    X(TEXT, key, "id", "") X(TEXT, name, "name", "") X(TEXT, client, "client", "") X(COUNT, waiting, "waiting", "") \
    X(COUNT, callbacks_waiting, "callbacks_waiting", "") X(COUNT, ringing, "ringing", "") X(COUNT, talking, "talking", "") \
    X(COUNT, longest_ms, "longest_ms", "of those waiting, callbacks apart") X(COUNT, agents_ready, "agents_ready", "free now") \
    X(COUNT, agents_busy, "agents_busy", "") X(COUNT, agents_not_ready, "agents_not_ready", "") \
    X(COUNT, level_ms, "level_ms", "target") X(COUNT, level_percent, "level_percent", "target") \
    X(TOTAL, offered, "offered", "today") X(TOTAL, answered, "answered", "today") X(TOTAL, abandoned, "abandoned", "today") \
    X(TOTAL, abandoned_short, "abandoned_short", "today") X(TOTAL, overflowed, "overflowed", "today") \
    X(TOTAL, callbacks, "callbacks", "today") X(RATIO, service_level, "service_level", "today, 0 to 1") \
    X(RATIO, abandon_rate, "abandon_rate", "today, 0 to 1, short ones apart") X(MS, asa_ms, "asa_ms", "today") \
    X(MS, wait_ms[0], "wait_p50_ms", "today, of the answered") X(MS, wait_ms[1], "wait_p90_ms", "") \
    X(MS, wait_ms[2], "wait_p95_ms", "") X(MS, handling_ms[0], "handling_p50_ms", "today, of parts that are over") \
    X(MS, handling_ms[1], "handling_p90_ms", "") X(MS, handling_ms[2], "handling_p95_ms", "") \
    X(TOTAL, transfers, "transfers", "today, by agents")
#define SAPA_VIEW_AGENT_FIELDS(X) \
    X(TEXT, key, "id", "") X(TEXT, name, "name", "") X(TEXT, extension, "extension", "") X(DOING, doing, "doing", "") \
    X(PRESENCE, presence, "presence", "") X(COUNT, since_ms, "since_ms", "in this state for so long") \
    X(TEXT, reason, "reason", "not ready because; or empty") X(TEXT, queue, "queue", "of the contact in hand; or empty") \
    X(ID, contact, "contact", "in hand") X(COUNT, handled, "handled", "today") X(COUNT, missed, "missed", "today") \
    X(RATIO, occupancy, "occupancy", "today, 0 to 1") X(FLAG, device, "phone", "reachable")
#define SAPA_VIEW_CALL_FIELDS(X) \
    X(ID, contact, "contact", "") X(TEXT, client, "client", "") X(TEXT, number, "number", "") X(TEXT, queue, "queue", "") \
    X(TEXT, agent, "agent", "") X(COUNT, age_ms, "age_ms", "since it arrived") X(COUNT, here_ms, "here_ms", "in this place for so long") \
    X(PLACE, place, "place", "") X(CHANNEL, channel, "channel", "") X(DIRECTION, direction, "direction", "")
#define SAPA_VIEW_NEWS_FIELDS(X) X(TIME, at_us, "at", "") X(TEXT, text, "text", "")

enum sapa_view_kind {
    SAPA_VIEW_TEXT, SAPA_VIEW_COUNT, SAPA_VIEW_TOTAL, SAPA_VIEW_ID, SAPA_VIEW_MS, SAPA_VIEW_RATIO, SAPA_VIEW_TIME,
    SAPA_VIEW_EAST, SAPA_VIEW_FLAG, SAPA_VIEW_ANY, SAPA_VIEW_ALARMS, SAPA_VIEW_LANGUAGE, SAPA_VIEW_DOING,
    SAPA_VIEW_PRESENCE, SAPA_VIEW_PLACE, SAPA_VIEW_CHANNEL, SAPA_VIEW_DIRECTION,
};
struct sapa_view_field {
    const char *name;
    uint16_t offset, size;
    uint8_t kind;
};
struct sapa_view_part {
    const char *name; /* of the list; NULL: the view itself */
    const struct sapa_view_field *fields;
    size_t count, size; /* size: of the struct */
};
enum { SAPA_VIEW_PARTS = 5 }; /* the view itself, queues, agents, calls, news */
const struct sapa_view_part *sapa_view_part(unsigned which);
/** The word of a value of such a kind; NULL behind the last. */
const char *sapa_view_word(unsigned kind, unsigned value);
/** One JSON object. */
void sapa_view_json(const struct sapa_view *view, struct sapa_text *out);

#endif
