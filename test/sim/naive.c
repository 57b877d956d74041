#include "test_sim.h"

#define MUST(n, condition, ...)                                    \
    do {                                                           \
        if (!(condition))                                          \
            sim_fail(__FILE__, __LINE__, #condition, __VA_ARGS__); \
    } while (0)

void naive_init(struct naive *n, const struct sapa_centre *centre)
{
    memset(n, 0, sizeof(*n));
    n->centre = centre;
    n->judge = true;
    for (uint32_t q = 0; q < NAIVE_QUEUES; q++)
        n->rr_last[q] = SAPA_NONE;
    for (uint32_t a = 0; a < centre->agents_count; a++) {
        n->agents[a].idle = ++n->idle;
        n->agents[a].team = n->agents[a].team_beneath = centre->agents[a].team;
        for (uint32_t i = 0; i < centre->agents[a].skill_count; i++)
            n->agents[a].level[centre->levels[centre->agents[a].skill_first + i].skill] =
                centre->levels[centre->agents[a].skill_first + i].level;
    }
}

struct naive_contact *naive_contact_of(struct naive *n, uint64_t id)
{
    for (unsigned i = 0; i < NAIVE_CONTACTS; i++)
        if (n->contacts[i].id == id && id)
            return &n->contacts[i];
    return NULL;
}

static struct naive_work *work_of(struct naive *n, uint64_t offer)
{
    for (unsigned i = 0; i < NAIVE_WORKS; i++)
        if (n->works[i].offer == offer && offer)
            return &n->works[i];
    return NULL;
}

/* ---- the rules ---- */

static unsigned step_of(const struct naive *n, const struct naive_contact *c)
{
    const struct sapa_queue *q = &n->centre->queues[c->queue];
    unsigned step = 0;

    while (step + 1 < q->step_count &&
           n->now_us - c->entered_us >= q->steps[step + 1].after_ms * INT64_C(1000))
        step++;
    return step;
}

static bool fits(const struct naive *n, uint32_t agent, const struct naive_contact *c)
{
    const struct sapa_queue *q = &n->centre->queues[c->queue];
    const struct sapa_step *step = &q->steps[step_of(n, c)];

    if (!(n->centre->agents[agent].clients >> q->client & 1))
        return false;
    if (n->agents[agent].by_hand[c->queue].serves != SAPA_SERVES_DESCRIBED)
        return n->agents[agent].by_hand[c->queue].serves == SAPA_SERVES_YES;
    if (step->team != SAPA_NONE && n->agents[agent].team != step->team)
        return false;
    for (unsigned i = 0; i < step->need_count; i++)
        if (n->agents[agent].level[step->needs[i].skill] < step->needs[i].level_min ||
            n->agents[agent].level[step->needs[i].skill] == 0)
            return false;
    return true;
}

static bool is_free(const struct naive *n, uint32_t agent, uint32_t channel)
{
    const struct sapa_agent *a = &n->centre->agents[agent];
    unsigned used[SAPA_CHANNEL_COUNT] = { 0 }, total = 0;

    if (n->agents[agent].presence != SAPA_PRESENCE_READY || !n->agents[agent].reachable ||
        (n->agents[agent].watching && channel == SAPA_CHANNEL_VOICE))
        return false;
    for (unsigned i = 0; i < NAIVE_WORKS; i++) {
        const struct naive_work *w = &n->works[i];
        if (!w->offer || w->agent != agent || w->state == SAPA_ASSIGNMENT_NONE)
            continue;
        used[w->channel]++, total++;
        if (w->kind >= 2 && w->state != SAPA_ASSIGNMENT_WRAPUP && channel == SAPA_CHANNEL_VOICE)
            return false; /* a call of his own, or a colleague's, is in hand */
    }
    if (used[channel] >= a->capacity[channel])
        return false;
    for (unsigned other = 0; other < SAPA_CHANNEL_COUNT; other++)
        if (other != channel && used[other] && !(n->centre->interrupts.over[channel] >> other & 1))
            return false;
    if (total > 0 && total >= a->capacity_total)
        return false;
    return !a->reserve_voice || channel == SAPA_CHANNEL_VOICE || total + 1 < a->capacity_total;
}

static bool refused(const struct naive *n, const struct naive_contact *c, uint32_t agent,
                    bool only_last)
{
    (void)n;
    for (unsigned i = only_last && c->refused_count ? c->refused_count - 1 : 0;
         i < c->refused_count; i++)
        if (c->refused[i] == agent)
            return true;
    return false;
}

/* priority + waited / age, as fractions over a common denominator */
static bool before(const struct naive *n, const struct naive_contact *x,
                   const struct naive_contact *y)
{
    const struct naive_contact *both[2] = { x, y };
    __int128 top[2], bottom[2];

    for (unsigned i = 0; i < 2; i++) {
        const int64_t age_us = n->centre->queues[both[i]->queue].age_ms_per_step * INT64_C(1000);
        top[i] = (__int128)both[i]->priority * (age_us ? age_us : 1) +
                 (age_us ? n->now_us - both[i]->aged_us : 0);
        bottom[i] = age_us ? age_us : 1;
    }
    if (top[0] * bottom[1] != top[1] * bottom[0])
        return top[0] * bottom[1] > top[1] * bottom[0];
    return x->aged_us != y->aged_us ? x->aged_us < y->aged_us : x->seq < y->seq;
}

static bool agent_before(const struct naive *n, const struct naive_contact *c, uint32_t a,
                         uint32_t b)
{
    const struct sapa_queue *q = &n->centre->queues[c->queue];
    const uint32_t skill = q->steps[step_of(n, c)].preferred_skill, count = n->centre->agents_count;

    if (skill != SAPA_NONE && n->agents[a].level[skill] != n->agents[b].level[skill])
        return n->agents[a].level[skill] > n->agents[b].level[skill];
    if (q->choice == SAPA_CHOICE_FEWEST_CONTACTS && n->agents[a].contacts != n->agents[b].contacts)
        return n->agents[a].contacts < n->agents[b].contacts;
    if (q->choice == SAPA_CHOICE_ROUND_ROBIN && n->rr_last[c->queue] != SAPA_NONE) {
        const uint32_t last = n->rr_last[c->queue];
        return (a + count - last - 1) % count < (b + count - last - 1) % count;
    }
    if (q->choice == SAPA_CHOICE_ROUND_ROBIN)
        return a < b;
    return n->agents[a].idle < n->agents[b].idle;
}

static bool barred(const struct naive *n, const struct naive_contact *c, uint32_t agent)
{
    return c->refused_until_us > n->now_us && refused(n, c, agent, false);
}

/* Its waiting follows rules that are not modelled here. */
static bool apart(const struct naive_contact *c)
{
    return c->special || c->prefers != SAPA_NONE;
}

static bool waits(const struct naive_contact *c)
{
    return c->id && c->queued && c->ringing == 0 && c->talking == 0;
}

/* Its state changes by time at a moment that may or may not have been handled yet. */
static bool on_the_edge(const struct naive *n, const struct naive_contact *c)
{
    const struct sapa_queue *q = &n->centre->queues[c->queue];

    for (unsigned s = 1; s < q->step_count; s++) {
        const int64_t at_us = c->entered_us + q->steps[s].after_ms * INT64_C(1000);
        if (at_us > n->settled_us && at_us <= n->now_us)
            return true;
    }
    for (uint32_t i = 0; i < q->overflow_count; i++)
        if (n->centre->overflows[q->overflow_first + i].when == SAPA_OVERFLOW_WAIT &&
            n->now_us - c->entered_us >=
                n->centre->overflows[q->overflow_first + i].limit * INT64_C(1000))
            return true;
    return c->refused_count && c->refused_until_us > n->settled_us &&
           c->refused_until_us <= n->now_us;
}

uint32_t naive_agent_for(const struct naive *n, const struct naive_contact *c)
{
    uint32_t best = SAPA_NONE;

    for (unsigned again = 0; again < 2 && best == SAPA_NONE; again++)
        for (uint32_t a = 0; a < n->centre->agents_count; a++)
            if (fits(n, a, c) && is_free(n, a, c->channel) && !barred(n, c, a) &&
                refused(n, c, a, true) == (again == 1) &&
                (best == SAPA_NONE || agent_before(n, c, a, best)))
                best = a;
    return best;
}

uint64_t naive_contact_for(const struct naive *n, uint32_t agent)
{
    const struct naive_contact *best = NULL;

    for (unsigned i = 0; i < NAIVE_CONTACTS; i++) {
        const struct naive_contact *c = &n->contacts[i];
        if (waits(c) && !apart(c) && !c->virtual_waiter && fits(n, agent, c) &&
            is_free(n, agent, c->channel) && !barred(n, c, agent) && (!best || before(n, c, best)))
            best = c;
    }
    return best ? best->id : 0;
}

/* ---- what happens ---- */

static void change_queue(struct naive *n, const struct sapa_rec_agent_queue *in)
{
    if (in->agent >= n->centre->agents_count || in->queue >= n->centre->queues_count || in->serves >= SAPA_SERVES_COUNT ||
        (in->until_us && (in->until_us <= n->now_us || in->serves == SAPA_SERVES_DESCRIBED)) ||
        (in->serves == SAPA_SERVES_YES && !(n->centre->agents[in->agent].clients >> n->centre->queues[in->queue].client & 1)))
        return;
    struct naive_by_hand *one = &n->agents[in->agent].by_hand[in->queue];
    one->beneath = !in->until_us ? SAPA_SERVES_DESCRIBED : one->until_us ? one->beneath : one->serves;
    one->serves = (uint8_t)in->serves;
    one->until_us = in->until_us;
}

/* It is told as it was asked for; what ends by itself ends in time, and leaves what was for good. */
static void queue_changed(struct naive *n, const struct sapa_rec_serves_changed *told)
{
    struct naive_by_hand *one = &n->agents[told->agent].by_hand[told->queue];

    if (told->by.n == 0) {
        MUST(n, one->until_us && one->until_us <= n->now_us && told->until_us == 0, "agent %u, queue %u: ends before its time",
             (unsigned)told->agent, (unsigned)told->queue);
        *one = (struct naive_by_hand){ .serves = one->beneath };
    }
    MUST(n, told->serves == one->serves && told->until_us == one->until_us, "agent %u serves queue %u otherwise", (unsigned)told->agent,
         (unsigned)told->queue);
}

static void change_team(struct naive *n, const struct sapa_rec_agent_team *in)
{
    if (in->agent >= n->centre->agents_count || (in->team >= n->centre->teams_count && in->team != SAPA_NONE))
        return;
    struct naive_agent *a = &n->agents[in->agent];
    const uint32_t own = n->centre->agents[in->agent].team;
    const bool home = in->team == SAPA_NONE || in->team == own;
    if (!home && in->until_us && in->until_us <= n->now_us)
        return;
    if (home || !in->until_us)
        a->team_beneath = own;
    else if (!a->team_until_us)
        a->team_beneath = a->team;
    a->team = home ? own : (uint32_t)in->team;
    a->team_until_us = home ? 0 : in->until_us;
}

static void team_changed(struct naive *n, const struct sapa_rec_team_changed *told)
{
    struct naive_agent *a = &n->agents[told->agent];

    if (told->by.n == 0) {
        MUST(n, a->team_until_us && a->team_until_us <= n->now_us && told->until_us == 0, "agent %u comes back from a team before its time",
             (unsigned)told->agent);
        a->team = a->team_beneath;
        a->team_beneath = n->centre->agents[told->agent].team;
        a->team_until_us = 0;
    }
    MUST(n, told->team == a->team && told->until_us == a->team_until_us &&
                (told->described != 0) == (a->team == n->centre->agents[told->agent].team),
         "agent %u works in another team", (unsigned)told->agent);
}

void naive_input(struct naive *n, const struct sapa_record *in, int64_t now_us)
{
    n->now_us = SAPA_MAX(n->now_us, now_us);
    n->steps++;
    if (in->type == SAPA_T_agent_device && in->u.agent_device.agent < n->centre->agents_count &&
        in->u.agent_device.reachable <= 1)
        n->agents[in->u.agent_device.agent].reachable = in->u.agent_device.reachable;
    if (in->type == SAPA_T_agent_skill && in->u.agent_skill.agent < n->centre->agents_count &&
        in->u.agent_skill.skill < n->centre->skills_count && in->u.agent_skill.level <= 10 &&
        in->u.agent_skill.until_us == 0)
        n->agents[in->u.agent_skill.agent].level[in->u.agent_skill.skill] =
            (uint8_t)in->u.agent_skill.level;
    if (in->type == SAPA_T_agent_queue)
        change_queue(n, &in->u.agent_queue);
    if (in->type == SAPA_T_agent_team)
        change_team(n, &in->u.agent_team);
    const bool call = in->type == SAPA_T_agent_call;
    const uint64_t comes = call ? in->u.agent_call.contact
                           : in->type == SAPA_T_contact_arrived ? in->u.contact_arrived.contact
                                                                : 0;
    if (comes && !naive_contact_of(n, comes)) {
        for (unsigned i = 0; i < NAIVE_CONTACTS; i++) {
            if (n->contacts[i].id)
                continue;
            n->contacts[i] =
                (struct naive_contact){ .id = comes,
                                        .queue = SAPA_NONE,
                                        .channel = call ? SAPA_CHANNEL_VOICE : (uint32_t)in->u.contact_arrived.channel,
                                        .last_agent = call ? SAPA_NONE : (uint32_t)in->u.contact_arrived.last_agent,
                                        .prefers = SAPA_NONE,
                                        .ended_before = true };
            break;
        }
    }
}

static void judge_offer(struct naive *n, const struct sapa_rec_offer_made *made,
                        struct naive_contact *c)
{
    if (!n->judge || apart(c) || on_the_edge(n, c))
        return;
    const uint32_t agent = (uint32_t)made->agent;
    MUST(n, made->step == step_of(n, c), "contact %llu step", (unsigned long long)c->id);
    MUST(n, fits(n, agent, c), "agent %u is not eligible", agent);
    MUST(n, is_free(n, agent, c->channel), "agent %u is not free", agent);
    MUST(n, !barred(n, c, agent), "agent %u has just refused", agent);
    n->judged++;
    for (unsigned i = 0; i < NAIVE_CONTACTS; i++) { /* nobody is overtaken */
        const struct naive_contact *other = &n->contacts[i];
        if (other == c || !waits(other) || apart(other) || other->virtual_waiter ||
            on_the_edge(n, other) || other->channel != c->channel)
            continue;
        if (fits(n, agent, other) && !barred(n, other, agent))
            MUST(n, !before(n, other, c), "contact %llu overtook %llu at agent %u",
                 (unsigned long long)c->id, (unsigned long long)other->id, agent);
    }
    const uint8_t choice = n->centre->queues[c->queue].choice;
    if (choice != SAPA_CHOICE_RING_ALL && choice != SAPA_CHOICE_LEAST_OCCUPIED)
        MUST(n, naive_agent_for(n, c) == agent, "contact %llu went to agent %u, the rule says %u",
             (unsigned long long)c->id, agent, naive_agent_for(n, c));
}

static void on_offer_made(struct naive *n, const struct sapa_rec_offer_made *made)
{
    struct naive_contact *c = naive_contact_of(n, made->contact);
    unsigned free_slot = NAIVE_WORKS;

    const bool call = made->kind >= 2, taken = made->kind == 4; /* a supervisor takes over: nothing rings */

    MUST(n, c && (call || (c->queued && c->talking == 0)), "offer of contact %llu that does not wait",
         (unsigned long long)made->contact);
    MUST(n, !work_of(n, made->offer), "offer %llu again", (unsigned long long)made->offer);
    if (n->judge && !call)
        MUST(n, c->queue == made->queue, "offer for queue %u", (unsigned)made->queue);
    if (taken)
        MUST(n, !c->queued && c->talking > 0 && n->agents[made->agent].presence != SAPA_PRESENCE_OFFLINE,
             "nobody talks whose place could be taken");
    else if (call)
        MUST(n, !c->queued && c->talking == 0 && n->agents[made->agent].presence != SAPA_PRESENCE_OFFLINE,
             "a call of an agent begins out of turn");
    else if (c->ringing > 0)
        MUST(n, n->centre->queues[made->queue].choice == SAPA_CHOICE_RING_ALL, "rings twice");
    else
        judge_offer(n, made, c);
    if (!call) {
        n->rr_last[made->queue] = c->ringing ? n->rr_last[made->queue] : (uint32_t)made->agent;
        c->ringing++;
    }
    n->made++;
    for (unsigned i = 0; i < NAIVE_WORKS && free_slot == NAIVE_WORKS; i++)
        if (!n->works[i].offer)
            free_slot = i;
    MUST(n, free_slot < NAIVE_WORKS, "too much work");
    n->works[free_slot] = (struct naive_work){ .offer = made->offer,
                                               .contact = made->contact,
                                               .agent = (uint32_t)made->agent,
                                               .channel = c->channel,
                                               .kind = (uint8_t)made->kind,
                                               .caller = made->kind == 2 && c->internal,
                                               .offer_open = true };
}

static void on_offer_ended(struct naive *n, const struct sapa_rec_offer_ended *ended)
{
    struct naive_contact *c = naive_contact_of(n, ended->contact);
    struct naive_work *w = work_of(n, ended->offer);
    /* a fault without a cause is the centre's own */
    const bool against = (UINT64_C(1) << ended->result & (1 << SAPA_OFFER_REFUSED | 1 << SAPA_OFFER_NO_ANSWER |
                                                          1 << SAPA_OFFER_BUSY | 1 << SAPA_OFFER_UNREACHABLE)) ||
                         (ended->result == SAPA_OFFER_FAULT && ended->cause);

    MUST(n, c && w && w->offer_open && (w->kind >= 2 || c->ringing > 0), "offer %llu ends that does not ring",
         (unsigned long long)ended->offer);
    w->offer_open = false;
    n->results[ended->result]++;
    if (w->kind >= 2) {
        if (ended->result == SAPA_OFFER_ACCEPTED || against)
            n->agents[ended->agent].idle = ++n->idle;
        return;
    }
    c->ringing--;
    if (ended->result == SAPA_OFFER_ACCEPTED) {
        c->talking++;
        MUST(n, c->talking == 1, "contact %llu talks twice", (unsigned long long)c->id);
        n->agents[ended->agent].idle = ++n->idle;
    } else if (against) {
        n->agents[ended->agent].idle = ++n->idle;
        if (c->refused_until_us <= n->now_us)
            c->refused_count = 0;
        for (unsigned i = 0; i < c->refused_count; i++)
            if (c->refused[i] == ended->agent) {
                memmove(&c->refused[i], &c->refused[i + 1],
                        (c->refused_count - i - 1) * sizeof(c->refused[0]));
                c->refused_count--;
            }
        if (c->refused_count == SAPA_COUNT(c->refused)) {
            memmove(&c->refused[0], &c->refused[1], sizeof(c->refused) - sizeof(c->refused[0]));
            c->refused_count--;
        }
        c->refused[c->refused_count++] = (uint32_t)ended->agent;
        c->refused_until_us = n->now_us + SAPA_CORE_REOFFER_MS * INT64_C(1000);
    }
}

static void on_assignment(struct naive *n, const struct sapa_rec_assignment_moved *moved)
{
    struct naive_work *w = work_of(n, moved->offer);

    MUST(n, w && w->state == moved->from, "assignment %llu moves from %u",
         (unsigned long long)moved->offer, (unsigned)moved->from);
    if (moved->from == SAPA_ASSIGNMENT_NONE && n->judge && w->kind < 2)
        MUST(n, is_free(n, w->agent, w->channel), "agent %u above capacity", w->agent);
    w->state = (uint8_t)moved->to;
    if (w->kind == 2 && (moved->to == SAPA_ASSIGNMENT_NONE || moved->to == SAPA_ASSIGNMENT_WRAPUP) &&
        (moved->from == SAPA_ASSIGNMENT_TALKING || moved->from == SAPA_ASSIGNMENT_HELD))
        n->agents[w->agent].idle = ++n->idle;
    if (moved->to == SAPA_ASSIGNMENT_NONE)
        w->offer = 0;
}

static void on_queued(struct naive *n, const struct sapa_rec_contact_queued *queued)
{
    struct naive_contact *c = naive_contact_of(n, queued->contact);

    MUST(n, c && !c->queued && c->ringing == 0 && c->talking == 0, "contact %llu joins twice",
         (unsigned long long)queued->contact);
    c->queued = true;
    c->queue = (uint32_t)queued->queue;
    c->priority = (uint32_t)queued->priority;
    c->entered_us = n->now_us;
    c->virtual_waiter = queued->virtual_waiter;
    const bool keeps = c->joined && (c->left_why != SAPA_DEQUEUE_FLOW || c->left_step == n->steps);
    if (!keeps) {
        c->aged_us = n->now_us;
        c->seq = ++n->seq;
    }
    c->joined = true;
    /* one who is not at work is not waited for, nor one who leaves (agent_moved) */
    c->prefers = c->last_agent < n->centre->agents_count &&
                         n->agents[c->last_agent].presence == SAPA_PRESENCE_READY &&
                         n->centre->queues[c->queue].preferred_ms
                     ? c->last_agent
                     : SAPA_NONE;
}

/* Each part that talks has one beginning and one end in each contact, and the time between is what is told. */
static void part_begins(struct naive *n, struct naive_contact *c, uint64_t offer, uint32_t agent, uint64_t queue)
{
    struct naive_work *w = work_of(n, offer);

    MUST(n, c && w && w->contact == c->id && w->agent == agent && w->connected_us <= 0 && !w->offer_open,
         "part %llu begins out of turn", (unsigned long long)offer);
    w->connected_us = n->now_us;
    if (w->caller)
        return;
    c->talking += w->kind >= 2;
    MUST(n, !c->queued && c->talking == 1, "contact %llu connects out of turn", (unsigned long long)c->id);
    n->agents[agent].contacts += queue != SAPA_NONE;
}

static void part_ends(struct naive *n, struct naive_contact *c, const struct sapa_rec_contact_parted *parted)
{
    struct naive_work *w = work_of(n, parted->offer);

    MUST(n, c && w && w->contact == c->id && w->connected_us != 0 && (w->caller || c->talking > 0),
         "contact %llu parts from nobody", (unsigned long long)parted->contact);
    if (w->connected_us > 0) {
        const int64_t told_ms = (int64_t)(parted->talk_ms + parted->hold_ms),
                      is_ms = (n->now_us - w->connected_us) / 1000;
        MUST(n, told_ms >= is_ms - 2 && told_ms <= is_ms + 2, "part %llu lasted %lld ms, told are %lld",
             (unsigned long long)parted->offer, (long long)is_ms, (long long)told_ms);
    }
    w->connected_us = 0;
    c->talking -= !w->caller;
    n->agents[parted->agent].idle = ++n->idle;
    if (parted->side == SAPA_SIDE_NETWORK || parted->side == SAPA_SIDE_SYSTEM)
        c->special = true; /* it avoids the one whose leg broke */
}

static void party_joins(struct naive *n, struct naive_contact *c, const struct sapa_rec_party_joined *joined)
{
    MUST(n, c && !c->queued && c->ringing == 0, "somebody joins contact %llu that does not talk",
         (unsigned long long)joined->contact);
    n->joined++;
    if (joined->offer) {
        struct naive_work *w = work_of(n, joined->offer);
        MUST(n, w && w->agent == joined->agent && w->connected_us == 0 && (w->contact != c->id) == (w->kind != 4),
             "part %llu joins out of turn", (unsigned long long)joined->offer);
        w->contact = c->id;
        w->connected_us = n->now_us;
        n->agents[w->agent].contacts += w->kind == 4 && joined->queue != SAPA_NONE;
        c->talking++;
    } else {
        c->outside++;
        MUST(n, c->outside <= SAPA_OUTSIDE_MAX && joined->attempt, "too many from outside");
    }
    MUST(n, joined->parties == 1 + c->talking + c->outside, "%u parties, told are %u",
         1 + c->talking + c->outside, (unsigned)joined->parties);
}

/* A supervisor has a beginning and an end within the life of a contact, and one thing to do at a time. */
static struct naive_watch *watch_of(struct naive *n, uint64_t id)
{
    for (unsigned i = 0; i < NAIVE_WATCHES; i++)
        if (n->watches[i].id == id)
            return &n->watches[i];
    return NULL;
}

static void watch_begins(struct naive *n, const struct naive_contact *c, const struct sapa_rec_supervision_began *began)
{
    struct naive_watch *watch = watch_of(n, 0);
    unsigned others = 0;

    for (unsigned i = 0; i < NAIVE_WATCHES; i++)
        others += n->watches[i].id && n->watches[i].contact == began->contact;
    MUST(n, c && c->talking > 0 && watch && !watch_of(n, began->supervision) && others < SAPA_SUPERVISORS_MAX &&
                !n->agents[began->agent].watching && n->agents[began->agent].reachable,
         "supervision %llu begins out of turn", (unsigned long long)began->supervision);
    for (unsigned i = 0; i < NAIVE_WORKS; i++)
        MUST(n, !n->works[i].offer || n->works[i].agent != began->agent || n->works[i].channel != SAPA_CHANNEL_VOICE ||
                    n->works[i].state == SAPA_ASSIGNMENT_WRAPUP,
             "agent %u has something in hand", (unsigned)began->agent);
    *watch = (struct naive_watch){ .id = began->supervision, .contact = began->contact, .agent = (uint32_t)began->agent,
                                   .mode = (uint32_t)began->mode };
    n->agents[began->agent].watching = true;
    n->watched++;
}

static void watch_changes(struct naive *n, const struct sapa_rec_supervision_changed *changed)
{
    struct naive_watch *watch = watch_of(n, changed->supervision);

    MUST(n, watch && changed->supervision && watch->contact == changed->contact && watch->agent == changed->agent &&
                watch->mode == changed->from && (changed->from != changed->to || (changed->on && !watch->on)) &&
                (changed->on || !watch->on),
         "supervision %llu changes out of turn", (unsigned long long)changed->supervision);
    if (changed->on && !watch->on)
        watch->on_us = n->now_us;
    watch->on = changed->on;
    watch->mode = (uint32_t)changed->to;
}

static void watch_ends(struct naive *n, const struct naive_contact *c, const struct sapa_rec_supervision_ended *ended)
{
    struct naive_watch *watch = watch_of(n, ended->supervision);

    MUST(n, watch && ended->supervision && c && !c->ended_before && watch->contact == c->id && (watch->agent == ended->agent || !n->judge) &&
                watch->mode == ended->mode && watch->on == (ended->result == SAPA_OFFER_ACCEPTED),
         "supervision %llu ends out of turn", (unsigned long long)ended->supervision);
    const int64_t on_ms = watch->on ? (n->now_us - watch->on_us) / 1000 : 0;
    MUST(n, (int64_t)ended->heard_ms >= on_ms - 2 && (int64_t)ended->heard_ms <= on_ms + 2,
         "supervision %llu was on for %lld ms, told are %lld", (unsigned long long)ended->supervision, (long long)on_ms,
         (long long)ended->heard_ms);
    n->taken += ended->mode == SAPA_SUPERVISION_TAKEOVER && watch->on;
    n->agents[watch->agent].watching = false; /* while a description takes force agents are told by their new numbers */
    watch->id = 0;
}

void naive_event(struct naive *n, const struct sapa_record *out)
{
    struct naive_contact *c = naive_contact_of(n, sapa_record_contact(out));

    switch (out->type) {
    case SAPA_T_contact_new:
        MUST(n, c && c->ended_before, "contact %llu is new twice",
             (unsigned long long)out->u.contact_new.contact);
        c->ended_before = false;
        c->client = (uint32_t)out->u.contact_new.client;
        c->internal = out->u.contact_new.direction == SAPA_DIRECTION_INTERNAL;
        n->news++;
        break;
    case SAPA_T_contact_queued: on_queued(n, &out->u.contact_queued); break;
    case SAPA_T_contact_dequeued:
        MUST(n, c && c->queued && c->ringing == 0, "contact %llu leaves where it does not wait",
             (unsigned long long)out->u.contact_dequeued.contact);
        if (n->judge)
            MUST(n, c->queue == out->u.contact_dequeued.queue, "leaves another queue");
        c->queued = false;
        c->left_step = n->steps;
        c->left_why = (uint32_t)out->u.contact_dequeued.reason;
        if (c->left_why == SAPA_DEQUEUE_CONNECTED)
            c->refused_count = 0;
        break;
    case SAPA_T_offer_made: on_offer_made(n, &out->u.offer_made); break;
    case SAPA_T_offer_ended: on_offer_ended(n, &out->u.offer_ended); break;
    case SAPA_T_assignment_moved: on_assignment(n, &out->u.assignment_moved); break;
    case SAPA_T_contact_connected:
        part_begins(n, c, out->u.contact_connected.offer, (uint32_t)out->u.contact_connected.agent,
                    out->u.contact_connected.queue);
        break;
    case SAPA_T_contact_parted: part_ends(n, c, &out->u.contact_parted); break;
    case SAPA_T_party_joined: party_joins(n, c, &out->u.party_joined); break;
    case SAPA_T_hand_changed: {
        struct naive_agent *a = out->u.hand_changed.agent < n->centre->agents_count ? &n->agents[out->u.hand_changed.agent] : NULL;
        if (!n->judge)
            break; /* agents have other numbers in a moment */
        const int64_t was_ms = a && a->hand ? (n->now_us - a->hand_us) / 1000 : 0;
        MUST(n, a && a->hand == out->u.hand_changed.from && a->hand != out->u.hand_changed.to &&
                    (out->u.hand_changed.to != SAPA_HAND_TAKEN || a->hand == SAPA_HAND_RAISED) &&
                    (int64_t)out->u.hand_changed.was_ms >= was_ms - 2 && (int64_t)out->u.hand_changed.was_ms <= was_ms + 2,
             "the hand of agent %u moves out of turn", (unsigned)out->u.hand_changed.agent);
        a->hand = (uint8_t)out->u.hand_changed.to;
        a->hand_us = n->now_us;
        break;
    }
    case SAPA_T_serves_changed: queue_changed(n, &out->u.serves_changed); break;
    case SAPA_T_team_changed: team_changed(n, &out->u.team_changed); break;
    case SAPA_T_supervision_began: watch_begins(n, c, &out->u.supervision_began); break;
    case SAPA_T_supervision_changed: watch_changes(n, &out->u.supervision_changed); break;
    case SAPA_T_supervision_ended: watch_ends(n, c, &out->u.supervision_ended); break;
    case SAPA_T_party_left:
        MUST(n, c && c->outside > 0, "nobody from outside leaves contact %llu",
             (unsigned long long)out->u.party_left.contact);
        c->outside--;
        break;
    case SAPA_T_contact_transferred:
        if (c)
            c->special = true; /* it avoids who passed it on, or talks on without us */
        break;
    case SAPA_T_contact_merged: {
        struct naive_contact *other = naive_contact_of(n, out->u.contact_merged.other);
        MUST(n, c && other && other != c && !other->ended_before && !other->merged, "contact %llu merges with nobody",
             (unsigned long long)out->u.contact_merged.contact);
        other->merged = true;
        break;
    }
    case SAPA_T_callback_changed:
        if (c && (out->u.callback_changed.state == SAPA_CALLBACK_RETRY ||
                  out->u.callback_changed.state == SAPA_CALLBACK_FAILED))
            c->talking = 0, c->special = true;
        break;
    case SAPA_T_wrapup_ended: n->agents[out->u.wrapup_ended.agent].idle = ++n->idle; break;
    case SAPA_T_agent_moved: {
        struct naive_agent *a = &n->agents[out->u.agent_moved.agent];
        MUST(n, a->presence == out->u.agent_moved.from || !n->judge,
             "agent moves from where he is not");
        a->presence = (uint8_t)out->u.agent_moved.to;
        if (out->u.agent_moved.from == SAPA_PRESENCE_OFFLINE)
            a->contacts = 0;
        if (a->presence == SAPA_PRESENCE_READY)
            a->idle = ++n->idle;
        for (unsigned i = 0; i < NAIVE_CONTACTS && a->presence != SAPA_PRESENCE_READY; i++)
            if (n->contacts[i].prefers == out->u.agent_moved.agent)
                n->contacts[i].prefers = SAPA_NONE;
        break;
    }
    case SAPA_T_contact_ended:
        MUST(n, c && !c->ended_before, "contact %llu ends twice",
             (unsigned long long)out->u.contact_ended.contact);
        MUST(n, (out->u.contact_ended.outcome == SAPA_OUTCOME_MERGED) == c->merged, "contact %llu merged with nobody",
             (unsigned long long)c->id);
        for (unsigned i = 0; i < NAIVE_WORKS; i++)
            MUST(n, !n->works[i].offer || n->works[i].contact != c->id || n->works[i].state == SAPA_ASSIGNMENT_WRAPUP,
                 "contact %llu leaves a part behind", (unsigned long long)c->id);
        for (unsigned i = 0; i < NAIVE_WATCHES; i++)
            MUST(n, !n->watches[i].id || n->watches[i].contact != c->id, "contact %llu leaves a supervisor behind",
                 (unsigned long long)c->id);
        MUST(n, !c->queued && c->ringing == 0 && c->talking == 0 && c->outside == 0,
             "contact %llu ends amid something", (unsigned long long)c->id);
        MUST(n,
             out->u.contact_ended.flow_ms + out->u.contact_ended.queue_ms <=
                 out->u.contact_ended.total_ms + 1,
             "times of contact %llu do not add up", (unsigned long long)c->id);
        n->ends++;
        n->outcomes[out->u.contact_ended.outcome]++;
        c->id = 0;
        break;
    default: break;
    }
}

void naive_done(struct naive *n, bool quiet)
{
    uint64_t open = 0, ended = 0, living = 0;

    for (unsigned i = 0; i < NAIVE_WORKS; i++)
        open += n->works[i].offer && n->works[i].offer_open;
    for (unsigned r = 0; r < SAPA_OFFER_COUNT; r++)
        ended += n->results[r];
    MUST(n, n->made == open + ended, "offered is not accepted + refused + ...");
    for (unsigned i = 0; i < NAIVE_CONTACTS; i++) {
        if (n->contacts[i].id && n->contacts[i].ended_before)
            n->contacts[i].id = 0; /* its arrival was refused */
        living += n->contacts[i].id != 0;
    }
    MUST(n, n->news == n->ends + living, "contacts are lost: %llu new, %llu ended, %llu living",
         (unsigned long long)n->news, (unsigned long long)n->ends, (unsigned long long)living);
    if (!quiet)
        return;
    n->settled_us = n->now_us;
    for (unsigned i = 0; n->judge && i < NAIVE_CONTACTS;
         i++) { /* nobody waits for somebody who is free */
        const struct naive_contact *c = &n->contacts[i];
        if (waits(c) && !apart(c) && !c->virtual_waiter)
            MUST(n, naive_agent_for(n, c) == SAPA_NONE, "contact %llu waits while agent %u is free",
                 (unsigned long long)c->id, naive_agent_for(n, c));
    }
    n->judge = true;
}

/* ---- another description ---- */

void naive_centre(struct naive *n, const struct sapa_centre *centre, const struct sapa_core *core)
{
    const struct sapa_centre *old = n->centre;
    struct naive_agent agents[NAIVE_AGENTS];
    uint32_t to[NAIVE_AGENTS];

    memset(agents, 0, sizeof(agents));
    for (uint32_t a = 0; a < old->agents_count; a++) {
        to[a] = SAPA_FIND(centre, agents, old->agents[a].key);
        if (to[a] == SAPA_NONE)
            continue;
        agents[to[a]] = n->agents[a];
        struct naive_agent *moved = &agents[to[a]];
        const uint32_t own = centre->agents[to[a]].team;
        const bool lent = moved->team != old->agents[a].team;
        const uint32_t team = lent && moved->team != SAPA_NONE ? SAPA_FIND(centre, teams, old->teams[moved->team].key) : SAPA_NONE;
        const uint32_t beneath = moved->team_beneath != old->agents[a].team && moved->team_beneath != SAPA_NONE
                                     ? SAPA_FIND(centre, teams, old->teams[moved->team_beneath].key) : SAPA_NONE;
        moved->team_until_us = team == SAPA_NONE || team == own ? 0 : moved->team_until_us;
        moved->team = team == SAPA_NONE ? own : team;
        moved->team_beneath = beneath == SAPA_NONE || team == SAPA_NONE || team == own ? own : beneath;
        memset(agents[to[a]].by_hand, 0, sizeof(agents[to[a]].by_hand));
        for (uint32_t q = 0; q < old->queues_count; q++) {
            const uint32_t queue = SAPA_FIND(centre, queues, old->queues[q].key);
            if (queue != SAPA_NONE)
                agents[to[a]].by_hand[queue] = n->agents[a].by_hand[q];
        }
    }
    for (unsigned i = 0; i < NAIVE_WATCHES; i++)
        if (n->watches[i].id)
            n->watches[i].agent = to[n->watches[i].agent]; /* of one who is gone it has ended */
    for (uint32_t a = 0; a < centre->agents_count; a++) {
        struct sapa_agent_view view;
        if (SAPA_FIND(old, agents, centre->agents[a].key) == SAPA_NONE) {
            agents[a].idle = ++n->idle;
            agents[a].team = agents[a].team_beneath = centre->agents[a].team;
        }
        if (sapa_core_agent_get(core, a, n->now_us, &view) == SAPA_OK) {
            agents[a].presence = view.presence;
            agents[a].reachable = view.reachable;
            agents[a].hand = view.hand;
            agents[a].hand_us = view.hand_since_us;
        }
    }
    memcpy(n->agents, agents, sizeof(agents));
    uint32_t rr_last[NAIVE_QUEUES];
    for (uint32_t q = 0; q < NAIVE_QUEUES; q++)
        rr_last[q] = SAPA_NONE;
    for (uint32_t q = 0; q < old->queues_count; q++) {
        const uint32_t queue = SAPA_FIND(centre, queues, old->queues[q].key);
        if (queue != SAPA_NONE && n->rr_last[q] != SAPA_NONE)
            rr_last[queue] = to[n->rr_last[q]];
    }
    memcpy(n->rr_last, rr_last, sizeof(rr_last));
    n->centre = centre;
    for (unsigned i = 0; i < NAIVE_CONTACTS; i++) {
        struct naive_contact *c = &n->contacts[i];
        struct sapa_contact_view view;
        if (!c->id || sapa_core_contact_get(core, c->id, n->now_us, &view) != SAPA_OK)
            continue;
        if (c->queued)
            c->queue = view.queue;
        c->last_agent = c->last_agent < old->agents_count ? to[c->last_agent] : SAPA_NONE;
        c->prefers = c->prefers < old->agents_count ? to[c->prefers] : SAPA_NONE;
        c->special |= c->refused_count > 0; /* whom it avoids has another number now */
    }
    struct naive_work works[NAIVE_WORKS];
    memcpy(works, n->works, sizeof(works));
    memset(n->works, 0, sizeof(n->works));
    for (uint32_t a = 0, next = 0; a < centre->agents_count; a++) {
        struct sapa_assignment_view view;
        for (uint32_t cursor = 0; sapa_core_assignment_next(core, a, &cursor, &view);) {
            struct naive_work *w = &n->works[next++];
            for (unsigned i = 0; i < NAIVE_WORKS; i++)
                if (works[i].offer == view.offer)
                    *w = works[i];
            MUST(n, w->offer == view.offer && w->contact == view.contact && w->kind == view.kind,
                 "work %llu out of nothing", (unsigned long long)view.offer);
            w->agent = a;
            w->state = view.state;
            w->offer_open = view.state == SAPA_ASSIGNMENT_OFFERED;
        }
    }
}
