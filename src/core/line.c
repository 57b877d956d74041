/*
 * Waiting lines. One order for all channels: priority, which grows linearly with age, then arrival.
 *
 * With linear ageing the order of two contacts of one queue never changes: both gain the same. So
 * the key priority * age_step - arrival is fixed when a contact joins, and a line is an ordinary
 * ordered set. Only between queues whose ageing differs is the comparison made at the moment.
 *
 * A contact that rings is out of the line but keeps key and seq, so it goes back to its own place.
 */
#include "core/core_impl.h"

#include <string.h>

enum { FAVOUR_MS = 60000 };

static bool is_virtual(const struct core_contact *c)
{
    return c->callback != NO_CALLBACK;
}

int64_t sapa_line_key(const struct sapa_core *core, const struct core_contact *c)
{
    const int64_t age_us = core->queues[c->queue].age_us;

    sapa_assert(c->queued_us > 0);
    /* without ageing a step is worth more than any time (2^52 us are 142 years) */
    return c->priority * (age_us ? age_us : INT64_C(1) << 52) - c->queued_us;
}

uint32_t sapa_line_staffed(const struct sapa_core *core, uint32_t queue)
{
    uint32_t most = 0;

    for (uint32_t s = 0; s < core_queue_of(core, queue)->step_count; s++)
        most = SAPA_MAX(most, core->classes[core->queues[queue].class_base + s].staffed);
    return most;
}

uint32_t sapa_line_logged_in(const struct sapa_core *core, uint32_t queue)
{
    uint32_t most = 0;

    for (uint32_t s = 0; s < core_queue_of(core, queue)->step_count; s++)
        most = SAPA_MAX(most, core->classes[core->queues[queue].class_base + s].logged_in);
    return most;
}

struct sapa_ewt sapa_line_ewt(const struct sapa_core *core, uint32_t queue, uint32_t ahead)
{
    const struct sapa_queue *q = core_queue_of(core, queue);
    const struct sapa_ewt_rates *rates = &core->queues[queue].rates;

    return sapa_ewt_of(sapa_line_staffed(core, queue),
                       sapa_ewt_drain_us(rates, q->handle_ms_initial * INT64_C(1000)),
                       sapa_ewt_patience_us(rates, q->patience_ms_initial * INT64_C(1000)), ahead);
}

bool sapa_line_open(const struct sapa_core *core, uint32_t queue)
{
    const uint32_t client = core_queue_of(core, queue)->client;

    return !sapa_core_switch_on(core, SAPA_SWITCH_CLOSED, client) &&
           sapa_hours_open(core->centre, sapa_hours_of_queue(core->centre, queue), core->now_us);
}

/* How fast it drains: agents at work, times the time in which somebody waited. */
void sapa_line_account(struct sapa_core *core, uint32_t queue)
{
    struct core_queue *q = &core->queues[queue];

    if (q->drain_since_us && core->now_us > q->drain_since_us)
        sapa_ewt_drained(&q->rates, sapa_line_staffed(core, queue),
                         core->now_us - q->drain_since_us);
    q->drain_since_us = q->pickable ? core->now_us : 0;
}

uint32_t sapa_line_ahead(const struct sapa_core *core, const struct core_contact *c)
{
    sapa_assert(c->queued);
    return c->in_line ? sapa_tree_rank(core->line, core_index(core, c))
                      : sapa_tree_rank_of(core->line, &core->queues[c->queue].line,
                                          sapa_line_key(core, c), c->wait_seq);
}

/* ---- in and out of the trees ---- */

static uint32_t class_of(const struct sapa_core *core, const struct core_contact *c)
{
    sapa_assert(c->queue < core->centre->queues_count);
    sapa_assert(c->step < core->centre->queues[c->queue].step_count);
    return core->queues[c->queue].class_base + c->step;
}

static struct core_top *top_of(struct sapa_core *core, const struct core_contact *c)
{
    sapa_assert(c->class_index < core->class_count);
    return &core->tops[(size_t)c->channel * core->class_count + c->class_index];
}

/* `first` stands first of its class and channel now, SAPA_NONE: nobody does. */
static void set_top(struct sapa_core *core, const struct core_contact *c, uint32_t first)
{
    struct core_top *top = top_of(core, c);
    uint64_t *word = &core->waiting_classes[c->channel * core->class_words + c->class_index / 64];

    top->first = first;
    if (first == SAPA_NONE) {
        *word &= ~(UINT64_C(1) << c->class_index % 64);
        return;
    }
    *word |= UINT64_C(1) << c->class_index % 64;
    top->key = core->line[first].key;
    top->seq = core->line[first].seq;
    top->age_us = core->queues[c->queue].age_us;
}

static void pick_as(struct sapa_core *core, struct core_contact *c, uint8_t pick)
{
    const uint32_t i = core_index(core, c);
    struct core_queue *q = &core->queues[c->queue];

    sapa_assert(c->pick == PICK_NONE);
    sapa_assert(c->in_line);
    c->class_index = class_of(core, c);
    c->pick = pick;
    if (pick == PICK_PREFERRED) {
        core->pick[i].key = -c->queued_us;
        core->pick[i].seq = c->wait_seq;
        sapa_tree_insert(core->pick, &core->agents[c->preferred].preferred, i);
    } else if (pick == PICK_CLASS) {
        const struct core_top *top = top_of(core, c);
        sapa_tree_mark(core->line, i, core_mark(c->step, c->channel));
        if (top->first == SAPA_NONE || sapa_tree_before(&core->line[i], &core->line[top->first]))
            set_top(core, c, i);
        if (q->pickable == 0)
            q->drain_since_us = core->now_us;
        q->pickable++;
    }
}

/* One who is not at work, or could not take it, is not waited for; one who is busy is. */
static bool is_worth_waiting_for(const struct sapa_core *core, uint32_t agent, uint32_t class_index)
{
    uint32_t a, b;

    return core->agents[agent].presence == SAPA_PRESENCE_READY &&
           sapa_route_fit(core, agent, class_index, &a, &b) == SAPA_WHY_CHOSEN;
}

/* Who may pick it as things are, at the step that it has reached. */
static uint8_t pick_now(struct sapa_core *core, struct core_contact *c)
{
    const struct sapa_queue *q = core_queue_of(core, c->queue);
    int64_t due = 0;

    while (c->step + 1u < q->step_count /* it may have rung, or waited for somebody, meanwhile */
           && core->now_us - c->entered_us >= q->steps[c->step + 1].after_ms * INT64_C(1000))
        c->step++;
    if (is_virtual(c) && !sapa_callback_ready(core, c, &due)) {
        c->callback_due_us = due;
        return PICK_NONE;
    }
    if (c->preferred == SAPA_NONE || c->preferred_until_us <= core->now_us)
        return PICK_CLASS;
    if (is_worth_waiting_for(core, c->preferred, class_of(core, c)))
        return PICK_PREFERRED;
    c->preferred = SAPA_NONE;
    return PICK_CLASS;
}

/* Its mark goes, but not yet from those above it in the tree: the caller sees to that. */
static void pick_remove(struct sapa_core *core, struct core_contact *c)
{
    const uint32_t i = core_index(core, c);
    struct core_queue *q = &core->queues[c->queue];

    if (c->pick == PICK_PREFERRED) {
        sapa_tree_remove(core->pick, &core->agents[c->preferred].preferred, i);
    } else if (c->pick == PICK_CLASS) {
        if (top_of(core, c)->first == i)
            set_top(core, c, sapa_tree_next_with(core->line, i, core_mark(c->step, c->channel)));
        core->line[i].own = 0;
        sapa_assert(q->pickable > 0);
        if (--q->pickable == 0) {
            sapa_line_account(core, c->queue);
            q->drain_since_us = 0;
        }
    }
    c->pick = PICK_NONE;
}

/* Returns how many stand before it. */
static uint32_t line_insert(struct sapa_core *core, struct core_contact *c, uint8_t pick)
{
    const uint32_t i = core_index(core, c);

    sapa_assert(!c->in_line);
    sapa_assert(c->queued);
    core->line[i].key = sapa_line_key(core, c);
    core->line[i].seq = c->wait_seq;
    core->line[i].own = pick == PICK_CLASS ? core_mark(c->step, c->channel) : 0;
    const uint32_t ahead = sapa_tree_insert(core->line, &core->queues[c->queue].line, i);
    c->in_line = true;
    core->queues[c->queue].virtual_waiters += is_virtual(c);
    pick_as(core, c, pick);
    return ahead;
}

uint32_t sapa_line_insert(struct sapa_core *core, struct core_contact *c)
{
    const uint32_t ahead = line_insert(core, c, pick_now(core, c));

    sapa_line_arm(core, c);
    return ahead;
}

void sapa_line_restore(struct sapa_core *core, struct core_contact *c, uint8_t pick, int64_t due_us)
{
    line_insert(core, c, pick);
    c->due_us = due_us;
    sapa_core_timer_set(&core->timers, core_slot(core, TIMER_CONTACT, core_index(core, c)), due_us,
                        c->id);
}

void sapa_line_remove(struct sapa_core *core, struct core_contact *c)
{
    const uint32_t i = core_index(core, c);
    struct core_queue *q = &core->queues[c->queue];

    sapa_assert(c->in_line);
    pick_remove(core, c);
    sapa_tree_remove(core->line, &q->line, i);
    c->in_line = false;
    sapa_assert(q->virtual_waiters >= (uint32_t)is_virtual(c));
    q->virtual_waiters -= is_virtual(c);
    c->due_us = 0;
    sapa_core_timer_clear(&core->timers, core_slot(core, TIMER_CONTACT, i));
}

/* ---- the next moment at which something about its waiting changes ---- */

static void earlier(int64_t *due, int64_t at_us)
{
    if (at_us > 0)
        *due = SAPA_MIN(*due, at_us);
}

void sapa_line_arm(struct sapa_core *core, struct core_contact *c)
{
    int64_t due = INT64_MAX;

    if (c->reason)
        earlier(&due, core->now_us);
    earlier(&due, c->outside_due_us);
    if (c->in_line) {
        const struct sapa_queue *q = core_queue_of(core, c->queue);
        if (c->step + 1u < q->step_count)
            earlier(&due, c->entered_us + q->steps[c->step + 1].after_ms * INT64_C(1000));
        for (uint32_t i = 0; i < q->overflow_count && !is_virtual(c); i++) {
            const struct sapa_overflow *rule = &core->centre->overflows[q->overflow_first + i];
            if (rule->when == SAPA_OVERFLOW_WAIT)
                earlier(&due, c->entered_us + rule->limit * INT64_C(1000));
            else if (rule->when == SAPA_OVERFLOW_EWT)
                earlier(&due, c->entered_us + ((core->now_us - c->entered_us) / EWT_REVIEW_US + 1) *
                                                  EWT_REVIEW_US);
        }
        if (c->pick == PICK_PREFERRED)
            earlier(&due, c->preferred_until_us);
        if (c->avoid_count && c->avoid_until_us > core->now_us)
            earlier(&due, c->avoid_until_us);
        if (is_virtual(c) && c->pick == PICK_NONE)
            earlier(&due, c->callback_due_us);
    }
    c->due_us = due == INT64_MAX ? 0 : due;
    sapa_core_timer_set(&core->timers, core_slot(core, TIMER_CONTACT, core_index(core, c)),
                        c->due_us, c->id);
}

/* ---- joining ---- */

/* Why this queue does not take it now, and where it goes instead. SAPA_DEQUEUE_COUNT: it does. */
static enum sapa_dequeue turned_away(const struct sapa_core *core, const struct core_contact *c,
                                     uint32_t *ret_to)
{
    static const uint8_t reasons[] = {
        [SAPA_OVERFLOW_LENGTH] = SAPA_DEQUEUE_OVERFLOW_LENGTH,
        [SAPA_OVERFLOW_EWT] = SAPA_DEQUEUE_OVERFLOW_EWT,
        [SAPA_OVERFLOW_NO_AGENTS] = SAPA_DEQUEUE_NO_AGENTS,
    };
    const struct sapa_queue *q = core_queue_of(core, c->queue);
    const uint32_t length = sapa_tree_count(core->line, &core->queues[c->queue].line);

    *ret_to = SAPA_NONE;
    if (!sapa_line_open(core, c->queue))
        return SAPA_DEQUEUE_NO_AGENTS;
    for (uint32_t i = 0; i < q->overflow_count; i++) {
        const struct sapa_overflow *rule = &core->centre->overflows[q->overflow_first + i];
        bool over = false;
        if (rule->when == SAPA_OVERFLOW_LENGTH)
            over = length >= rule->limit;
        else if (rule->when == SAPA_OVERFLOW_NO_AGENTS)
            over = sapa_line_logged_in(core, c->queue) == 0;
        else if (rule->when == SAPA_OVERFLOW_EWT)
            over = !sapa_route_anybody(core, c) &&
                   sapa_line_ewt(core, c->queue, length).p50_ms >= rule->limit;
        if (over) {
            *ret_to = rule->queue;
            return reasons[rule->when];
        }
    }
    return q->length_max && length >= q->length_max ? SAPA_DEQUEUE_OVERFLOW_LENGTH
                                                    : SAPA_DEQUEUE_COUNT;
}

/* What becomes of it is the flow's business; without a flow this is the end. */
void sapa_line_tell(struct sapa_core *core, struct core_contact *c, enum sapa_dequeue reason)
{
    const uint32_t i = core_index(core, c);

    sapa_assert(c->queued == (reason == SAPA_DEQUEUE_MOVED));
    if (reason == SAPA_DEQUEUE_MOVED && !c->has_flow)
        return;
    c->reason = (uint8_t)(reason + 1);
    c->keep_age = !c->queued;
    for (uint32_t k = 0; k < core->pending_count; k++)
        if (core->pending[k] == i)
            return;
    if (core->pending_count < SAPA_COUNT(core->pending))
        core->pending[core->pending_count++] = i;
    else
        sapa_line_arm(core, c); /* at the next tick */
}

static void log_queued(struct sapa_core *core, const struct core_contact *c, uint32_t ahead)
{
    struct sapa_ewt ewt = { 0 };

    if (ahead > 0 || !sapa_route_anybody(core, c))
        ewt = sapa_line_ewt(core, c->queue, ahead);
    EMIT(core, contact_queued, .contact = c->id, .queue = c->queue, .priority = c->priority,
         .position = ahead + 1, .ewt_p50_ms = ewt.p50_ms, .ewt_p90_ms = ewt.p90_ms,
         .virtual_waiter = is_virtual(c));
}

/* Join, without looking at any rule. */
static void join(struct sapa_core *core, struct core_contact *c, uint32_t queue,
                 uint32_t priority_add)
{
    const struct sapa_queue *q = core_queue_of(core, queue);

    sapa_assert(!c->queued);
    c->queue = c->last_queue = queue;
    c->step = 0;
    c->class_index = class_of(core, c);
    c->priority = (uint16_t)SAPA_MIN(q->priority + c->extra + priority_add, 1020u);
    c->ring_all = q->choice == SAPA_CHOICE_RING_ALL;
    c->entered_us = core->now_us;
    if (!c->keep_age || !c->wait_seq) {
        c->queued_us = core->now_us;
        c->wait_seq = ++core->wait_seq;
    }
    c->keep_age = false;
    c->queued = true;
    c->wait_why = SAPA_WHY_COUNT;
}

static void set_preferred(struct sapa_core *core, struct core_contact *c, uint32_t agent)
{
    const struct sapa_queue *q = core_queue_of(core, c->queue);

    c->preferred = SAPA_NONE;
    if (agent >= core->centre->agents_count || !q->preferred_ms ||
        !is_worth_waiting_for(core, agent, c->class_index))
        return;
    c->preferred = agent;
    c->preferred_until_us = core->now_us + q->preferred_ms * INT64_C(1000);
}

void sapa_line_enter(struct sapa_core *core, struct core_contact *c, uint32_t queue,
                     uint32_t priority_add, uint32_t preferred)
{
    const uint32_t wanted = queue;

    sapa_assert(!c->queued);
    sapa_assert(queue < core->centre->queues_count);
    for (unsigned hop = 0;; hop++) {
        enum sapa_dequeue reason = SAPA_DEQUEUE_COUNT;
        uint32_t to = SAPA_NONE;
        join(core, c, queue, priority_add);
        if (!is_virtual(c))
            reason = turned_away(core, c, &to);
        if (reason == SAPA_DEQUEUE_COUNT)
            break;
        log_queued(core, c,
                   sapa_tree_rank_of(core->line, &core->queues[queue].line, sapa_line_key(core, c),
                                     c->wait_seq));
        c->queued = false;
        EMIT(core, contact_dequeued, .contact = c->id, .queue = queue, .reason = reason);
        c->queue = SAPA_NONE;
        c->keep_age = true;
        if (to == SAPA_NONE || hop >= HOPS_MAX) {
            sapa_line_tell(core, c, reason);
            return;
        }
        queue = to;
    }
    set_preferred(core, c, preferred);
    if (!is_virtual(c))
        sapa_contact_place(core, c, SAPA_PLACE_QUEUE);
    log_queued(core, c, sapa_line_insert(core, c));
    if (queue != wanted && !is_virtual(c))
        sapa_line_tell(core, c, SAPA_DEQUEUE_MOVED);
    sapa_route_seek(core, c);
}

sapa_rc sapa_line_favour(struct sapa_core *core, struct core_contact *c, uint32_t agent, bool front)
{
    const struct sapa_queue *q = core_queue_of(core, c->queue);

    if (!c->in_line || is_virtual(c))
        return SAPA_ESTATE;
    if (agent != SAPA_NONE && !is_worth_waiting_for(core, agent, class_of(core, c)))
        return SAPA_EDENIED;
    sapa_line_remove(core, c);
    if (front)
        c->priority = 1020;
    c->preferred = agent;
    if (agent != SAPA_NONE)
        c->preferred_until_us = core->now_us + (q->preferred_ms ? q->preferred_ms : FAVOUR_MS) * INT64_C(1000);
    (void)sapa_line_insert(core, c);
    sapa_route_seek(core, c);
    return SAPA_OK;
}

void sapa_line_leave(struct sapa_core *core, struct core_contact *c, enum sapa_dequeue reason)
{
    const int64_t waited_us = core->now_us - c->entered_us;
    const bool gave_up = reason == SAPA_DEQUEUE_ABANDONED;

    sapa_assert(c->queued);
    sapa_assert(waited_us >= 0);
    if (c->in_line)
        sapa_line_remove(core, c);
    if (!is_virtual(c) && (gave_up || reason == SAPA_DEQUEUE_CONNECTED))
        sapa_ewt_left(&core->queues[c->queue].rates, waited_us, gave_up);
    c->queued = false;
    c->reason = 0;
    if (reason == SAPA_DEQUEUE_CONNECTED)
        c->avoid_count = 0; /* in another queue he would still be asked twice in a row */
    c->preferred = SAPA_NONE;
    EMIT(core, contact_dequeued, .contact = c->id, .queue = c->queue, .reason = reason,
         .wait_ms = core_ms(waited_us));
    if (reason != SAPA_DEQUEUE_CONNECTED) {
        c->queue = SAPA_NONE;
        if (c->place == SAPA_PLACE_QUEUE || c->place == SAPA_PLACE_RINGING)
            sapa_contact_place(core, c, SAPA_PLACE_FLOW);
    }
}

void sapa_line_take(struct sapa_core *core, struct core_contact *c)
{
    sapa_assert(c->in_line);
    sapa_line_remove(core, c);
    core->queues[c->queue].ringing++;
    if (!is_virtual(c))
        sapa_contact_place(core, c, SAPA_PLACE_RINGING);
}

void sapa_line_return(struct sapa_core *core, struct core_contact *c)
{
    sapa_assert(!c->in_line);
    sapa_assert(c->queued);
    if (!is_virtual(c))
        sapa_contact_place(core, c, SAPA_PLACE_QUEUE);
    sapa_line_insert(core, c);
    sapa_route_seek(core, c);
}

/* ---- reviews ---- */

static void overflow(struct sapa_core *core, struct core_contact *c, enum sapa_dequeue reason,
                     uint32_t to)
{
    const struct sapa_queue *from = core_queue_of(core, c->queue);
    const uint32_t add = (uint32_t)SAPA_MAX(0, c->priority - from->priority - c->extra);

    sapa_line_leave(core, c, reason);
    c->keep_age = true;
    if (to == SAPA_NONE) {
        sapa_line_tell(core, c, reason);
        return;
    }
    sapa_line_enter(core, c, to, add, SAPA_NONE);
    if (c->queued)
        sapa_line_tell(core, c, SAPA_DEQUEUE_MOVED);
}

static bool overflows(struct sapa_core *core, struct core_contact *c)
{
    const struct sapa_queue *q = core_queue_of(core, c->queue);
    const int64_t waited_us = core->now_us - c->entered_us;

    for (uint32_t i = 0; i < q->overflow_count; i++) {
        const struct sapa_overflow *rule = &core->centre->overflows[q->overflow_first + i];
        if (rule->when == SAPA_OVERFLOW_WAIT && waited_us >= rule->limit * INT64_C(1000)) {
            overflow(core, c, SAPA_DEQUEUE_OVERFLOW_WAIT, rule->queue);
            return true;
        }
        if (rule->when == SAPA_OVERFLOW_EWT && waited_us >= EWT_REVIEW_US) {
            const uint32_t ahead = sapa_tree_rank(core->line, core_index(core, c));
            if (sapa_line_ewt(core, c->queue, ahead).p50_ms >= rule->limit) {
                overflow(core, c, SAPA_DEQUEUE_OVERFLOW_EWT, rule->queue);
                return true;
            }
        }
    }
    return false;
}

/* Who may pick it is found anew, and it is offered to them when the step settles. */
static void look_again(struct sapa_core *core, struct core_contact *c)
{
    pick_remove(core, c);
    pick_as(core, c, pick_now(core, c));
    sapa_tree_mark(core->line, core_index(core, c), core->line[core_index(core, c)].own);
    sapa_line_arm(core, c);
    sapa_route_seek(core, c);
}

void sapa_line_forsake(struct sapa_core *core, uint32_t agent)
{
    uint32_t i = core->agents[agent].preferred.first;

    while (i != SAPA_NONE) {
        struct core_contact *c = &core->contacts[i];
        i = sapa_tree_next(core->pick, i);
        if (!is_worth_waiting_for(core, agent, c->class_index))
            look_again(core, c);
    }
}

void sapa_line_review(struct sapa_core *core, struct core_contact *c)
{
    sapa_assert(c->id != 0);
    if (c->outside_due_us && c->outside_due_us <= core->now_us) {
        sapa_party_overdue(core, c);
        return;
    }
    if (c->reason && core->pending_count < SAPA_COUNT(core->pending)) {
        core->pending[core->pending_count++] =
            core_index(core, c); /* its flow could not be told at once */
        if (!c->in_line)
            return;
    }
    if (!c->in_line)
        return;
    if (!is_virtual(c) && overflows(core, c))
        return;
    if (c->avoid_count > 1 && c->avoid_until_us <= core->now_us) {
        c->avoid[0] = c->avoid[c->avoid_count - 1]; /* who was asked last stays last choice */
        c->avoid_count = 1;
    }
    look_again(core, c);
}

/* Nobody is logged in any more: those who wait go by the rule, some at a time. */
void sapa_line_review_queue(struct sapa_core *core, uint32_t queue)
{
    struct core_queue *q = &core->queues[queue];
    const struct sapa_queue *description = core_queue_of(core, queue);
    const struct sapa_overflow *rule = NULL;

    q->review_us = 0;
    for (uint32_t i = 0; i < description->overflow_count && !rule; i++)
        if (core->centre->overflows[description->overflow_first + i].when ==
            SAPA_OVERFLOW_NO_AGENTS)
            rule = &core->centre->overflows[description->overflow_first + i];
    if (!rule || sapa_line_logged_in(core, queue) > 0)
        return;
    uint32_t moved = 0, next = q->line.first;
    while (next != SAPA_NONE && moved < REVIEW_BATCH &&
           core->pending_count < SAPA_COUNT(core->pending)) {
        struct core_contact *c = &core->contacts[next];
        next = sapa_tree_next(core->line, next);
        if (is_virtual(c))
            continue;
        overflow(core, c, SAPA_DEQUEUE_NO_AGENTS, rule->queue);
        moved++;
        if (q->line.root == SAPA_NONE)
            return;
    }
    if (next != SAPA_NONE) {
        q->review_us = core->now_us;
        sapa_core_timer_set(&core->timers, core_slot(core, TIMER_QUEUE, queue), q->review_us,
                            queue);
    }
}
