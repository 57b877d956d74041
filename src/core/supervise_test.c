/*
 * Supervisors in conversations: what they may, what they follow, what ends them, and that neither routing nor figures
 * of contacts know of them. Every step is followed by sapa_core_check().
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/world_impl.h"

enum { ANI, BUDI, DEWI, LEADER }; /* agents; the leader has a phone, and is not logged in */
enum { SALES, SERVICE };          /* queues */

#define WITH(w)            \
    struct world w_;       \
    struct world *w = &w_; \
    begin(w)

static void begin(struct world *w)
{
    world_init(w, 4, 2, 0);
    w->queues[SALES].record = SAPA_RECORD_ALL;
    w->queues[SALES].wrapup_ms = 5000;
    world_start(w);
    for (uint32_t a = ANI; a < LEADER; a++)
        world_ready(w, a);
    WORLD_IN(w, agent_device, .agent = LEADER, .reachable = 1);
    world_clear(w);
}

static sapa_rc refusal(const struct world *w)
{
    const struct sapa_record *out = world_last(w, SAPA_T_refused);

    return out ? (sapa_rc)-(int)out->u.refused.rc : SAPA_OK;
}

static sapa_rc supervise(struct world *w, uint64_t id, uint64_t contact, uint32_t agent, enum sapa_supervision mode)
{
    world_clear(w);
    WORLD_IN(w, supervise, .supervision = id, .contact = contact, .agent = agent, .mode = mode);
    return refusal(w);
}

static uint64_t talk(struct world *w, uint64_t *ret_offer)
{
    const uint64_t contact = world_arrive(w, SALES);

    *ret_offer = world_accept(w, contact);
    return contact;
}

/* The leader is on in this contact. */
static uint64_t on(struct world *w, uint64_t contact, enum sapa_supervision mode)
{
    const uint64_t id = sapa_id_make(2, w->next_contact++);

    assert_int_equal(supervise(w, id, contact, LEADER, mode), SAPA_OK);
    world_clear(w);
    WORLD_IN(w, offer_accepted, .offer = id, .leg = 9);
    assert_int_equal(refusal(w), SAPA_OK);
    return id;
}

static void he_listens_whispers_joins_and_leaves(void **state)
{
    (void)state;
    WITH(w);
    uint64_t offer;
    const uint64_t contact = talk(w, &offer), id = sapa_id_make(2, 77);
    const uint32_t agent = world_agent_of(w, contact);

    assert_int_equal(supervise(w, id, contact, LEADER, SAPA_SUPERVISION_LISTEN), SAPA_OK);
    assert_int_equal(world_last(w, SAPA_T_supervision_began)->u.supervision_began.watched, agent);
    const struct sapa_rec_cmd_offer rung = world_last(w, SAPA_T_cmd_offer)->u.cmd_offer;
    assert_true(rung.offer == id && rung.contact == contact && rung.agent == LEADER && rung.kind == 4 && rung.ring_ms == 30000);
    assert_null(world_last(w, SAPA_T_offer_made)); /* no figure knows of it */
    assert_null(world_last(w, SAPA_T_assignment_moved));
    world_clear(w);
    WORLD_IN(w, offer_ringing, .offer = id);
    assert_int_equal(refusal(w), SAPA_OK);
    assert_int_equal(supervise(w, id, contact, LEADER, SAPA_SUPERVISION_WHISPER), SAPA_OK); /* while it rings: what he does then */
    assert_null(world_last(w, SAPA_T_cmd_supervise));
    w->now_us += 2000000;
    world_clear(w);
    WORLD_IN(w, offer_accepted, .offer = id, .leg = 9);
    assert_int_equal(world_last(w, SAPA_T_cmd_supervise)->u.cmd_supervise.mode, SAPA_SUPERVISION_WHISPER);
    assert_null(world_last(w, SAPA_T_party_joined));
    w->now_us += 3000000;
    assert_int_equal(supervise(w, id, contact, LEADER, SAPA_SUPERVISION_BARGE), SAPA_OK);
    const struct sapa_rec_supervision_changed changed = world_last(w, SAPA_T_supervision_changed)->u.supervision_changed;
    assert_true(changed.from == SAPA_SUPERVISION_WHISPER && changed.to == SAPA_SUPERVISION_BARGE && changed.on == 1 && changed.was_ms == 3000);
    assert_int_equal(world_last(w, SAPA_T_cmd_supervise)->u.cmd_supervise.mode, SAPA_SUPERVISION_BARGE);
    assert_int_equal(supervise(w, id, contact, LEADER, SAPA_SUPERVISION_BARGE), SAPA_ESTATE);
    assert_int_equal(supervise(w, id, contact, ANI, SAPA_SUPERVISION_LISTEN), SAPA_ENOENT); /* it is another's */
    assert_int_equal(supervise(w, id, contact, LEADER, SAPA_SUPERVISION_END), SAPA_OK);
    const struct sapa_rec_supervision_ended ended = world_last(w, SAPA_T_supervision_ended)->u.supervision_ended;
    assert_true(ended.result == SAPA_OFFER_ACCEPTED && ended.heard_ms == 3000 && ended.mode == SAPA_SUPERVISION_BARGE);
    assert_int_equal(world_last(w, SAPA_T_cmd_drop_agent)->u.cmd_drop_agent.offer, id);
    assert_int_equal(supervise(w, id, contact, LEADER, SAPA_SUPERVISION_END), SAPA_ENOENT);
    assert_int_equal(world_agent_of(w, contact), agent); /* and nothing has happened to them */
    world_done(w);
}

static void who_hears_gets_no_calls(void **state)
{
    (void)state;
    WITH(w);
    uint64_t offer;
    const uint64_t contact = talk(w, &offer);

    for (uint32_t a = ANI; a < LEADER; a++) /* nobody but the leader is left */
        if (a != world_agent_of(w, contact))
            WORLD_IN(w, agent_command, .agent = a, .verb = SAPA_VERB_NOT_READY, .code = SAPA_NONE);
    WORLD_IN(w, agent_command, .agent = LEADER, .verb = SAPA_VERB_READY, .code = SAPA_NONE);
    const uint64_t id = on(w, contact, SAPA_SUPERVISION_LISTEN);
    const uint64_t next = world_arrive(w, SALES);
    assert_int_equal(world_offer(w, next, SAPA_NONE), 0);
    world_clear(w);
    WORLD_IN(w, agent_gone, .contact = contact, .offer = id, .side = SAPA_SIDE_AGENT); /* he hangs up */
    assert_int_equal(world_last(w, SAPA_T_supervision_ended)->u.supervision_ended.side, SAPA_SIDE_AGENT);
    assert_null(world_last(w, SAPA_T_cmd_drop_agent));
    assert_int_not_equal(world_offer(w, next, LEADER), 0); /* and is free */
    assert_int_equal(supervise(w, sapa_id_make(2, 5), contact, LEADER, SAPA_SUPERVISION_LISTEN), SAPA_ESTATE); /* not while it rings */
    world_done(w);
}

static void he_takes_over(void **state)
{
    (void)state;
    WITH(w);
    uint64_t offer;
    const uint64_t contact = talk(w, &offer);
    const uint32_t agent = world_agent_of(w, contact);
    const uint64_t id = on(w, contact, SAPA_SUPERVISION_LISTEN);
    struct sapa_contact_view view;
    struct sapa_agent_view his;

    w->now_us += 4000000;
    WORLD_IN(w, leg_held, .contact = contact, .offer = offer, .side = SAPA_SIDE_AGENT, .on = 1); /* whom he takes from hold */
    w->now_us += 1000000;
    assert_int_equal(supervise(w, id, contact, LEADER, SAPA_SUPERVISION_TAKEOVER), SAPA_OK);
    assert_int_equal(world_last(w, SAPA_T_supervision_ended)->u.supervision_ended.mode, SAPA_SUPERVISION_TAKEOVER);
    const struct sapa_rec_party_joined joined = world_last(w, SAPA_T_party_joined)->u.party_joined;
    assert_true(joined.offer == id && joined.agent == LEADER && joined.queue == SALES && joined.parties == 3);
    const struct sapa_rec_contact_parted parted = world_last(w, SAPA_T_contact_parted)->u.contact_parted;
    assert_true(parted.offer == offer && parted.agent == agent && parted.talk_ms == 4000 && parted.hold_ms == 1000);
    assert_int_equal(world_last(w, SAPA_T_cmd_drop_agent)->u.cmd_drop_agent.offer, offer);
    assert_int_equal(world_last(w, SAPA_T_cmd_supervise)->u.cmd_supervise.mode, SAPA_SUPERVISION_TAKEOVER);
    assert_int_equal(world_last(w, SAPA_T_cmd_hold_music)->u.cmd_hold_music.on, 0);
    assert_null(world_last(w, SAPA_T_contact_transferred));
    assert_null(world_last(w, SAPA_T_cmd_record)); /* it goes on */
    assert_int_equal(sapa_core_contact_get(w->core, contact, w->now_us, &view), SAPA_OK);
    assert_true(view.agent == LEADER && view.offer == id && view.place == SAPA_PLACE_TALK && !view.held);
    assert_int_equal(sapa_core_agent_get(w->core, LEADER, w->now_us, &his), SAPA_OK);
    assert_int_equal(his.presence, SAPA_PRESENCE_NOT_READY); /* he is at work now */
    assert_int_equal(his.contacts, 1);
    w->now_us += 2000000;
    world_clear(w);
    WORLD_IN(w, agent_gone, .contact = contact, .offer = id, .side = SAPA_SIDE_NETWORK); /* his line breaks: the caller does not suffer */
    assert_int_equal(world_last(w, SAPA_T_contact_parted)->u.contact_parted.talk_ms, 2000);
    assert_non_null(world_last(w, SAPA_T_contact_queued));
    assert_int_equal(supervise(w, id, contact, ANI, SAPA_SUPERVISION_LISTEN), SAPA_EEXIST); /* it is a part of its own now */
    assert_int_equal(supervise(w, sapa_id_make(2, 950), contact, ANI, SAPA_SUPERVISION_LISTEN), SAPA_ESTATE); /* nobody talks */
    world_done(w);
}

static void he_takes_over_as_soon_as_he_answers(void **state)
{
    (void)state;
    WITH(w);
    uint64_t offer;
    uint64_t contact = talk(w, &offer);

    on(w, contact, SAPA_SUPERVISION_TAKEOVER);
    assert_int_equal(world_agent_of(w, contact), LEADER);
    WORLD_IN(w, contact_gone, .contact = contact, .side = SAPA_SIDE_CUSTOMER);
    WORLD_IN(w, agent_command, .agent = LEADER, .verb = SAPA_VERB_WRAPUP_DONE, .code = SAPA_NONE);
    /* nobody is left whose place he could take */
    contact = talk(w, &offer);
    const uint64_t id = sapa_id_make(2, 900);
    assert_int_equal(supervise(w, id, contact, LEADER, SAPA_SUPERVISION_TAKEOVER), SAPA_OK);
    for (uint32_t a = ANI; a < LEADER; a++)
        if (a != world_agent_of(w, contact))
            WORLD_IN(w, agent_command, .agent = a, .verb = SAPA_VERB_NOT_READY, .code = SAPA_NONE);
    WORLD_IN(w, agent_gone, .contact = contact, .offer = offer, .side = SAPA_SIDE_NETWORK);
    world_clear(w);
    WORLD_IN(w, offer_accepted, .offer = id, .leg = 3);
    assert_int_equal(world_last(w, SAPA_T_cmd_supervise)->u.cmd_supervise.mode, SAPA_SUPERVISION_LISTEN);
    assert_int_equal(supervise(w, id, contact, LEADER, SAPA_SUPERVISION_TAKEOVER), SAPA_ESTATE);
    world_done(w);
}

static void he_follows_the_contact_and_ends_with_it(void **state)
{
    (void)state;
    WITH(w);
    uint64_t offer;
    const uint64_t contact = talk(w, &offer), id = on(w, contact, SAPA_SUPERVISION_LISTEN);
    struct sapa_watch_view watch;
    uint32_t cursor = 0;

    WORLD_IN(w, contact_passed, .contact = contact, .offer = offer, .kind = SAPA_TARGET_QUEUE, .target = SERVICE);
    assert_int_not_equal(world_accept(w, contact), 0);
    assert_true(sapa_core_watch_next(w->core, &cursor, &watch));
    assert_true(watch.supervision == id && watch.contact == contact && watch.up && watch.mode == SAPA_SUPERVISION_LISTEN);
    assert_true(sapa_core_is_heard(w->core, world_agent_of(w, contact)));
    world_clear(w);
    WORLD_IN(w, contact_gone, .contact = contact, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(world_last(w, SAPA_T_supervision_ended)->u.supervision_ended.side, SAPA_SIDE_CUSTOMER);
    assert_int_equal(world_last(w, SAPA_T_contact_ended)->u.contact_ended.outcome, SAPA_OUTCOME_ANSWERED);
    cursor = 0;
    assert_false(sapa_core_watch_next(w->core, &cursor, &watch));
    world_done(w);
}

static void his_phone_does_not_answer(void **state)
{
    static const enum sapa_offer_result results[] = { SAPA_OFFER_REFUSED, SAPA_OFFER_BUSY, SAPA_OFFER_UNREACHABLE, SAPA_OFFER_FAULT };
    (void)state;
    WITH(w);
    uint64_t offer;
    const uint64_t contact = talk(w, &offer);
    uint64_t id = 0;

    for (unsigned i = 0; i < SAPA_COUNT(results); i++) {
        id = sapa_id_make(2, 300 + i);
        assert_int_equal(supervise(w, id, contact, LEADER, SAPA_SUPERVISION_LISTEN), SAPA_OK);
        WORLD_IN(w, agent_gone, .contact = contact, .offer = id, .side = SAPA_SIDE_AGENT);
        assert_int_equal(refusal(w), SAPA_ESTATE);
        world_clear(w);
        WORLD_IN(w, offer_failed, .offer = id, .result = results[i], .cause = 480);
        assert_int_equal(world_last(w, SAPA_T_supervision_ended)->u.supervision_ended.result, results[i]);
    }
    id = sapa_id_make(2, 400);
    assert_int_equal(supervise(w, id, contact, LEADER, SAPA_SUPERVISION_LISTEN), SAPA_OK);
    world_clear(w);
    world_wait(w, 29999);
    assert_null(world_last(w, SAPA_T_supervision_ended));
    world_wait(w, 1);
    assert_int_equal(world_last(w, SAPA_T_supervision_ended)->u.supervision_ended.result, SAPA_OFFER_NO_ANSWER);
    assert_int_equal(world_last(w, SAPA_T_cmd_offer_cancel)->u.cmd_offer_cancel.offer, id);
    assert_int_equal(world_last(w, SAPA_T_supervision_ended)->u.supervision_ended.heard_ms, 0);
    world_done(w);
}

static void limits_and_nonsense(void **state)
{
    (void)state;
    WITH(w);
    uint64_t offer;
    const uint64_t waiting = world_arrive(w, SALES);
    const uint64_t id = sapa_id_make(2, 60);

    assert_int_equal(supervise(w, id, waiting, LEADER, SAPA_SUPERVISION_LISTEN), SAPA_ESTATE); /* it rings */
    world_accept(w, waiting);
    const uint64_t contact = talk(w, &offer);
    assert_int_equal(supervise(w, 17, contact, LEADER, SAPA_SUPERVISION_LISTEN), SAPA_EINVAL); /* an id of the core's own */
    assert_int_equal(supervise(w, id, contact, 4, SAPA_SUPERVISION_LISTEN), SAPA_EINVAL);
    assert_int_equal(supervise(w, id, contact, LEADER, SAPA_SUPERVISION_COUNT), SAPA_EINVAL);
    assert_int_equal(supervise(w, id, 99, LEADER, SAPA_SUPERVISION_LISTEN), SAPA_ENOENT);
    assert_int_equal(supervise(w, id, contact, LEADER, SAPA_SUPERVISION_END), SAPA_ENOENT);
    assert_int_equal(supervise(w, id, contact, world_agent_of(w, contact), SAPA_SUPERVISION_LISTEN), SAPA_ESTATE); /* he talks himself */
    on(w, contact, SAPA_SUPERVISION_LISTEN);
    assert_int_equal(supervise(w, sapa_id_make(2, 61), waiting, LEADER, SAPA_SUPERVISION_LISTEN), SAPA_ESTATE); /* one at a time */
    WORLD_IN(w, agent_device, .agent = DEWI, .reachable = 0);
    assert_int_equal(supervise(w, sapa_id_make(2, 62), contact, DEWI, SAPA_SUPERVISION_LISTEN), SAPA_ESTATE);
    /* he cannot place calls meanwhile */
    WORLD_IN(w, agent_command, .agent = LEADER, .verb = SAPA_VERB_NOT_READY, .code = SAPA_NONE);
    world_clear(w);
    WORLD_IN(w, agent_call, .contact = sapa_id_make(1, 500), .offer = sapa_id_make(2, 500), .agent = LEADER, .line = SAPA_LINE_OWN,
             .kind = SAPA_TARGET_QUEUE, .target = SALES, .client = SAPA_NONE);
    assert_int_equal(world_last(w, SAPA_T_call_denied)->u.call_denied.why, SAPA_DENIAL_BUSY);
    world_done(w);
}

static bool keep(void *ctx, const void *bytes, size_t n)
{
    struct sapa_writer *w = ctx;

    sapa_put_raw(w, bytes, n);
    return !w->bad;
}

static void it_all_goes_on_after_a_restart(void **state)
{
    static uint8_t room[1 << 20];
    (void)state;
    WITH(w);
    uint64_t offer;
    const uint64_t contact = talk(w, &offer), id = on(w, contact, SAPA_SUPERVISION_WHISPER);
    struct sapa_writer bytes = sapa_writer_of(room, sizeof(room));
    struct sapa_core *again = world_core();

    assert_int_equal(sapa_core_save(w->core, keep, &bytes), SAPA_OK);
    assert_int_equal(sapa_core_centre(again, &w->centre), SAPA_OK);
    assert_int_equal(sapa_core_load(again, room, bytes.n), SAPA_OK);
    sapa_core_check(again);
    sapa_core_free(w->core);
    w->core = again;
    for (size_t n = 0; n < bytes.n; n += 97) { /* a byte that is another is found out */
        struct sapa_core *other = world_core();
        room[n] ^= 0x10;
        assert_int_equal(sapa_core_centre(other, &w->centre), SAPA_OK);
        assert_int_not_equal(sapa_core_load(other, room, bytes.n), SAPA_OK);
        room[n] ^= 0x10;
        sapa_core_free(other);
    }
    w->now_us += 1000000;
    assert_int_equal(supervise(w, id, contact, LEADER, SAPA_SUPERVISION_TAKEOVER), SAPA_OK);
    assert_int_equal(world_agent_of(w, contact), LEADER);
    world_done(w);
}

static void the_leader_disappears_from_the_description(void **state)
{
    (void)state;
    WITH(w);
    uint64_t offer;
    const uint64_t contact = talk(w, &offer);

    on(w, contact, SAPA_SUPERVISION_LISTEN);
    struct sapa_centre next = w->centre;
    struct sapa_record in;
    next.agents_count = LEADER;
    next.hash[0]++;
    world_clear(w);
    assert_int_equal(sapa_core_centre(w->core, &next), SAPA_OK);
    sapa_record_init(&in, SAPA_T_centre_started);
    sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(next.hash));
    world_step(w, &in);
    assert_non_null(world_last(w, SAPA_T_supervision_ended));
    assert_non_null(world_last(w, SAPA_T_cmd_drop_agent));
    assert_int_not_equal(world_agent_of(w, contact), SAPA_NONE);
    world_done(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(he_listens_whispers_joins_and_leaves),
        cmocka_unit_test(who_hears_gets_no_calls),
        cmocka_unit_test(he_takes_over),
        cmocka_unit_test(he_takes_over_as_soon_as_he_answers),
        cmocka_unit_test(he_follows_the_contact_and_ends_with_it),
        cmocka_unit_test(his_phone_does_not_answer),
        cmocka_unit_test(limits_and_nonsense),
        cmocka_unit_test(it_all_goes_on_after_a_restart),
        cmocka_unit_test(the_leader_disappears_from_the_description),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
