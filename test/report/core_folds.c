/*
 * The folds over what the real core writes: random customers, agents and phones, every identity checked. In every second
 * world agents call too, ask, transfer and confer; in every third the centre is stopped now and then.
 *
 * Usage: report_core [SEED [STEPS]]
 */
#include "core/world_impl.h"
#include "report/live.h"
#include "report/report.h"

enum { AGENTS = 8, QUEUES = 4, SKILLS = 2, OFFERS = 64, CONTACTS = 128 };

struct offer {
    uint64_t offer, contact; /* 0: free */
    bool talks, held, held_by_customer, dials;
};

struct recording {
    uint64_t recording, contact;
    int64_t since_us;
    int64_t recorded_us, masked_us;
    bool runs, paused;
};

struct dialled {
    uint64_t contact, attempt; /* 0: free */
    bool answered;
};

struct play {
    struct world world;
    bool calling, stopping;
    struct dialled dials[OFFERS];
    uint64_t own_calls, merges, conferences, transfers, denials, joins, stops;
    uint64_t random, seq, contacts_opened, contacts_ended;
    struct sapa_report report;
    struct sapa_live live;
    struct offer offers[OFFERS];
    uint64_t contacts[CONTACTS];
    struct recording recordings[CONTACTS];
    uint64_t calls;
};

static struct play play;

static uint32_t roll(uint32_t below)
{
    play.random ^= play.random << 13;
    play.random ^= play.random >> 7;
    play.random ^= play.random << 17;
    return (uint32_t)((play.random >> 11) % below);
}

#define NEED(condition)                                                                       \
    do {                                                                                      \
        if (!(condition)) {                                                                   \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                   \
            exit(1);                                                                          \
        }                                                                                     \
    } while (0)

static void fold(struct sapa_record *record)
{
    record->seq = ++play.seq;
    NEED(sapa_report_fold(&play.report, record) == SAPA_OK);
    NEED(sapa_live_fold(&play.live, record) == SAPA_OK);
    play.contacts_opened += record->type == SAPA_T_contact_new;
    play.contacts_ended += record->type == SAPA_T_contact_ended;
    play.merges += record->type == SAPA_T_contact_merged;
    play.conferences += record->type == SAPA_T_contact_merged && record->u.contact_merged.conference;
    play.transfers += record->type == SAPA_T_contact_transferred;
    play.denials += record->type == SAPA_T_call_denied;
    play.joins += record->type == SAPA_T_party_joined;
}

static void step(struct sapa_record *in);

#define IN(name, ...)                                                  \
    do {                                                               \
        struct sapa_record in_;                                        \
        sapa_record_init(&in_, SAPA_T_##name);                         \
        in_.u.name = (struct sapa_rec_##name){ __VA_ARGS__ };          \
        step(&in_);                                                    \
    } while (0)

static struct recording *recording_of(uint64_t id)
{
    for (unsigned i = 0; i < CONTACTS; i++)
        if (play.recordings[i].recording == id)
            return &play.recordings[i];
    return NULL;
}

static void clock_recording(struct recording *r)
{
    const int64_t passed_us = play.world.now_us - r->since_us;

    if (r->paused)
        r->masked_us += passed_us;
    else
        r->recorded_us += passed_us;
    r->since_us = play.world.now_us;
}

/* What the voice channel would make of a command, later as inputs. */
static struct heard {
    uint64_t recording, contact;
    int action;
} heard[256];
static unsigned heard_count;

static void add_offer(uint64_t offer, uint64_t contact, bool talks)
{
    unsigned i = 0;

    while (i < OFFERS && play.offers[i].offer != offer)
        i++;
    for (unsigned k = 0; k < OFFERS && i == OFFERS; k++)
        i = play.offers[k].offer ? i : k;
    NEED(i < OFFERS);
    play.offers[i] = (struct offer){ .offer = offer, .contact = contact, .talks = talks };
}

static void add_dial(uint64_t contact, uint64_t attempt, bool answered)
{
    unsigned i = 0;

    while (i < OFFERS && play.dials[i].attempt)
        i++;
    NEED(i < OFFERS);
    play.dials[i] = (struct dialled){ .contact = contact, .attempt = attempt, .answered = answered };
}

static void command_calls(const struct sapa_record *out)
{
    if (out->type == SAPA_T_cmd_call) {
        play.own_calls++;
        if (out->u.cmd_call.line != SAPA_LINE_RING)
            add_offer(out->u.cmd_call.offer, out->u.cmd_call.contact, true);
        for (unsigned i = 0; i < CONTACTS; i++)
            if (play.contacts[i] == 0) {
                play.contacts[i] = out->u.cmd_call.contact;
                break;
            }
    } else if (out->type == SAPA_T_cmd_dial) {
        add_dial(out->u.cmd_dial.contact, out->u.cmd_dial.attempt, false);
    } else if (out->type == SAPA_T_cmd_dial_cancel) {
        for (unsigned i = 0; i < OFFERS; i++)
            if (play.dials[i].contact == out->u.cmd_dial_cancel.contact && play.dials[i].attempt == out->u.cmd_dial_cancel.attempt)
                play.dials[i].attempt = 0;
    } else if (out->type == SAPA_T_cmd_join) {
        if (out->u.cmd_join.attempt)
            add_dial(out->u.cmd_join.contact, out->u.cmd_join.attempt, true);
        for (unsigned i = 0; i < OFFERS; i++)
            if (out->u.cmd_join.offer && play.offers[i].offer == out->u.cmd_join.offer)
                play.offers[i].contact = out->u.cmd_join.contact;
    } else if (out->type == SAPA_T_cmd_forget) {
        for (unsigned i = 0; i < OFFERS; i++)
            if (play.dials[i].contact == out->u.cmd_forget.contact)
                play.dials[i].attempt = 0;
    }
}

static void command(const struct sapa_record *out)
{
    command_calls(out);
    if (out->type == SAPA_T_cmd_offer) {
        add_offer(out->u.cmd_offer.offer, out->u.cmd_offer.contact, false);
    } else if (out->type == SAPA_T_cmd_offer_cancel) {
        for (unsigned i = 0; i < OFFERS; i++)
            if (play.offers[i].offer == out->u.cmd_offer_cancel.offer)
                play.offers[i].offer = 0;
    } else if (out->type == SAPA_T_cmd_drop_agent) {
        for (unsigned i = 0; i < OFFERS; i++)
            if (play.offers[i].offer == out->u.cmd_drop_agent.offer)
                play.offers[i].offer = 0;
    } else if (out->type == SAPA_T_cmd_connect) {
        for (unsigned i = 0; i < OFFERS; i++)
            if (play.offers[i].offer == out->u.cmd_connect.offer)
                play.offers[i].talks = true;
    } else if (out->type == SAPA_T_cmd_record) {
        NEED(heard_count < SAPA_COUNT(heard));
        heard[heard_count++] = (struct heard){ out->u.cmd_record.recording, out->u.cmd_record.contact,
                                               (int)out->u.cmd_record.action };
    } else if (out->type == SAPA_T_cmd_forget) {
        for (unsigned i = 0; i < CONTACTS; i++)
            if (play.contacts[i] == out->u.cmd_forget.contact)
                play.contacts[i] = 0;
        for (unsigned i = 0; i < OFFERS; i++)
            if (play.offers[i].contact == out->u.cmd_forget.contact)
                play.offers[i].offer = 0;
    }
}

static void emitted(void *ctx, const struct sapa_record *record)
{
    struct sapa_record copy;

    (void)ctx;
    if (sapa_type_is_command(record->type)) {
        command(record);
        return;
    }
    memcpy(&copy, record, sapa_record_size(record));
    copy.at_us = play.world.now_us;
    fold(&copy);
}

/* The recorder's answers to the commands of the step before. */
static void answer_recorder(void)
{
    while (heard_count > 0) {
        const struct heard h = heard[0];
        struct recording *r = recording_of(h.recording);
        memmove(heard, heard + 1, --heard_count * sizeof(heard[0]));
        if (h.action == 0) {
            r = recording_of(0);
            NEED(r != NULL);
            *r = (struct recording){ .recording = h.recording, .contact = h.contact, .since_us = play.world.now_us, .runs = true };
        }
        if (!r)
            continue;
        clock_recording(r);
        r->paused = h.action == 1;
        IN(recording_state, .contact = r->contact, .recording = r->recording, .state = (uint64_t)h.action,
           .recorded_ms = (uint64_t)(r->recorded_us / 1000), .masked_ms = (uint64_t)(r->masked_us / 1000));
        if (h.action == 3)
            r->recording = 0;
    }
}

static void step(struct sapa_record *in)
{
    const struct sapa_core_out out = { emitted, NULL };

    in->at_us = play.world.now_us;
    struct sapa_record copy;
    memcpy(&copy, in, sapa_record_size(in));
    fold(&copy); /* an input stands before what it causes */
    sapa_core_step(play.world.core, in, &out);
    sapa_core_check(play.world.core);
}

static void wait_us(int64_t us)
{
    const int64_t until_us = play.world.now_us + us;

    while (sapa_core_next_due(play.world.core) <= until_us) {
        play.world.now_us = SAPA_MAX(play.world.now_us, sapa_core_next_due(play.world.core));
        IN(tick, 0);
        answer_recorder();
    }
    play.world.now_us = until_us;
}

static struct offer *any_offer(bool talks)
{
    const uint32_t from = roll(OFFERS);

    for (uint32_t i = 0; i < OFFERS; i++) {
        struct offer *o = &play.offers[(from + i) % OFFERS];
        if (o->offer && o->talks == talks)
            return o;
    }
    return NULL;
}

static void customer(void)
{
    const uint32_t i = roll(CONTACTS);

    if (play.contacts[i] == 0) {
        play.contacts[i] = sapa_id_make(1, play.world.next_contact++);
        IN(contact_arrived, .contact = play.contacts[i], .number = roll(QUEUES + 1), .last_agent = SAPA_NONE,
           .priority = roll(20) == 0 ? 50 : 0);
    } else if (roll(6) == 0) {
        const uint64_t contact = play.contacts[i];
        play.contacts[i] = 0;
        IN(contact_gone, .contact = contact, .side = roll(8) ? SAPA_SIDE_CUSTOMER : SAPA_SIDE_NETWORK);
    } else if (roll(12) == 0) {
        IN(contact_move, .contact = play.contacts[i], .queue = roll(QUEUES));
    }
}

static void phone(void)
{
    struct offer *o = any_offer(false);
    uint64_t offer;

    if (o && roll(3) == 0) {
        offer = o->offer;
        o->offer = 0;
        IN(offer_failed, .offer = offer, .result = roll(2) ? SAPA_OFFER_REFUSED : SAPA_OFFER_UNREACHABLE, .cause = 486);
    } else if (o && roll(4) != 0) {
        IN(offer_accepted, .offer = o->offer, .leg = 7);
    }
    o = any_offer(true);
    if (!o)
        return;
    switch (roll(6)) {
    case 0:
        o->held = !o->held;
        IN(leg_held, .contact = o->contact, .offer = o->offer, .side = SAPA_SIDE_AGENT, .on = o->held);
        break;
    case 1:
        o->held_by_customer = !o->held_by_customer;
        IN(leg_held, .contact = o->contact, .side = SAPA_SIDE_CUSTOMER, .on = o->held_by_customer);
        break;
    case 2: {
        const struct offer gone = *o;
        o->offer = 0;
        IN(agent_gone, .contact = gone.contact, .offer = gone.offer,
           .side = roll(5) ? SAPA_SIDE_AGENT : SAPA_SIDE_NETWORK);
        break;
    }
    default: break;
    }
}

/* ---- agents call ---- */

/* Somebody's part in a contact, and another of his beside it when there is one. */
static bool any_part(uint32_t *ret_agent, struct sapa_assignment_view *ret_part, uint64_t *ret_other)
{
    const uint32_t from = roll(AGENTS);
    bool found = false;

    for (uint32_t i = 0; i < AGENTS; i++) {
        struct sapa_assignment_view views[4];
        uint32_t n = 0, cursor = 0;
        while (n < SAPA_COUNT(views) && sapa_core_assignment_next(play.world.core, (from + i) % AGENTS, &cursor, &views[n]))
            n += views[n].state != SAPA_ASSIGNMENT_WRAPUP;
        if (n == 0 || (found && n == 1))
            continue;
        const uint32_t one = roll(n);
        *ret_agent = (from + i) % AGENTS;
        *ret_part = views[one];
        *ret_other = n > 1 ? views[(one + 1) % n].contact : 0;
        found = true;
        if (n > 1)
            break;
    }
    return found;
}

static void place_call(void)
{
    const uint64_t id = play.world.next_contact++;
    struct sapa_assignment_view part = { .offer = 0 };
    uint64_t other = 0;
    uint32_t who = roll(AGENTS);
    struct sapa_record in;
    const bool asks = roll(4) != 0 && any_part(&who, &part, &other);

    sapa_record_init(&in, SAPA_T_agent_call);
    in.u.agent_call = (struct sapa_rec_agent_call){
        .contact = sapa_id_make(1, id), .offer = sapa_id_make(2, id), .agent = who,
        .line = asks ? (roll(5) ? SAPA_LINE_SAME : SAPA_LINE_OWN) : roll(SAPA_LINE_COUNT), .beside = asks ? part.offer : 0,
        .kind = roll(SAPA_TARGET_COUNT), .target = roll(QUEUES), .client = roll(8) ? SAPA_NONE : 0, .listed = roll(20) == 0,
    };
    if (in.u.agent_call.kind == SAPA_TARGET_AGENT)
        in.u.agent_call.target = roll(AGENTS);
    if (in.u.agent_call.kind == SAPA_TARGET_OUTSIDE)
        (void)sapa_sized_set(&in.u.agent_call.address, SAPA_STR("6285551234"));
    step(&in);
}

/* A party of the contact beside him: another agent's part or somebody outside. */
static uint64_t any_party(uint64_t contact, uint64_t but)
{
    struct sapa_contact_view view;

    if (sapa_core_contact_get(play.world.core, contact, play.world.now_us, &view) == SAPA_OK && view.outside[0] && roll(2))
        return view.outside[0];
    for (unsigned i = 0; i < OFFERS; i++)
        if (play.offers[i].offer && play.offers[i].contact == contact && play.offers[i].offer != but)
            return play.offers[i].offer;
    return 0;
}

static void decide(void)
{
    static const enum sapa_call_verb verbs[] = { SAPA_CALL_VERB_HOLD, SAPA_CALL_VERB_RESUME, SAPA_CALL_VERB_LEAVE,
                                                 SAPA_CALL_VERB_DROP, SAPA_CALL_VERB_HANGUP, SAPA_CALL_VERB_REFUSE };
    struct sapa_assignment_view part;
    struct sapa_record in;
    uint64_t other;
    uint32_t who;

    if (!any_part(&who, &part, &other))
        return;
    if (other == 0 && roll(3) == 0) {
        sapa_record_init(&in, SAPA_T_contact_passed);
        in.u.contact_passed = (struct sapa_rec_contact_passed){ .contact = part.contact, .offer = part.offer,
                                                                .kind = roll(SAPA_TARGET_COUNT), .target = roll(QUEUES) };
        if (in.u.contact_passed.kind == SAPA_TARGET_OUTSIDE)
            (void)sapa_sized_set(&in.u.contact_passed.address, SAPA_STR("6285559999"));
        step(&in);
        return;
    }
    enum sapa_call_verb verb = verbs[roll(SAPA_COUNT(verbs))];
    if (other && roll(4))
        verb = roll(2) ? SAPA_CALL_VERB_MERGE : SAPA_CALL_VERB_CONFERENCE;
    IN(call_command, .agent = who, .offer = part.offer, .verb = verb,
       .other = verb == SAPA_CALL_VERB_DROP ? any_party(part.contact, part.offer) : other);
}

static void outside(void)
{
    const uint32_t from = roll(OFFERS);

    for (uint32_t i = 0; i < OFFERS; i++) {
        struct dialled *d = &play.dials[(from + i) % OFFERS];
        if (!d->attempt)
            continue;
        const struct dialled one = *d;
        if (!one.answered && roll(3)) {
            d->answered = true;
            IN(dial_progress, .contact = one.contact, .attempt = one.attempt, .state = 1, .trunk = 1);
        } else if (roll(3) == 0) {
            d->attempt = 0;
            IN(dial_progress, .contact = one.contact, .attempt = one.attempt, .state = one.answered ? 3 : 2,
               .side = SAPA_SIDE_CUSTOMER, .cause = one.answered ? 0 : 486);
        }
        return;
    }
}

/* Nobody is there for a while; with the media process gone too no conversation has survived it. */
static void stop(void)
{
    struct sapa_record in;
    const int64_t from_us = play.world.now_us;
    const bool whole = roll(2);

    play.stops++;
    for (unsigned i = 0; i < CONTACTS && whole; i++)
        if (play.recordings[i].recording)
            clock_recording(&play.recordings[i]);
    play.world.now_us += 1000 + (int64_t)roll(whole ? 7200000 : 30000) * 1000;
    sapa_record_init(&in, SAPA_T_centre_started);
    (void)sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(play.world.centre.hash));
    in.u.centre_started.stopped_us = from_us;
    in.u.centre_started.whole = whole;
    step(&in);
    for (unsigned i = 0; i < CONTACTS && whole; i++) {
        struct recording *r = &play.recordings[i];
        if (!r->recording)
            continue;
        IN(recording_state, .contact = r->contact, .recording = r->recording, .state = 5,
           .recorded_ms = (uint64_t)(r->recorded_us / 1000), .masked_ms = (uint64_t)(r->masked_us / 1000));
        r->recording = 0;
    }
    struct sapa_contact_view view;
    for (uint32_t cursor = 0; whole && sapa_core_contact_next(play.world.core, &cursor, play.world.now_us, &view); cursor = 0) {
        const uint64_t ended = play.contacts_ended;
        IN(contact_gone, .contact = view.contact, .side = SAPA_SIDE_SYSTEM);
        if (play.contacts_ended == ended) /* its customer is not on the line (yet): the call that is dialled is lost */
            IN(dial_progress, .contact = view.contact, .attempt = 1, .state = 2, .side = SAPA_SIDE_SYSTEM, .cause = 500);
        if (play.contacts_ended == ended)
            break;
    }
}

static void agent(void)
{
    static const enum sapa_verb verbs[] = { SAPA_VERB_READY, SAPA_VERB_READY, SAPA_VERB_READY, SAPA_VERB_WRAPUP_DONE,
                                            SAPA_VERB_WRAPUP_EXTEND, SAPA_VERB_RECORD_PAUSE, SAPA_VERB_RECORD_RESUME,
                                            SAPA_VERB_RECORD_START, SAPA_VERB_NOT_READY, SAPA_VERB_LOGOUT };
    const uint32_t who = roll(AGENTS);

    if (roll(60) == 0)
        IN(agent_device, .agent = who, .reachable = 0);
    else
        IN(agent_device, .agent = who, .reachable = 1);
    const enum sapa_verb verb = verbs[roll(roll(4) ? 8 : SAPA_COUNT(verbs))];
    IN(agent_command, .agent = who, .verb = verb, .code = verb == SAPA_VERB_NOT_READY || verb == SAPA_VERB_WRAPUP_DONE ? roll(2) : SAPA_NONE);
}

static const struct sapa_centre *centre_of(void *ctx, struct sapa_str hash)
{
    (void)ctx, (void)hash;
    return &play.world.centre;
}

static void call_finished(void *ctx, const struct sapa_call *call)
{
    (void)ctx, (void)call;
    play.calls++;
}

static void print_line(void *ctx, struct sapa_str line)
{
    fprintf(ctx, SAPA_STR_FMT "\n", SAPA_STR_ARG(line));
}

static void make_centre(struct world *w)
{
    static const enum sapa_choice choices[QUEUES] = { SAPA_CHOICE_LONGEST_IDLE, SAPA_CHOICE_RING_ALL,
                                                      SAPA_CHOICE_ROUND_ROBIN, SAPA_CHOICE_LEAST_OCCUPIED };
    static const enum sapa_record_policy policies[QUEUES] = { SAPA_RECORD_ALL, SAPA_RECORD_SHARE,
                                                              SAPA_RECORD_ON_DEMAND, SAPA_RECORD_NONE };

    world_init(w, AGENTS, QUEUES, SKILLS);
    for (uint32_t i = 0; i < QUEUES; i++) {
        struct sapa_queue *q = &w->queues[i];
        q->choice = choices[i];
        q->record = policies[i];
        q->record_share_percent = 50;
        q->wrapup_ms = i == 3 ? 0 : 15000;
        q->service_level_ms = 20000;
        q->service_level_percent = 80;
        q->short_abandon_ms = 5000;
        q->overflow_first = i;
        q->overflow_count = 1;
        q->no_answer_not_ready = i == 2;
        w->overflows[i] = (struct sapa_overflow){ .when = i == 0 ? SAPA_OVERFLOW_LENGTH : SAPA_OVERFLOW_WAIT,
                                                  .limit = i == 0 ? 10 : 45000, .queue = (i + 1) % QUEUES };
    }
}

static const struct sapa_trunk trunk = { .cost_call = 10, .cost_minute = 300, .cost_pulse_ms = 6000 };

static uint64_t run(uint64_t seed, unsigned steps, bool loud)
{
    const struct sapa_report_options options = { .centre = centre_of, .finished = call_finished, .check = true };
    struct world *w = &play.world;
    struct sapa_record started;
    uint64_t findings = 1;

    memset(&play, 0, sizeof(play));
    heard_count = 0;
    play.random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    make_centre(w);
    play.calling = seed % 2 == 0;
    play.stopping = seed % 3 == 0;
    w->centre.trunks = &trunk;
    w->centre.trunks_count = 1;
    NEED((w->core = world_core()) != NULL);
    sapa_report_init(&play.report, sapa_memory_heap(), &options);
    sapa_live_init(&play.live, sapa_memory_heap(), &play.report.names);
    NEED(sapa_core_centre(w->core, &w->centre) == SAPA_OK);
    sapa_record_init(&started, SAPA_T_centre_started);
    (void)sapa_sized_set(&started.u.centre_started.centre_hash, sapa_str_of(w->centre.hash));
    step(&started);
    for (unsigned i = 0; i < steps; i++) {
        const uint32_t who = roll(10);
        if (play.stopping && roll(150) == 0)
            stop();
        if (play.calling && roll(3) == 0) {
            const uint32_t what = roll(4);
            if (what == 0)
                place_call();
            else if (what == 1)
                decide();
            else
                outside();
        }
        wait_us(roll(who == 0 ? 60000000 : 3000000));
        if (who < 4)
            customer();
        else if (who < 8)
            phone();
        else
            agent();
        answer_recorder();
    }
    NEED(sapa_report_end(&play.report, w->now_us) == SAPA_OK);
    const struct sapa_lines out = { print_line, loud ? stdout : stderr };
    const struct sapa_lines nowhere = { print_line, fopen("/dev/null", "w") };
    NEED(nowhere.ctx != NULL);
    NEED(sapa_report_check(&play.report, loud ? &out : &nowhere, &findings) == SAPA_OK);
    for (uint32_t i = 0; findings && !loud && i < play.report.check.finding_count; i++)
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)seed, play.report.check.findings[i].text);
    fclose(nowhere.ctx);
    /* The live screen agrees with the core about who waits and who talks. */
    struct sapa_view_queue queues[QUEUES];
    struct sapa_view_agent agents[AGENTS];
    const struct sapa_view_room room = { .queues = queues, .agents = agents, .queue_size = QUEUES, .agent_size = AGENTS };
    struct sapa_view view;
    NEED(sapa_live_view(&play.live, w->now_us, SAPA_LANGUAGE_EN, &room, &view) == SAPA_OK);
    NEED(view.open == play.contacts_opened - play.contacts_ended);
    for (uint32_t q = 0; q < QUEUES; q++) {
        struct sapa_queue_view core;
        NEED(sapa_core_queue_get(w->core, q, w->now_us, &core) == SAPA_OK);
        NEED(queues[q].waiting + queues[q].callbacks_waiting >= core.waiting); /* the core leaves out who is ringing */
        NEED(play.calling ? queues[q].talking <= core.talking : queues[q].talking == core.talking);
    }
    for (uint32_t a = 0; a < AGENTS; a++) {
        struct sapa_agent_view core;
        NEED(sapa_core_agent_get(w->core, a, w->now_us, &core) == SAPA_OK);
        NEED(agents[a].presence == core.presence);
        NEED(agents[a].device == core.reachable);
    }
    NEED(play.calls > steps / 50);
    sapa_live_done(&play.live);
    sapa_report_done(&play.report);
    world_done(w);
    return findings;
}

int main(int argc, char **argv)
{
    uint64_t findings = 0;

    if (argc > 1)
        return run(strtoull(argv[1], NULL, 10), argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 4000, true) != 0;
    uint64_t transfers = 0, conferences = 0, denials = 0, joins = 0, stops = 0;
    static const uint64_t more[] = { 126 }; /* a line breaks with which an agent talked with two */
    for (uint64_t i = 1; i <= 12 + SAPA_COUNT(more); i++) {
        findings += i <= 12 ? run(i, 2000, false) : run(more[i - 13], 3000, false);
        transfers += play.transfers;
        conferences += play.conferences;
        denials += play.denials;
        joins += play.joins;
        stops += play.stops;
    }
    NEED(transfers > 20 && conferences > 5 && denials > 5 && joins > 20 && stops > 5);
    printf("13 worlds, %s\n", findings ? "NOT good" : "every identity holds");
    return findings != 0;
}
