#include "report/interval.h"

#include "report/save_impl.h"
#include "report/shift.h"

enum {
    INTERVALS_MARK = 0x544e4953, INTERVALS_VERSION = 9, /* "SINT"; 2: legs without a packet are not measured; 3: a leg is bad in either direction; 4: waits in a histogram; 5: surges and messages; 6: calls of agents; 7: campaigns; 8: party types, waits by bucket; 9: planned shifts */
    ROWS_MAX = 4000000,
    CHUNK_ENTRIES = 7,
    COUNT_FROM = 1000, /* entries from which counting is quicker than sorting */
    PIECE_VERSION = 1,
    DIM_BITS = 20, REASON_BITS = 12,
    AGENT_MEASURES = SAPA_M_OUTER_FIRST - SAPA_M_SHARED_FIRST,
};

#define TIME_US_MAX (INT64_C(1) << 58)                       /* of what is loaded: the year 11103 */
#define MEASURE_MAX (INT64_C(1) << 52)                       /* of a row that is loaded: 142 years in microseconds */
#define STRETCH_US_MAX (INT64_C(400) * 86400 * 1000000)      /* nobody is logged in for longer without a word */

/* A distribution of one row: its chunks of entries (report/hist.h), the newest first. */
struct dist {
    uint32_t chunk; /* newest chunk + 1, 0 none */
    uint32_t total; /* values */
};

/* Rows of contacts hold the measures [0, SAPA_M_AGENT_FIRST), times in milliseconds. */
struct contact_row {
    uint64_t key;
    struct sapa_span span;
    struct dist dists[SAPA_DIST_COUNT];
    int64_t m[SAPA_M_AGENT_FIRST];
};

/* Rows of agents hold [SAPA_M_SHARED_FIRST, SAPA_M_OUTER_FIRST), times in microseconds. */
struct agent_row {
    uint64_t key;
    struct sapa_span span;
    struct dist dists[SAPA_DIST_COUNT];
    int64_t first_in_us, last_out_us;
    int64_t m[AGENT_MEASURES];
};
static_assert(offsetof(struct contact_row, span) == offsetof(struct agent_row, span)
                  && offsetof(struct contact_row, dists) == offsetof(struct agent_row, dists),
              "both begin alike");

struct chunk {
    uint32_t next; /* older chunk + 1 */
    uint32_t entries[CHUNK_ENTRIES]; /* from the first; 0: free */
};

/* Where the figures of a contact go: the rows of its arrival, and of its stay in a queue. */
struct home {
    struct sapa_span arrived;
    struct sapa_span joined;
    uint32_t client, number;
    uint32_t campaign; /* SAPA_NONE: placed for none */
    uint32_t queue; /* SAPA_NONE: never queued */
    bool arrived_in_surge, joined_in_surge;
    uint8_t party_type; /* enum sapa_party_type */
};

struct surge {
    uint64_t who;
};

/* What the minutes of a line cost. */
struct tariff {
    uint32_t call, minute, pulse_ms;
};

struct open_contact {
    uint64_t contact;
    struct home home;
    struct home passed_home; /* rows of the transfers that are on the way */
    int64_t queued_us;    /* of the present or last stay */
    int64_t cancelled_us; /* when an offer last ended because the caller went */
    int64_t charged_from_us; /* the customer's line costs since then; 0: it does not */
    struct tariff tariff; /* of the number */
    uint64_t wait_ms;     /* in all stays until an agent answered */
    uint32_t level_ms, short_ms; /* of the last queue */
    uint32_t ringing;     /* open offers */
    uint32_t last_agent;  /* who parted last, SAPA_NONE nobody */
    struct sapa_span last_agent_span;
    uint64_t handed;      /* offer whose agent has passed it on to somebody who talks already, 0 none */
    int64_t joined_us;    /* when `joiner` came into the conversation */
    uint32_t joiner;      /* agent, or SAPA_NONE: somebody outside */
    uint32_t joined_attempt; /* then */
    uint32_t caller;      /* agent who placed it, SAPA_NONE: none, or not known yet */
    uint32_t lines;       /* lines of ours that it may have, see struct line */
    uint32_t transfers;   /* on the way */
    uint8_t last_reason;  /* of leaving a queue */
    uint8_t direction;    /* enum sapa_direction */
    bool inbound, queued, is_callback, answered, has_left;
    bool connected;       /* an agent and somebody have talked */
    bool conference;
    bool to_menu;         /* the transfer on the way is to a number of ours */
    bool message;         /* left since it was passed on */
};

/* A line that we have placed, answered: it follows its party into another contact. */
struct line {
    uint64_t key;
    struct home home;
    struct tariff tariff;
    int64_t from_us;
    uint64_t contact;
    uint32_t trunk;   /* dimension */
    uint32_t attempt; /* SAPA_NONE: came from another contact, its number is still to be said */
};

struct open_offer {
    uint64_t offer;
    struct home home;
    struct sapa_span made;
    uint64_t contact;
    uint32_t agent;
    uint8_t kind; /* as in offer_made */
};

/* What kind of part an agent has in a contact. */
enum { PART_RECEIVED, PART_OUTWARD, PART_INTERNAL };

struct open_part {
    uint64_t offer;
    struct home home;
    struct sapa_span over;  /* where the agent parted */
    uint64_t handling_ms;
    uint32_t agent;
    uint32_t cost_hour;     /* of the agent, when he placed the call */
    uint64_t contact;
    uint8_t class;          /* PART_* */
    uint8_t doing;          /* enum sapa_assignment, as it counts */
    bool talks, parted, wrapping, wrapped, released;
    bool dialling; /* the agent is there and the other still being called */
    uint8_t then;  /* what he does when somebody answers: enum sapa_assignment */
};

struct agent_state {
    uint64_t dim;
    int64_t counted_us; /* time before this is in the rows */
    uint32_t reason;    /* dimension */
    uint32_t doing[SAPA_ASSIGNMENT_COUNT]; /* assignments by state */
    uint32_t inside;    /* of those that talk or hold: among colleagues */
    uint32_t inside_held;
    uint32_t outward;   /* of those that talk: in calls that he placed */
    uint8_t presence;
    uint8_t place;      /* enum sapa_workplace */
};

void sapa_intervals_init(struct sapa_intervals *fold, const struct sapa_memory *memory,
                         const struct sapa_names *names, const struct sapa_interval_options *options)
{
    *fold = (struct sapa_intervals){ .names = names, .options = *options, .memory = memory };
    if (fold->options.kinds == 0)
        fold->options.kinds = (1u << SAPA_ROWS_COUNT) - 1;
    if (fold->options.rows_max == 0)
        fold->options.rows_max = ROWS_MAX;
    sapa_table_init(&fold->rows, memory, sizeof(struct contact_row), fold->options.rows_max);
    sapa_table_init(&fold->agent_rows, memory, sizeof(struct agent_row), fold->options.rows_max);
    sapa_table_init(&fold->contacts, memory, sizeof(struct open_contact), SAPA_CALLS_MAX);
    sapa_table_init(&fold->offers, memory, sizeof(struct open_offer), SAPA_CALLS_MAX);
    sapa_table_init(&fold->parts, memory, sizeof(struct open_part), SAPA_CALLS_MAX);
    sapa_table_init(&fold->surges, memory, sizeof(struct surge), 1u << DIM_BITS);
    sapa_table_init(&fold->lines, memory, sizeof(struct line), SAPA_CALLS_MAX);
    sapa_table_init(&fold->agents, memory, sizeof(struct agent_state), 1u << DIM_BITS);
}

void sapa_intervals_done(struct sapa_intervals *fold)
{
    sapa_table_done(&fold->rows);
    sapa_table_done(&fold->agent_rows);
    sapa_table_done(&fold->contacts);
    sapa_table_done(&fold->offers);
    sapa_table_done(&fold->parts);
    sapa_table_done(&fold->agents);
    sapa_table_done(&fold->surges);
    sapa_table_done(&fold->lines);
    if (fold->chunks)
        (void)fold->memory->resize(fold->memory->ctx, fold->chunks, 0);
    if (fold->entries)
        (void)fold->memory->resize(fold->memory->ctx, fold->entries, 0);
    if (fold->dense)
        (void)fold->memory->resize(fold->memory->ctx, fold->dense, 0);
    fold->chunks = fold->entries = NULL;
    fold->dense = NULL;
    fold->chunk_room = fold->chunk_used = fold->entry_room = 0;
}

/* ---- rows ---- */

static const struct sapa_zone *zone_of(const struct sapa_intervals *fold)
{
    const struct sapa_centre *centre = fold->names->centre;

    if (fold->options.zone)
        return fold->options.zone;
    return centre && centre->system.zone < centre->zones_count ? &centre->zones[centre->system.zone] : NULL;
}

static int64_t seconds(int64_t us)
{
    return us >= 0 ? us / 1000000 : -((-us + 999999) / 1000000);
}

static struct sapa_span span_at(struct sapa_intervals *fold, int64_t at_us)
{
    const int64_t at_s = seconds(at_us);

    if (at_s < fold->span.from_s || at_s >= fold->span.to_s)
        fold->span = sapa_zone_span(zone_of(fold), fold->options.grain, at_s);
    return fold->span;
}

static uint64_t row_key(struct sapa_span span, enum sapa_rows kind, uint32_t dim, uint32_t reason)
{
    const uint64_t minute = (uint64_t)SAPA_MIN(SAPA_MAX(span.from_s / 60, 0), (INT64_C(1) << 28) - 1);

    return minute << 36 | (uint64_t)kind << 32 | (uint64_t)(dim & ((1u << DIM_BITS) - 1)) << REASON_BITS
        | (reason & ((1u << REASON_BITS) - 1));
}

static bool is_wanted(const struct sapa_intervals *fold, struct sapa_span span, enum sapa_rows kind)
{
    return (fold->options.kinds >> kind & 1) != 0 && span.from_s >= fold->options.from_s
        && (fold->options.to_s == 0 || span.from_s < fold->options.to_s);
}

/* The row, made when it is not there; NULL when it is not wanted or there is no memory (`failed`). */
static void *row_at(struct sapa_intervals *fold, struct sapa_table *table, struct sapa_span span,
                    uint64_t key)
{
    uint8_t *row = sapa_table_find(table, key);

    if (row)
        return row;
    const sapa_rc rc = sapa_table_add(table, key, &row);
    if (rc != SAPA_OK) {
        fold->failed = rc;
        return NULL;
    }
    memcpy(row + offsetof(struct contact_row, span), &span, sizeof(span));
    return row;
}

static struct contact_row *contact_row(struct sapa_intervals *fold, struct sapa_span span,
                                       enum sapa_rows kind, uint32_t dim)
{
    if (!is_wanted(fold, span, kind))
        return NULL;
    return row_at(fold, &fold->rows, span, row_key(span, kind, dim, 0));
}

static struct agent_row *agent_row(struct sapa_intervals *fold, struct sapa_span span,
                                   enum sapa_rows kind, uint32_t dim, uint32_t reason)
{
    if (kind == SAPA_ROWS_AGENTS && fold->options.by_team)
        dim = dim < fold->names->dims[SAPA_DIM_AGENT].count ? fold->names->dims[SAPA_DIM_AGENT].names[dim].team : SAPA_NONE;
    if (dim == SAPA_NONE || !is_wanted(fold, span, kind))
        return NULL;
    return row_at(fold, &fold->agent_rows, span, row_key(span, kind, dim, reason));
}

/* A few measures to be added to several rows. */
struct sums {
    unsigned n;
    struct { enum sapa_measure measure; int64_t value; } of[16];
};

static void sum(struct sums *sums, enum sapa_measure measure, int64_t value)
{
    if (value == 0)
        return;
    sapa_assert(sums->n < SAPA_COUNT(sums->of));
    sums->of[sums->n].measure = measure;
    sums->of[sums->n++].value = value;
}

static void add_to(struct contact_row *row, const struct sums *sums)
{
    for (unsigned i = 0; row && i < sums->n; i++) {
        const enum sapa_measure measure = sums->of[i].measure;
        int64_t *value = &row->m[measure];
        if (measure == SAPA_M_WAIT_MAX || measure == SAPA_M_HANDLING_MAX)
            *value = SAPA_MAX(*value, sums->of[i].value);
        else
            *value += sums->of[i].value;
    }
}

static struct chunk *chunk_at(const struct sapa_intervals *fold, uint32_t index)
{
    return (struct chunk *)fold->chunks + index;
}

/* A fresh chunk in front of the distribution's; NULL without memory (`failed`). */
static struct chunk *add_chunk(struct sapa_intervals *fold, struct dist *dist)
{
    if (fold->chunk_used == fold->chunk_room) {
        const uint32_t room = fold->chunk_room == 0 ? 64 : fold->chunk_room * 2;
        void *grown = room < UINT32_MAX / 4
            ? fold->memory->resize(fold->memory->ctx, fold->chunks, room * sizeof(struct chunk))
            : NULL;
        if (!grown) {
            fold->failed = SAPA_ENOMEM;
            return NULL;
        }
        fold->chunks = grown;
        fold->chunk_room = room;
    }
    struct chunk *fresh = chunk_at(fold, fold->chunk_used++);
    memset(fresh, 0, sizeof(*fresh));
    fresh->next = dist->chunk;
    dist->chunk = fold->chunk_used;
    return fresh;
}

/* An entry more, whether or not the bucket has one already. */
static void append_values(struct sapa_intervals *fold, struct dist *dist, uint32_t bucket, uint32_t count)
{
    struct chunk *room = dist->chunk != 0 ? chunk_at(fold, dist->chunk - 1) : NULL;

    if (!room || room->entries[CHUNK_ENTRIES - 1] != 0)
        room = add_chunk(fold, dist);
    for (unsigned i = 0; room && i < CHUNK_ENTRIES; i++) {
        if (room->entries[i] != 0)
            continue;
        room->entries[i] = sapa_hist_entry(bucket, count);
        dist->total += count;
        return;
    }
}

/* `count` values more in a bucket. The row of `dist` stays where it is: chunks are memory of their own. */
static void add_values(struct sapa_intervals *fold, struct dist *dist, uint32_t bucket, uint32_t count)
{
    for (uint32_t at = dist->chunk; at != 0; at = chunk_at(fold, at - 1)->next) {
        struct chunk *chunk = chunk_at(fold, at - 1);
        for (unsigned i = 0; i < CHUNK_ENTRIES && chunk->entries[i] != 0; i++) {
            if (sapa_hist_entry_bucket(chunk->entries[i]) != bucket
                || sapa_hist_entry_count(chunk->entries[i]) > SAPA_HIST_COUNT_MAX - count)
                continue;
            chunk->entries[i] += count;
            dist->total += count;
            return;
        }
    }
    append_values(fold, dist, bucket, count);
}

static void add_value(struct sapa_intervals *fold, struct dist *dist, uint64_t ms)
{
    add_values(fold, dist, sapa_hist_bucket((uint32_t)SAPA_MIN(ms, (uint64_t)UINT32_MAX)), 1);
}

/* A value of a distribution that goes into the same rows as some measures. */
struct sample {
    enum sapa_dist dist;
    uint64_t ms;
};

/* The rows of a contact's arrival. */
static void add_arrival(struct sapa_intervals *fold, const struct home *home, const struct sums *sums,
                        const struct sample *sample)
{
    const struct { enum sapa_rows kind; uint32_t dim; } rows[] = {
        { SAPA_ROWS_TOTAL, 0 }, { SAPA_ROWS_CLIENTS, home->client }, { SAPA_ROWS_NUMBERS, home->number },
        { SAPA_ROWS_CAMPAIGNS, home->campaign },
    };

    for (size_t i = 0; i < SAPA_COUNT(rows); i++) {
        if (rows[i].kind == SAPA_ROWS_CAMPAIGNS && home->campaign == SAPA_NONE)
            continue;
        struct contact_row *row = contact_row(fold, home->arrived, rows[i].kind, rows[i].dim);
        add_to(row, sums);
        if (row && sample)
            add_value(fold, &row->dists[sample->dist], sample->ms);
    }
}

static void add_queue(struct sapa_intervals *fold, const struct home *home, const struct sums *sums,
                      const struct sample *sample)
{
    struct contact_row *row = home->queue == SAPA_NONE ? NULL
                                                       : contact_row(fold, home->joined, SAPA_ROWS_QUEUES, home->queue);

    add_to(row, sums);
    for (unsigned i = 0; row && fold->options.counted && i < sums->n; i++)
        fold->options.counted(fold->options.counted_ctx, SAPA_ROWS_QUEUES, home->queue, fold->about, sums->of[i].measure, sums->of[i].value);
    if (row && sample)
        add_value(fold, &row->dists[sample->dist], sample->ms);
}

static void add_both(struct sapa_intervals *fold, const struct home *home, const struct sums *sums,
                     const struct sample *sample)
{
    add_arrival(fold, home, sums, sample);
    add_queue(fold, home, sums, sample);
}

static void add_agent(struct sapa_intervals *fold, struct sapa_span span, uint32_t agent,
                      enum sapa_measure measure, int64_t value)
{
    struct agent_row *row = agent_row(fold, span, SAPA_ROWS_AGENTS, agent, 0);

    if (row)
        row->m[measure - SAPA_M_SHARED_FIRST] += value;
    if (row && fold->options.counted)
        fold->options.counted(fold->options.counted_ctx, SAPA_ROWS_AGENTS, agent, fold->about, measure, value);
}

/* ---- contacts ---- */

static uint32_t dim_of(const struct sapa_intervals *fold, enum sapa_dim kind, uint64_t index)
{
    return sapa_names_dim(fold->names, kind, index);
}

static bool in_surge(const struct sapa_intervals *fold, uint32_t client)
{
    return fold->surges.count > 0
        && (sapa_table_find(&fold->surges, 0) || (client != SAPA_NONE && sapa_table_find(&fold->surges, client + UINT64_C(1))));
}

static void add_surge(struct sapa_intervals *fold, struct sapa_span span, int64_t ms)
{
    static const struct { enum sapa_rows kind; enum sapa_dim dim; } rows[] = {
        { SAPA_ROWS_CLIENTS, SAPA_DIM_CLIENT }, { SAPA_ROWS_NUMBERS, SAPA_DIM_NUMBER }, { SAPA_ROWS_QUEUES, SAPA_DIM_QUEUE },
    };
    struct sums sums = { 0 };

    sum(&sums, SAPA_M_SURGE, ms);
    add_to(contact_row(fold, span, SAPA_ROWS_TOTAL, 0), &sums);
    for (size_t i = 0; i < SAPA_COUNT(rows); i++) {
        for (uint32_t k = 0; k < fold->names->dims[rows[i].dim].index_count; k++) {
            const uint32_t dim = dim_of(fold, rows[i].dim, k);
            if (dim != SAPA_NONE
                && in_surge(fold, rows[i].dim == SAPA_DIM_CLIENT ? dim : fold->names->dims[rows[i].dim].names[dim].client))
                add_to(contact_row(fold, span, rows[i].kind, dim), &sums);
        }
    }
}

/* Rows get the time of the surges that are on, up to `until_us`. */
static void surge_until(struct sapa_intervals *fold, int64_t until_us)
{
    int64_t at_us = SAPA_MAX(fold->surged_us, fold->options.from_s * 1000000);

    while (fold->surges.count > 0 && at_us < until_us && fold->failed == SAPA_OK) {
        const struct sapa_span span = span_at(fold, at_us);
        const int64_t to_us = SAPA_MIN(until_us, span.to_s > INT64_MAX / 1000000 ? INT64_MAX : span.to_s * 1000000);
        if (fold->options.to_s != 0 && span.from_s >= fold->options.to_s)
            break;
        add_surge(fold, span, to_us / 1000 - at_us / 1000); /* so that nothing is lost, however often it is asked */
        at_us = to_us;
    }
    fold->surged_us = SAPA_MAX(fold->surged_us, until_us);
}

static void switched(struct sapa_intervals *fold, const struct sapa_record *record)
{
    const struct sapa_rec_switch_changed *in = &record->u.switch_changed;
    const uint32_t client = in->client == SAPA_NONE ? SAPA_NONE : dim_of(fold, SAPA_DIM_CLIENT, in->client);
    const uint64_t who = client == SAPA_NONE ? 0 : client + UINT64_C(1);
    struct surge *surge;

    if (in->which != SAPA_SWITCH_SURGE || (client == SAPA_NONE && in->client != SAPA_NONE))
        return;
    surge_until(fold, record->at_us);
    surge = sapa_table_find(&fold->surges, who);
    if (!in->on && surge) {
        sapa_table_remove(&fold->surges, surge);
    } else if (in->on && !surge) {
        const sapa_rc rc = sapa_table_add(&fold->surges, who, &surge);
        if (rc != SAPA_OK)
            fold->failed = rc;
    }
}

/* A message, in the figures of the queue that it is for. */
static void message_left(struct sapa_intervals *fold, struct open_contact *contact, const struct sapa_record *record)
{
    const uint32_t queue = dim_of(fold, SAPA_DIM_QUEUE, record->u.voicemail_left.queue);
    struct sums sums = { 0 };

    contact->message = true;
    sum(&sums, SAPA_M_MESSAGES, 1);
    add_arrival(fold, &contact->home, &sums, NULL);
    if (queue != SAPA_NONE)
        add_to(contact_row(fold, span_at(fold, record->at_us), SAPA_ROWS_QUEUES, queue), &sums);
}

/* Who placed it; also in the row of that agent. */
static void set_caller(struct sapa_intervals *fold, struct open_contact *contact, uint32_t agent)
{
    if (contact->caller != SAPA_NONE || contact->inbound)
        return;
    contact->caller = agent;
    add_agent(fold, contact->home.arrived, agent,
              contact->direction == SAPA_DIRECTION_OUTBOUND ? SAPA_M_CALLS_PLACED : SAPA_M_INTERNAL_PLACED, 1);
}

/* The agent_call that was refused has no contact_new. */
static void placed(struct sapa_intervals *fold, struct open_contact *contact, struct sums *sums)
{
    if (fold->calling.contact != contact->contact)
        return;
    const uint32_t agent = dim_of(fold, SAPA_DIM_AGENT, fold->calling.agent);
    set_caller(fold, contact, agent);
    if (!fold->calling.beside)
        return;
    sum(sums, SAPA_M_CONSULTATIONS, 1);
    add_agent(fold, contact->home.arrived, agent, SAPA_M_CONSULTATIONS, 1);
}

/* Records name it by its index + 1. */
static uint32_t campaign_of(const struct sapa_intervals *fold, uint64_t campaign)
{
    return campaign == 0 ? SAPA_NONE : dim_of(fold, SAPA_DIM_CAMPAIGN, campaign - 1);
}

/* Calls among colleagues are counted by their direction. */
static void sum_party(struct sums *sums, uint8_t party_type, int64_t by)
{
    if (party_type == SAPA_PARTY_TYPE_CUSTOMER)
        sum(sums, SAPA_M_PARTY_CUSTOMERS, by);
    else if (party_type == SAPA_PARTY_TYPE_PROSPECT)
        sum(sums, SAPA_M_PARTY_PROSPECTS, by);
}

/* Of a log from before: as the core decides of whom nothing is known and nothing is described. */
static uint8_t party_type_of(const struct sapa_rec_contact_new *in)
{
    if (in->direction != SAPA_DIRECTION_INBOUND && in->direction != SAPA_DIRECTION_OUTBOUND)
        return SAPA_PARTY_TYPE_INTERNAL;
    if (in->party_type > 0 && in->party_type - 1 < SAPA_PARTY_TYPE_INTERNAL)
        return (uint8_t)(in->party_type - 1);
    return in->campaign > 0 ? SAPA_PARTY_TYPE_PROSPECT : SAPA_PARTY_TYPE_CUSTOMER;
}

static uint32_t dim_said(const struct sapa_intervals *fold, enum sapa_dim kind, const struct sapa_text64 *key)
{
    return key->n > 0 ? sapa_names_find(fold->names, kind, sapa_sized_str(key)) : SAPA_NONE;
}

/* Where a contact counts that is over: nothing of it is kept here, the record says it. False: it is from before it did. */
static bool home_said(struct sapa_intervals *fold, const struct sapa_rec_contact_party *in, struct home *ret)
{
    if (in->was == 0 || in->was > SAPA_PARTY_TYPE_INTERNAL || in->began_us <= 0)
        return false;
    *ret = (struct home){
        .arrived = span_at(fold, in->began_us), .queue = SAPA_NONE, .client = dim_said(fold, SAPA_DIM_CLIENT, &in->client),
        .number = dim_said(fold, SAPA_DIM_NUMBER, &in->number), .campaign = dim_said(fold, SAPA_DIM_CAMPAIGN, &in->campaign),
        .party_type = (uint8_t)(in->was - 1),
    };
    return true;
}

/* Somebody knows better: where the contact is counted, that is put right. */
static void party_said(struct sapa_intervals *fold, const struct sapa_record *record)
{
    const struct sapa_rec_contact_party *in = &record->u.contact_party;
    struct open_contact *contact = sapa_table_find(&fold->contacts, in->contact);
    struct home *home = contact ? &contact->home : NULL, over;
    struct sums sums = { 0 };

    for (uint32_t i = 0; i < fold->parts.count && !home; i++) {
        struct open_part *part = sapa_table_at(&fold->parts, i);
        home = part->contact == in->contact ? &part->home : NULL;
    }
    if (!home && home_said(fold, in, &over))
        home = &over;
    const uint8_t was = home ? home->party_type : 0, now = (uint8_t)(in->party_type - 1);
    if (!home || in->party_type == 0 || in->party_type > SAPA_PARTY_TYPE_INTERNAL || was == SAPA_PARTY_TYPE_INTERNAL || was == now)
        return;
    sum_party(&sums, was, -1);
    sum_party(&sums, now, 1);
    add_arrival(fold, home, &sums, NULL);
    if (contact)
        contact->home.party_type = now;
    for (uint32_t i = 0; i < fold->parts.count; i++) {
        struct open_part *part = sapa_table_at(&fold->parts, i);
        if (part->contact == in->contact)
            part->home.party_type = now;
    }
}

static void opened(struct sapa_intervals *fold, const struct sapa_record *record)
{
    const struct sapa_rec_contact_new *in = &record->u.contact_new;
    const struct sapa_centre *centre = fold->names->centre;
    struct open_contact *contact;
    struct sums sums = { 0 };

    if (sapa_table_find(&fold->contacts, in->contact))
        return;
    const sapa_rc rc = sapa_table_add(&fold->contacts, in->contact, &contact);
    if (rc != SAPA_OK) {
        fold->failed = rc;
        return;
    }
    contact->home = (struct home){
        .arrived = span_at(fold, record->at_us), .queue = SAPA_NONE,
        .client = dim_of(fold, SAPA_DIM_CLIENT, in->client),
        .number = dim_of(fold, SAPA_DIM_NUMBER, in->number),
        .campaign = campaign_of(fold, in->campaign), .party_type = party_type_of(in),
    };
    contact->home.arrived_in_surge = in_surge(fold, contact->home.client);
    contact->direction = (uint8_t)SAPA_MIN(in->direction, (uint64_t)SAPA_DIRECTION_COUNT);
    contact->inbound = in->direction == SAPA_DIRECTION_INBOUND;
    contact->last_agent = contact->caller = contact->joiner = SAPA_NONE;
    if (contact->inbound && centre && in->number < centre->numbers_count) {
        const struct sapa_number *number = &centre->numbers[in->number];
        contact->tariff = (struct tariff){ number->cost_call, number->cost_minute, number->cost_pulse_ms };
    }
    sum(&sums, SAPA_M_CONTACTS, 1);
    sum_party(&sums, contact->home.party_type, 1);
    if (contact->inbound) {
        sum(&sums, SAPA_M_OFFERED, 1);
        sum(&sums, SAPA_M_OPEN, 1);
    } else {
        const bool outward = in->direction == SAPA_DIRECTION_OUTBOUND;
        sum(&sums, outward ? SAPA_M_OUTBOUND : SAPA_M_INTERNAL, 1);
        sum(&sums, outward ? SAPA_M_OUTBOUND_OPEN : SAPA_M_INTERNAL_OPEN, 1);
        placed(fold, contact, &sums);
    }
    add_arrival(fold, &contact->home, &sums, NULL);
}

/* What a line has cost, when it is over: each begun pulse counts whole. False: it costs nothing. */
static bool charge(const struct tariff *tariff, int64_t from_us, int64_t to_us, int64_t *ret_length_ms, int64_t *ret_cost)
{
    const uint64_t length_ms = SAPA_MIN((uint64_t)SAPA_MAX(to_us - from_us, 0) / 1000, (uint64_t)UINT32_MAX);
    const uint64_t pulse_ms = tariff->pulse_ms == 0 ? 60000 : tariff->pulse_ms;
    const uint64_t charged_ms = (length_ms + pulse_ms - 1) / pulse_ms * pulse_ms;

    if (tariff->call == 0 && tariff->minute == 0)
        return false;
    *ret_length_ms = (int64_t)length_ms;
    *ret_cost = (int64_t)(tariff->call * UINT64_C(100) + (charged_ms * tariff->minute + 300) / 600);
    return true;
}

/* The customer's line, by the tariff of the number that he called. */
static void sum_charge(struct sums *sums, struct open_contact *contact, int64_t at_us)
{
    int64_t length_ms, cost;

    if (contact->charged_from_us != 0 && charge(&contact->tariff, contact->charged_from_us, at_us, &length_ms, &cost)) {
        sum(sums, SAPA_M_CHARGED_CALLS, 1);
        sum(sums, SAPA_M_CHARGED, length_ms);
        sum(sums, SAPA_M_COST, cost);
    }
    contact->charged_from_us = 0;
}

/* ---- lines that we have placed ---- */

static struct line *line_of(struct sapa_intervals *fold, const struct open_contact *contact, uint64_t attempt)
{
    for (uint32_t i = 0; contact && contact->lines > 0 && i < fold->lines.count; i++) {
        struct line *line = sapa_table_at(&fold->lines, i);
        if (line->contact == contact->contact && line->attempt == attempt)
            return line;
    }
    return NULL;
}

static void line_over(struct sapa_intervals *fold, struct open_contact *contact, struct line *line, int64_t at_us)
{
    struct sums sums = { 0 };
    int64_t length_ms, cost;

    sum(&sums, SAPA_M_OUTBOUND_LINES, 1);
    sum(&sums, SAPA_M_OUTBOUND_LINE_TIME, SAPA_MAX(at_us - line->from_us, 0) / 1000);
    if (charge(&line->tariff, line->from_us, at_us, &length_ms, &cost)) {
        sum(&sums, SAPA_M_OUTBOUND_CHARGED_CALLS, 1);
        sum(&sums, SAPA_M_OUTBOUND_CHARGED, length_ms);
        sum(&sums, SAPA_M_OUTBOUND_COST, cost);
    }
    add_arrival(fold, &line->home, &sums, NULL);
    add_to(contact_row(fold, line->home.arrived, SAPA_ROWS_TRUNKS, line->trunk), &sums);
    contact->lines -= contact->lines > 0;
    sapa_table_remove(&fold->lines, line);
}

static void lines_over(struct sapa_intervals *fold, struct open_contact *contact, int64_t at_us)
{
    for (uint32_t i = fold->lines.count; contact->lines > 0 && i-- > 0;) {
        struct line *line = sapa_table_at(&fold->lines, i);
        if (line->contact == contact->contact)
            line_over(fold, contact, line, at_us);
    }
}

static void dial_moved(struct sapa_intervals *fold, struct open_contact *contact, const struct sapa_record *record)
{
    const struct sapa_rec_dial_progress *in = &record->u.dial_progress;
    const struct sapa_centre *centre = fold->names->centre;
    struct line *line = line_of(fold, contact, in->attempt);

    if (in->state >= 2) {
        if (line)
            line_over(fold, contact, line, record->at_us);
        return;
    }
    if (in->state != 1 || line || !centre || in->trunk == 0 || in->trunk > centre->trunks_count)
        return;
    const struct sapa_trunk *trunk = &centre->trunks[in->trunk - 1];
    const sapa_rc rc = sapa_table_add(&fold->lines, ++fold->line_last, &line);
    if (rc != SAPA_OK) {
        fold->failed = rc;
        return;
    }
    line->home = contact->home;
    line->tariff = (struct tariff){ trunk->cost_call, trunk->cost_minute, trunk->cost_pulse_ms };
    line->from_us = record->at_us;
    line->contact = contact->contact;
    line->trunk = dim_of(fold, SAPA_DIM_TRUNK, in->trunk - 1);
    line->attempt = (uint32_t)SAPA_MIN(in->attempt, (uint64_t)SAPA_NONE - 1);
    contact->lines++;
}

/* Its parties go on in another contact, and so do its lines. */
static void lines_moved(struct sapa_intervals *fold, struct open_contact *from, struct open_contact *to, int64_t at_us)
{
    /* whichever of this and party_joined comes first */
    const bool joined = to->joined_us == at_us && to->joiner == SAPA_NONE;

    for (uint32_t i = 0; from->lines > 0 && i < fold->lines.count; i++) {
        struct line *line = sapa_table_at(&fold->lines, i);
        if (line->contact != from->contact)
            continue;
        line->contact = to->contact;
        line->attempt = joined ? to->joined_attempt : SAPA_NONE;
        from->lines--;
        to->lines++;
    }
}

static void line_answered(struct sapa_intervals *fold, struct open_contact *contact, const struct sapa_record *record)
{
    (void)fold;
    if (contact->inbound && contact->charged_from_us == 0)
        contact->charged_from_us = record->at_us;
}

static void line_gone(struct sapa_intervals *fold, struct open_contact *contact, const struct sapa_record *record)
{
    struct sums sums = { 0 };

    sum_charge(&sums, contact, record->at_us);
    add_arrival(fold, &contact->home, &sums, NULL);
}

static void queued(struct sapa_intervals *fold, struct open_contact *contact, const struct sapa_record *record)
{
    const struct sapa_rec_contact_queued *in = &record->u.contact_queued;
    const struct sapa_centre *centre = fold->names->centre;
    struct sums sums = { 0 };

    contact->home.queue = dim_of(fold, SAPA_DIM_QUEUE, in->queue);
    contact->home.joined = span_at(fold, record->at_us);
    contact->home.joined_in_surge = in_surge(fold, contact->home.client);
    contact->queued_us = record->at_us;
    contact->queued = true;
    contact->is_callback = in->virtual_waiter != 0;
    if (centre && in->queue < centre->queues_count) {
        contact->level_ms = centre->queues[in->queue].service_level_ms;
        contact->short_ms = centre->queues[in->queue].short_abandon_ms;
    }
    if (contact->is_callback) {
        sum(&sums, SAPA_M_CALLBACKS_QUEUED, 1);
        sum(&sums, SAPA_M_CALLBACKS_OPEN, 1);
    } else {
        sum(&sums, SAPA_M_OFFERED, 1);
        sum(&sums, SAPA_M_OPEN, 1);
        if (contact->has_left
            && (contact->last_reason == SAPA_DEQUEUE_OVERFLOW_WAIT
                || contact->last_reason == SAPA_DEQUEUE_OVERFLOW_LENGTH
                || contact->last_reason == SAPA_DEQUEUE_OVERFLOW_EWT
                || contact->last_reason == SAPA_DEQUEUE_NO_AGENTS
                || contact->last_reason == SAPA_DEQUEUE_MOVED))
            sum(&sums, SAPA_M_OVERFLOWED_IN, 1);
        sum(&sums, SAPA_M_TRANSFERRED_IN, contact->transfers > 0);
    }
    contact->has_left = false;
    add_queue(fold, &contact->home, &sums, NULL);
}

/* What an abandoned or answered wait adds to a row. */
static void sum_wait(struct sums *sums, const struct open_contact *contact, bool answered, uint64_t wait_ms,
                     bool surge)
{
    const bool in_level = wait_ms <= contact->level_ms;

    sum(sums, SAPA_M_SURGE_DECIDED, surge);
    sum(sums, SAPA_M_SURGE_MET, surge && in_level);

    sum(sums, SAPA_M_WAIT_MAX, (int64_t)wait_ms);
    sum(sums, (answered ? SAPA_M_ANSWERED_WAIT_10 : SAPA_M_ABANDONED_WAIT_10) + sapa_wait_bucket(wait_ms), 1);
    if (answered) {
        sum(sums, SAPA_M_WAIT_ANSWERED, (int64_t)wait_ms);
        sum(sums, SAPA_M_ANSWERED_IN_LEVEL, in_level);
    } else {
        sum(sums, SAPA_M_WAIT_ABANDONED, (int64_t)wait_ms);
        sum(sums, SAPA_M_ABANDONED_IN_LEVEL, in_level);
        sum(sums, SAPA_M_ABANDONED_SHORT, wait_ms < contact->short_ms);
    }
}

static void dequeued(struct sapa_intervals *fold, struct open_contact *contact,
                     const struct sapa_record *record)
{
    const struct sapa_rec_contact_dequeued *in = &record->u.contact_dequeued;
    struct sums sums = { 0 };
    struct sample sample = { .dist = SAPA_DIST_COUNT };

    if (!contact->queued)
        return;
    contact->queued = false;
    contact->has_left = true;
    contact->last_reason = (uint8_t)SAPA_MIN(in->reason, (uint64_t)UINT8_MAX);
    if (contact->is_callback) {
        sum(&sums, SAPA_M_CALLBACKS_OPEN, -1);
        sum(&sums, in->reason == SAPA_DEQUEUE_CONNECTED ? SAPA_M_CALLBACKS_ANSWERED : SAPA_M_CALLBACKS_ENDED, 1);
        add_queue(fold, &contact->home, &sums, NULL);
        return;
    }
    const uint64_t wait_ms = (uint64_t)SAPA_MAX(record->at_us - contact->queued_us, 0) / 1000;
    const bool while_ringing = contact->ringing > 0 || contact->cancelled_us == record->at_us;
    if (!contact->answered)
        contact->wait_ms += wait_ms;
    sum(&sums, SAPA_M_OPEN, -1);
    switch (in->reason) {
    case SAPA_DEQUEUE_CONNECTED:
        sample.dist = SAPA_DIST_WAIT;
        sum(&sums, SAPA_M_ANSWERED, 1);
        sum_wait(&sums, contact, true, wait_ms, contact->home.joined_in_surge);
        contact->answered = true;
        break;
    case SAPA_DEQUEUE_ABANDONED:
        sample.dist = SAPA_DIST_PATIENCE;
        sum(&sums, SAPA_M_ABANDONED, 1);
        sum(&sums, while_ringing ? SAPA_M_ABANDONED_RINGING : SAPA_M_ABANDONED_QUEUE, 1);
        sum_wait(&sums, contact, false, wait_ms, contact->home.joined_in_surge);
        break;
    case SAPA_DEQUEUE_OVERFLOW_WAIT:
    case SAPA_DEQUEUE_OVERFLOW_LENGTH:
    case SAPA_DEQUEUE_OVERFLOW_EWT: sum(&sums, SAPA_M_OVERFLOWED, 1); break;
    case SAPA_DEQUEUE_CALLBACK: sum(&sums, SAPA_M_CALLBACK, 1); break;
    case SAPA_DEQUEUE_MOVED: sum(&sums, SAPA_M_MOVED, 1); break;
    case SAPA_DEQUEUE_FLOW: sum(&sums, SAPA_M_LEFT_BY_FLOW, 1); break;
    case SAPA_DEQUEUE_FAULT: sum(&sums, SAPA_M_SYSTEM_FAULT, 1); break;
    case SAPA_DEQUEUE_NO_AGENTS: sum(&sums, SAPA_M_NO_AGENTS, 1); break;
    default: break; /* a reason of a newer build: the row does not add up and the check says so */
    }
    if (sample.dist != SAPA_DIST_WAIT)
        sum(&sums, SAPA_M_WAIT_MAX, (int64_t)wait_ms);
    sample.ms = wait_ms;
    add_queue(fold, &contact->home, &sums, sample.dist == SAPA_DIST_COUNT ? NULL : &sample);
}

static void sum_outcome(struct sums *sums, const struct open_contact *contact, uint64_t outcome)
{
    switch (outcome) {
    case SAPA_OUTCOME_ANSWERED:
        sum(sums, SAPA_M_ANSWERED, 1);
        sum_wait(sums, contact, true, contact->wait_ms, contact->home.arrived_in_surge);
        break;
    case SAPA_OUTCOME_ABANDONED_FLOW:
        sum(sums, SAPA_M_ABANDONED, 1);
        sum(sums, SAPA_M_ABANDONED_MENU, 1);
        break;
    case SAPA_OUTCOME_ABANDONED_QUEUE:
    case SAPA_OUTCOME_ABANDONED_RINGING:
        sum(sums, SAPA_M_ABANDONED, 1);
        sum(sums, outcome == SAPA_OUTCOME_ABANDONED_QUEUE ? SAPA_M_ABANDONED_QUEUE : SAPA_M_ABANDONED_RINGING, 1);
        sum_wait(sums, contact, false, contact->wait_ms, contact->home.arrived_in_surge);
        break;
    case SAPA_OUTCOME_CONTAINED: sum(sums, SAPA_M_CONTAINED, 1); break;
    case SAPA_OUTCOME_CLOSED: sum(sums, SAPA_M_CLOSED, 1); break;
    case SAPA_OUTCOME_VOICEMAIL: sum(sums, SAPA_M_VOICEMAIL, 1); break;
    case SAPA_OUTCOME_CALLBACK_KEPT: sum(sums, SAPA_M_CALLBACK, 1); break;
    case SAPA_OUTCOME_CALLBACK_FAILED: sum(sums, SAPA_M_CALLBACK_FAILED, 1); break;
    case SAPA_OUTCOME_TRANSFERRED: sum(sums, SAPA_M_TRANSFERRED, 1); break;
    case SAPA_OUTCOME_REFUSED: sum(sums, SAPA_M_REFUSED, 1); break;
    case SAPA_OUTCOME_SYSTEM_FAULT: sum(sums, SAPA_M_SYSTEM_FAULT, 1); break;
    case SAPA_OUTCOME_OVERFLOW_ENDED: sum(sums, SAPA_M_OVERFLOWED, 1); break;
    default: break;
    }
}

/* How a call that an agent placed came out. */
static void sum_placed(struct sapa_intervals *fold, struct sums *sums, const struct open_contact *contact, uint64_t outcome)
{
    static const enum sapa_measure measures[2][5] = {
        { SAPA_M_OUTBOUND_REACHED, SAPA_M_OUTBOUND_UNREACHED, SAPA_M_OUTBOUND_PASSED, SAPA_M_OUTBOUND_OTHER, SAPA_M_OUTBOUND_OPEN },
        { SAPA_M_INTERNAL_REACHED, SAPA_M_INTERNAL_UNREACHED, SAPA_M_INTERNAL_PASSED, SAPA_M_INTERNAL_OTHER, SAPA_M_INTERNAL_OPEN },
    };
    const bool inside = contact->direction != SAPA_DIRECTION_OUTBOUND;
    unsigned how = 3;

    switch (outcome) {
    case SAPA_OUTCOME_UNREACHED:
    case SAPA_OUTCOME_ABANDONED_FLOW:
    case SAPA_OUTCOME_ABANDONED_QUEUE:
    case SAPA_OUTCOME_ABANDONED_RINGING: how = 1; break;
    case SAPA_OUTCOME_MERGED: how = 2; break;
    case SAPA_OUTCOME_ANSWERED:
    case SAPA_OUTCOME_REACHED: how = 0; break;
    default: break;
    }
    if (contact->connected) /* whatever it became afterwards */
        how = 0;
    sum(sums, measures[inside][how], 1);
    sum(sums, measures[inside][4], -1);
    if (how == 0 && !inside)
        add_agent(fold, contact->home.arrived, contact->caller, SAPA_M_CALLS_REACHED, 1);
}

/* Those on the way have come to something. */
static void transfers_over(struct sapa_intervals *fold, struct open_contact *contact, enum sapa_measure how)
{
    struct sums sums = { 0 };

    if (contact->transfers == 0)
        return;
    sum(&sums, SAPA_M_TRANSFERS_OPEN, -(int64_t)contact->transfers);
    sum(&sums, how, contact->transfers);
    add_both(fold, &contact->passed_home, &sums, NULL);
    contact->transfers = 0;
}

static void ended(struct sapa_intervals *fold, struct open_contact *contact, const struct sapa_record *record)
{
    static const enum sapa_measure by[SAPA_SIDE_COUNT] = {
        SAPA_M_BY_CUSTOMER, SAPA_M_BY_AGENT, SAPA_M_BY_FLOW, SAPA_M_BY_NETWORK, SAPA_M_BY_SYSTEM,
    };
    const struct sapa_rec_contact_ended *in = &record->u.contact_ended;
    /* whom an agent has talked with before he went outside was answered; that he was passed on is told by the transfers */
    const uint64_t outcome = in->outcome == SAPA_OUTCOME_TRANSFERRED && contact->connected ? SAPA_OUTCOME_ANSWERED : in->outcome;
    struct sums sums = { 0 };

    if (contact->inbound) {
        sum(&sums, SAPA_M_OPEN, -1);
        sum_outcome(&sums, contact, outcome);
    } else {
        sum_placed(fold, &sums, contact, in->outcome);
    }
    if (contact->direction != SAPA_DIRECTION_INTERNAL) { /* among colleagues there is no customer */
        if (in->side < SAPA_SIDE_COUNT && in->outcome != SAPA_OUTCOME_REFUSED)
            sum(&sums, by[in->side], 1); /* one who is turned away at the door is no drop of ours */
        sum(&sums, SAPA_M_MENU, (int64_t)SAPA_MIN(in->flow_ms, (uint64_t)INT32_MAX));
    }
    sum_charge(&sums, contact, record->at_us);
    lines_over(fold, contact, record->at_us);
    transfers_over(fold, contact, in->outcome == SAPA_OUTCOME_TRANSFERRED ? SAPA_M_TRANSFERS_OUTSIDE
                                  : contact->message || (contact->to_menu && in->side == SAPA_SIDE_FLOW)
                                      ? SAPA_M_TRANSFERS_MENU
                                      : SAPA_M_TRANSFERS_LOST);
    const bool is_abandoned = in->outcome == SAPA_OUTCOME_ABANDONED_QUEUE || in->outcome == SAPA_OUTCOME_ABANDONED_RINGING;
    const struct sample sample = { is_abandoned ? SAPA_DIST_PATIENCE : SAPA_DIST_WAIT, contact->wait_ms };
    add_arrival(fold, &contact->home, &sums,
                contact->inbound && (is_abandoned || outcome == SAPA_OUTCOME_ANSWERED) ? &sample : NULL);
    sapa_table_remove(&fold->contacts, contact);
}

/* ---- offers and parts ---- */

static void offered(struct sapa_intervals *fold, const struct sapa_record *record)
{
    const struct sapa_rec_offer_made *in = &record->u.offer_made;
    struct open_contact *contact = sapa_table_find(&fold->contacts, in->contact);
    struct open_offer *offer;
    struct sums sums = { 0 };

    if (!contact || sapa_table_find(&fold->offers, in->offer))
        return;
    const sapa_rc rc = sapa_table_add(&fold->offers, in->offer, &offer);
    if (rc != SAPA_OK) {
        fold->failed = rc;
        return;
    }
    offer->home = contact->home;
    offer->made = span_at(fold, record->at_us);
    offer->contact = in->contact;
    offer->agent = dim_of(fold, SAPA_DIM_AGENT, in->agent);
    offer->kind = (uint8_t)SAPA_MIN(in->kind, (uint64_t)UINT8_MAX);
    if (in->kind == 2)
        set_caller(fold, contact, offer->agent);
    if (in->kind >= 2) /* a call of his own, or a colleague's, is no offer of work */
        return;
    contact->ringing++;
    sum(&sums, SAPA_M_OFFERS, 1);
    sum(&sums, SAPA_M_OFFERS_OPEN, 1);
    add_both(fold, &offer->home, &sums, NULL);
    add_agent(fold, offer->made, offer->agent, SAPA_M_OFFERS, 1);
    add_agent(fold, offer->made, offer->agent, SAPA_M_OFFERS_OPEN, 1);
}

static enum sapa_measure measure_of_result(uint64_t result)
{
    switch (result) {
    case SAPA_OFFER_ACCEPTED: return SAPA_M_OFFERS_ACCEPTED;
    case SAPA_OFFER_NO_ANSWER: return SAPA_M_OFFERS_MISSED;
    case SAPA_OFFER_REFUSED:
    case SAPA_OFFER_BUSY: return SAPA_M_OFFERS_REFUSED;
    case SAPA_OFFER_UNREACHABLE:
    case SAPA_OFFER_FAULT: return SAPA_M_OFFERS_FAILED;
    default: return SAPA_M_OFFERS_GONE;
    }
}

/* Of an hour of this agent, by the description in force. */
static uint32_t cost_of(const struct sapa_intervals *fold, uint32_t agent)
{
    const struct sapa_centre *centre = fold->names->centre;

    for (uint32_t i = 0; centre && i < centre->agents_count; i++)
        if (dim_of(fold, SAPA_DIM_AGENT, i) == agent)
            return centre->agents[i].cost_hour;
    return 0;
}

static struct open_part *add_part(struct sapa_intervals *fold, uint64_t offer, const struct open_contact *contact,
                                  const struct home *home, uint32_t agent, unsigned kind)
{
    struct open_part *part;
    const sapa_rc rc = sapa_table_add(&fold->parts, offer, &part);

    if (rc != SAPA_OK) {
        fold->failed = rc;
        return NULL;
    }
    part->home = *home;
    part->agent = agent;
    part->contact = contact ? contact->contact : 0;
    const unsigned direction = contact ? contact->direction : SAPA_DIRECTION_INBOUND;
    if (kind == 3 || ((kind == 2 || kind == 4) && direction == SAPA_DIRECTION_INTERNAL))
        part->class = PART_INTERNAL;
    else if (kind == 2 || (kind == 4 && direction == SAPA_DIRECTION_OUTBOUND))
        part->class = PART_OUTWARD;
    if (part->class == PART_OUTWARD)
        part->cost_hour = cost_of(fold, agent);
    return part;
}

static void offer_over(struct sapa_intervals *fold, const struct sapa_record *record)
{
    const struct sapa_rec_offer_ended *in = &record->u.offer_ended;
    struct open_offer *offer = sapa_table_find(&fold->offers, in->offer);
    const enum sapa_measure how = measure_of_result(in->result);
    struct sums sums = { 0 };

    if (!offer)
        return;
    struct open_contact *contact = sapa_table_find(&fold->contacts, offer->contact);
    const unsigned kind = offer->kind;
    if (contact && kind < 2) {
        contact->ringing -= contact->ringing > 0;
        if (in->result == SAPA_OFFER_CANCELLED)
            contact->cancelled_us = record->at_us;
    }
    if (kind < 2) {
        sum(&sums, SAPA_M_OFFERS_OPEN, -1);
        sum(&sums, how, 1);
        sum(&sums, SAPA_M_RING, (int64_t)SAPA_MIN(in->ring_ms, (uint64_t)INT32_MAX));
        add_both(fold, &offer->home, &sums, NULL);
        add_agent(fold, offer->made, offer->agent, SAPA_M_OFFERS_OPEN, -1);
        add_agent(fold, offer->made, offer->agent, how, 1);
    }
    if (in->result == SAPA_OFFER_ACCEPTED && !sapa_table_find(&fold->parts, in->offer)) {
        struct open_part *part = add_part(fold, in->offer, contact, &offer->home, offer->agent, kind);
        if (part) {
            part->dialling = kind > 0; /* until somebody talks */
            part->then = SAPA_ASSIGNMENT_TALKING;
        }
    }
    sapa_table_remove(&fold->offers, offer);
}

static bool is_doing_anything(const struct agent_state *agent)
{
    bool is_anything = agent->presence != SAPA_PRESENCE_OFFLINE;

    for (unsigned i = SAPA_ASSIGNMENT_NONE + 1; i < SAPA_ASSIGNMENT_COUNT; i++)
        is_anything |= agent->doing[i] > 0;
    return is_anything;
}

static void count_until(struct sapa_intervals *fold, struct agent_state *agent, int64_t until_us);

/* What one assignment counts for, one more or one less. */
static void count_doing(struct agent_state *agent, unsigned class, unsigned doing, bool on)
{
    uint32_t *counts[3] = { doing == SAPA_ASSIGNMENT_NONE ? NULL : &agent->doing[doing] };

    if (class == PART_INTERNAL && doing == SAPA_ASSIGNMENT_TALKING)
        counts[1] = &agent->inside;
    if (class == PART_INTERNAL && doing == SAPA_ASSIGNMENT_HELD)
        counts[1] = &agent->inside_held;
    if (class == PART_OUTWARD && doing == SAPA_ASSIGNMENT_TALKING)
        counts[1] = &agent->outward;
    for (unsigned i = 0; i < SAPA_COUNT(counts); i++)
        if (counts[i])
            *counts[i] = on ? *counts[i] + 1 : *counts[i] - (*counts[i] > 0);
}

/* From one assignment, or one class of part, to another. */
static void turn_part(struct sapa_intervals *fold, struct open_part *part, unsigned class, unsigned doing, int64_t at_us)
{
    struct agent_state *agent = part->agent == SAPA_NONE ? NULL : sapa_table_find(&fold->agents, part->agent);

    if (agent) {
        count_until(fold, agent, at_us);
        count_doing(agent, part->class, part->doing, false);
        count_doing(agent, class, doing, true);
    }
    part->class = (uint8_t)class;
    part->doing = (uint8_t)doing;
}

/* Somebody has answered: what was ringing for the agent is talk from now on. */
static void dialled(struct sapa_intervals *fold, struct open_part *part, int64_t at_us)
{
    part->dialling = false;
    if (part->doing == SAPA_ASSIGNMENT_OFFERED)
        turn_part(fold, part, part->class, part->then, at_us);
}

/* The contact has gone on from one agent to another. */
static void passed_on(struct sapa_intervals *fold, struct open_contact *contact)
{
    struct sums sums = { 0 };

    if (contact->last_agent == SAPA_NONE)
        return;
    sum(&sums, SAPA_M_PASSED_ON, 1);
    add_agent(fold, contact->last_agent_span, contact->last_agent, SAPA_M_PASSED_ON, 1);
    contact->last_agent = SAPA_NONE;
    add_both(fold, &contact->home, &sums, NULL);
}

/* Another agent has it: transfers on the way have arrived. */
static void received(struct sapa_intervals *fold, struct open_contact *contact, uint32_t agent, int64_t at_us)
{
    if (contact->transfers == 0)
        return;
    add_agent(fold, span_at(fold, at_us), agent, SAPA_M_TRANSFERS_RECEIVED, contact->transfers);
    transfers_over(fold, contact, SAPA_M_TRANSFERS_RECEIVED);
}

static void connected(struct sapa_intervals *fold, const struct sapa_record *record)
{
    const struct sapa_rec_contact_connected *in = &record->u.contact_connected;
    struct open_contact *contact = sapa_table_find(&fold->contacts, in->contact);
    struct open_part *part = sapa_table_find(&fold->parts, in->offer);
    const uint32_t agent = dim_of(fold, SAPA_DIM_AGENT, in->agent);

    if (part && part->talks)
        return;
    if (!part && contact)
        part = add_part(fold, in->offer, contact, &contact->home, agent, contact->caller == agent && agent != SAPA_NONE ? 2 : 0);
    if (part) {
        part->talks = true;
        if (part->dialling)
            dialled(fold, part, record->at_us);
    }
    if (!contact)
        return;
    contact->connected = true;
    if (contact->caller == agent && agent != SAPA_NONE) /* he himself: nobody else has it now */
        return;
    received(fold, contact, agent, record->at_us);
    passed_on(fold, contact);
}

/* Somebody more takes part: another agent, whose part may have been in the contact that was merged, or somebody outside. */
static void party_in(struct sapa_intervals *fold, struct open_contact *contact, const struct sapa_record *record)
{
    const struct sapa_rec_party_joined *in = &record->u.party_joined;
    struct open_part *part = in->offer == 0 ? NULL : sapa_table_find(&fold->parts, in->offer);
    const uint32_t agent = in->offer == 0 ? SAPA_NONE : dim_of(fold, SAPA_DIM_AGENT, in->agent);
    struct sums sums = { 0 };

    contact->joined_us = record->at_us;
    contact->joiner = agent;
    contact->joined_attempt = (uint32_t)SAPA_MIN(in->attempt, (uint64_t)SAPA_NONE - 1);
    if (in->offer == 0) {
        struct line *line = line_of(fold, contact, in->attempt) ? NULL : line_of(fold, contact, SAPA_NONE);
        if (line)
            line->attempt = contact->joined_attempt;
        return;
    }
    if (!part)
        part = add_part(fold, in->offer, contact, &contact->home, agent, 0);
    if (!part)
        return;
    if (part->parted && part->class != PART_INTERNAL) { /* it goes on here, and is one part */
        sum(&sums, SAPA_M_HANDLED, -1);
        sum(&sums, part->class == PART_OUTWARD ? SAPA_M_OUTBOUND_HANDLED : SAPA_M_RECEIVED, -1);
        add_both(fold, &part->home, &sums, NULL);
        add_agent(fold, part->over, part->agent, SAPA_M_HANDLED, -1);
        add_agent(fold, part->over, part->agent, part->class == PART_OUTWARD ? SAPA_M_OUTBOUND_HANDLED : SAPA_M_RECEIVED, -1);
    }
    if (part->class == PART_INTERNAL)
        part->handling_ms = 0; /* his part in this contact begins */
    part->parted = part->dialling = false;
    part->talks = true;
    part->contact = contact->contact;
    const unsigned class = contact->direction == SAPA_DIRECTION_INTERNAL && in->queue == SAPA_NONE ? PART_INTERNAL : PART_RECEIVED;
    turn_part(fold, part, class, part->doing == SAPA_ASSIGNMENT_OFFERED ? SAPA_ASSIGNMENT_TALKING : part->doing, record->at_us);
    part->home = contact->home;
    received(fold, contact, agent, record->at_us);
    passed_on(fold, contact);
}

static void merged(struct sapa_intervals *fold, struct open_contact *contact, const struct sapa_record *record)
{
    const struct sapa_rec_contact_merged *in = &record->u.contact_merged;
    struct open_contact *other = sapa_table_find(&fold->contacts, in->other);
    struct sums sums = { 0 };

    if (other && other != contact)
        lines_moved(fold, other, contact, record->at_us);
    if (!in->conference || contact->conference)
        return;
    contact->conference = true;
    sum(&sums, SAPA_M_CONFERENCES, 1);
    add_both(fold, &contact->home, &sums, NULL);
    add_agent(fold, span_at(fold, record->at_us), dim_of(fold, SAPA_DIM_AGENT, in->agent), SAPA_M_CONFERENCES, 1);
}

static void outside_left(struct sapa_intervals *fold, struct open_contact *contact, const struct sapa_record *record)
{
    struct line *line = line_of(fold, contact, record->u.party_left.attempt);

    if (line)
        line_over(fold, contact, line, record->at_us);
}

/* An agent passes the contact on: on the way until somebody has it. */
static void transferred(struct sapa_intervals *fold, struct open_contact *contact, const struct sapa_record *record)
{
    static const enum sapa_measure targets[] = { SAPA_M_TRANSFERS_TO_QUEUE, SAPA_M_TRANSFERS_TO_NUMBER,
                                                 SAPA_M_TRANSFERS_TO_AGENT, SAPA_M_TRANSFERS_TO_OUTSIDE };
    const struct sapa_rec_contact_transferred *in = &record->u.contact_transferred;
    const enum sapa_measure to = targets[SAPA_MIN(in->kind, (uint64_t)SAPA_COUNT(targets) - 1)];
    const enum sapa_measure how = in->asked ? SAPA_M_TRANSFERS_ASKED : SAPA_M_TRANSFERS_BLIND;
    const uint32_t agent = dim_of(fold, SAPA_DIM_AGENT, in->agent), queue = dim_of(fold, SAPA_DIM_QUEUE, in->queue);
    const struct sapa_span span = span_at(fold, record->at_us);
    struct sums sums = { 0 };

    if (contact->transfers > 0) /* twice without anybody between: only in a damaged log */
        transfers_over(fold, contact, SAPA_M_TRANSFERS_LOST);
    contact->passed_home = contact->home;
    if (queue != contact->home.queue) { /* it stands in the line of the next already, or in none */
        contact->passed_home.queue = queue;
        contact->passed_home.joined = span;
    }
    contact->transfers = 1;
    contact->to_menu = in->kind == SAPA_TARGET_NUMBER;
    contact->message = false;
    sum(&sums, SAPA_M_TRANSFERS, 1);
    sum(&sums, how, 1);
    sum(&sums, to, 1);
    sum(&sums, SAPA_M_TRANSFERS_OPEN, 1);
    add_both(fold, &contact->passed_home, &sums, NULL);
    add_agent(fold, span, agent, SAPA_M_TRANSFERS, 1);
    add_agent(fold, span, agent, how, 1);
    add_agent(fold, span, agent, to, 1);
    if (!in->asked || contact->joined_us != record->at_us || contact->joiner == SAPA_NONE)
        return;
    received(fold, contact, contact->joiner, record->at_us); /* whom he asked talks already */
    if (contact->last_agent == agent)
        passed_on(fold, contact);
    else
        contact->handed = in->offer; /* he is still in it for this moment */
}

/* Who may not call: in the rows of the client that it would have been for. */
static void denied(struct sapa_intervals *fold, const struct sapa_record *record)
{
    const struct sapa_rec_call_denied *in = &record->u.call_denied;
    const struct home home = {
        .arrived = span_at(fold, record->at_us), .client = dim_of(fold, SAPA_DIM_CLIENT, in->client), .number = SAPA_NONE,
        .campaign = campaign_of(fold, in->campaign), .queue = SAPA_NONE,
    };
    struct sums sums = { 0 };

    sum(&sums, SAPA_M_CALLS_DENIED, 1);
    add_arrival(fold, &home, &sums, NULL);
    add_agent(fold, home.arrived, dim_of(fold, SAPA_DIM_AGENT, in->agent), SAPA_M_CALLS_DENIED, 1);
}

static void parted(struct sapa_intervals *fold, const struct sapa_record *record)
{
    const struct sapa_rec_contact_parted *in = &record->u.contact_parted;
    struct open_part *part = sapa_table_find(&fold->parts, in->offer);
    struct open_contact *contact = sapa_table_find(&fold->contacts, in->contact);
    const int64_t talk_ms = (int64_t)SAPA_MIN(in->talk_ms, (uint64_t)INT32_MAX);
    const int64_t hold_ms = (int64_t)SAPA_MIN(in->hold_ms, (uint64_t)INT32_MAX);
    const struct sapa_span span = span_at(fold, record->at_us);
    struct sums sums = { 0 };

    if (!part)
        return;
    part->parted = true;
    part->over = span;
    part->handling_ms += (uint64_t)(talk_ms + hold_ms);
    if (part->class == PART_INTERNAL) {
        sum(&sums, SAPA_M_INTERNAL_TALK, talk_ms + hold_ms);
        add_arrival(fold, &part->home, &sums, NULL);
        add_agent(fold, span, part->agent, SAPA_M_INTERNAL_PARTS, 1);
        return;
    }
    const enum sapa_measure which = part->class == PART_OUTWARD ? SAPA_M_OUTBOUND_HANDLED : SAPA_M_RECEIVED;
    sum(&sums, SAPA_M_HANDLED, 1);
    sum(&sums, which, 1);
    sum(&sums, SAPA_M_TALK, talk_ms);
    sum(&sums, SAPA_M_HOLD, hold_ms);
    sum(&sums, SAPA_M_OUTBOUND_TALK, part->class == PART_OUTWARD ? talk_ms : 0);
    add_both(fold, &part->home, &sums, NULL);
    add_agent(fold, span, part->agent, SAPA_M_HANDLED, 1);
    add_agent(fold, span, part->agent, which, 1);
    if (!contact)
        return;
    contact->last_agent = part->agent;
    contact->last_agent_span = span;
    if (contact->handed == in->offer)
        passed_on(fold, contact);
}

/* A part is over for good: the whole of it stands in the distribution of handling. */
static void let_part_go(struct sapa_intervals *fold, struct open_part *part)
{
    const struct sample sample = { SAPA_DIST_HANDLE, part->handling_ms };
    const int64_t ms = (int64_t)SAPA_MIN(part->handling_ms, (uint64_t)UINT32_MAX);
    struct sums sums = { 0 };

    if (part->parted && part->class != PART_INTERNAL) {
        struct agent_row *row = agent_row(fold, part->over, SAPA_ROWS_AGENTS, part->agent, 0);
        if (row) {
            int64_t *largest = &row->m[SAPA_M_HANDLING_MAX - SAPA_M_SHARED_FIRST];
            *largest = SAPA_MAX(*largest, ms * 1000);
            add_value(fold, &row->dists[SAPA_DIST_HANDLE], part->handling_ms);
        }
        sum(&sums, SAPA_M_HANDLING_MAX, ms);
        sum(&sums, SAPA_M_OUTBOUND_AGENT_COST, (ms * part->cost_hour + 18000) / 36000); /* hundredths; an hour is 3,600,000 ms */
        add_both(fold, &part->home, &sums, &sample);
    }
    sapa_table_remove(&fold->parts, part);
}

static bool is_solved(const struct sapa_intervals *fold, uint64_t disposition)
{
    const struct sapa_centre *centre = fold->names->centre;

    return centre && disposition < centre->dispositions_count && centre->dispositions[disposition].solved;
}

static void wrapped(struct sapa_intervals *fold, const struct sapa_record *record)
{
    const struct sapa_rec_wrapup_ended *in = &record->u.wrapup_ended;
    struct open_part *part = sapa_table_find(&fold->parts, in->offer);
    struct sums sums = { 0 };

    if (!part || part->wrapped)
        return;
    part->wrapped = true;
    part->handling_ms += SAPA_MIN(in->wrapup_ms, (uint64_t)INT32_MAX);
    sum(&sums, SAPA_M_WRAPUP, (int64_t)SAPA_MIN(in->wrapup_ms, (uint64_t)INT32_MAX));
    if (part->parted && is_solved(fold, in->disposition)) { /* where it was handled */
        sum(&sums, SAPA_M_SOLVED, 1);
        add_agent(fold, part->over, part->agent, SAPA_M_SOLVED, 1);
    }
    add_both(fold, &part->home, &sums, NULL);
    if (part->released)
        let_part_go(fold, part);
}

/* ---- agents ---- */

static struct agent_state *agent_at(struct sapa_intervals *fold, uint64_t index, int64_t at_us)
{
    const uint32_t dim = dim_of(fold, SAPA_DIM_AGENT, index);
    struct agent_state *agent;

    if (dim == SAPA_NONE)
        return NULL;
    agent = sapa_table_find(&fold->agents, dim);
    if (agent)
        return agent;
    const sapa_rc rc = sapa_table_add(&fold->agents, dim, &agent);
    if (rc != SAPA_OK) {
        fold->failed = rc;
        return NULL;
    }
    agent->counted_us = at_us;
    agent->reason = SAPA_NONE;
    return agent;
}

/* One stretch inside one interval, in which the agent's state did not change. */
static void count_stretch(struct sapa_intervals *fold, const struct agent_state *agent,
                          struct sapa_span span, int64_t length_us)
{
    const uint32_t talking = agent->doing[SAPA_ASSIGNMENT_TALKING];
    const uint32_t held = agent->doing[SAPA_ASSIGNMENT_HELD];
    const uint32_t wrapup = agent->doing[SAPA_ASSIGNMENT_WRAPUP];
    const uint32_t offers = agent->doing[SAPA_ASSIGNMENT_OFFERED];
    struct agent_row *row = agent_row(fold, span, SAPA_ROWS_AGENTS, (uint32_t)agent->dim, 0);

#define ADD(id, times) row->m[SAPA_M_##id - SAPA_M_SHARED_FIRST] += length_us * (int64_t)(times)
    if (row) {
        ADD(TALK, talking - SAPA_MIN(agent->inside, talking));
        ADD(HOLD, held - SAPA_MIN(agent->inside_held, held));
        ADD(OUTBOUND_TALK, agent->outward);
        ADD(INTERNAL_TALK, agent->inside + agent->inside_held);
        ADD(WRAPUP, wrapup);
        ADD(RING, offers);
        if (agent->presence != SAPA_PRESENCE_OFFLINE)
            ADD(LOGGED_IN, 1);
        if (agent->presence != SAPA_PRESENCE_OFFLINE && agent->place == SAPA_WORKPLACE_OFFICE)
            ADD(IN_OFFICE, 1);
        if (agent->presence != SAPA_PRESENCE_OFFLINE && agent->place == SAPA_WORKPLACE_ELSEWHERE)
            ADD(ELSEWHERE, 1);
        if (agent->presence == SAPA_PRESENCE_READY)
            ADD(READY, 1);
        if (agent->presence == SAPA_PRESENCE_NOT_READY)
            ADD(NOT_READY, 1);
        if (talking + held + wrapup > 0)
            ADD(HANDLING, 1);
        else if (offers > 0 && agent->presence != SAPA_PRESENCE_OFFLINE)
            ADD(RINGING, 1);
        else if (agent->presence == SAPA_PRESENCE_READY)
            ADD(IDLE, 1);
    }
    if (agent->presence != SAPA_PRESENCE_NOT_READY)
        return;
    row = agent_row(fold, span, SAPA_ROWS_REASONS, (uint32_t)agent->dim, agent->reason);
    if (row)
        ADD(NOT_READY, 1);
#undef ADD
}

static void count_until(struct sapa_intervals *fold, struct agent_state *agent, int64_t until_us)
{
    if (!is_doing_anything(agent) || until_us <= agent->counted_us) {
        agent->counted_us = SAPA_MAX(agent->counted_us, until_us);
        return;
    }
    /* Only rows in the report's bounds are made: jump over what lies before them. */
    int64_t at_us = SAPA_MAX(agent->counted_us, fold->options.from_s * 1000000);
    while (at_us < until_us && fold->failed == SAPA_OK) {
        const struct sapa_span span = span_at(fold, at_us);
        const int64_t to_us = SAPA_MIN(until_us, span.to_s > INT64_MAX / 1000000 ? INT64_MAX : span.to_s * 1000000);
        if (fold->options.to_s != 0 && span.from_s >= fold->options.to_s)
            break;
        count_stretch(fold, agent, span, to_us - at_us);
        at_us = to_us;
    }
    agent->counted_us = until_us;
}

/* A phone that is gone for a moment leaves its agent where he was. */
static void device_moved(struct sapa_intervals *fold, const struct sapa_record *record)
{
    const struct sapa_rec_agent_device *in = &record->u.agent_device;
    struct agent_state *agent = in->reachable ? agent_at(fold, in->agent, record->at_us) : NULL;

    if (!agent || agent->place == in->place)
        return;
    count_until(fold, agent, record->at_us);
    agent->place = (uint8_t)SAPA_MIN(in->place, (uint64_t)SAPA_WORKPLACE_COUNT);
}

static void moved(struct sapa_intervals *fold, const struct sapa_record *record)
{
    const struct sapa_rec_agent_moved *in = &record->u.agent_moved;
    struct agent_state *agent = agent_at(fold, in->agent, record->at_us);

    if (!agent)
        return;
    count_until(fold, agent, record->at_us);
    const bool was_in = agent->presence != SAPA_PRESENCE_OFFLINE;
    const bool is_in = in->to != SAPA_PRESENCE_OFFLINE;
    agent->presence = (uint8_t)SAPA_MIN(in->to, (uint64_t)SAPA_PRESENCE_COUNT);
    agent->reason = dim_of(fold, SAPA_DIM_REASON, in->reason);
    if (was_in == is_in)
        return;
    struct agent_row *row = agent_row(fold, span_at(fold, record->at_us), SAPA_ROWS_AGENTS,
                                      (uint32_t)agent->dim, 0);
    if (!row)
        return;
    row->m[(is_in ? SAPA_M_LOGINS : SAPA_M_LOGOUTS) - SAPA_M_SHARED_FIRST]++;
    if (is_in && row->first_in_us == 0)
        row->first_in_us = record->at_us;
    if (!is_in)
        row->last_out_us = record->at_us;
}

static bool is_talk(uint64_t assignment)
{
    return assignment == SAPA_ASSIGNMENT_TALKING || assignment == SAPA_ASSIGNMENT_HELD;
}

static void assigned(struct sapa_intervals *fold, const struct sapa_record *record)
{
    const struct sapa_rec_assignment_moved *in = &record->u.assignment_moved;
    struct agent_state *agent = agent_at(fold, in->agent, record->at_us);
    struct open_part *part = sapa_table_find(&fold->parts, in->offer);
    uint64_t from = in->from, to = in->to;

    if (part && part->dialling) { /* nobody talks yet */
        part->then = (uint8_t)(is_talk(to) ? to : SAPA_ASSIGNMENT_TALKING);
        from = is_talk(from) ? SAPA_ASSIGNMENT_OFFERED : from;
        to = is_talk(to) ? SAPA_ASSIGNMENT_OFFERED : to;
    }
    if (agent && from < SAPA_ASSIGNMENT_COUNT && to < SAPA_ASSIGNMENT_COUNT) {
        const unsigned class = part ? part->class : PART_RECEIVED;
        count_until(fold, agent, record->at_us);
        count_doing(agent, class, (unsigned)from, false);
        count_doing(agent, class, (unsigned)to, true);
    }
    if (!part)
        return;
    part->doing = (uint8_t)SAPA_MIN(to, (uint64_t)SAPA_ASSIGNMENT_COUNT - 1);
    if (to == SAPA_ASSIGNMENT_WRAPUP)
        part->wrapping = true;
    if (to != SAPA_ASSIGNMENT_NONE)
        return;
    part->released = true;
    /* Whichever of this and wrapup_ended comes last lets the part go. */
    if (part->wrapped || !part->wrapping)
        let_part_go(fold, part);
}

/*
 * Nobody was there from `from_us` until now: not a minute of it is anybody's, but of those who went on talking while
 * only the program that counts was gone.
 */
static void stopped(struct sapa_intervals *fold, int64_t from_us, int64_t now_us, bool whole)
{
    surge_until(fold, from_us);
    fold->surged_us = SAPA_MAX(fold->surged_us, now_us);
    for (uint32_t i = 0; i < fold->agents.count; i++) {
        struct agent_state *agent = sapa_table_at(&fold->agents, i);
        count_until(fold, agent, from_us);
        if (!whole && agent->doing[SAPA_ASSIGNMENT_TALKING] + agent->doing[SAPA_ASSIGNMENT_HELD] > 0) {
            const uint32_t offered = agent->doing[SAPA_ASSIGNMENT_OFFERED], wrapup = agent->doing[SAPA_ASSIGNMENT_WRAPUP];
            agent->doing[SAPA_ASSIGNMENT_OFFERED] = agent->doing[SAPA_ASSIGNMENT_WRAPUP] = 0;
            count_until(fold, agent, now_us);
            agent->doing[SAPA_ASSIGNMENT_OFFERED] = offered;
            agent->doing[SAPA_ASSIGNMENT_WRAPUP] = wrapup;
        }
        agent->counted_us = SAPA_MAX(agent->counted_us, now_us);
    }
}

sapa_rc sapa_intervals_until(struct sapa_intervals *fold, int64_t now_us)
{
    for (uint32_t i = 0; i < fold->agents.count; i++)
        count_until(fold, sapa_table_at(&fold->agents, i), now_us);
    surge_until(fold, now_us);
    fold->now_us = SAPA_MAX(fold->now_us, now_us);
    return fold->failed;
}

/* ---- plans ---- */

struct planning {
    struct sapa_intervals *fold;
    uint32_t dim;
};

/* In the quarters in which it passed. */
static void add_planned(void *ctx, const struct sapa_shift_piece *whole)
{
    static const enum sapa_measure measures[] = { SAPA_M_SCHEDULED, SAPA_M_SCHEDULED_WORK, SAPA_M_IN_SCHEDULE, SAPA_M_WORKED };
    const struct planning *planning = ctx;
    struct sapa_intervals *fold = planning->fold;
    struct sapa_shift_piece piece = *whole;

    for (int64_t at_us = whole->from_us; at_us < whole->to_us && fold->failed == SAPA_OK; at_us = piece.to_us) {
        const struct sapa_span span = span_at(fold, at_us);
        struct sapa_shift_sums sums = { 0 };
        piece.from_us = at_us;
        piece.to_us = SAPA_MIN(whole->to_us, span.to_s * 1000000);
        sapa_shift_sum(&piece, &sums);
        const int64_t values[] = { sums.scheduled_us, sums.scheduled_work_us, sums.in_schedule_us, sums.worked_us };
        for (unsigned i = 0; i < SAPA_COUNT(measures); i++) {
            struct agent_row *row = values[i] ? agent_row(fold, span, SAPA_ROWS_AGENTS, planning->dim, 0) : NULL;
            if (row)
                row->m[measures[i] - SAPA_M_SHARED_FIRST] += values[i];
        }
    }
}

sapa_rc sapa_intervals_planned(struct sapa_intervals *fold, uint32_t dim, const struct sapa_shift_sides *sides, int64_t from_us, int64_t to_us)
{
    struct planning planning = { fold, dim };
    struct sapa_span window;
    size_t at = 0;

    while (sapa_shift_window(sides->plan, sides->plan_count, zone_of(fold), &at, &window)) {
        const int64_t from_s = SAPA_MAX(window.from_s, fold->options.from_s);
        const int64_t to_s = fold->options.to_s != 0 ? SAPA_MIN(window.to_s, fold->options.to_s) : window.to_s;
        sapa_shift_walk(sides, SAPA_MAX(from_s * 1000000, from_us), SAPA_MIN(to_s * 1000000, to_us), add_planned, &planning);
    }
    return fold->failed;
}

/* ---- folding ---- */

sapa_rc sapa_intervals_fold(struct sapa_intervals *fold, const struct sapa_record *record)
{
    struct open_contact *contact = NULL;

    if (record->seq != 0) {
        if (record->seq <= fold->seq)
            return fold->failed;
        fold->seq = record->seq;
    }
    fold->now_us = SAPA_MAX(fold->now_us, record->at_us);
    fold->about = sapa_record_contact(record);
    switch (record->type) {
    case SAPA_T_contact_new: opened(fold, record); break;
    case SAPA_T_contact_party: party_said(fold, record); break;
#define C(name, handler)                                                             \
    case SAPA_T_##name:                                                              \
        contact = sapa_table_find(&fold->contacts, record->u.name.contact);          \
        if (contact)                                                                 \
            handler(fold, contact, record);                                          \
        break;
    C(contact_answered, line_answered)
    C(contact_gone, line_gone)
    C(contact_queued, queued)
    C(contact_dequeued, dequeued)
    C(contact_ended, ended)
    C(voicemail_left, message_left)
    C(dial_progress, dial_moved)
    C(contact_transferred, transferred)
    C(contact_merged, merged)
    C(party_joined, party_in)
    C(party_left, outside_left)
#undef C
    case SAPA_T_offer_made: offered(fold, record); break;
    case SAPA_T_offer_ended: offer_over(fold, record); break;
    case SAPA_T_contact_connected: connected(fold, record); break;
    case SAPA_T_contact_parted: parted(fold, record); break;
    case SAPA_T_wrapup_ended: wrapped(fold, record); break;
    case SAPA_T_switch_changed: switched(fold, record); break;
    case SAPA_T_agent_moved: moved(fold, record); break;
    case SAPA_T_agent_device: device_moved(fold, record); break;
    case SAPA_T_assignment_moved: assigned(fold, record); break;
    case SAPA_T_agent_call:
        fold->calling.contact = record->u.agent_call.contact;
        fold->calling.agent = record->u.agent_call.agent;
        fold->calling.beside = record->u.agent_call.beside != 0;
        break;
    case SAPA_T_call_denied: denied(fold, record); break;
    case SAPA_T_centre_started:
        if (record->u.centre_started.stopped_us > 0 && record->u.centre_started.stopped_us < record->at_us)
            stopped(fold, record->u.centre_started.stopped_us, record->at_us, record->u.centre_started.whole != 0);
        fold->span = (struct sapa_span){ 0, 0 }; /* the zone may differ */
        break;
    default: break;
    }
    return fold->failed;
}

/* Each scale has figures of its own: a 4 of five is no detractor. */
enum { ANSWER_FIGURES = 9 };
static const enum sapa_measure answer_measures[ANSWER_FIGURES] = {
    SAPA_M_SURVEYS, SAPA_M_SURVEY_SUM, SAPA_M_SURVEYS_10, SAPA_M_PROMOTERS, SAPA_M_DETRACTORS,
    SAPA_M_SURVEYS_5, SAPA_M_TOP_TWO, SAPA_M_SURVEYS_7, SAPA_M_EFFORT_SUM,
};

static void add_answers(struct sapa_intervals *fold, const struct sapa_call *call, struct sums *sums)
{
    int64_t total[ANSWER_FIGURES] = { 0 };

    for (unsigned i = 0; i < call->answer_count; i++) {
        const struct sapa_call_answer *one = &call->answers[i];
        const int64_t value = one->answer;
        const bool ten = one->scale == 10, five = one->scale == 5, seven = one->scale == 7;
        const int64_t counts[ANSWER_FIGURES] = { 1, value, ten, ten && value >= 9, ten && value <= 6, five, five && value >= 4,
                                                 seven, seven ? value : 0 };
        for (unsigned k = 0; k < ANSWER_FIGURES; k++) {
            total[k] += counts[k];
            if (one->agent != SAPA_NONE && counts[k] != 0)
                add_agent(fold, span_at(fold, call->ended_us), one->agent, answer_measures[k], counts[k]);
        }
    }
    for (unsigned k = 0; k < ANSWER_FIGURES; k++)
        sum(sums, answer_measures[k], total[k]);
}

void sapa_intervals_call(struct sapa_intervals *fold, const struct sapa_call *call)
{
    const struct sapa_centre *centre = fold->names->centre;
    const uint32_t alarm = centre ? centre->system.quality_alarm_mos_x100 : 360;
    const struct home home = {
        .arrived = span_at(fold, call->opened_us), .client = call->client, .number = call->number,
        .campaign = call->campaign,
        .queue = call->visit_count > 0 ? call->visits[call->visit_count - 1].queue : SAPA_NONE,
        .joined = span_at(fold, call->visit_count > 0 ? call->visits[call->visit_count - 1].queued_us
                                                      : call->opened_us),
    };
    struct sums meter = { 0 }, survey = { 0 }, legs = { 0 };
    int64_t measured = 0, mos = 0, bad = 0;

    if (call->direction != SAPA_DIRECTION_INTERNAL) { /* among colleagues nobody is recorded */
        sum(&meter, SAPA_M_RECORDED, call->recorded_ms);
        sum(&meter, SAPA_M_MASKED, call->masked_ms);
        sum(&meter, SAPA_M_EXCLUDED, call->excluded_ms);
        sum(&meter, SAPA_M_UNRECORDED, call->unrecorded_ms);
        sum(&meter, SAPA_M_CONVERSATION, call->conversation_ms);
        add_both(fold, &home, &meter, NULL);
    }
    add_answers(fold, call, &survey);
    add_both(fold, &home, &survey, NULL);
    for (unsigned i = 0; i < call->leg_count; i++) {
        if (call->legs[i].mos_x100 == 0) /* nothing came: nothing was measured */
            continue;
        measured++;
        mos += call->legs[i].mos_x100;
        bad += call->legs[i].mos_x100 < alarm || (call->legs[i].heard_mos_x100 && call->legs[i].heard_mos_x100 < alarm);
    }
    sum(&legs, SAPA_M_LEGS, measured);
    sum(&legs, SAPA_M_LEGS_BAD, bad);
    sum(&legs, SAPA_M_MOS_SUM, mos);
    add_both(fold, &home, &legs, NULL);
}

static void move_chunks(struct sapa_intervals *fold, const struct chunk *old, struct dist *dist)
{
    uint32_t *link = &dist->chunk;

    while (*link != 0) {
        struct chunk *to = chunk_at(fold, fold->chunk_used++);
        *to = old[*link - 1];
        *link = fold->chunk_used;
        link = &to->next;
    }
}

/* Only the chunks of rows that are there. */
static sapa_rc pack_chunks(struct sapa_intervals *fold)
{
    struct chunk *old = fold->chunks;
    void *fresh = NULL;

    if (fold->chunk_used == 0)
        return SAPA_OK;
    if (fold->rows.count + fold->agent_rows.count > 0) {
        fresh = fold->memory->resize(fold->memory->ctx, NULL, fold->chunk_room * sizeof(struct chunk));
        if (!fresh)
            return fold->failed = SAPA_ENOMEM;
    } else {
        fold->chunk_room = 0;
    }
    fold->chunks = fresh;
    fold->chunk_used = 0;
    for (uint32_t i = 0; i < fold->rows.count; i++)
        for (unsigned d = 0; d < SAPA_DIST_COUNT; d++)
            move_chunks(fold, old, &((struct contact_row *)sapa_table_at(&fold->rows, i))->dists[d]);
    for (uint32_t i = 0; i < fold->agent_rows.count; i++)
        for (unsigned d = 0; d < SAPA_DIST_COUNT; d++)
            move_chunks(fold, old, &((struct agent_row *)sapa_table_at(&fold->agent_rows, i))->dists[d]);
    (void)fold->memory->resize(fold->memory->ctx, old, 0);
    return SAPA_OK;
}

sapa_rc sapa_intervals_forget(struct sapa_intervals *fold, int64_t from_s)
{
    fold->options.from_s = from_s; /* first: rows that would go at once are not made, however long the fold has slept */
    const sapa_rc rc = sapa_intervals_until(fold, SAPA_MAX(fold->now_us, from_s * 1000000));

    if (rc != SAPA_OK)
        return rc;
    for (uint32_t i = fold->agent_rows.count; i-- > 0;) {
        struct agent_row *row = sapa_table_at(&fold->agent_rows, i);
        if (row->span.from_s < from_s)
            sapa_table_remove(&fold->agent_rows, row);
    }
    for (uint32_t i = fold->rows.count; i-- > 0;) {
        struct contact_row *row = sapa_table_at(&fold->rows, i);
        if (row->span.from_s < from_s)
            sapa_table_remove(&fold->rows, row);
    }
    return pack_chunks(fold);
}

/* ---- reading ---- */

/* Heap sort: no more memory than the array, no bad case. */
#define SIFT(name, type)                                                     \
    static void name(type *a, size_t n)                                      \
    {                                                                        \
        for (size_t end = n, begin = n / 2; end > 1;) {                      \
            if (begin > 0) {                                                 \
                begin--;                                                     \
            } else {                                                         \
                const type largest = a[0];                                   \
                a[0] = a[--end];                                             \
                a[end] = largest;                                            \
            }                                                                \
            size_t at = begin;                                               \
            const type value = a[at];                                        \
            for (size_t child; (child = 2 * at + 1) < end; at = child) {     \
                if (child + 1 < end && a[child] < a[child + 1])              \
                    child++;                                                 \
                if (a[child] <= value)                                       \
                    break;                                                   \
                a[at] = a[child];                                            \
            }                                                                \
            a[at] = value;                                                   \
        }                                                                    \
    }
SIFT(sort_keys, uint64_t)
SIFT(sort_entries, uint32_t)

static bool is_of_agents(enum sapa_rows kind)
{
    return kind == SAPA_ROWS_AGENTS || kind == SAPA_ROWS_REASONS;
}

static enum sapa_rows kind_of_key(uint64_t key)
{
    return (enum sapa_rows)(key >> 32 & 15);
}

static uint32_t dim_of_key(uint64_t key)
{
    const uint32_t dim = (uint32_t)(key >> REASON_BITS) & ((1u << DIM_BITS) - 1);

    return dim == (1u << DIM_BITS) - 1 ? SAPA_NONE : dim;
}

/* Gather a distribution behind `at` of fold->entries, by bucket. False without memory. */
static bool take_entries(struct sapa_intervals *fold, const struct dist *dist, uint32_t *at)
{
    for (uint32_t link = dist->chunk; link != 0;) {
        const struct chunk *chunk = chunk_at(fold, link - 1);
        if (fold->entry_room - *at < CHUNK_ENTRIES) {
            const uint32_t room = fold->entry_room * 2 + 64;
            void *grown = fold->memory->resize(fold->memory->ctx, fold->entries, room * sizeof(uint32_t));
            if (!grown)
                return false;
            fold->entries = grown;
            fold->entry_room = room;
        }
        for (unsigned i = 0; i < CHUNK_ENTRIES && chunk->entries[i] != 0; i++)
            fold->entries[(*at)++] = chunk->entries[i];
        link = chunk->next;
    }
    return true;
}

/* Put entries in order; many of them by counting, which joins those of one bucket. @return how many are left */
static uint32_t order_entries(struct sapa_intervals *fold, uint32_t *entries, uint32_t count)
{
    uint32_t left = 0;

    if (count > 1 && !(count > COUNT_FROM && fold->dense)) {
        sort_entries(entries, count);
        return count;
    }
    if (count <= 1)
        return count;
    memset(fold->dense, 0, SAPA_HIST_BUCKETS * sizeof(*fold->dense));
    for (uint32_t i = 0; i < count; i++)
        fold->dense[sapa_hist_entry_bucket(entries[i])] += sapa_hist_entry_count(entries[i]);
    /* a bucket of more than an entry holds had as many entries before: there is room */
    for (uint32_t bucket = 0; bucket < SAPA_HIST_BUCKETS; bucket++) {
        for (uint64_t rest = fold->dense[bucket]; rest > 0;) {
            const uint32_t part = (uint32_t)SAPA_MIN(rest, (uint64_t)SAPA_HIST_COUNT_MAX);
            entries[left++] = sapa_hist_entry(bucket, part);
            rest -= part;
        }
    }
    return left;
}

/* The row's distributions, to be read until the next row is. */
static bool read_dists(struct sapa_intervals *fold, const struct dist *dists, struct sapa_row *ret)
{
    uint32_t at[SAPA_DIST_COUNT + 1] = { 0 };

    for (unsigned d = 0; d < SAPA_DIST_COUNT; d++) {
        at[d + 1] = at[d];
        if (!take_entries(fold, &dists[d], &at[d + 1]))
            return false;
    }
    if (at[SAPA_DIST_COUNT] > COUNT_FROM && !fold->dense) {
        fold->dense = fold->memory->resize(fold->memory->ctx, NULL, SAPA_HIST_BUCKETS * sizeof(*fold->dense));
        if (!fold->dense)
            return false;
    }
    for (unsigned d = 0; d < SAPA_DIST_COUNT; d++) {
        uint32_t *entries = fold->entries ? fold->entries + at[d] : NULL;
        const uint32_t count = at[d + 1] > at[d] ? order_entries(fold, entries, at[d + 1] - at[d]) : 0;
        ret->dists[d] = (struct sapa_hist){ entries, count, dists[d].total };
    }
    return true;
}

/* The two that are asked for most. */
static void read_waits(struct sapa_row *row)
{
    const struct sapa_hist *waits = &row->dists[SAPA_DIST_WAIT];
    const int64_t largest = row->m.of[SAPA_M_WAIT_MAX];

    row->wait_count = (uint32_t)waits->total;
    row->wait_p50_ms = (uint32_t)SAPA_MIN((int64_t)sapa_hist_percentile(waits, 50), largest);
    row->wait_p90_ms = (uint32_t)SAPA_MIN((int64_t)sapa_hist_percentile(waits, 90), largest);
}

static void read_agent_row(const struct agent_row *from, struct sapa_row *ret)
{
    for (unsigned i = 0; i < AGENT_MEASURES; i++) {
        const enum sapa_measure measure = SAPA_M_SHARED_FIRST + i;
        const bool is_time = sapa_measure_info(measure)->unit == SAPA_UNIT_MS;
        ret->m.of[measure] = is_time ? (from->m[i] + 500) / 1000 : from->m[i];
    }
    ret->first_in_us = from->first_in_us;
    ret->last_out_us = from->last_out_us;
}

static struct sapa_row row_head(uint64_t key, struct sapa_span span)
{
    const uint32_t reason = (uint32_t)key & ((1u << REASON_BITS) - 1);

    return (struct sapa_row){
        .span = span, .kind = kind_of_key(key), .dim = dim_of_key(key),
        .reason = reason == (1u << REASON_BITS) - 1 ? SAPA_NONE : reason,
    };
}

static bool give_row(struct sapa_intervals *fold, enum sapa_rows kind, uint64_t key, struct sapa_row *ret)
{
    const struct dist *dists;

    if (is_of_agents(kind)) {
        const struct agent_row *from = sapa_table_find(&fold->agent_rows, key);
        *ret = row_head(key, from->span);
        read_agent_row(from, ret);
        dists = from->dists;
    } else {
        const struct contact_row *from = sapa_table_find(&fold->rows, key);
        *ret = row_head(key, from->span);
        memcpy(ret->m.of, from->m, sizeof(from->m));
        dists = from->dists;
    }
    if (!read_dists(fold, dists, ret))
        return false;
    read_waits(ret);
    return true;
}

sapa_rc sapa_intervals_each(struct sapa_intervals *fold, enum sapa_rows kind,
                            void (*each)(void *ctx, const struct sapa_row *row), void *ctx)
{
    const struct sapa_table *table = is_of_agents(kind) ? &fold->agent_rows : &fold->rows;
    const struct sapa_memory *memory = fold->memory;
    uint32_t count = 0;
    bool good = true;

    if (fold->failed != SAPA_OK)
        return fold->failed;
    uint64_t *keys = memory->resize(memory->ctx, NULL, (table->count + 1) * sizeof(*keys));
    if (!keys)
        return SAPA_ENOMEM;
    for (uint32_t i = 0; i < table->count; i++) {
        const void *row = sapa_table_at(table, i);
        uint64_t key;
        memcpy(&key, row, sizeof(key));
        if (kind_of_key(key) == kind)
            keys[count++] = key;
    }
    sort_keys(keys, count);
    for (uint32_t i = 0; good && i < count; i++) {
        struct sapa_row row;
        good = give_row(fold, kind, keys[i], &row);
        if (good)
            each(ctx, &row);
    }
    (void)memory->resize(memory->ctx, keys, 0);
    return good ? SAPA_OK : SAPA_ENOMEM;
}

sapa_rc sapa_intervals_read(struct sapa_intervals *fold, enum sapa_rows kind, uint32_t dim, int64_t at_us,
                            struct sapa_row *ret_row)
{
    const struct sapa_span span = span_at(fold, at_us);
    const uint64_t key = row_key(span, kind, dim, 0);

    if (fold->failed != SAPA_OK)
        return fold->failed;
    *ret_row = (struct sapa_row){ .span = span, .kind = kind, .dim = dim, .reason = SAPA_NONE };
    if (!sapa_table_find(is_of_agents(kind) ? &fold->agent_rows : &fold->rows, key))
        return SAPA_OK;
    return give_row(fold, kind, key, ret_row) ? SAPA_OK : SAPA_ENOMEM;
}

sapa_rc sapa_intervals_get(struct sapa_intervals *fold, enum sapa_rows kind, uint32_t dim, int64_t at_us,
                           struct sapa_row *ret_row)
{
    const struct sapa_span span = span_at(fold, at_us);
    const uint64_t key = row_key(span, kind, dim, 0);
    const struct contact_row *row = is_of_agents(kind) ? NULL : sapa_table_find(&fold->rows, key);

    *ret_row = (struct sapa_row){ .span = span, .kind = kind, .dim = dim, .reason = SAPA_NONE };
    if (is_of_agents(kind)) {
        const struct agent_row *agent = sapa_table_find(&fold->agent_rows, key);
        if (agent)
            read_agent_row(agent, ret_row);
    } else if (row) {
        memcpy(ret_row->m.of, row->m, sizeof(row->m));
        ret_row->wait_count = row->dists[SAPA_DIST_WAIT].total;
    }
    return fold->failed;
}

static bool is_meant(uint64_t key, enum sapa_rows kind, uint32_t dim)
{
    return kind_of_key(key) == kind && (dim == SAPA_NONE || dim_of_key(key) == dim);
}

/* Sums and maxima of the first `count` measures from `first` on. */
static void join_measures(int64_t *to, const int64_t *from, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const enum sapa_measure measure = first + i;
        if (measure == SAPA_M_WAIT_MAX || measure == SAPA_M_HANDLING_MAX)
            to[i] = SAPA_MAX(to[i], from[i]);
        else
            to[i] = (int64_t)((uint64_t)to[i] + (uint64_t)from[i]); /* a damaged piece may hold anything */
    }
}

static void join_moments(struct agent_row *to, const struct agent_row *from)
{
    if (from->first_in_us != 0 && (to->first_in_us == 0 || from->first_in_us < to->first_in_us))
        to->first_in_us = from->first_in_us;
    to->last_out_us = SAPA_MAX(to->last_out_us, from->last_out_us);
}

/* Entries are appended: rows that are joined to be read are put in order once, when they are. */
static void join_dists(struct sapa_intervals *fold, struct dist *to, const struct sapa_intervals *other,
                       const struct dist *from)
{
    for (unsigned d = 0; d < SAPA_DIST_COUNT; d++) {
        for (uint32_t link = from[d].chunk; link != 0;) {
            const struct chunk chunk = *chunk_at(other, link - 1); /* both may be the same memory, which may move */
            for (unsigned i = 0; i < CHUNK_ENTRIES && chunk.entries[i] != 0; i++)
                append_values(fold, &to[d], sapa_hist_entry_bucket(chunk.entries[i]), sapa_hist_entry_count(chunk.entries[i]));
            link = chunk.next;
        }
    }
}

static void widen(struct sapa_span *span, const struct sapa_span *by)
{
    span->from_s = SAPA_MIN(span->from_s, by->from_s);
    span->to_s = SAPA_MAX(span->to_s, by->to_s);
}

sapa_rc sapa_intervals_sum(struct sapa_intervals *fold, enum sapa_rows kind, uint32_t dim,
                           struct sapa_row *ret_row)
{
    struct sapa_row sum_row = { .kind = kind, .dim = dim, .reason = SAPA_NONE, .span = { INT64_MAX, INT64_MIN } };
    struct sapa_intervals scratch = { .memory = fold->memory };
    struct contact_row contacts = { 0 };
    struct agent_row agents = { 0 };
    struct dist *dists = is_of_agents(kind) ? agents.dists : contacts.dists;
    sapa_rc rc = SAPA_OK;

    if (fold->failed != SAPA_OK)
        return fold->failed;
    for (uint32_t i = 0; is_of_agents(kind) && i < fold->agent_rows.count; i++) {
        const struct agent_row *row = sapa_table_at(&fold->agent_rows, i);
        if (!is_meant(row->key, kind, dim))
            continue;
        join_measures(agents.m, row->m, SAPA_M_SHARED_FIRST, AGENT_MEASURES);
        join_moments(&agents, row);
        join_dists(&scratch, dists, fold, row->dists);
        widen(&sum_row.span, &row->span);
    }
    for (uint32_t i = 0; !is_of_agents(kind) && i < fold->rows.count; i++) {
        const struct contact_row *row = sapa_table_at(&fold->rows, i);
        if (!is_meant(row->key, kind, dim))
            continue;
        join_measures(contacts.m, row->m, 0, SAPA_M_AGENT_FIRST);
        join_dists(&scratch, dists, fold, row->dists);
        widen(&sum_row.span, &row->span);
    }
    if (sum_row.span.from_s > sum_row.span.to_s)
        sum_row.span = (struct sapa_span){ 0, 0 };
    if (is_of_agents(kind))
        read_agent_row(&agents, &sum_row);
    else
        memcpy(sum_row.m.of, contacts.m, sizeof(contacts.m));
    if (scratch.failed != SAPA_OK || !read_dists(&scratch, dists, &sum_row))
        rc = SAPA_ENOMEM;
    if (rc == SAPA_OK) { /* the entries live in this fold until the next row is read */
        read_waits(&sum_row);
        if (fold->entries)
            (void)fold->memory->resize(fold->memory->ctx, fold->entries, 0);
        fold->entries = scratch.entries;
        fold->entry_room = scratch.entry_room;
        *ret_row = sum_row;
    } else if (scratch.entries) {
        (void)fold->memory->resize(fold->memory->ctx, scratch.entries, 0);
    }
    if (scratch.chunks)
        (void)fold->memory->resize(fold->memory->ctx, scratch.chunks, 0);
    if (scratch.dense)
        (void)fold->memory->resize(fold->memory->ctx, scratch.dense, 0);
    return rc;
}

/* ---- pieces ---- */

uint64_t sapa_row_key_min(int64_t from_s)
{
    return row_key((struct sapa_span){ from_s, from_s }, 0, 0, 0);
}

uint32_t sapa_row_schema(void)
{
    const uint8_t version = PIECE_VERSION;
    uint32_t crc = sapa_crc32c(0, &version, sizeof(version));

    for (unsigned i = 0; i < SAPA_M_OUTER_FIRST; i++)
        crc = sapa_crc32c(crc, sapa_measure_info(i)->key, strlen(sapa_measure_info(i)->key) + 1);
#define X(id, key, name_id, name_en, largest, text) crc = sapa_crc32c(crc, key, sizeof(key));
    SAPA_DISTS(X)
#undef X
    return crc;
}

static void put_dist(const struct sapa_intervals *fold, const struct dist *dist, struct sapa_writer *out)
{
    uint32_t count = 0;

    for (uint32_t link = dist->chunk; link != 0; link = chunk_at(fold, link - 1)->next)
        for (unsigned i = 0; i < CHUNK_ENTRIES; i++)
            count += chunk_at(fold, link - 1)->entries[i] != 0;
    sapa_put_u64(out, count);
    for (uint32_t link = dist->chunk; link != 0; link = chunk_at(fold, link - 1)->next) {
        for (unsigned i = 0; i < CHUNK_ENTRIES && chunk_at(fold, link - 1)->entries[i] != 0; i++) {
            const uint32_t entry = chunk_at(fold, link - 1)->entries[i];
            sapa_put_u64(out, sapa_hist_entry_bucket(entry));
            sapa_put_u64(out, sapa_hist_entry_count(entry));
        }
    }
}

/* Version, key, span, moments of agents, measures that are not zero, distributions. */
static void put_piece(const struct sapa_intervals *fold, uint64_t key, const struct sapa_span *span,
                      const int64_t *m, unsigned count, const struct dist *dists, const struct agent_row *agent,
                      struct sapa_writer *out)
{
    unsigned filled = 0;

    sapa_put_u64(out, PIECE_VERSION);
    sapa_put_u64(out, key);
    sapa_put_i64(out, span->from_s);
    sapa_put_i64(out, span->to_s - span->from_s);
    if (agent) {
        sapa_put_i64(out, agent->first_in_us);
        sapa_put_i64(out, agent->last_out_us);
    }
    for (unsigned i = 0; i < count; i++)
        filled += m[i] != 0;
    sapa_put_u64(out, filled);
    for (unsigned i = 0; i < count; i++) {
        if (m[i] == 0)
            continue;
        sapa_put_u64(out, i);
        sapa_put_i64(out, m[i]);
    }
    for (unsigned d = 0; d < SAPA_DIST_COUNT; d++)
        put_dist(fold, &dists[d], out);
}

/* Either kind of row, as a piece says it. */
struct read_piece {
    uint64_t key;
    struct sapa_span span;
    int64_t first_in_us, last_out_us;
    int64_t m[(int)SAPA_M_AGENT_FIRST > (int)AGENT_MEASURES ? (int)SAPA_M_AGENT_FIRST : (int)AGENT_MEASURES];
    struct sapa_reader dists; /* where they begin; looked through already */
};

static bool take_piece(struct sapa_str piece, struct read_piece *ret)
{
    struct sapa_reader in = sapa_reader_of(piece.p, piece.n);

    memset(ret, 0, sizeof(*ret));
    if (sapa_get_u64(&in) != PIECE_VERSION)
        return false;
    ret->key = sapa_get_u64(&in);
    ret->span.from_s = sapa_get_i64(&in);
    const int64_t length_s = sapa_get_i64(&in);
    const enum sapa_rows kind = kind_of_key(ret->key);
    if (in.bad || kind >= SAPA_ROWS_COUNT || length_s <= 0 || length_s > 400 * INT64_C(86400)
        || ret->span.from_s < -(INT64_C(1) << 40) || ret->span.from_s > INT64_C(1) << 40)
        return false;
    ret->span.to_s = ret->span.from_s + length_s;
    if (is_of_agents(kind)) {
        ret->first_in_us = sapa_get_i64(&in);
        ret->last_out_us = sapa_get_i64(&in);
        if (ret->first_in_us < 0 || ret->first_in_us > TIME_US_MAX || ret->last_out_us < 0 || ret->last_out_us > TIME_US_MAX)
            return false;
    }
    const unsigned count = is_of_agents(kind) ? AGENT_MEASURES : SAPA_M_AGENT_FIRST;
    for (uint64_t left = sapa_get_u64(&in); left > 0 && !in.bad; left--) {
        const uint64_t i = sapa_get_u64(&in);
        if (i >= count)
            return false;
        ret->m[i] = sapa_get_i64(&in);
        if (ret->m[i] > MEASURE_MAX || ret->m[i] < -MEASURE_MAX)
            return false;
    }
    ret->dists = in;
    for (unsigned d = 0; d < SAPA_DIST_COUNT; d++) {
        for (uint64_t left = sapa_get_u64(&in); left > 0 && !in.bad; left--) {
            const uint64_t bucket = sapa_get_u64(&in), values = sapa_get_u64(&in);
            if (bucket >= SAPA_HIST_BUCKETS || values == 0 || values > SAPA_HIST_COUNT_MAX)
                return false;
        }
    }
    return !in.bad && sapa_reader_left(&in) == 0;
}

static void join_read_dists(struct sapa_intervals *fold, struct dist *dists, struct sapa_reader in)
{
    for (unsigned d = 0; d < SAPA_DIST_COUNT; d++) {
        const bool empty = dists[d].chunk == 0;
        for (uint64_t left = sapa_get_u64(&in); left > 0; left--) {
            const uint32_t bucket = (uint32_t)sapa_get_u64(&in);
            const uint32_t count = (uint32_t)sapa_get_u64(&in);
            if (empty)
                append_values(fold, &dists[d], bucket, count);
            else
                add_values(fold, &dists[d], bucket, count);
        }
    }
}

sapa_rc sapa_intervals_join(struct sapa_intervals *fold, struct sapa_str bytes)
{
    struct read_piece piece;

    if (!take_piece(bytes, &piece))
        return SAPA_ECORRUPT;
    const enum sapa_rows kind = kind_of_key(piece.key);
    if (!is_wanted(fold, piece.span, kind))
        return fold->failed;
    if (is_of_agents(kind)) {
        struct agent_row *row = row_at(fold, &fold->agent_rows, piece.span, piece.key);
        if (row) {
            const struct agent_row moments = { .first_in_us = piece.first_in_us, .last_out_us = piece.last_out_us };
            join_measures(row->m, piece.m, SAPA_M_SHARED_FIRST, AGENT_MEASURES);
            join_moments(row, &moments);
            join_read_dists(fold, row->dists, piece.dists);
        }
    } else {
        struct contact_row *row = row_at(fold, &fold->rows, piece.span, piece.key);
        if (row) {
            join_measures(row->m, piece.m, 0, SAPA_M_AGENT_FIRST);
            join_read_dists(fold, row->dists, piece.dists);
        }
    }
    return fold->failed;
}

sapa_rc sapa_intervals_drain(struct sapa_intervals *fold,
                             bool (*stored)(void *ctx, struct sapa_row_place place, struct sapa_str *ret),
                             bool (*put)(void *ctx, struct sapa_row_place place, struct sapa_str piece), void *ctx)
{
    uint8_t *bytes = fold->memory->resize(fold->memory->ctx, NULL, SAPA_ROW_PIECE_MAX);
    sapa_rc rc = fold->failed;

    if (!bytes)
        return SAPA_ENOMEM;
    for (unsigned t = 0; t < 2; t++) {
        const struct sapa_table *table = t == 0 ? &fold->rows : &fold->agent_rows;
        for (uint32_t i = 0; rc == SAPA_OK && i < table->count; i++) {
            struct sapa_writer out = sapa_writer_of(bytes, SAPA_ROW_PIECE_MAX);
            struct sapa_str old = { 0 };
            uint64_t key;
            memcpy(&key, sapa_table_at(table, i), sizeof(key));
            const struct sapa_row_place place = { kind_of_key(key), key };
            if (stored && stored(ctx, place, &old))
                rc = sapa_intervals_join(fold, old);
            if (rc != SAPA_OK)
                break;
            if (t == 0) {
                const struct contact_row *row = sapa_table_at(table, i);
                put_piece(fold, key, &row->span, row->m, SAPA_M_AGENT_FIRST, row->dists, NULL, &out);
            } else {
                const struct agent_row *row = sapa_table_at(table, i);
                put_piece(fold, key, &row->span, row->m, AGENT_MEASURES, row->dists, row, &out);
            }
            if (out.bad)
                rc = SAPA_ELIMIT;
            else if (!put(ctx, place, (struct sapa_str){ (const char *)bytes, out.n }))
                rc = SAPA_EIO;
        }
    }
    (void)fold->memory->resize(fold->memory->ctx, bytes, 0);
    if (rc != SAPA_OK)
        return rc;
    sapa_table_done(&fold->rows);
    sapa_table_done(&fold->agent_rows);
    return pack_chunks(fold);
}

/* ---- comparing ---- */

/* What differs between two rows of one place; NULL: nothing. */
static const char *difference(const struct sapa_row *a, const struct sapa_row *b)
{
    for (unsigned i = 0; i < SAPA_M_OUTER_FIRST; i++)
        if (a->m.of[i] != b->m.of[i])
            return sapa_measure_info(i)->key;
    if (a->span.from_s != b->span.from_s || a->span.to_s != b->span.to_s)
        return "the interval";
    if (a->first_in_us != b->first_in_us || a->last_out_us != b->last_out_us)
        return "a login or logout";
    for (unsigned d = 0; d < SAPA_DIST_COUNT; d++)
        if (a->dists[d].total != b->dists[d].total || a->dists[d].entry_count != b->dists[d].entry_count
            || (a->dists[d].entry_count > 0
                && memcmp(a->dists[d].entries, b->dists[d].entries, a->dists[d].entry_count * sizeof(uint32_t)) != 0))
            return "a distribution";
    return NULL;
}

sapa_rc sapa_intervals_compare(struct sapa_intervals *a, struct sapa_intervals *b, uint64_t *ret_rows,
                               uint64_t *ret_differences, struct sapa_text *first)
{
    uint64_t rows = 0, differences = 0;

    if (a->failed != SAPA_OK || b->failed != SAPA_OK)
        return a->failed != SAPA_OK ? a->failed : b->failed;
    for (unsigned pass = 0; pass < 4; pass++) { /* contacts and agents, from both sides */
        const bool agents = (pass & 1) != 0, back = pass >= 2;
        const struct sapa_table *from = agents ? &(back ? b : a)->agent_rows : &(back ? b : a)->rows;
        const struct sapa_table *to = agents ? &(back ? a : b)->agent_rows : &(back ? a : b)->rows;
        for (uint32_t i = 0; i < from->count; i++) {
            struct sapa_row row_a, row_b;
            const char *what = "the row itself";
            uint64_t key;
            memcpy(&key, sapa_table_at(from, i), sizeof(key));
            const bool found = sapa_table_find(to, key) != NULL;
            if (back && found)
                continue; /* looked at already */
            rows++;
            if (found) {
                if (!give_row(a, kind_of_key(key), key, &row_a) || !give_row(b, kind_of_key(key), key, &row_b))
                    return SAPA_ENOMEM;
                what = difference(&row_a, &row_b);
            }
            if (!what)
                continue;
            if (differences++ == 0)
                sapa_text_printf(first, "%s differs in a row of kind %u, dimension %u, interval of minute %llu", what,
                                 kind_of_key(key), dim_of_key(key), (unsigned long long)(key >> 36));
        }
    }
    *ret_rows = rows;
    *ret_differences = differences;
    return SAPA_OK;
}

/* ---- longer intervals ---- */

sapa_rc sapa_intervals_group(struct sapa_intervals *fold, const struct sapa_intervals *from)
{
    if (from->failed != SAPA_OK)
        return fold->failed = from->failed;
    fold->now_us = SAPA_MAX(fold->now_us, from->now_us);
    for (uint32_t i = 0; i < from->rows.count && fold->failed == SAPA_OK; i++) {
        const struct contact_row *row = sapa_table_at(&from->rows, i);
        const enum sapa_rows kind = kind_of_key(row->key);
        if (!is_wanted(fold, row->span, kind))
            continue;
        const struct sapa_span span = span_at(fold, row->span.from_s * 1000000);
        struct contact_row *to = row_at(fold, &fold->rows, span, row_key(span, kind, dim_of_key(row->key), 0));
        if (!to)
            break;
        join_measures(to->m, row->m, 0, SAPA_M_AGENT_FIRST);
        join_dists(fold, to->dists, from, row->dists);
    }
    for (uint32_t i = 0; i < from->agent_rows.count && fold->failed == SAPA_OK; i++) {
        const struct agent_row *row = sapa_table_at(&from->agent_rows, i);
        const enum sapa_rows kind = kind_of_key(row->key);
        if (!is_wanted(fold, row->span, kind))
            continue;
        const struct sapa_span span = span_at(fold, row->span.from_s * 1000000);
        struct agent_row *to = row_at(fold, &fold->agent_rows, span,
                                      row_key(span, kind, dim_of_key(row->key), (uint32_t)row->key));
        if (!to)
            break;
        join_measures(to->m, row->m, SAPA_M_SHARED_FIRST, AGENT_MEASURES);
        join_moments(to, row);
        join_dists(fold, to->dists, from, row->dists);
    }
    return fold->failed;
}

/* ---- saving ---- */

struct intervals_head {
    uint64_t seq;
    int64_t now_us, surged_us;
    int64_t from_s, to_s;
    uint32_t kinds, grain;
    uint32_t chunk_used, zero;
    uint64_t line_last;
    struct sapa_interval_calling calling;
};

#define INTERVAL_TABLES(T) T(rows) T(agent_rows) T(contacts) T(offers) T(parts) T(agents) T(surges) T(lines)

sapa_rc sapa_intervals_save(const struct sapa_intervals *fold, const struct sapa_save *save)
{
    const struct intervals_head head = {
        .seq = fold->seq, .now_us = fold->now_us, .surged_us = fold->surged_us, .from_s = fold->options.from_s, .to_s = fold->options.to_s,
        .kinds = fold->options.kinds, .grain = fold->options.grain, .chunk_used = fold->chunk_used,
        .line_last = fold->line_last, .calling = fold->calling,
    };
    sapa_rc rc = fold->failed;

    if (rc == SAPA_OK)
        rc = save_head(save, INTERVALS_MARK, INTERVALS_VERSION, sizeof(head));
    if (rc == SAPA_OK && !save->put(save->ctx, &head, sizeof(head)))
        rc = SAPA_EIO;
#define T(table)          \
    if (rc == SAPA_OK)    \
        rc = save_table(save, &fold->table);
    INTERVAL_TABLES(T)
#undef T
    if (rc == SAPA_OK && fold->chunk_used > 0
        && !save->put(save->ctx, fold->chunks, fold->chunk_used * sizeof(struct chunk)))
        rc = SAPA_EIO;
    return rc;
}

/* Chunks point back only, and rows at chunks that are there: no loop, nothing outside. */
static bool dists_are_sane(const struct dist *dists, uint32_t used)
{
    for (unsigned d = 0; d < SAPA_DIST_COUNT; d++)
        if (dists[d].chunk > used)
            return false;
    return true;
}

static sapa_rc load_chunks(struct sapa_intervals *fold, const struct sapa_load *load, uint32_t used)
{
    if (used > UINT32_MAX / 64)
        return SAPA_ECORRUPT;
    /* By pieces: a count that the bytes do not bear out costs no more memory than twice the bytes. */
    while (fold->chunk_used < used) {
        const uint32_t room = SAPA_MIN(used, SAPA_MAX(2 * fold->chunk_room, 1024u));
        void *more = fold->memory->resize(fold->memory->ctx, fold->chunks, room * sizeof(struct chunk));
        if (!more)
            return SAPA_ENOMEM;
        fold->chunks = more;
        fold->chunk_room = room;
        if (!load->get(load->ctx, (struct chunk *)fold->chunks + fold->chunk_used,
                       (room - fold->chunk_used) * sizeof(struct chunk)))
            return SAPA_ECORRUPT;
        fold->chunk_used = room;
    }
    for (uint32_t i = 0; i < used; i++) {
        const struct chunk *chunk = chunk_at(fold, i);
        if (chunk->next > i)
            return SAPA_ECORRUPT;
        for (unsigned e = 0; e < CHUNK_ENTRIES; e++)
            if (sapa_hist_entry_bucket(chunk->entries[e]) >= SAPA_HIST_BUCKETS)
                return SAPA_ECORRUPT;
    }
    for (uint32_t i = 0; i < fold->rows.count; i++)
        if (!dists_are_sane(((struct contact_row *)sapa_table_at(&fold->rows, i))->dists, used))
            return SAPA_ECORRUPT;
    for (uint32_t i = 0; i < fold->agent_rows.count; i++)
        if (!dists_are_sane(((struct agent_row *)sapa_table_at(&fold->agent_rows, i))->dists, used))
            return SAPA_ECORRUPT;
    return SAPA_OK;
}

/* What no row ever reaches: sums and formulas over rows stay within 64 bits. */
static bool sane_sums(const int64_t *m, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (m[i] > MEASURE_MAX || m[i] < -MEASURE_MAX)
            return false;
    return true;
}

static bool sane_row(const void *entry)
{
    return sane_sums(((const struct contact_row *)entry)->m, SAPA_M_AGENT_FIRST);
}

static bool sane_agent_row(const void *entry)
{
    return sane_sums(((const struct agent_row *)entry)->m, AGENT_MEASURES);
}

/* Nobody has more in hand than the core lets him. */
static bool sane_agent(const void *entry)
{
    const struct agent_state *agent = entry;

    for (unsigned i = 0; i < SAPA_ASSIGNMENT_COUNT; i++)
        if (agent->doing[i] > UINT8_MAX)
            return false;
    return agent->inside <= UINT8_MAX && agent->inside_held <= UINT8_MAX && agent->outward <= UINT8_MAX;
}

/* Moments are subtracted from others, states and classes are places in arrays. */
static bool sane_moment(int64_t at_us)
{
    return at_us >= 0 && at_us <= TIME_US_MAX;
}

static bool sane_home(const struct home *home)
{
    return is_bool(&home->arrived_in_surge) && is_bool(&home->joined_in_surge) && home->party_type < SAPA_PARTY_TYPE_COUNT;
}

static bool sane_contact(const void *entry)
{
    const struct open_contact *contact = entry;

    return sane_moment(contact->queued_us) && sane_moment(contact->charged_from_us) && sane_home(&contact->home)
        && sane_home(&contact->passed_home) && is_bool(&contact->inbound) && is_bool(&contact->queued)
        && is_bool(&contact->is_callback) && is_bool(&contact->answered) && is_bool(&contact->has_left)
        && is_bool(&contact->connected) && is_bool(&contact->conference) && is_bool(&contact->to_menu)
        && is_bool(&contact->message);
}

static bool sane_offer(const void *entry)
{
    return sane_home(&((const struct open_offer *)entry)->home);
}

static bool sane_part(const void *entry)
{
    const struct open_part *part = entry;

    return part->doing < SAPA_ASSIGNMENT_COUNT && part->then < SAPA_ASSIGNMENT_COUNT && part->class <= PART_INTERNAL
        && sane_home(&part->home) && is_bool(&part->talks) && is_bool(&part->parted) && is_bool(&part->wrapping)
        && is_bool(&part->wrapped) && is_bool(&part->released) && is_bool(&part->dialling);
}

static bool sane_line(const void *entry)
{
    const struct line *line = entry;

    return sane_moment(line->from_us) && sane_home(&line->home);
}

/* The next line gets a key that none has. */
static bool lines_are_sound(const struct sapa_intervals *fold)
{
    for (uint32_t i = 0; i < fold->lines.count; i++)
        if (((const struct line *)sapa_table_at(&fold->lines, i))->key > fold->line_last)
            return false;
    return fold->line_last < UINT64_MAX / 2;
}

/* A day that nobody lived through would become a row for each quarter of an hour and agent. */
static bool times_are_sound(const struct sapa_intervals *fold)
{
    if (fold->now_us < 0 || fold->now_us > TIME_US_MAX)
        return false;
    if (fold->surged_us < 0 || fold->surged_us > TIME_US_MAX
        || (fold->surges.count > 0 && fold->surged_us < fold->now_us - STRETCH_US_MAX))
        return false;
    for (uint32_t i = 0; i < fold->agents.count; i++) {
        const struct agent_state *agent = sapa_table_at(&fold->agents, i);
        if (agent->counted_us > TIME_US_MAX
            || (is_doing_anything(agent) && agent->counted_us < fold->now_us - STRETCH_US_MAX))
            return false;
    }
    return true;
}

sapa_rc sapa_intervals_load(struct sapa_intervals *fold, const struct sapa_load *load)
{
    struct intervals_head head;
    sapa_rc rc = load_head(load, INTERVALS_MARK, INTERVALS_VERSION, sizeof(head));

    if (rc != SAPA_OK)
        return rc;
    if (!load->get(load->ctx, &head, sizeof(head)))
        return SAPA_ECORRUPT;
    if (head.grain != (uint32_t)fold->options.grain || head.from_s != fold->options.from_s
        || head.to_s != fold->options.to_s || head.kinds != fold->options.kinds)
        return SAPA_ESTATE;
    fold->seq = head.seq;
    fold->now_us = head.now_us;
    fold->surged_us = head.surged_us;
    fold->line_last = head.line_last;
    fold->calling = head.calling;
#define T(table, sane)  \
    if (rc == SAPA_OK) \
        rc = load_table(load, &fold->table, sane);
    T(rows, sane_row) T(agent_rows, sane_agent_row) T(contacts, sane_contact) T(offers, sane_offer) T(parts, sane_part)
    T(agents, sane_agent) T(surges, NULL) T(lines, sane_line)
#undef T
    if (rc == SAPA_OK && !(times_are_sound(fold) && lines_are_sound(fold)))
        rc = SAPA_ECORRUPT;
    return rc == SAPA_OK ? load_chunks(fold, load, head.chunk_used) : rc;
}
