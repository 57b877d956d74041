#include "report/stretch.h"

#include "report/save_impl.h"

#define HOUR_US (INT64_C(3600) * 1000000)
#define TIME_US_MAX (INT64_C(1) << 58)                  /* of what is loaded: the year 11103 */
#define STRETCH_US_MAX (INT64_C(400) * 86400 * 1000000) /* nobody does one thing for longer without a word */

enum {
    STRETCHES_MARK = 0x52545353, STRETCHES_VERSION = 1, /* "SSTR" */
    PIECE_VERSION = 1,
    DIM_BITS = 20, DIM_NONE = (1 << DIM_BITS) - 1,
    COUNT_MAX = 1 << 25,
    PIECE_COUNT_MAX = 8192, /* of an hour and an agent: more than two a second are not let in */
    HELD_MAX = 1 << 20,
};

struct agent {
    uint64_t dim;
    int64_t since_us;  /* what goes on, has gone on since then */
    uint64_t contact;  /* of the assignment that moved last */
    uint32_t reason;
    uint32_t doing[SAPA_ASSIGNMENT_COUNT];
    uint32_t presence;
};

struct held {
    uint64_t offer, contact;
    uint32_t agent, doing;
};

const char *sapa_did_name(unsigned doing)
{
    static const char *const names[] = {
#define X(id, text) text,
        SAPA_DIDS(X)
#undef X
    };

    return doing < SAPA_COUNT(names) ? names[doing] : "?";
}

void sapa_stretches_init(struct sapa_stretches *fold, const struct sapa_memory *memory, const struct sapa_names *names, bool keeps)
{
    *fold = (struct sapa_stretches){ .names = names, .memory = memory, .keeps = keeps };
    sapa_table_init(&fold->agents, memory, sizeof(struct agent), 1u << DIM_BITS);
    sapa_table_init(&fold->held, memory, sizeof(struct held), HELD_MAX);
}

void sapa_stretches_done(struct sapa_stretches *fold)
{
    sapa_table_done(&fold->agents);
    sapa_table_done(&fold->held);
    if (fold->of)
        (void)fold->memory->resize(fold->memory->ctx, fold->of, 0);
    fold->of = NULL;
    fold->count = fold->room = 0;
}

/* ---- what is over ---- */

static bool make_room(struct sapa_stretches *fold)
{
    if (fold->count < fold->room)
        return true;
    const uint32_t room = fold->room == 0 ? 256 : fold->room * 2;
    void *grown = room <= COUNT_MAX ? fold->memory->resize(fold->memory->ctx, fold->of, room * sizeof(*fold->of)) : NULL;
    if (!grown) {
        fold->failed = room <= COUNT_MAX ? SAPA_ENOMEM : SAPA_ELIMIT;
        return false;
    }
    fold->of = grown;
    fold->room = room;
    return true;
}

static uint64_t mixed(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static uint64_t digest_of(const struct sapa_stretch *one)
{
    uint64_t digest = mixed((uint64_t)one->from_us);

    digest = mixed(digest + (uint64_t)one->to_us);
    digest = mixed(digest + one->contact);
    return mixed(digest + ((uint64_t)one->agent << 32 | one->doing) + ((uint64_t)one->reason << 8));
}

static void add_one(struct sapa_stretches *fold, const struct sapa_stretch *one)
{
    fold->total++;
    fold->digest += digest_of(one);
    if (fold->keeps && make_room(fold))
        fold->of[fold->count++] = *one;
}

static int64_t hour_of(int64_t at_us)
{
    return at_us / HOUR_US; /* nothing is before 1970 */
}

static void add(struct sapa_stretches *fold, struct sapa_stretch one)
{
    const int64_t to_us = one.to_us;

    one.from_us = SAPA_MAX(SAPA_MAX(one.from_us, to_us - STRETCH_US_MAX), 0);
    while (one.from_us < to_us && fold->failed == SAPA_OK) {
        one.to_us = SAPA_MIN(to_us, (hour_of(one.from_us) + 1) * HOUR_US);
        add_one(fold, &one);
        one.from_us = one.to_us;
    }
}

/* ---- what goes on ---- */

static enum sapa_did doing_of(const struct agent *agent)
{
    if (agent->doing[SAPA_ASSIGNMENT_TALKING] + agent->doing[SAPA_ASSIGNMENT_HELD] > 0)
        return SAPA_DID_BUSY;
    if (agent->doing[SAPA_ASSIGNMENT_WRAPUP] > 0)
        return SAPA_DID_WRAPUP;
    if (agent->presence == SAPA_PRESENCE_OFFLINE)
        return SAPA_DID_OUT;
    if (agent->presence == SAPA_PRESENCE_READY)
        return SAPA_DID_READY;
    return agent->doing[SAPA_ASSIGNMENT_OFFERED] > 0 ? SAPA_DID_BUSY : SAPA_DID_AWAY; /* not ready, and places a call */
}

static void over(struct sapa_stretches *fold, struct agent *agent, int64_t until_us)
{
    const enum sapa_did doing = doing_of(agent);
    const bool has_contact = doing == SAPA_DID_BUSY || doing == SAPA_DID_WRAPUP;

    if (doing != SAPA_DID_OUT && until_us > agent->since_us)
        add(fold, (struct sapa_stretch){ .from_us = agent->since_us, .to_us = until_us, .agent = (uint32_t)agent->dim, .doing = doing,
                                         .contact = has_contact ? agent->contact : 0, .reason = doing == SAPA_DID_AWAY ? agent->reason : SAPA_NONE });
    agent->since_us = SAPA_MAX(agent->since_us, until_us);
}

static struct agent *agent_at(struct sapa_stretches *fold, uint64_t index, int64_t at_us)
{
    const uint32_t dim = sapa_names_dim(fold->names, SAPA_DIM_AGENT, index);
    struct agent *agent = dim < DIM_NONE ? sapa_table_find(&fold->agents, dim) : NULL;

    if (agent || dim >= DIM_NONE)
        return agent;
    const sapa_rc rc = sapa_table_add(&fold->agents, dim, &agent);
    if (rc != SAPA_OK) {
        fold->failed = rc;
        return NULL;
    }
    agent->since_us = at_us;
    agent->reason = SAPA_NONE;
    return agent;
}

static void moved(struct sapa_stretches *fold, const struct sapa_record *record)
{
    const struct sapa_rec_agent_moved *in = &record->u.agent_moved;
    struct agent *agent = agent_at(fold, in->agent, record->at_us);

    if (!agent)
        return;
    over(fold, agent, record->at_us);
    agent->presence = (uint32_t)SAPA_MIN(in->to, (uint64_t)SAPA_PRESENCE_COUNT);
    agent->reason = sapa_names_dim(fold->names, SAPA_DIM_REASON, in->reason);
}

/* One is over and others are not: which of them does he have in hand? */
static void find_contact(const struct sapa_stretches *fold, struct agent *agent)
{
    uint64_t last = 0;

    for (uint32_t i = 0; i < fold->held.count; i++) {
        const struct held *held = sapa_table_at(&fold->held, i);
        if (held->agent == agent->dim && held->offer > last) {
            last = held->offer;
            agent->contact = held->contact;
        }
    }
}

static void assigned(struct sapa_stretches *fold, const struct sapa_record *record)
{
    const struct sapa_rec_assignment_moved *in = &record->u.assignment_moved;
    struct agent *agent = agent_at(fold, in->agent, record->at_us);
    struct held *held = sapa_table_find(&fold->held, in->offer);

    if (!agent || in->to >= SAPA_ASSIGNMENT_COUNT || (held && held->agent != agent->dim))
        return;
    over(fold, agent, record->at_us);
    if (held)
        agent->doing[held->doing]--;
    if (in->to == SAPA_ASSIGNMENT_NONE) {
        if (held)
            sapa_table_remove(&fold->held, held);
        find_contact(fold, agent);
        return;
    }
    if (!held) {
        const sapa_rc rc = sapa_table_add(&fold->held, in->offer, &held);
        if (rc != SAPA_OK) {
            fold->failed = rc;
            return;
        }
        held->agent = (uint32_t)agent->dim;
    }
    held->contact = agent->contact = in->contact;
    held->doing = (uint32_t)in->to;
    agent->doing[held->doing]++;
}

/* Nobody was there: what went on is over; only who talked talks still, unless no conversation went on either. */
static void stopped(struct sapa_stretches *fold, const struct sapa_record *record)
{
    const int64_t from_us = record->u.centre_started.stopped_us;

    if (from_us <= 0 || from_us >= record->at_us)
        return;
    for (uint32_t i = 0; i < fold->agents.count; i++) {
        struct agent *agent = sapa_table_at(&fold->agents, i);
        over(fold, agent, from_us);
        if (doing_of(agent) != SAPA_DID_BUSY || record->u.centre_started.whole != 0)
            agent->since_us = SAPA_MAX(agent->since_us, record->at_us);
    }
    add(fold, (struct sapa_stretch){ .from_us = from_us, .to_us = record->at_us, .agent = SAPA_NONE, .reason = SAPA_NONE, .doing = SAPA_DID_STOPPED });
}

sapa_rc sapa_stretches_fold(struct sapa_stretches *fold, const struct sapa_record *record)
{
    if (record->seq != 0) {
        if (record->seq <= fold->seq)
            return fold->failed;
        fold->seq = record->seq;
    }
    fold->now_us = SAPA_MAX(fold->now_us, record->at_us);
    switch (record->type) {
    case SAPA_T_agent_moved: moved(fold, record); break;
    case SAPA_T_assignment_moved: assigned(fold, record); break;
    case SAPA_T_centre_started: stopped(fold, record); break;
    default: break;
    }
    return fold->failed;
}

sapa_rc sapa_stretches_until(struct sapa_stretches *fold, int64_t now_us)
{
    for (uint32_t i = 0; i < fold->agents.count; i++)
        over(fold, sapa_table_at(&fold->agents, i), now_us);
    fold->now_us = SAPA_MAX(fold->now_us, now_us);
    return fold->failed;
}

/* ---- pieces ---- */

static uint64_t key_of(int64_t hour, uint32_t agent)
{
    return (uint64_t)SAPA_MIN(SAPA_MAX(hour, 0), INT64_C(1) << 40) << DIM_BITS | SAPA_MIN(agent, (uint32_t)DIM_NONE);
}

uint64_t sapa_stretch_key_min(int64_t from_s)
{
    return key_of(from_s <= 0 ? 0 : (from_s + 3599) / 3600, 0);
}

/* What a stretch is told as a difference to: mostly it begins where the one before has ended, and contacts are near each other. */
struct last {
    int64_t end_us; /* in the hour */
    uint64_t contact;
};

static void put_one(struct sapa_writer *out, const struct sapa_stretch *one, struct last *last)
{
    sapa_put_i64(out, one->from_us % HOUR_US - last->end_us);
    last->end_us = one->from_us % HOUR_US + (one->to_us - one->from_us);
    sapa_put_u64(out, (uint64_t)(one->to_us - one->from_us));
    sapa_put_u64(out, one->doing);
    if (one->doing == SAPA_DID_AWAY)
        sapa_put_u64(out, one->reason == SAPA_NONE ? 0 : one->reason + UINT64_C(1));
    if (one->doing == SAPA_DID_BUSY || one->doing == SAPA_DID_WRAPUP)
        sapa_put_i64(out, (int64_t)(one->contact - last->contact)), last->contact = one->contact;
}

struct piece {
    struct sapa_reader in; /* at the next stretch */
    uint64_t count, hour;
    struct last last;
    uint32_t agent;
};

static bool take_head(struct sapa_str bytes, struct piece *ret)
{
    *ret = (struct piece){ .in = sapa_reader_of(bytes.p, bytes.n) };
    if (sapa_get_u64(&ret->in) != PIECE_VERSION)
        return false;
    ret->hour = sapa_get_u64(&ret->in);
    const uint64_t agent = sapa_get_u64(&ret->in);
    ret->count = sapa_get_u64(&ret->in);
    ret->agent = agent == DIM_NONE ? SAPA_NONE : (uint32_t)agent;
    return !ret->in.bad && ret->hour < (uint64_t)(TIME_US_MAX / HOUR_US) && agent <= DIM_NONE && ret->count <= PIECE_COUNT_MAX;
}

static bool take_one(struct piece *piece, struct sapa_stretch *ret)
{
    struct sapa_reader *in = &piece->in;
    const int64_t behind = sapa_get_i64(in);
    const uint64_t from = (uint64_t)behind + (uint64_t)piece->last.end_us, length = sapa_get_u64(in), doing = sapa_get_u64(in);

    if (in->bad || from >= (uint64_t)HOUR_US || length == 0 || length > (uint64_t)HOUR_US - from || doing == SAPA_DID_OUT || doing >= SAPA_DID_COUNT ||
        (doing == SAPA_DID_STOPPED) != (piece->agent == SAPA_NONE))
        return false;
    const uint64_t reason = doing == SAPA_DID_AWAY ? sapa_get_u64(in) : 0;
    const bool has_contact = doing == SAPA_DID_BUSY || doing == SAPA_DID_WRAPUP;
    const uint64_t contact = has_contact ? piece->last.contact + (uint64_t)sapa_get_i64(in) : 0;
    if (in->bad || reason > DIM_NONE)
        return false;
    piece->last = (struct last){ (int64_t)(from + length), has_contact ? contact : piece->last.contact };
    *ret = (struct sapa_stretch){ .from_us = (int64_t)(piece->hour * (uint64_t)HOUR_US + from), .contact = contact, .agent = piece->agent,
                                  .reason = reason == 0 ? SAPA_NONE : (uint32_t)reason - 1, .doing = (uint32_t)doing };
    ret->to_us = ret->from_us + (int64_t)length;
    return true;
}

static bool is_sound(struct piece piece)
{
    struct sapa_stretch one;

    for (uint64_t i = 0; i < piece.count; i++) {
        if (!take_one(&piece, &one))
            return false;
    }
    return sapa_reader_left(&piece.in) == 0;
}

sapa_rc sapa_stretches_join(struct sapa_stretches *fold, struct sapa_str bytes)
{
    struct sapa_stretch one;
    struct piece piece;

    if (!take_head(bytes, &piece) || !is_sound(piece))
        return SAPA_ECORRUPT;
    for (uint64_t i = 0; i < piece.count && take_one(&piece, &one); i++)
        add_one(fold, &one);
    return fold->failed;
}

static int by_place(const void *a, const void *b)
{
    const struct sapa_stretch *x = a, *y = b;
    const int64_t hours[2] = { hour_of(x->from_us), hour_of(y->from_us) };

    if (hours[0] != hours[1])
        return hours[0] < hours[1] ? -1 : 1;
    if (x->agent != y->agent)
        return x->agent < y->agent ? -1 : 1;
    return x->from_us < y->from_us ? -1 : x->from_us > y->from_us;
}

static int by_agent(const void *a, const void *b)
{
    const struct sapa_stretch *x = a, *y = b;

    if (x->agent != y->agent)
        return x->agent < y->agent ? -1 : 1;
    return x->from_us < y->from_us ? -1 : x->from_us > y->from_us;
}

/* Heap sort, as in interval.c: no more memory than the array, no bad case. */
static void sift(struct sapa_stretch *of, uint32_t at, uint32_t count, int (*compare)(const void *, const void *))
{
    while (2 * (uint64_t)at + 1 < count) {
        uint32_t child = 2 * at + 1;
        if (child + 1 < count && compare(&of[child], &of[child + 1]) < 0)
            child++;
        if (compare(&of[at], &of[child]) >= 0)
            return;
        const struct sapa_stretch larger = of[at];
        of[at] = of[child];
        of[child] = larger;
        at = child;
    }
}

static void sort(struct sapa_stretches *fold, int (*compare)(const void *, const void *))
{
    for (uint32_t i = fold->count / 2; i-- > 0;)
        sift(fold->of, i, fold->count, compare);
    for (uint32_t left = fold->count; left-- > 1;) {
        const struct sapa_stretch largest = fold->of[0];
        fold->of[0] = fold->of[left];
        fold->of[left] = largest;
        sift(fold->of, 0, left, compare);
    }
}

/* Those [first, end) of one hour and agent, behind what is stored there. */
static sapa_rc put_piece(const struct sapa_stretches *fold, uint32_t first, uint32_t end, struct sapa_str old, uint8_t *bytes, size_t *ret_n)
{
    const int64_t hour = hour_of(fold->of[first].from_us);
    struct piece before = { .count = 0 };
    struct last last = { 0, 0 };
    struct sapa_stretch one;

    if (old.n > 0 && (!take_head(old, &before) || !is_sound(before) || (int64_t)before.hour != hour || before.agent != fold->of[first].agent))
        return SAPA_ECORRUPT;
    if (before.count + (end - first) > PIECE_COUNT_MAX)
        return SAPA_ELIMIT;
    struct sapa_writer out = sapa_writer_of(bytes, SAPA_STRETCH_PIECE_MAX);
    sapa_put_u64(&out, PIECE_VERSION);
    sapa_put_u64(&out, (uint64_t)hour);
    sapa_put_u64(&out, SAPA_MIN(fold->of[first].agent, (uint32_t)DIM_NONE));
    sapa_put_u64(&out, before.count + (end - first));
    for (uint64_t i = 0; i < before.count && take_one(&before, &one); i++)
        put_one(&out, &one, &last);
    for (uint32_t i = first; i < end; i++)
        put_one(&out, &fold->of[i], &last);
    *ret_n = out.n;
    return out.bad ? SAPA_ELIMIT : SAPA_OK;
}

sapa_rc sapa_stretches_drain(struct sapa_stretches *fold, bool (*stored)(void *ctx, uint64_t key, struct sapa_str *ret),
                             bool (*put)(void *ctx, uint64_t key, struct sapa_str piece), void *ctx)
{
    uint8_t *bytes = fold->memory->resize(fold->memory->ctx, NULL, SAPA_STRETCH_PIECE_MAX);
    sapa_rc rc = fold->failed;

    if (!bytes)
        return SAPA_ENOMEM;
    sort(fold, by_place);
    for (uint32_t first = 0, end; rc == SAPA_OK && first < fold->count; first = end) {
        const int64_t hour = hour_of(fold->of[first].from_us);
        const uint32_t agent = fold->of[first].agent;
        struct sapa_str old = { 0 };
        size_t n = 0;
        for (end = first + 1; end < fold->count && fold->of[end].agent == agent && hour_of(fold->of[end].from_us) == hour;)
            end++;
        if (stored && !stored(ctx, key_of(hour, agent), &old))
            old = (struct sapa_str){ 0 };
        rc = put_piece(fold, first, end, old, bytes, &n);
        if (rc == SAPA_OK && !put(ctx, key_of(hour, agent), (struct sapa_str){ (const char *)bytes, n }))
            rc = SAPA_EIO;
    }
    (void)fold->memory->resize(fold->memory->ctx, bytes, 0);
    if (rc == SAPA_OK)
        fold->count = 0, fold->total = 0, fold->digest = 0;
    return rc;
}

/* ---- reading ---- */

static bool is_one(const struct sapa_stretch *a, const struct sapa_stretch *b)
{
    return a->agent == b->agent && a->to_us == b->from_us && a->doing == b->doing && a->reason == b->reason && a->contact == b->contact;
}

void sapa_stretches_sort(struct sapa_stretches *fold)
{
    uint32_t kept = 0;

    sort(fold, by_agent);
    for (uint32_t i = 0; i < fold->count; i++) {
        if (kept > 0 && is_one(&fold->of[kept - 1], &fold->of[i]))
            fold->of[kept - 1].to_us = fold->of[i].to_us;
        else
            fold->of[kept++] = fold->of[i];
    }
    fold->count = kept;
}

static uint32_t first_of(const struct sapa_stretches *fold, uint64_t agent)
{
    uint32_t low = 0, high = fold->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (fold->of[middle].agent < agent)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct sapa_stretch *sapa_stretches_of(const struct sapa_stretches *fold, uint32_t agent, uint32_t *ret_count)
{
    const uint32_t first = first_of(fold, agent);

    *ret_count = first_of(fold, agent + UINT64_C(1)) - first;
    return *ret_count > 0 ? &fold->of[first] : NULL;
}

bool sapa_stretches_same(const struct sapa_stretches *a, const struct sapa_stretches *b)
{
    return a->total == b->total && a->digest == b->digest;
}

/* ---- saving ---- */

struct stretches_head {
    uint64_t seq, total, digest;
    int64_t now_us;
    uint32_t count, zero;
};

sapa_rc sapa_stretches_save(const struct sapa_stretches *fold, const struct sapa_save *save)
{
    const struct stretches_head head = { fold->seq, fold->total, fold->digest, fold->now_us, fold->count, 0 };
    sapa_rc rc = fold->failed;

    if (rc == SAPA_OK)
        rc = save_head(save, STRETCHES_MARK, STRETCHES_VERSION, sizeof(head));
    if (rc == SAPA_OK && !save->put(save->ctx, &head, sizeof(head)))
        rc = SAPA_EIO;
    if (rc == SAPA_OK)
        rc = save_table(save, &fold->agents);
    if (rc == SAPA_OK)
        rc = save_table(save, &fold->held);
    if (rc == SAPA_OK && fold->count > 0 && !save->put(save->ctx, fold->of, fold->count * sizeof(*fold->of)))
        rc = SAPA_EIO;
    return rc;
}

static bool sane_agent(const void *entry)
{
    const struct agent *agent = entry;

    return agent->dim < DIM_NONE && agent->since_us >= 0 && agent->since_us <= TIME_US_MAX;
}

static bool sane_held(const void *entry)
{
    const struct held *held = entry;

    return held->doing > SAPA_ASSIGNMENT_NONE && held->doing < SAPA_ASSIGNMENT_COUNT;
}

static bool sane_stretch(const struct sapa_stretch *one)
{
    return one->from_us >= 0 && one->from_us < one->to_us && one->to_us <= TIME_US_MAX && one->doing > SAPA_DID_OUT && one->doing < SAPA_DID_COUNT &&
           hour_of(one->from_us) == hour_of(one->to_us - 1);
}

/* What is counted of each agent is what he holds. */
static bool counts_are_sound(const struct sapa_stretches *fold)
{
    uint64_t held[SAPA_ASSIGNMENT_COUNT] = { 0 }, counted[SAPA_ASSIGNMENT_COUNT] = { 0 };

    for (uint32_t i = 0; i < fold->held.count; i++) {
        const struct held *one = sapa_table_at(&fold->held, i);
        const struct agent *agent = sapa_table_find(&fold->agents, one->agent);
        if (!agent || agent->doing[one->doing] == 0)
            return false;
        held[one->doing]++;
    }
    for (uint32_t i = 0; i < fold->agents.count; i++) {
        const struct agent *agent = sapa_table_at(&fold->agents, i);
        for (unsigned k = 0; k < SAPA_ASSIGNMENT_COUNT; k++)
            counted[k] += agent->doing[k];
    }
    return memcmp(held, counted, sizeof(held)) == 0;
}

sapa_rc sapa_stretches_load(struct sapa_stretches *fold, const struct sapa_load *load)
{
    struct stretches_head head;
    sapa_rc rc = load_head(load, STRETCHES_MARK, STRETCHES_VERSION, sizeof(head));

    if (rc != SAPA_OK)
        return rc;
    if (!load->get(load->ctx, &head, sizeof(head)) || head.now_us < 0 || head.now_us > TIME_US_MAX)
        return SAPA_ECORRUPT;
    fold->seq = head.seq;
    fold->now_us = head.now_us;
    rc = load_table(load, &fold->agents, sane_agent);
    if (rc == SAPA_OK)
        rc = load_table(load, &fold->held, sane_held);
    if (rc == SAPA_OK && !counts_are_sound(fold))
        rc = SAPA_ECORRUPT;
    for (uint32_t i = 0; rc == SAPA_OK && i < head.count; i++) {
        struct sapa_stretch one;
        if (!load->get(load->ctx, &one, sizeof(one)) || !sane_stretch(&one))
            rc = SAPA_ECORRUPT;
        else
            add_one(fold, &one);
    }
    fold->total = head.total;
    fold->digest = head.digest;
    return rc == SAPA_OK ? fold->failed : rc;
}
