/*
 * Calls that agents place, asking while a customer is on hold, transfer after asking, conferences. Every step is
 * followed by sapa_core_check().
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/snapshot_1_impl.h"
#include "core/world_impl.h"
#include "model/listed.h"

enum { ANI, BUDI, CITRA, DEWI }; /* agents */
enum { SALES, OUTBOUND };        /* queues */

#define WITH(w)            \
    struct world w_;       \
    struct world *w = &w_; \
    (void)state;           \
    begin(w)
/* … and Ani, by her part `ox`, talks with the customer of contact `x` */
#define WITH_CUSTOMER(w, x, ox) \
    WITH(w);                    \
    uint64_t x;                 \
    const uint64_t ox = serve(w, &(x))
/* … and asks Budi, by his part `ob`, in the contact `y` */
#define WITH_BUDI_ASKED(w, x, ox, y, ob)                                                         \
    WITH_CUSTOMER(w, x, ox);                                                                     \
    struct placed y = place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_AGENT, BUDI);                \
    answer(w, (y).contact);                                                                      \
    const uint64_t ob = part_of(w, BUDI, (y).contact)

static void begin(struct world *w)
{
    world_init(w, 4, 2, 0);
    w->queues[SALES].record = w->queues[OUTBOUND].record = SAPA_RECORD_ALL;
    w->queues[SALES].preferred_ms = 30000;
    w->clients[0].calls_queue = OUTBOUND;
    w->clients[0].number = 1;
    for (uint32_t a = 0; a < 4; a++)
        w->agents[a].calls_for = 0;
    world_start(w);
    for (uint32_t a = 0; a < 4; a++)
        world_ready(w, a);
    world_clear(w);
}

/* An agent's call: its contact, and his own part in it. */
struct placed {
    uint64_t contact, offer;
};

static struct placed place(struct world *w, uint32_t agent, enum sapa_call_line line, uint64_t beside,
                           enum sapa_target kind, uint32_t target)
{
    struct sapa_record in;
    const uint64_t n = w->next_contact++;
    const struct placed placed = { sapa_id_make(1, n), sapa_id_make(2, n) };

    sapa_record_init(&in, SAPA_T_agent_call);
    in.u.agent_call = (struct sapa_rec_agent_call){ .contact = placed.contact,
                                                    .offer = placed.offer,
                                                    .agent = agent,
                                                    .line = line,
                                                    .beside = beside,
                                                    .kind = kind,
                                                    .target = target,
                                                    .client = SAPA_NONE,
                                                    .request = 77 };
    if (kind == SAPA_TARGET_OUTSIDE)
        sapa_sized_set(&in.u.agent_call.address, SAPA_STR("6285551234"));
    world_step(w, &in);
    return placed;
}

static struct placed dial_out(struct world *w, uint32_t agent)
{
    return place(w, agent, SAPA_LINE_OWN, 0, SAPA_TARGET_OUTSIDE, SAPA_NONE);
}

static void carrier(struct world *w, uint64_t contact, uint64_t attempt, unsigned state, enum sapa_side side,
                    unsigned cause)
{
    WORLD_IN(w, dial_progress, .contact = contact, .attempt = attempt, .state = state, .side = side, .cause = cause,
             .leg = 5);
}

/** The customer calls, Ani (0) answers. Her part. */
static uint64_t serve(struct world *w, uint64_t *ret_contact)
{
    *ret_contact = world_arrive(w, SALES);
    for (uint32_t a = 1; a < 4; a++) /* whoever is chosen: it shall be Ani */
        assert_int_not_equal(world_agent_of(w, *ret_contact), a);
    const uint64_t offer = world_accept(w, *ret_contact);
    WORLD_IN(w, contact_answered, .contact = *ret_contact, .leg = 1);
    return offer;
}

static void answer(struct world *w, uint64_t contact)
{
    const uint64_t offer = world_offer(w, contact, SAPA_NONE);

    assert_int_not_equal(offer, 0);
    WORLD_IN(w, offer_accepted, .offer = offer, .leg = 2);
}

static void command(struct world *w, uint32_t agent, uint64_t offer, enum sapa_call_verb verb, uint64_t other)
{
    WORLD_IN(w, call_command, .agent = agent, .offer = offer, .verb = verb, .other = other, .request = 78);
}

static uint64_t reply_of(const struct world *w)
{
    const struct sapa_record *reply = world_last(w, SAPA_T_cmd_agent_reply);

    assert_non_null(reply);
    return reply->u.cmd_agent_reply.rc;
}

static const struct sapa_rec_contact_ended *ended(const struct world *w, uint64_t contact)
{
    for (uint32_t i = 0; i < w->out_count; i++)
        if (w->out[i].type == SAPA_T_contact_ended && w->out[i].u.contact_ended.contact == contact)
            return &w->out[i].u.contact_ended;
    return NULL;
}

static const struct sapa_rec_contact_parted *parted(const struct world *w, uint64_t contact, uint64_t offer)
{
    for (uint32_t i = 0; i < w->out_count; i++)
        if (w->out[i].type == SAPA_T_contact_parted && w->out[i].u.contact_parted.contact == contact &&
            w->out[i].u.contact_parted.offer == offer)
            return &w->out[i].u.contact_parted;
    return NULL;
}

static uint8_t place_of(const struct world *w, uint64_t contact)
{
    struct sapa_contact_view view;

    return sapa_core_contact_get(w->core, contact, w->now_us, &view) == SAPA_OK ? view.place : SAPA_PLACE_ENDED;
}

/** What an agent's part does now, SAPA_ASSIGNMENT_NONE when it is gone. */
static uint8_t state_of(const struct world *w, uint32_t agent, uint64_t offer)
{
    struct sapa_assignment_view view;

    for (uint32_t cursor = 0; sapa_core_assignment_next(w->core, agent, &cursor, &view);)
        if (view.offer == offer)
            return view.state;
    return SAPA_ASSIGNMENT_NONE;
}

static uint64_t part_of(const struct world *w, uint32_t agent, uint64_t contact)
{
    struct sapa_assignment_view view;

    for (uint32_t cursor = 0; sapa_core_assignment_next(w->core, agent, &cursor, &view);)
        if (view.contact == contact && view.state != SAPA_ASSIGNMENT_WRAPUP)
            return view.offer;
    return 0;
}

/** Is there a command or event of this type for the contact? */
static unsigned about(const struct world *w, enum sapa_type type, uint64_t contact)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < w->out_count; i++)
        n += w->out[i].type == type && sapa_record_contact(&w->out[i]) == contact;
    return n;
}

static void only(struct world *w, uint32_t agent)
{
    for (uint32_t a = 0; a < 4; a++)
        if (a != agent)
            WORLD_IN(w, agent_command, .agent = a, .verb = SAPA_VERB_NOT_READY, .code = SAPA_NONE);
    world_clear(w);
}

static void quiet_end(struct world *w)
{
    world_wait(w, 120000);
    uint32_t cursor = 0;
    struct sapa_contact_view view;
    assert_false(sapa_core_contact_next(w->core, &cursor, w->now_us, &view));
    assert_int_equal(sapa_core_next_due(w->core), INT64_MAX);
    world_done(w);
}

static void customer_goes(struct world *w, uint64_t contact)
{
    WORLD_IN(w, contact_gone, .contact = contact, .side = SAPA_SIDE_CUSTOMER);
    quiet_end(w);
}

/* ---- a number outside ---- */

static void a_call_outside_is_talked_and_wrapped_up(void **state)
{
    WITH(w);
    const struct placed y = dial_out(w, ANI);
    assert_int_equal(reply_of(w), 0);
    assert_int_equal(world_last(w, SAPA_T_contact_new)->u.contact_new.direction, SAPA_DIRECTION_OUTBOUND);
    assert_int_equal(world_last(w, SAPA_T_contact_new)->u.contact_new.number, 1);
    assert_int_equal(world_last(w, SAPA_T_cmd_call)->u.cmd_call.offer, y.offer);
    const struct sapa_rec_cmd_dial *dial = &world_last(w, SAPA_T_cmd_dial)->u.cmd_dial;
    assert_int_equal(dial->kind, 2);
    assert_int_equal(dial->from, 1);
    assert_string_equal(dial->number.p, "6285551234");
    assert_int_equal(place_of(w, y.contact), SAPA_PLACE_RINGING);
    assert_int_equal(state_of(w, ANI, y.offer), SAPA_ASSIGNMENT_TALKING);
    only(w, ANI);
    const uint64_t waiting = world_arrive(w, SALES); /* he is busy */
    assert_int_equal(world_offer(w, waiting, SAPA_NONE), 0);
    carrier(w, y.contact, 1, 0, 0, 180);
    world_wait(w, 7000);
    carrier(w, y.contact, 1, 1, 0, 0);
    const struct sapa_rec_contact_connected *connected =
        &world_last(w, SAPA_T_contact_connected)->u.contact_connected;
    assert_int_equal(connected->queue, OUTBOUND);
    assert_int_equal(connected->wait_ms, 0);
    assert_int_not_equal(connected->recording, 0);
    assert_int_equal(world_last(w, SAPA_T_cmd_connect)->u.cmd_connect.offer, y.offer);
    carrier(w, y.contact, 1, 1, 0, 0); /* again: nothing */
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, (uint64_t)-SAPA_ESTATE);
    world_wait(w, 30000);
    carrier(w, y.contact, 1, 3, SAPA_SIDE_CUSTOMER, 0);
    assert_int_equal(parted(w, y.contact, y.offer)->talk_ms, 30000);
    assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_REACHED);
    assert_int_equal(ended(w, y.contact)->queue_ms, 0);
    assert_int_equal(ended(w, y.contact)->total_ms, 37000);
    assert_int_equal(state_of(w, ANI, y.offer), SAPA_ASSIGNMENT_WRAPUP);
    assert_int_equal(world_offer(w, waiting, SAPA_NONE), 0);
    world_wait(w, 10000);
    assert_int_equal(world_agent_of(w, waiting), ANI);
    WORLD_IN(w, contact_gone, .contact = waiting, .side = SAPA_SIDE_CUSTOMER);
    quiet_end(w);
}

static void who_is_not_reached_costs_no_wrap_up(void **state)
{
    (void)state;
    static const struct {
        unsigned state, cause, side, cancels;
    } ways[] = { { 2, 486, SAPA_SIDE_CUSTOMER, 0 }, { 2, 503, SAPA_SIDE_NETWORK, 0 }, { 9, 0, 0, 1 }, { 8, 0, 0, 1 }, { 7, 0, 0, 1 } };
    for (size_t i = 0; i < SAPA_COUNT(ways); i++) {
        WITH(w);
        const struct placed y = dial_out(w, ANI);
        if (ways[i].state == 9) /* the carrier never says a word */
            world_wait(w, 70000);
        else if (ways[i].state == 8) /* the agent hangs up */
            WORLD_IN(w, agent_gone, .contact = y.contact, .offer = y.offer, .side = SAPA_SIDE_AGENT);
        else if (ways[i].state == 7)
            command(w, ANI, y.offer, SAPA_CALL_VERB_HANGUP, 0);
        else
            carrier(w, y.contact, 1, ways[i].state, (enum sapa_side)ways[i].side, ways[i].cause);
        assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_UNREACHED);
        assert_int_equal(world_count(w, SAPA_T_contact_connected), 0);
        assert_int_equal(world_count(w, SAPA_T_contact_parted), 0);
        assert_int_equal(world_count(w, SAPA_T_cmd_dial_cancel), ways[i].cancels);
        assert_int_equal(state_of(w, ANI, y.offer), SAPA_ASSIGNMENT_NONE);
        carrier(w, y.contact, 1, 1, 0, 0); /* too late */
        assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, (uint64_t)-SAPA_ENOENT);
        quiet_end(w);
    }
}

static void nothing_is_offered_beside_a_call_of_ones_own(void **state)
{
    WITH(w);
    only(w, ANI);
    WORLD_IN(w, agent_device, .agent = ANI, .reachable = 0);
    w->agents[ANI].capacity[SAPA_CHANNEL_VOICE] = w->agents[ANI].capacity_total = 2; /* she would have room */
    sapa_core_free(w->core);
    world_start(w);
    world_ready(w, ANI);
    const struct placed y = dial_out(w, ANI);
    const uint64_t c = world_arrive(w, SALES);
    assert_int_equal(place_of(w, c), SAPA_PLACE_QUEUE);
    carrier(w, y.contact, 1, 2, SAPA_SIDE_CUSTOMER, 486);
    assert_int_equal(world_agent_of(w, c), ANI);
    WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    quiet_end(w);
}

static void recorded_is_whom_he_talks_with(void **state)
{
    WITH(w);
    w->queues[SALES].record = w->queues[OUTBOUND].record = SAPA_RECORD_ON_DEMAND;
    uint64_t x;
    const uint64_t ox = serve(w, &x);
    const struct placed y = place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_OUTSIDE, SAPA_NONE);
    carrier(w, y.contact, 1, 1, 0, 0);
    WORLD_IN(w, agent_command, .agent = ANI, .verb = SAPA_VERB_RECORD_START, .code = SAPA_NONE);
    assert_int_equal(about(w, SAPA_T_cmd_record, y.contact), 1);
    carrier(w, y.contact, 1, 3, SAPA_SIDE_CUSTOMER, 0);
    WORLD_IN(w, agent_command, .agent = ANI, .verb = SAPA_VERB_RECORD_START, .code = SAPA_NONE);
    assert_int_equal(about(w, SAPA_T_cmd_record, x), 1);
    customer_goes(w, x);
}

static void the_agent_hangs_up_first(void **state)
{
    WITH(w);
    const struct placed y = dial_out(w, ANI);
    carrier(w, y.contact, 1, 1, 0, 0);
    WORLD_IN(w, agent_gone, .contact = y.contact, .offer = y.offer, .side = SAPA_SIDE_AGENT);
    assert_int_equal(about(w, SAPA_T_cmd_hangup, y.contact), 1);
    assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_REACHED);
    assert_int_equal(ended(w, y.contact)->side, SAPA_SIDE_AGENT);
    quiet_end(w);
}

static void a_client_without_calls_queue_means_no_rules(void **state)
{
    WITH(w);
    w->agents[ANI].calls_for = 1; /* that client has none */
    const struct placed y = dial_out(w, ANI);
    carrier(w, y.contact, 1, 1, 0, 0);
    assert_int_equal(world_last(w, SAPA_T_contact_connected)->u.contact_connected.queue, SAPA_NONE);
    assert_int_equal(world_count(w, SAPA_T_cmd_record), 0);
    WORLD_IN(w, leg_held, .contact = y.contact, .offer = y.offer, .side = SAPA_SIDE_AGENT, .on = 1);
    WORLD_IN(w, leg_held, .contact = y.contact, .offer = y.offer, .side = SAPA_SIDE_AGENT, .on = 0);
    assert_int_equal(world_count(w, SAPA_T_hold_changed), 2);
    WORLD_IN(w, contact_passed, .contact = y.contact, .offer = y.offer, .kind = SAPA_TARGET_QUEUE, .target = SALES);
    assert_int_equal(place_of(w, y.contact), SAPA_PLACE_RINGING);
    answer(w, y.contact);
    assert_int_equal(place_of(w, y.contact), SAPA_PLACE_TALK);
    WORLD_IN(w, contact_gone, .contact = y.contact, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_REACHED);
    quiet_end(w);
}

/* Who calls for a campaign shows its number and works by the rules of its queue; the contact carries it. */
static void a_call_for_a_campaign(void **state)
{
    (void)state;
    struct sapa_campaign campaigns[] = {
        { .client = 0, .number = 0, .hours = SAPA_NONE, .queue = SALES, .team = SAPA_NONE },
        { .client = 1, .number = SAPA_NONE, .hours = SAPA_NONE, .queue = SAPA_NONE, .team = SAPA_NONE },
    };
    struct sapa_record in;
    WITH(w);
    w->centre.campaigns = campaigns;
    w->centre.campaigns_count = 2;
    for (uint32_t a = 0; a < 4; a++)
        w->agents[a].campaign = a == ANI ? 0 : SAPA_NONE;
    struct placed y = dial_out(w, ANI); /* her own campaign */
    assert_int_equal(world_last(w, SAPA_T_contact_new)->u.contact_new.campaign, 1);
    assert_int_equal(world_last(w, SAPA_T_contact_new)->u.contact_new.number, 0);
    assert_int_equal(world_last(w, SAPA_T_cmd_dial)->u.cmd_dial.from, 0);
    carrier(w, y.contact, 1, 1, 0, 0);
    assert_int_equal(world_last(w, SAPA_T_contact_connected)->u.contact_connected.queue, SALES);
    carrier(w, y.contact, 1, 3, SAPA_SIDE_CUSTOMER, 0);
    y = dial_out(w, BUDI); /* none: as the client says */
    assert_int_equal(world_last(w, SAPA_T_contact_new)->u.contact_new.campaign, 0);
    assert_int_equal(world_last(w, SAPA_T_cmd_dial)->u.cmd_dial.from, 1);
    carrier(w, y.contact, 1, 2, SAPA_SIDE_CUSTOMER, 486);
    /* named, of the other client: no rules of a queue, and no number of its own */
    sapa_record_init(&in, SAPA_T_agent_call);
    in.u.agent_call = (struct sapa_rec_agent_call){ .contact = sapa_id_make(1, 100), .offer = sapa_id_make(2, 100), .agent = CITRA,
                                                    .line = SAPA_LINE_OWN, .kind = SAPA_TARGET_OUTSIDE, .target = SAPA_NONE,
                                                    .client = SAPA_NONE, .request = 77, .campaign = 2 };
    sapa_sized_set(&in.u.agent_call.address, SAPA_STR("6285551234"));
    world_step(w, &in);
    assert_int_equal(world_last(w, SAPA_T_contact_new)->u.contact_new.campaign, 2);
    assert_int_equal(world_last(w, SAPA_T_contact_new)->u.contact_new.client, 1);
    assert_int_equal(world_last(w, SAPA_T_cmd_call)->u.cmd_call.campaign, 2); /* whose brand is shown */
    carrier(w, in.u.agent_call.contact, 1, 1, 0, 0);
    assert_int_equal(world_last(w, SAPA_T_contact_connected)->u.contact_connected.queue, SAPA_NONE);
    carrier(w, in.u.agent_call.contact, 1, 3, SAPA_SIDE_CUSTOMER, 0);
    /* one that is not there, and one that is denied */
    world_clear(w);
    in.u.agent_call.agent = DEWI;
    in.u.agent_call.contact++, in.u.agent_call.offer++;
    in.u.agent_call.campaign = 3;
    world_step(w, &in);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.why, SAPA_DENIAL_TARGET);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.campaign, 0);
    in.u.agent_call.campaign = 2;
    in.u.agent_call.listed = 2;
    world_step(w, &in);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.why, SAPA_DENIAL_LISTED);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.campaign, 2);
    in.u.agent_call.campaign = UINT64_MAX;
    world_step(w, &in);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.why, SAPA_DENIAL_TARGET);
    world_wait(w, 10000);
    quiet_end(w);
}

#define PARTY(w) ((int)world_last(w, SAPA_T_contact_new)->u.contact_new.party_type - 1)

/* What the far end is: told by somebody, by the campaign, by a list, by the number, by who calls whom. */
static void the_far_end_is_a_customer_a_prospect_or_one_of_us(void **state)
{
    (void)state;
    struct sapa_campaign campaigns[] = {
        { .client = 0, .number = 0, .hours = SAPA_NONE, .queue = SALES, .team = SAPA_NONE, .party_type = SAPA_PARTY_TYPE_PROSPECT },
        { .client = 0, .number = 0, .hours = SAPA_NONE, .queue = SALES, .team = SAPA_NONE, .party_type = SAPA_PARTY_TYPE_CUSTOMER },
    };
    static const struct sapa_caller_rule rules[] = { { .what = SAPA_CALLER_VIP, .client = SAPA_NONE, .prefix = { "62811", 5 } } };
    struct sapa_record in;
    WITH(w);
    w->centre.campaigns = campaigns;
    w->centre.campaigns_count = 2;
    w->centre.caller_rules = rules;
    w->centre.caller_rules_count = 1;
    for (uint32_t a = 0; a < 4; a++)
        w->agents[a].campaign = SAPA_NONE;
    struct sapa_rec_agent_call wish = { .contact = sapa_id_make(1, 300), .offer = sapa_id_make(2, 300), .agent = ANI, .line = SAPA_LINE_OWN,
                                        .kind = SAPA_TARGET_OUTSIDE, .target = SAPA_NONE, .client = SAPA_NONE };
    static const struct { uint64_t campaign, said; int wanted; } placed[] = {
        { 0, 0, SAPA_PARTY_TYPE_CUSTOMER }, { 1, 0, SAPA_PARTY_TYPE_PROSPECT }, { 2, 0, SAPA_PARTY_TYPE_CUSTOMER },
        { 1, SAPA_PARTY_TYPE_CUSTOMER + 1, SAPA_PARTY_TYPE_CUSTOMER }, { 2, SAPA_PARTY_TYPE_PROSPECT + 1, SAPA_PARTY_TYPE_PROSPECT },
    };
    for (size_t i = 0; i < SAPA_COUNT(placed); i++) {
        sapa_record_init(&in, SAPA_T_agent_call);
        wish.contact++, wish.offer++;
        wish.campaign = placed[i].campaign;
        wish.party_type = placed[i].said;
        in.u.agent_call = wish;
        sapa_sized_set(&in.u.agent_call.address, SAPA_STR("6285551234"));
        world_step(w, &in);
        assert_int_equal(PARTY(w), placed[i].wanted);
        carrier(w, wish.contact, 1, 2, SAPA_SIDE_CUSTOMER, 486);
    }
    sapa_record_init(&in, SAPA_T_agent_call);
    in.u.agent_call = (struct sapa_rec_agent_call){ .contact = sapa_id_make(1, 400), .offer = sapa_id_make(2, 400), .agent = ANI, .line = SAPA_LINE_OWN,
                                                    .kind = SAPA_TARGET_AGENT, .target = BUDI, .client = SAPA_NONE, .party_type = 1 };
    world_step(w, &in);
    assert_int_equal(PARTY(w), SAPA_PARTY_TYPE_INTERNAL);
    world_arrive(w, 0);
    assert_int_equal(PARTY(w), SAPA_PARTY_TYPE_CUSTOMER);
    w->numbers[0].party_type = SAPA_PARTY_TYPE_PROSPECT; /* a line for those who are not customers yet */
    world_arrive(w, 0);
    assert_int_equal(PARTY(w), SAPA_PARTY_TYPE_PROSPECT);
    WORLD_IN(w, contact_arrived, .contact = sapa_id_make(1, 200), .party_type = SAPA_PARTY_TYPE_CUSTOMER + 1, .last_agent = SAPA_NONE);
    assert_int_equal(PARTY(w), SAPA_PARTY_TYPE_CUSTOMER);
    w->numbers[0].party_type = SAPA_PARTY_TYPE_CUSTOMER;
    WORLD_IN(w, contact_arrived, .contact = sapa_id_make(1, 201), .party_type = SAPA_PARTY_TYPE_PROSPECT + 1, .last_agent = SAPA_NONE);
    assert_int_equal(PARTY(w), SAPA_PARTY_TYPE_PROSPECT);
    WORLD_IN(w, contact_arrived, .contact = sapa_id_make(1, 202), .party_type = SAPA_PARTY_TYPE_INTERNAL + 1, .last_agent = SAPA_NONE);
    assert_int_equal(PARTY(w), SAPA_PARTY_TYPE_CUSTOMER); /* of a person nobody says that */
    w->numbers[0].party_type = SAPA_PARTY_TYPE_PROSPECT;
    sapa_record_init(&in, SAPA_T_contact_arrived);
    in.u.contact_arrived = (struct sapa_rec_contact_arrived){ .contact = sapa_id_make(1, 203), .last_agent = SAPA_NONE };
    sapa_sized_set(&in.u.contact_arrived.address, SAPA_STR("6281177"));
    world_step(w, &in);
    assert_int_equal(PARTY(w), SAPA_PARTY_TYPE_CUSTOMER); /* a VIP */
    WORLD_IN(w, contact_arrived, .contact = sapa_id_make(1, 204), .number = 99, .last_agent = SAPA_NONE);
    assert_int_equal(PARTY(w), SAPA_PARTY_TYPE_CUSTOMER); /* refused at the door */
    /* somebody says something: the core has nothing to do with it */
    world_clear(w);
    WORLD_IN(w, contact_party, .contact = sapa_id_make(1, 200), .person = 7, .party_type = SAPA_PARTY_TYPE_PROSPECT + 1, .agent = ANI);
    assert_null(world_last(w, SAPA_T_refused));
    world_done(w);
}

static void what_is_denied_is_in_the_log_and_nothing_is_kept(void **state)
{
    WITH(w);
    w->rules[SAPA_TARGET_OUTSIDE].allow = 0;
    struct placed y = dial_out(w, ANI);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.why, SAPA_DENIAL_RIGHT);
    assert_int_equal(reply_of(w), (uint64_t)-SAPA_EDENIED);
    assert_int_equal(world_last(w, SAPA_T_cmd_agent_reply)->u.cmd_agent_reply.code, SAPA_DENIAL_RIGHT);
    assert_int_equal(world_last(w, SAPA_T_cmd_reject)->u.cmd_reject.status, 403);
    assert_int_equal(about(w, SAPA_T_cmd_forget, y.contact), 1);
    assert_int_equal(world_count(w, SAPA_T_contact_new), 0);
    world_clear(w);
    w->rules[SAPA_TARGET_OUTSIDE].allow = 1;
    WORLD_IN(w, agent_command, .agent = ANI, .verb = SAPA_VERB_LOGOUT, .code = SAPA_NONE);
    dial_out(w, ANI);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.why, SAPA_DENIAL_OFFLINE); /* he is not at work */
    dial_out(w, BUDI);
    world_clear(w);
    dial_out(w, BUDI);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.why, SAPA_DENIAL_BUSY);
    /* a colleague who is on the line, not logged in, or without a phone */
    place(w, CITRA, SAPA_LINE_OWN, 0, SAPA_TARGET_AGENT, BUDI);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.why, SAPA_DENIAL_TARGET);
    place(w, CITRA, SAPA_LINE_OWN, 0, SAPA_TARGET_AGENT, ANI);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.why, SAPA_DENIAL_TARGET);
    WORLD_IN(w, agent_device, .agent = DEWI, .reachable = 1, .place = SAPA_WORKPLACE_ELSEWHERE); /* changes nothing here */
    WORLD_IN(w, agent_device, .agent = DEWI, .reachable = 0);
    place(w, CITRA, SAPA_LINE_RING, 0, SAPA_TARGET_AGENT, DEWI);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.why, SAPA_DENIAL_TARGET);
    assert_int_equal(world_count(w, SAPA_T_call_denied), 4);
    assert_int_equal(world_count(w, SAPA_T_cmd_reject), 3); /* with RING nobody has called us */
    assert_int_equal(world_count(w, SAPA_T_contact_new), 0);
    world_done(w);
}

static void his_own_phone_is_rung_first(void **state)
{
    WITH(w);
    const struct placed y = place(w, ANI, SAPA_LINE_RING, 0, SAPA_TARGET_OUTSIDE, SAPA_NONE);
    assert_int_equal(world_last(w, SAPA_T_cmd_offer)->u.cmd_offer.kind, 2);
    assert_int_equal(world_count(w, SAPA_T_cmd_dial), 0);
    answer(w, y.contact);
    assert_int_equal(world_count(w, SAPA_T_cmd_dial), 1);
    carrier(w, y.contact, 1, 1, 0, 0);
    assert_int_equal(place_of(w, y.contact), SAPA_PLACE_TALK);
    WORLD_IN(w, contact_gone, .contact = y.contact, .side = SAPA_SIDE_CUSTOMER);
    /* he does not lift; his phone is lost; it says no; he changes his mind */
    for (unsigned way = 0; way < 4; way++) {
        world_wait(w, 15000);
        world_clear(w);
        const struct placed z = place(w, ANI, SAPA_LINE_RING, 0, SAPA_TARGET_AGENT, BUDI);
        if (way == 0)
            world_wait(w, 30000);
        else if (way == 1)
            WORLD_IN(w, agent_device, .agent = ANI, .reachable = 0);
        else if (way == 2)
            WORLD_IN(w, offer_failed, .offer = z.offer, .result = SAPA_OFFER_BUSY, .cause = 486);
        else
            command(w, ANI, z.offer, SAPA_CALL_VERB_HANGUP, 0);
        assert_int_equal(ended(w, z.contact)->outcome, SAPA_OUTCOME_UNREACHED);
        assert_int_equal(world_count(w, SAPA_T_cmd_offer), 1); /* Budi's phone never rang */
        if (way == 1)
            WORLD_IN(w, agent_device, .agent = ANI, .reachable = 1);
    }
    quiet_end(w);
}

/* ---- colleagues, queues, numbers ---- */

static void a_colleague_is_called_though_not_ready(void **state)
{
    WITH(w);
    WORLD_IN(w, agent_command, .agent = BUDI, .verb = SAPA_VERB_NOT_READY, .code = 1);
    world_clear(w);
    const struct placed y = place(w, ANI, SAPA_LINE_OWN, 0, SAPA_TARGET_AGENT, BUDI);
    assert_int_equal(world_last(w, SAPA_T_cmd_offer)->u.cmd_offer.kind, 3);
    assert_int_equal(world_last(w, SAPA_T_cmd_offer)->u.cmd_offer.agent, BUDI);
    assert_int_equal(about(w, SAPA_T_cmd_ring, y.contact), 1);
    WORLD_IN(w, agent_command, .agent = BUDI, .verb = SAPA_VERB_NOT_READY, .code = 0); /* it rings on */
    world_wait(w, 4000);
    answer(w, y.contact);
    assert_int_equal(about(w, SAPA_T_cmd_answer, y.contact), 1);
    WORLD_IN(w, contact_answered, .contact = y.contact, .leg = 3);
    assert_int_equal(world_count(w, SAPA_T_contact_connected), 2); /* each of them */
    assert_int_equal(world_count(w, SAPA_T_cmd_connect), 1);
    world_wait(w, 20000);
    place(w, ANI, SAPA_LINE_SAME, y.offer, SAPA_TARGET_AGENT, CITRA);
    assert_int_equal(reply_of(w), (uint64_t)-SAPA_ESTATE); /* that line is the customer's: with another one she may */
    WORLD_IN(w, contact_gone, .contact = y.contact, .side = SAPA_SIDE_CUSTOMER); /* Ani hangs up */
    assert_int_equal(parted(w, y.contact, y.offer)->talk_ms, 20000);
    assert_int_equal(world_count(w, SAPA_T_contact_parted), 2);
    assert_int_equal(about(w, SAPA_T_cmd_drop_agent, y.contact), 1); /* Budi's leg; hers is the customer's */
    assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_REACHED);
    assert_int_equal(ended(w, y.contact)->client, SAPA_NONE);
    quiet_end(w);
}

static void a_colleague_does_not_answer(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 6; way++) {
        WITH(w);
        if (way == 5)
            WORLD_IN(w, agent_command, .agent = BUDI, .verb = SAPA_VERB_NOT_READY, .code = SAPA_NONE);
        const struct placed y = place(w, ANI, SAPA_LINE_OWN, 0, SAPA_TARGET_AGENT, BUDI);
        const uint64_t offer = world_offer(w, y.contact, BUDI);
        if (way == 0)
            world_wait(w, 30000);
        else if (way == 1)
            WORLD_IN(w, offer_failed, .offer = offer, .result = SAPA_OFFER_REFUSED, .cause = 603);
        else if (way == 2)
            command(w, BUDI, offer, SAPA_CALL_VERB_REFUSE, 0);
        else if (way == 3)
            WORLD_IN(w, agent_command, .agent = BUDI, .verb = SAPA_VERB_LOGOUT, .code = SAPA_NONE);
        else if (way == 5)
            WORLD_IN(w, agent_device, .agent = BUDI, .reachable = 0);
        else
            WORLD_IN(w, contact_gone, .contact = y.contact, .side = SAPA_SIDE_CUSTOMER);
        assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_UNREACHED);
        assert_int_equal(about(w, SAPA_T_cmd_reject, y.contact), way != 4);
        if (way == 1)
            assert_int_equal(world_last(w, SAPA_T_cmd_reject)->u.cmd_reject.status, 603);
        assert_int_equal(world_count(w, SAPA_T_cmd_offer_cancel), way != 1);
        assert_int_equal(state_of(w, ANI, y.offer), SAPA_ASSIGNMENT_NONE);
        assert_int_equal(state_of(w, BUDI, offer), SAPA_ASSIGNMENT_NONE);
        quiet_end(w);
    }
}

static void a_call_to_a_queue_waits_like_everybodys(void **state)
{
    WITH(w);
    only(w, BUDI);
    uint64_t c;
    struct placed y = place(w, CITRA, SAPA_LINE_OWN, 0, SAPA_TARGET_QUEUE, SALES);
    assert_int_equal(world_agent_of(w, y.contact), BUDI);
    assert_int_equal(world_last(w, SAPA_T_contact_new)->u.contact_new.direction, SAPA_DIRECTION_INTERNAL);
    WORLD_IN(w, offer_failed, .offer = world_offer(w, y.contact, BUDI), .result = SAPA_OFFER_REFUSED, .cause = 603);
    assert_int_equal(place_of(w, y.contact), SAPA_PLACE_QUEUE);
    c = world_arrive(w, SALES); /* who came later is before it only because Budi has just refused it */
    assert_int_equal(world_agent_of(w, c), BUDI);
    WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    world_wait(w, 10000);
    answer(w, y.contact);
    const struct sapa_record *connected = NULL;
    for (uint32_t i = 0; i < w->out_count && !connected; i++)
        if (w->out[i].type == SAPA_T_contact_connected)
            connected = &w->out[i];
    assert_int_equal(connected->u.contact_connected.queue, SALES);
    assert_int_equal(connected->u.contact_connected.wait_ms, 10000);
    struct sapa_queue_view queue;
    assert_int_equal(sapa_core_queue_get(w->core, SALES, w->now_us, &queue), SAPA_OK);
    assert_int_equal(queue.talking, 1);
    /* his phone breaks: it goes back in line, and Citra is still there */
    WORLD_IN(w, agent_gone, .contact = y.contact, .offer = part_of(w, BUDI, y.contact), .side = SAPA_SIDE_NETWORK);
    assert_int_equal(place_of(w, y.contact), SAPA_PLACE_QUEUE);
    assert_int_equal(state_of(w, CITRA, y.offer), SAPA_ASSIGNMENT_TALKING);
    WORLD_IN(w, contact_gone, .contact = y.contact, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_ABANDONED_QUEUE);
    quiet_end(w);
}

/* ---- asking while the customer is on hold ---- */

static void asking_with_the_same_line(void **state)
{
    WITH_CUSTOMER(w, x, ox);
    world_wait(w, 5000);
    world_clear(w);
    const struct placed y = place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_AGENT, BUDI);
    assert_int_equal(reply_of(w), 0);
    assert_int_equal(world_last(w, SAPA_T_cmd_call)->u.cmd_call.beside, ox);
    assert_int_equal(world_last(w, SAPA_T_hold_changed)->u.hold_changed.side, SAPA_SIDE_AGENT);
    assert_int_equal(world_last(w, SAPA_T_cmd_hold)->u.cmd_hold.on, 1);
    assert_int_equal(world_last(w, SAPA_T_cmd_hold_music)->u.cmd_hold_music.side, SAPA_SIDE_CUSTOMER);
    assert_int_equal(state_of(w, ANI, ox), SAPA_ASSIGNMENT_HELD);
    command(w, ANI, ox, SAPA_CALL_VERB_RESUME, 0);
    assert_int_equal(reply_of(w), (uint64_t)-SAPA_ESTATE); /* his line is in use */
    place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_AGENT, CITRA);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.why, SAPA_DENIAL_BUSY);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.contact, x);
    world_wait(w, 3000);
    answer(w, y.contact);
    world_wait(w, 8000);
    /* the colleague hangs up: the customer is there again */
    WORLD_IN(w, agent_gone, .contact = y.contact, .offer = part_of(w, BUDI, y.contact), .side = SAPA_SIDE_AGENT);
    assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_REACHED);
    assert_int_equal(state_of(w, ANI, ox), SAPA_ASSIGNMENT_TALKING);
    assert_int_equal(world_last(w, SAPA_T_cmd_hold)->u.cmd_hold.on, 0);
    assert_int_equal(world_last(w, SAPA_T_cmd_hold_music)->u.cmd_hold_music.on, 0);
    assert_int_equal(about(w, SAPA_T_cmd_drop_agent, x), 0);
    world_wait(w, 2000);
    WORLD_IN(w, contact_gone, .contact = x, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(parted(w, x, ox)->talk_ms, 7000);
    assert_int_equal(parted(w, x, ox)->hold_ms, 11000);
    quiet_end(w);
}

static void asking_somebody_who_does_not_answer(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 4; way++) {
        WITH(w);
        uint64_t x;
        const uint64_t ox = serve(w, &x);
        const struct placed y = place(w, ANI, SAPA_LINE_SAME, ox,
                                      way == 3 ? SAPA_TARGET_OUTSIDE : SAPA_TARGET_AGENT, way == 3 ? SAPA_NONE : BUDI);
        if (way == 0)
            world_wait(w, 30000);
        else if (way == 1)
            command(w, ANI, y.offer, SAPA_CALL_VERB_HANGUP, 0);
        else if (way == 2)
            WORLD_IN(w, agent_device, .agent = BUDI, .reachable = 0);
        else
            carrier(w, y.contact, 1, 2, SAPA_SIDE_CUSTOMER, 486);
        assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_UNREACHED);
        assert_int_equal(state_of(w, ANI, ox), SAPA_ASSIGNMENT_TALKING);
        assert_int_equal(world_last(w, SAPA_T_cmd_hold)->u.cmd_hold.on, 0);
        customer_goes(w, x);
    }
}

static void the_customer_leaves_while_a_colleague_is_asked(void **state)
{
    (void)state;
    for (unsigned talks = 0; talks < 2; talks++) {
        WITH(w);
        uint64_t x;
        const uint64_t ox = serve(w, &x);
        const struct placed y = place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_AGENT, BUDI);
        if (talks)
            answer(w, y.contact);
        world_clear(w);
        WORLD_IN(w, contact_gone, .contact = x, .side = SAPA_SIDE_CUSTOMER);
        assert_int_equal(ended(w, x)->outcome, SAPA_OUTCOME_ANSWERED);
        assert_int_equal(about(w, SAPA_T_cmd_drop_agent, x), 1); /* her line goes over to the other call */
        assert_int_equal(about(w, SAPA_T_cmd_hangup, y.contact), 0);
        assert_int_equal(state_of(w, ANI, ox), SAPA_ASSIGNMENT_WRAPUP);
        if (!talks)
            answer(w, y.contact);
        assert_int_equal(place_of(w, y.contact), SAPA_PLACE_TALK);
        world_wait(w, 5000);
        command(w, ANI, y.offer, SAPA_CALL_VERB_HANGUP, 0);
        assert_int_equal(about(w, SAPA_T_cmd_hangup, y.contact), 1); /* it is that call's own now */
        assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_REACHED);
        quiet_end(w);
    }
}

static void her_line_goes_while_she_asks(void **state)
{
    WITH_CUSTOMER(w, x, ox);
    const struct placed y = place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_AGENT, BUDI);
    answer(w, y.contact);
    world_clear(w);
    WORLD_IN(w, agent_gone, .contact = x, .offer = ox, .side = SAPA_SIDE_NETWORK, .cause = 408);
    assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_REACHED);
    assert_int_equal(place_of(w, x), SAPA_PLACE_RINGING); /* a fault: the customer is offered again */
    assert_int_not_equal(world_agent_of(w, x), ANI);
    answer(w, x);
    customer_goes(w, x);
}

static void her_line_goes_while_she_waits_in_a_queue(void **state)
{
    WITH(w);
    only(w, ANI);
    uint64_t x;
    const uint64_t ox = serve(w, &x);
    const struct placed y = place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_QUEUE, OUTBOUND);
    assert_int_equal(place_of(w, y.contact), SAPA_PLACE_QUEUE);
    WORLD_IN(w, agent_gone, .contact = x, .offer = ox, .side = SAPA_SIDE_AGENT);
    assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_ABANDONED_QUEUE); /* as of everybody there */
    assert_int_equal(ended(w, x)->outcome, SAPA_OUTCOME_ANSWERED);
    quiet_end(w);
}

/* ---- two contacts become one ---- */

static void transfer_after_asking_a_colleague(void **state)
{
    (void)state;
    static const enum sapa_call_line lines[] = { SAPA_LINE_SAME, SAPA_LINE_OWN };
    for (size_t i = 0; i < SAPA_COUNT(lines); i++) {
        WITH(w);
        uint64_t x;
        const uint64_t ox = serve(w, &x);
        if (lines[i] == SAPA_LINE_OWN)
            WORLD_IN(w, leg_held, .contact = x, .offer = ox, .side = SAPA_SIDE_AGENT, .on = 1);
        const struct placed y = place(w, ANI, lines[i], lines[i] == SAPA_LINE_SAME ? ox : 0, SAPA_TARGET_AGENT, BUDI);
        answer(w, y.contact);
        const uint64_t ob = part_of(w, BUDI, y.contact);
        world_wait(w, 6000);
        world_clear(w);
        /* phones name the two in either order */
        command(w, ANI, i ? y.offer : ox, SAPA_CALL_VERB_MERGE, i ? x : y.contact);
        assert_int_equal(reply_of(w), 0);
        const struct sapa_rec_cmd_join *join = &world_last(w, SAPA_T_cmd_join)->u.cmd_join;
        assert_int_equal(join->contact, x);
        assert_int_equal(join->other, y.contact);
        assert_int_equal(join->offer, ob);
        assert_int_equal(parted(w, y.contact, ob)->talk_ms, 6000);
        const struct sapa_rec_party_joined *joined = &world_last(w, SAPA_T_party_joined)->u.party_joined;
        assert_int_equal(joined->agent, BUDI);
        assert_int_equal(joined->queue, SALES);
        assert_int_equal(joined->parties, 3);
        assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_MERGED);
        const struct sapa_rec_contact_transferred *moved =
            &world_last(w, SAPA_T_contact_transferred)->u.contact_transferred;
        assert_int_equal(moved->asked, 1);
        assert_int_equal(moved->other, y.contact);
        assert_int_equal(moved->target, BUDI);
        assert_int_equal(about(w, SAPA_T_cmd_drop_agent, x), 1);
        assert_int_equal(about(w, SAPA_T_cmd_hangup, y.contact), 1);
        assert_int_equal(world_last(w, SAPA_T_cmd_hold_music)->u.cmd_hold_music.on, 0);
        assert_int_equal(state_of(w, ANI, ox), SAPA_ASSIGNMENT_WRAPUP);
        assert_int_equal(state_of(w, ANI, y.offer), SAPA_ASSIGNMENT_NONE);
        assert_int_equal(world_agent_of(w, x), BUDI);
        assert_int_equal(world_count(w, SAPA_T_cmd_record), 0); /* one recording, whole */
        world_wait(w, 9000);
        WORLD_IN(w, contact_gone, .contact = x, .side = SAPA_SIDE_CUSTOMER);
        assert_int_equal(parted(w, x, ob)->talk_ms, 9000);
        assert_int_equal(state_of(w, BUDI, ob), SAPA_ASSIGNMENT_WRAPUP); /* by the customer's queue */
        assert_int_equal(ended(w, x)->outcome, SAPA_OUTCOME_ANSWERED);
        quiet_end(w);
    }
}

static void transfer_before_anybody_answers_is_a_blind_one(void **state)
{
    (void)state;
    static const struct {
        enum sapa_target kind;
        uint32_t target, expect;
    } ways[] = { { SAPA_TARGET_AGENT, CITRA, CITRA }, { SAPA_TARGET_QUEUE, OUTBOUND, BUDI } };
    for (size_t i = 0; i < SAPA_COUNT(ways); i++) {
        WITH(w);
        uint64_t x;
        const uint64_t ox = serve(w, &x);
        const struct placed y = place(w, ANI, SAPA_LINE_SAME, ox, ways[i].kind, ways[i].target);
        world_clear(w);
        command(w, ANI, ox, SAPA_CALL_VERB_CONFERENCE, y.contact);
        assert_int_equal(reply_of(w), (uint64_t)-SAPA_ESTATE); /* with whom? */
        command(w, ANI, ox, SAPA_CALL_VERB_MERGE, y.contact);
        assert_int_equal(reply_of(w), 0);
        assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_MERGED);
        assert_int_equal(world_last(w, SAPA_T_contact_transferred)->u.contact_transferred.asked, 0);
        assert_int_equal(world_last(w, SAPA_T_contact_transferred)->u.contact_transferred.kind, ways[i].kind);
        assert_int_equal(place_of(w, x), SAPA_PLACE_RINGING);
        assert_int_equal(world_agent_of(w, x), ways[i].expect);
        answer(w, x);
        assert_int_equal(place_of(w, x), SAPA_PLACE_TALK);
        customer_goes(w, x);
    }
}

static void a_customer_and_an_outside_number_talk_on_alone(void **state)
{
    WITH_CUSTOMER(w, x, ox);
    const struct placed y = place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_OUTSIDE, SAPA_NONE);
    command(w, ANI, ox, SAPA_CALL_VERB_MERGE, y.contact);
    assert_int_equal(reply_of(w), (uint64_t)-SAPA_ESTATE); /* it still rings there */
    carrier(w, y.contact, 1, 1, 0, 0);
    world_clear(w);
    command(w, ANI, ox, SAPA_CALL_VERB_MERGE, y.contact);
    const struct sapa_rec_cmd_join *join = &world_last(w, SAPA_T_cmd_join)->u.cmd_join;
    assert_int_equal(join->offer, 0);
    const uint64_t attempt = join->attempt;
    assert_int_not_equal(attempt, 0);
    assert_int_equal(place_of(w, x), SAPA_PLACE_OUTSIDE);
    assert_int_equal(world_last(w, SAPA_T_party_joined)->u.party_joined.agent, SAPA_NONE);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.action, 1); /* masked: what they say is not ours */
    struct sapa_contact_view view;
    assert_int_equal(sapa_core_contact_get(w->core, x, w->now_us, &view), SAPA_OK);
    assert_int_equal(view.outside[0], attempt);
    assert_true(view.recording_paused);
    carrier(w, x, attempt + 1, 3, 0, 0); /* nobody of that number */
    assert_int_equal(place_of(w, x), SAPA_PLACE_OUTSIDE);
    world_wait(w, 15000);
    carrier(w, x, attempt, 3, SAPA_SIDE_CUSTOMER, 0);
    assert_int_equal(world_last(w, SAPA_T_party_left)->u.party_left.talk_ms, 15000);
    assert_int_equal(ended(w, x)->outcome, SAPA_OUTCOME_TRANSFERRED);
    assert_int_equal(about(w, SAPA_T_cmd_hangup, x), 1);
    quiet_end(w);
}

static void a_conference_grows_and_shrinks(void **state)
{
    WITH_BUDI_ASKED(w, x, ox, y, ob);
    world_clear(w);
    command(w, ANI, ox, SAPA_CALL_VERB_CONFERENCE, y.contact);
    assert_int_equal(reply_of(w), 0);
    assert_int_equal(world_last(w, SAPA_T_contact_merged)->u.contact_merged.conference, 1);
    assert_int_equal(world_count(w, SAPA_T_contact_transferred), 0);
    assert_int_equal(about(w, SAPA_T_cmd_drop_agent, x), 0);
    assert_int_equal(world_last(w, SAPA_T_cmd_hold)->u.cmd_hold.on, 0);
    assert_int_equal(state_of(w, ANI, ox), SAPA_ASSIGNMENT_TALKING);
    /* of three one holds: no music for the two who talk on */
    world_clear(w);
    WORLD_IN(w, leg_held, .contact = x, .offer = ob, .side = SAPA_SIDE_AGENT, .on = 1);
    assert_int_equal(state_of(w, BUDI, ob), SAPA_ASSIGNMENT_HELD);
    assert_int_equal(world_count(w, SAPA_T_cmd_hold_music), 0);
    WORLD_IN(w, leg_held, .contact = x, .side = SAPA_SIDE_CUSTOMER, .on = 1);
    assert_int_equal(state_of(w, ANI, ox), SAPA_ASSIGNMENT_TALKING);
    WORLD_IN(w, leg_held, .contact = x, .side = SAPA_SIDE_CUSTOMER, .on = 0);
    /* a fourth, from outside */
    y = place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_OUTSIDE, SAPA_NONE);
    assert_int_equal(world_count(w, SAPA_T_cmd_hold_music), 0);
    carrier(w, y.contact, 1, 1, 0, 0);
    command(w, ANI, ox, SAPA_CALL_VERB_CONFERENCE, y.contact);
    const uint64_t attempt = world_last(w, SAPA_T_cmd_join)->u.cmd_join.attempt;
    assert_int_equal(world_last(w, SAPA_T_party_joined)->u.party_joined.parties, 4);
    WORLD_IN(w, leg_held, .contact = x, .offer = ob, .side = SAPA_SIDE_AGENT, .on = 0);
    /* Budi has him dropped, and leaves himself */
    command(w, BUDI, ob, SAPA_CALL_VERB_DROP, attempt + 1);
    assert_int_equal(reply_of(w), (uint64_t)-SAPA_ENOENT);
    command(w, BUDI, ob, SAPA_CALL_VERB_DROP, attempt);
    assert_int_equal(reply_of(w), 0);
    assert_int_equal(world_last(w, SAPA_T_party_left)->u.party_left.side, SAPA_SIDE_AGENT);
    assert_int_equal(world_last(w, SAPA_T_cmd_dial_cancel)->u.cmd_dial_cancel.attempt, attempt);
    world_clear(w);
    command(w, BUDI, ob, SAPA_CALL_VERB_LEAVE, 0);
    assert_int_equal(state_of(w, BUDI, ob), SAPA_ASSIGNMENT_WRAPUP);
    assert_int_equal(about(w, SAPA_T_cmd_hangup, x), 0);
    assert_int_equal(place_of(w, x), SAPA_PLACE_TALK);
    command(w, ANI, ox, SAPA_CALL_VERB_LEAVE, 0); /* alone with the customer: that is hanging up */
    assert_int_equal(about(w, SAPA_T_cmd_hangup, x), 1);
    assert_int_equal(ended(w, x)->side, SAPA_SIDE_AGENT);
    quiet_end(w);
}

/* Whom she asks has brought somebody else in: which of them should the customer get? */
static void two_at_once_are_not_brought_over(void **state)
{
    WITH_BUDI_ASKED(w, x, ox, y, ob);
    const struct placed z = place(w, BUDI, SAPA_LINE_SAME, ob, SAPA_TARGET_AGENT, CITRA);
    answer(w, z.contact);
    command(w, BUDI, ob, SAPA_CALL_VERB_CONFERENCE, z.contact);
    assert_int_equal(reply_of(w), 0);
    command(w, ANI, ox, SAPA_CALL_VERB_MERGE, y.contact);
    assert_int_equal(reply_of(w), (uint64_t)-SAPA_ESTATE);
    command(w, BUDI, ob, SAPA_CALL_VERB_LEAVE, 0);
    command(w, ANI, ox, SAPA_CALL_VERB_MERGE, y.contact);
    assert_int_equal(reply_of(w), 0);
    assert_int_equal(world_agent_of(w, x), CITRA);
    customer_goes(w, x);
}

static void who_is_left_alone_with_one_who_holds_hears_music(void **state)
{
    WITH_BUDI_ASKED(w, x, ox, y, ob);
    command(w, ANI, ox, SAPA_CALL_VERB_CONFERENCE, y.contact);
    command(w, BUDI, ob, SAPA_CALL_VERB_HOLD, 0);
    assert_int_equal(world_last(w, SAPA_T_cmd_hold)->u.cmd_hold.offer, ob);
    world_clear(w);
    command(w, BUDI, ob, SAPA_CALL_VERB_DROP, ox); /* even so he may: Ani is out */
    assert_int_equal(about(w, SAPA_T_cmd_drop_agent, x), 1);
    assert_int_equal(world_last(w, SAPA_T_cmd_hold_music)->u.cmd_hold_music.on, 1);
    command(w, BUDI, ob, SAPA_CALL_VERB_RESUME, 0);
    assert_int_equal(world_last(w, SAPA_T_cmd_hold_music)->u.cmd_hold_music.on, 0);
    assert_int_equal(state_of(w, BUDI, ob), SAPA_ASSIGNMENT_TALKING);
    /* the customer's end is the end for all */
    WORLD_IN(w, contact_gone, .contact = x, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(ended(w, x)->outcome, SAPA_OUTCOME_ANSWERED);
    quiet_end(w);
}

static void the_last_agent_leaves_a_conference_with_an_outside_number(void **state)
{
    WITH_CUSTOMER(w, x, ox);
    const struct placed y = place(w, ANI, SAPA_LINE_OWN, 0, SAPA_TARGET_OUTSIDE, SAPA_NONE);
    carrier(w, y.contact, 1, 1, 0, 0);
    world_clear(w);
    command(w, ANI, ox, SAPA_CALL_VERB_CONFERENCE, y.contact);
    assert_int_equal(about(w, SAPA_T_cmd_drop_agent, y.contact), 1); /* her second line */
    assert_int_equal(parted(w, y.contact, y.offer)->queue, OUTBOUND);
    assert_int_equal(state_of(w, ANI, y.offer), SAPA_ASSIGNMENT_NONE); /* to be wrapped up with the customer's */
    WORLD_IN(w, agent_gone, .contact = x, .offer = ox, .side = SAPA_SIDE_NETWORK); /* even by a fault: two talk on */
    assert_int_equal(place_of(w, x), SAPA_PLACE_OUTSIDE);
    WORLD_IN(w, contact_gone, .contact = x, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(world_count(w, SAPA_T_party_left), 1);
    assert_int_equal(about(w, SAPA_T_cmd_dial_cancel, x), 1);
    assert_int_equal(ended(w, x)->outcome, SAPA_OUTCOME_TRANSFERRED);
    quiet_end(w);
}

static void parties_have_a_limit(void **state)
{
    WITH_CUSTOMER(w, x, ox);
    for (unsigned i = 0; i <= SAPA_OUTSIDE_MAX; i++) {
        const struct placed y = place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_OUTSIDE, SAPA_NONE);
        carrier(w, y.contact, 1, 1, 0, 0);
        command(w, ANI, ox, SAPA_CALL_VERB_CONFERENCE, y.contact);
        assert_int_equal(reply_of(w), i < SAPA_OUTSIDE_MAX ? 0 : (uint64_t)-SAPA_ELIMIT);
        if (i == SAPA_OUTSIDE_MAX) {
            assert_int_equal(place_of(w, y.contact), SAPA_PLACE_TALK); /* as it was */
            carrier(w, y.contact, 1, 3, SAPA_SIDE_CUSTOMER, 0);
        }
    }
    for (uint32_t agent = BUDI; agent <= DEWI; agent++) { /* the customer, she, four from outside, two colleagues */
        const struct placed y = place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_AGENT, agent);
        answer(w, y.contact);
        command(w, ANI, ox, SAPA_CALL_VERB_CONFERENCE, y.contact);
        assert_int_equal(reply_of(w), agent < DEWI ? 0 : (uint64_t)-SAPA_ELIMIT);
    }
    assert_int_equal(world_last(w, SAPA_T_party_joined)->u.party_joined.parties, SAPA_PARTIES_MAX);
    WORLD_IN(w, contact_gone, .contact = x, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(world_count(w, SAPA_T_party_left), SAPA_OUTSIDE_MAX);
    WORLD_IN(w, contact_gone, .contact = world_last(w, SAPA_T_cmd_call)->u.cmd_call.contact, .side = SAPA_SIDE_CUSTOMER);
    quiet_end(w);
}

static void who_was_called_outside_is_transferred_too(void **state)
{
    WITH(w);
    const struct placed x = dial_out(w, ANI);
    carrier(w, x.contact, 1, 1, 0, 0);
    const struct placed y = place(w, ANI, SAPA_LINE_SAME, x.offer, SAPA_TARGET_AGENT, BUDI);
    answer(w, y.contact);
    command(w, ANI, x.offer, SAPA_CALL_VERB_MERGE, y.contact);
    assert_int_equal(reply_of(w), 0);
    assert_int_equal(world_agent_of(w, x.contact), BUDI);
    assert_int_equal(world_last(w, SAPA_T_party_joined)->u.party_joined.queue, OUTBOUND);
    carrier(w, x.contact, 1, 3, SAPA_SIDE_CUSTOMER, 0);
    assert_int_equal(ended(w, x.contact)->outcome, SAPA_OUTCOME_REACHED);
    quiet_end(w);
}

/* ---- passed on outside ---- */

static void pass_outside(struct world *w, uint64_t contact, uint64_t offer)
{
    struct sapa_record in;

    sapa_record_init(&in, SAPA_T_contact_passed);
    in.u.contact_passed = (struct sapa_rec_contact_passed){
        .contact = contact, .offer = offer, .kind = SAPA_TARGET_OUTSIDE, .target = SAPA_NONE, .request = 79
    };
    sapa_sized_set(&in.u.contact_passed.address, SAPA_STR("6285559999"));
    world_step(w, &in);
}

static void passed_on_outside(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 4; way++) {
        WITH(w);
        uint64_t x;
        const uint64_t ox = serve(w, &x);
        world_clear(w);
        pass_outside(w, x, ox);
        assert_int_equal(reply_of(w), 0);
        const struct sapa_rec_cmd_dial *dial = &world_last(w, SAPA_T_cmd_dial)->u.cmd_dial;
        const uint64_t attempt = dial->attempt;
        assert_int_equal(dial->kind, 1);
        assert_string_equal(dial->number.p, "6285559999");
        assert_int_equal(world_last(w, SAPA_T_contact_transferred)->u.contact_transferred.kind, SAPA_TARGET_OUTSIDE);
        assert_int_equal(world_last(w, SAPA_T_cmd_hold_music)->u.cmd_hold_music.on, 1);
        assert_int_equal(state_of(w, ANI, ox), SAPA_ASSIGNMENT_WRAPUP);
        carrier(w, x, attempt, 0, 0, 180);
        if (way == 0) {
            carrier(w, x, attempt, 1, 0, 0);
            assert_int_equal(place_of(w, x), SAPA_PLACE_OUTSIDE);
            assert_int_equal(world_last(w, SAPA_T_cmd_hold_music)->u.cmd_hold_music.on, 0);
            assert_int_equal(world_last(w, SAPA_T_party_joined)->u.party_joined.parties, 2);
            carrier(w, x, attempt, 3, SAPA_SIDE_CUSTOMER, 0);
            assert_int_equal(ended(w, x)->outcome, SAPA_OUTCOME_TRANSFERRED);
        } else if (way == 1) { /* the customer does not wait for it */
            WORLD_IN(w, contact_gone, .contact = x, .side = SAPA_SIDE_CUSTOMER);
            assert_int_equal(about(w, SAPA_T_cmd_dial_cancel, x), 1);
            assert_int_equal(ended(w, x)->outcome, SAPA_OUTCOME_ANSWERED);
        } else { /* busy, or never heard of again: he is back in line, before others, with somebody else */
            const uint64_t later = world_arrive(w, SALES);
            WORLD_IN(w, contact_gone, .contact = later, .side = SAPA_SIDE_CUSTOMER);
            if (way == 2)
                carrier(w, x, attempt, 2, SAPA_SIDE_CUSTOMER, 486);
            else
                world_wait(w, 40000);
            assert_int_equal(world_last(w, SAPA_T_cmd_hold_music)->u.cmd_hold_music.on, 0);
            assert_int_equal(place_of(w, x), SAPA_PLACE_RINGING);
            assert_int_not_equal(world_agent_of(w, x), ANI);
            answer(w, x);
            WORLD_IN(w, contact_gone, .contact = x, .side = SAPA_SIDE_CUSTOMER);
            assert_int_equal(ended(w, x)->outcome, SAPA_OUTCOME_ANSWERED);
        }
        quiet_end(w);
    }
    WITH_CUSTOMER(w, x, ox);
    w->rules[SAPA_TARGET_OUTSIDE].allow = 0;
    world_clear(w);
    pass_outside(w, x, ox);
    assert_int_equal(reply_of(w), (uint64_t)-SAPA_EDENIED);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.contact, x);
    assert_int_equal(place_of(w, x), SAPA_PLACE_TALK);
    customer_goes(w, x);
}

/* A call without a queue has no line to wait in: the colleague alone is rung, or nobody. */
static void a_call_is_passed_on_to_a_colleague(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 5; way++) {
        WITH(w);
        w->agents[ANI].calls_for = 1; /* a client without calls queue */
        struct placed y = way < 2 ? dial_out(w, ANI) : place(w, CITRA, SAPA_LINE_OWN, 0, SAPA_TARGET_AGENT, ANI);
        if (way < 2)
            carrier(w, y.contact, 1, 1, 0, 0);
        else
            answer(w, y.contact);
        const uint64_t offer = part_of(w, ANI, y.contact);
        if (way == 2) {
            dial_out(w, BUDI);
            WORLD_IN(w, contact_passed, .contact = y.contact, .offer = offer, .kind = SAPA_TARGET_AGENT, .target = BUDI);
            assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, (uint64_t)-SAPA_ESTATE);
            assert_int_equal(place_of(w, y.contact), SAPA_PLACE_TALK);
            command(w, BUDI, part_of(w, BUDI, world_last(w, SAPA_T_contact_new)->u.contact_new.contact),
                    SAPA_CALL_VERB_HANGUP, 0);
        }
        world_clear(w);
        if (way == 4) { /* she had begun to ask him with her second line */
            const struct placed z = place(w, ANI, SAPA_LINE_OWN, 0, SAPA_TARGET_AGENT, BUDI);
            command(w, ANI, offer, SAPA_CALL_VERB_MERGE, z.contact);
            assert_int_equal(reply_of(w), 0);
            assert_int_equal(ended(w, z.contact)->outcome, SAPA_OUTCOME_MERGED);
        } else {
            WORLD_IN(w, contact_passed, .contact = y.contact, .offer = offer, .kind = SAPA_TARGET_AGENT, .target = BUDI);
        }
        assert_int_equal(place_of(w, y.contact), SAPA_PLACE_RINGING);
        assert_int_equal(world_last(w, SAPA_T_cmd_offer)->u.cmd_offer.agent, BUDI);
        assert_int_equal(world_last(w, SAPA_T_cmd_offer)->u.cmd_offer.kind, 3);
        if (way == 0 || way == 3) { /* the one who waits gives up */
            if (way == 0)
                carrier(w, y.contact, 1, 3, SAPA_SIDE_CUSTOMER, 0);
            else
                WORLD_IN(w, contact_gone, .contact = y.contact, .side = SAPA_SIDE_CUSTOMER);
            assert_int_equal(world_count(w, SAPA_T_cmd_offer_cancel), 1);
        } else {
            answer(w, y.contact);
            assert_int_equal(world_agent_of(w, y.contact), BUDI);
            WORLD_IN(w, contact_gone, .contact = y.contact, .side = SAPA_SIDE_CUSTOMER);
        }
        assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_REACHED);
        assert_int_equal(ended(w, y.contact)->queue_ms, 0);
        quiet_end(w);
    }
}

/* The call that she placed beside is what she passes on: the customer is back. */
static void the_call_beside_is_passed_on(void **state)
{
    WITH_CUSTOMER(w, x, ox);
    const struct placed y = place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_OUTSIDE, SAPA_NONE);
    carrier(w, y.contact, 1, 1, 0, 0);
    WORLD_IN(w, contact_passed, .contact = y.contact, .offer = y.offer, .kind = SAPA_TARGET_QUEUE, .target = SALES);
    assert_int_equal(state_of(w, ANI, ox), SAPA_ASSIGNMENT_TALKING);
    assert_int_equal(world_last(w, SAPA_T_cmd_hold)->u.cmd_hold.on, 0);
    answer(w, y.contact);
    WORLD_IN(w, contact_gone, .contact = y.contact, .side = SAPA_SIDE_CUSTOMER);
    customer_goes(w, x);
}

/* ---- hands, restart, nonsense ---- */

static void accept_and_hold_by_command(void **state)
{
    WITH(w);
    only(w, ANI);
    const uint64_t c = world_arrive(w, SALES);
    const uint64_t offer = world_offer(w, c, ANI);
    command(w, BUDI, offer, SAPA_CALL_VERB_ACCEPT, 0);
    assert_int_equal(reply_of(w), (uint64_t)-SAPA_ENOENT); /* it is not his */
    command(w, ANI, offer, SAPA_CALL_VERB_HOLD, 0);
    assert_int_equal(reply_of(w), (uint64_t)-SAPA_ESTATE);
    command(w, ANI, offer, SAPA_CALL_VERB_ACCEPT, 0);
    assert_int_equal(world_last(w, SAPA_T_cmd_offer_accept)->u.cmd_offer_accept.offer, offer);
    WORLD_IN(w, offer_accepted, .offer = offer, .leg = 1);
    command(w, ANI, offer, SAPA_CALL_VERB_HOLD, 0);
    assert_int_equal(state_of(w, ANI, offer), SAPA_ASSIGNMENT_HELD);
    WORLD_IN(w, leg_held, .contact = c, .offer = offer, .side = SAPA_SIDE_AGENT, .on = 1); /* and his phone says so too */
    assert_int_equal(world_count(w, SAPA_T_hold_changed), 1);
    command(w, ANI, offer, SAPA_CALL_VERB_RESUME, 0);
    assert_int_equal(state_of(w, ANI, offer), SAPA_ASSIGNMENT_HELD); /* his phone still holds */
    WORLD_IN(w, leg_held, .contact = c, .offer = offer, .side = SAPA_SIDE_AGENT, .on = 0);
    assert_int_equal(state_of(w, ANI, offer), SAPA_ASSIGNMENT_TALKING);
    assert_int_equal(world_count(w, SAPA_T_hold_changed), 2);
    command(w, ANI, offer, SAPA_CALL_VERB_MERGE, c);
    assert_int_equal(reply_of(w), (uint64_t)-SAPA_ENOENT); /* with itself */
    command(w, ANI, offer, SAPA_CALL_VERB_HANGUP, 0);
    assert_int_equal(ended(w, c)->side, SAPA_SIDE_AGENT);
    assert_int_equal(ended(w, c)->outcome, SAPA_OUTCOME_ANSWERED);
    command(w, ANI, offer, SAPA_CALL_VERB_HANGUP, 0);
    assert_int_equal(reply_of(w), (uint64_t)-SAPA_ESTATE); /* in wrap-up */
    quiet_end(w);
}

static void refused_by_command_is_refused(void **state)
{
    WITH(w);
    only(w, ANI);
    const uint64_t c = world_arrive(w, SALES);
    const uint64_t offer = world_offer(w, c, ANI);
    command(w, ANI, offer, SAPA_CALL_VERB_REFUSE, 0);
    assert_int_equal(world_count(w, SAPA_T_cmd_offer_cancel), 1);
    assert_int_equal(world_last(w, SAPA_T_offer_ended)->u.offer_ended.result, SAPA_OFFER_REFUSED);
    assert_int_equal(place_of(w, c), SAPA_PLACE_QUEUE);
    WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    quiet_end(w);
}

struct bytes {
    uint8_t p[65536];
    size_t n;
};

static bool keep(void *ctx, const void *data, size_t n)
{
    struct bytes *to = ctx;

    if (to->n + n > sizeof(to->p))
        return false;
    memcpy(to->p + to->n, data, n);
    to->n += n;
    return true;
}

/* The state of a consultation and of a conference is all in a snapshot. */
static void it_all_goes_on_after_a_restart(void **state)
{
    (void)state;
    static struct bytes bytes;
    WITH_CUSTOMER(w, x, ox);
    struct placed y = place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_OUTSIDE, SAPA_NONE);
    carrier(w, y.contact, 1, 1, 0, 0);
    command(w, ANI, ox, SAPA_CALL_VERB_CONFERENCE, y.contact);
    const uint64_t attempt = world_last(w, SAPA_T_cmd_join)->u.cmd_join.attempt;
    y = place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_AGENT, BUDI);
    const struct placed z = place(w, CITRA, SAPA_LINE_OWN, 0, SAPA_TARGET_OUTSIDE, SAPA_NONE);
    bytes.n = 0;
    assert_int_equal(sapa_core_save(w->core, keep, &bytes), SAPA_OK);
    sapa_core_free(w->core);
    w->core = world_core();
    assert_int_equal(sapa_core_centre(w->core, &w->centre), SAPA_OK);
    assert_int_equal(sapa_core_load(w->core, bytes.p, bytes.n), SAPA_OK);
    sapa_core_check(w->core);
    struct sapa_record in;
    sapa_record_init(&in, SAPA_T_centre_started);
    sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(w->centre.hash));
    world_step(w, &in);
    world_clear(w);
    struct sapa_contact_view view;
    assert_int_equal(sapa_core_contact_get(w->core, x, w->now_us, &view), SAPA_OK);
    assert_int_equal(view.outside[0], attempt);
    answer(w, y.contact);
    command(w, ANI, ox, SAPA_CALL_VERB_MERGE, y.contact);
    assert_int_equal(reply_of(w), 0);
    assert_int_equal(world_agent_of(w, x), BUDI);
    carrier(w, x, attempt, 3, SAPA_SIDE_CUSTOMER, 0);
    assert_int_equal(world_count(w, SAPA_T_party_left), 1);
    carrier(w, z.contact, 1, 1, 0, 0);
    assert_int_equal(place_of(w, z.contact), SAPA_PLACE_TALK);
    WORLD_IN(w, contact_gone, .contact = x, .side = SAPA_SIDE_CUSTOMER);
    WORLD_IN(w, contact_gone, .contact = z.contact, .side = SAPA_SIDE_CUSTOMER);
    quiet_end(w);
}

/* The program was away for longer than the colleague's phone rings: nobody knows what he did. */
static void what_was_overdue_while_the_program_was_away_is_a_fault(void **state)
{
    WITH_CUSTOMER(w, x, ox);
    const struct placed y = place(w, ANI, SAPA_LINE_SAME, ox, SAPA_TARGET_AGENT, BUDI);
    struct sapa_record in;
    w->now_us += 60 * WORLD_SECOND;
    sapa_record_init(&in, SAPA_T_centre_started);
    sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(w->centre.hash));
    world_clear(w);
    world_step(w, &in);
    assert_int_equal(world_last(w, SAPA_T_offer_ended)->u.offer_ended.result, SAPA_OFFER_FAULT);
    assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_UNREACHED);
    assert_int_equal(ended(w, y.contact)->side, SAPA_SIDE_SYSTEM);
    assert_int_equal(state_of(w, ANI, ox), SAPA_ASSIGNMENT_TALKING);
    customer_goes(w, x);
}

/* A program that knew no calls of agents has left its state; the one after it goes on. */
static void a_snapshot_of_before_is_read(void **state)
{
    WITH(w);
    struct sapa_contact_view view;
    sapa_core_free(w->core);
    w->core = world_core();
    assert_int_equal(sapa_core_centre(w->core, &w->centre), SAPA_OK);
    assert_int_equal(sapa_core_load(w->core, snapshot_1, sizeof(snapshot_1)), SAPA_OK);
    sapa_core_check(w->core);
    w->now_us = sapa_core_now(w->core);
    static const uint8_t places[] = { SAPA_PLACE_TALK, SAPA_PLACE_TALK, SAPA_PLACE_ENDED, SAPA_PLACE_RINGING, SAPA_PLACE_QUEUE };
    for (uint64_t i = 0; i < SAPA_COUNT(places); i++)
        assert_int_equal(place_of(w, sapa_id_make(1, i + 1)), places[i]);
    for (uint64_t i = 1; i <= 2; i++) { /* each hold ends as it began */
        assert_int_equal(sapa_core_contact_get(w->core, sapa_id_make(1, i), w->now_us, &view), SAPA_OK);
        assert_true(view.held);
        world_clear(w);
        WORLD_IN(w, leg_held, .contact = view.contact, .offer = view.offer,
                 .side = i == 1 ? SAPA_SIDE_AGENT : SAPA_SIDE_CUSTOMER, .on = 0);
        assert_int_equal(world_count(w, SAPA_T_hold_changed), 1);
        assert_int_equal(world_last(w, SAPA_T_cmd_hold_music)->u.cmd_hold_music.side,
                         i == 1 ? SAPA_SIDE_CUSTOMER : SAPA_SIDE_AGENT);
    }
    for (uint64_t i = 1; i <= SAPA_COUNT(places); i++)
        WORLD_IN(w, contact_gone, .contact = sapa_id_make(1, i), .side = SAPA_SIDE_CUSTOMER);
    quiet_end(w);
}

/* A colleague who asks is gone from the description, or she whom he asks is. */
static void agents_disappear_in_the_middle(void **state)
{
    (void)state;
    for (unsigned who = 2; who < 4; who++) {
        WITH(w);
        only(w, who == 2 ? CITRA : DEWI);
        uint64_t x;
        const uint32_t asks = who == 2 ? CITRA : DEWI, asked = who == 2 ? DEWI : CITRA;
        x = world_arrive(w, SALES);
        const uint64_t ox = world_accept(w, x);
        const struct placed y = place(w, asks, SAPA_LINE_SAME, ox, SAPA_TARGET_AGENT, asked);
        answer(w, y.contact);
        struct sapa_centre *next = malloc(sizeof(*next));
        *next = w->centre;
        next->agents_count = 3; /* Dewi (3) is gone */
        memset(next->hash, 'b', 64);
        assert_int_equal(sapa_core_centre(w->core, next), SAPA_OK);
        struct sapa_record in;
        sapa_record_init(&in, SAPA_T_centre_started);
        sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(next->hash));
        world_clear(w);
        world_step(w, &in);
        assert_int_equal(ended(w, y.contact)->outcome, SAPA_OUTCOME_REACHED);
        assert_int_equal(place_of(w, x), who == 2 ? SAPA_PLACE_TALK : SAPA_PLACE_QUEUE);
        WORLD_IN(w, contact_gone, .contact = x, .side = SAPA_SIDE_CUSTOMER);
        w->centre.agents_count = 3;
        quiet_end(w);
        free(next);
    }
}

static void nonsense_changes_nothing(void **state)
{
    WITH_CUSTOMER(w, x, ox);
    world_clear(w);
    WORLD_IN(w, agent_call, .contact = sapa_id_make(1, 900), .offer = sapa_id_make(2, 900), .agent = 99);
    WORLD_IN(w, agent_call, .contact = 5, .offer = sapa_id_make(2, 900), .agent = ANI);
    WORLD_IN(w, agent_call, .contact = sapa_id_make(1, 900), .offer = 5, .agent = ANI);
    WORLD_IN(w, agent_call, .contact = x, .offer = sapa_id_make(2, 900), .agent = ANI);
    WORLD_IN(w, agent_call, .contact = sapa_id_make(1, 900), .offer = sapa_id_make(2, 900), .agent = ANI, .line = 9);
    WORLD_IN(w, agent_call, .contact = sapa_id_make(1, 900), .offer = sapa_id_make(2, 900), .agent = ANI, .kind = 9);
    WORLD_IN(w, agent_call, .contact = sapa_id_make(1, 900), .offer = sapa_id_make(2, 900), .agent = BUDI,
             .line = SAPA_LINE_SAME, .beside = ox, .kind = SAPA_TARGET_AGENT, .target = CITRA);
    WORLD_IN(w, call_command, .agent = 99, .offer = ox);
    WORLD_IN(w, call_command, .agent = ANI, .offer = ox, .verb = 99);
    WORLD_IN(w, call_command, .agent = ANI, .offer = 12345, .verb = SAPA_CALL_VERB_HANGUP);
    WORLD_IN(w, call_command, .agent = ANI, .offer = ox, .verb = SAPA_CALL_VERB_MERGE, .other = 12345);
    WORLD_IN(w, call_command, .agent = ANI, .offer = ox, .verb = SAPA_CALL_VERB_DROP, .other = 0);
    assert_int_equal(world_count(w, SAPA_T_refused), 12);
    assert_int_equal(w->out_count, 12);
    WORLD_IN(w, agent_command, .agent = ANI, .verb = SAPA_VERB_RECORD_START + 1, .code = SAPA_NONE);
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, (uint64_t)-SAPA_EINVAL);
    customer_goes(w, x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_outside_is_talked_and_wrapped_up),
        cmocka_unit_test(who_is_not_reached_costs_no_wrap_up),
        cmocka_unit_test(nothing_is_offered_beside_a_call_of_ones_own),
        cmocka_unit_test(recorded_is_whom_he_talks_with),
        cmocka_unit_test(the_agent_hangs_up_first),
        cmocka_unit_test(a_client_without_calls_queue_means_no_rules),
        cmocka_unit_test(a_call_for_a_campaign),
        cmocka_unit_test(the_far_end_is_a_customer_a_prospect_or_one_of_us),
        cmocka_unit_test(what_is_denied_is_in_the_log_and_nothing_is_kept),
        cmocka_unit_test(his_own_phone_is_rung_first),
        cmocka_unit_test(a_colleague_is_called_though_not_ready),
        cmocka_unit_test(a_colleague_does_not_answer),
        cmocka_unit_test(a_call_to_a_queue_waits_like_everybodys),
        cmocka_unit_test(asking_with_the_same_line),
        cmocka_unit_test(asking_somebody_who_does_not_answer),
        cmocka_unit_test(the_customer_leaves_while_a_colleague_is_asked),
        cmocka_unit_test(her_line_goes_while_she_asks),
        cmocka_unit_test(her_line_goes_while_she_waits_in_a_queue),
        cmocka_unit_test(transfer_after_asking_a_colleague),
        cmocka_unit_test(transfer_before_anybody_answers_is_a_blind_one),
        cmocka_unit_test(a_customer_and_an_outside_number_talk_on_alone),
        cmocka_unit_test(a_conference_grows_and_shrinks),
        cmocka_unit_test(two_at_once_are_not_brought_over),
        cmocka_unit_test(who_is_left_alone_with_one_who_holds_hears_music),
        cmocka_unit_test(the_last_agent_leaves_a_conference_with_an_outside_number),
        cmocka_unit_test(parties_have_a_limit),
        cmocka_unit_test(who_was_called_outside_is_transferred_too),
        cmocka_unit_test(passed_on_outside),
        cmocka_unit_test(a_call_is_passed_on_to_a_colleague),
        cmocka_unit_test(the_call_beside_is_passed_on),
        cmocka_unit_test(accept_and_hold_by_command),
        cmocka_unit_test(refused_by_command_is_refused),
        cmocka_unit_test(it_all_goes_on_after_a_restart),
        cmocka_unit_test(what_was_overdue_while_the_program_was_away_is_a_fault),
        cmocka_unit_test(a_snapshot_of_before_is_read),
        cmocka_unit_test(agents_disappear_in_the_middle),
        cmocka_unit_test(nonsense_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
