/* Carriers of several addresses: a call set-up goes on at the next one; each is watched; registration moves over. */
#include "channel/voice/fake_impl.h"

static struct sapa_trunk trunks[2];

static int setup(void **state)
{
    fake_new((struct fake **)state);
    struct fake *f = *state;
    trunks[0] = fake_trunks[0];
    trunks[1] = fake_trunks[1];
    trunks[0].also[0] = SAPA_STR("192.0.2.11");
    trunks[0].also[1] = SAPA_STR("192.0.2.12");
    trunks[0].also_count = 2;
    f->centre.trunks = trunks;
    sapa_voice_centre(f->voice, &f->centre);
    return 0;
}

static void dial(struct fake *f, uint64_t contact, uint32_t attempt)
{
    struct sapa_record r = { .type = SAPA_T_cmd_dial, .u.cmd_dial = { .contact = contact, .attempt = attempt, .kind = 1, .from = SAPA_NONE, .ring_ms = 60000 } };
    sapa_sized_set(&r.u.cmd_dial.number, SAPA_STR("62811"));
    fake_command(f, &r);
}

static const struct fake_sent *invite_to(struct fake *f, const char *uri)
{
    char start[100];
    snprintf(start, sizeof(start), "INVITE sip:62811@%s SIP/2.0", uri);
    const struct fake_sent *invite = fake_want(f, start, "");
    char host[64];
    struct sapa_text text;
    sapa_text_init(&text, host, sizeof(host));
    sapa_sip_put_ip(&text, &invite->flow.remote);
    assert_int_equal(strncmp(uri, host, strlen(host)), 0); /* it goes where it says */
    return invite;
}

static void next_address_then_next_trunk(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    const uint64_t contact = fake_customer(f, &customer);
    dial(f, contact, 1);
    fake_reply(f, invite_to(f, "192.0.2.10"), 503, "a", "", ""); /* overloaded */
    (void)invite_to(f, "192.0.2.11"); /* says nothing */
    fake_none(f, "INVITE sip:62811@192.0.2.12", "");
    fake_run(f, 7000000);
    fake_reply(f, invite_to(f, "192.0.2.12"), 500, "c", "", "");
    assert_int_equal(fake_posted_count(f, SAPA_T_dial_progress), 0);
    const struct fake_sent *invite = invite_to(f, "192.0.2.20:5062");
    fake_reply(f, invite, 486, "d", "", ""); /* that is an answer, not trouble */
    const struct sapa_record *progress = fake_posted(f, SAPA_T_dial_progress);
    assert_int_equal(progress->u.dial_progress.state, 2);
    assert_int_equal(progress->u.dial_progress.cause, 486);

    /* the next attempt begins at the beginning */
    dial(f, contact, 2);
    invite = invite_to(f, "192.0.2.10");
    fake_reply(f, invite, 200, "u", "", fake_sdp_customer);
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 1);
    struct fake_call outside = fake_callee(invite, "u");
    fake_request(f, &outside, "BYE", "", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_run(f, 70000000);
    struct sapa_voice_stats stats;
    sapa_voice_stats_read(f->voice, &stats);
    assert_int_equal(stats.legs + stats.contacts + stats.dialogs + stats.transactions, 0);
}

/* What failed in one attempt does not count in the next, also where no trunk had a line in between. */
static void no_line_in_between(void **state)
{
    struct fake *f = *state;
    struct fake_call customer, other;
    trunks[0].calls_max = 50;
    const uint64_t contact = fake_customer(f, &customer), beside = fake_customer(f, &other);
    dial(f, contact, 1);
    const struct fake_sent *first = invite_to(f, "192.0.2.10");
    trunks[0].calls_max = 2; /* that is what the two callers take */
    f->centre.trunks_count = 1;
    fake_reply(f, first, 503, "a", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 2);
    trunks[0].calls_max = 50;
    f->centre.trunks_count = 2;
    dial(f, contact, 2);
    fake_reply(f, invite_to(f, "192.0.2.10"), 486, "c", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    fake_request(f, &other, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    FAKE_COMMAND(f, cmd_forget, .contact = beside);
}

/* Transport "any" of an address: there are no records to ask for, so it is UDP. */
static void any_transport_of_an_address(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    trunks[0].transport = 3;
    sapa_voice_centre(f->voice, &f->centre);
    const uint64_t contact = fake_customer(f, &customer);
    dial(f, contact, 1);
    const struct fake_sent *invite = invite_to(f, "192.0.2.10");
    assert_int_equal(invite->flow.kind, SAPA_SIP_FLOW_UDP);
    fake_reply(f, invite, 486, "c", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
}

/* Every address of every trunk in trouble: said once, nothing is tried twice. */
static void all_in_trouble(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    const uint64_t contact = fake_customer(f, &customer);
    dial(f, contact, 1);
    static const char *const uris[] = { "192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.20:5062" };
    for (size_t i = 0; i < SAPA_COUNT(uris); i++)
        fake_reply(f, invite_to(f, uris[i]), 503, "x", "", "");
    fake_none(f, "INVITE", "");
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.cause, 503);
    assert_int_equal(fake_posted_count(f, SAPA_T_dial_progress), 1);
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
}

/* OPTIONS to each address: one that is down is passed over without a try, the alarm is for all of them. */
static void take_trunk(void *ctx, const struct sapa_voice_trunk_state *state)
{
    struct sapa_voice_trunk_state *first = ctx;
    if (first->key.n == 0)
        *first = *state;
}

/* How the first trunk is, as technical staff sees it. */
static struct sapa_voice_trunk_state first_trunk(const struct fake *f)
{
    struct sapa_voice_trunk_state first = { 0 };
    sapa_voice_trunks_each(f->voice, take_trunk, &first);
    return first;
}

static void watched(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    f->voice->options.ping_ms = 10000;
    const uint64_t contact = fake_customer(f, &customer);
    for (int round = 0; round < 2; round++) {
        fake_run(f, round == 0 ? 1000000 : 6000000);
        fake_run(f, 1000000);
        static const char *const hosts[] = { "sip:192.0.2.10:5060", "sip:192.0.2.11:5060", "sip:192.0.2.12:5060" };
        for (size_t i = 0; i < SAPA_COUNT(hosts); i++) {
            if (round == 1 && i == 1)
                continue; /* it has answered: not asked so soon again */
            char start[60];
            snprintf(start, sizeof(start), "OPTIONS %s SIP/2.0", hosts[i]);
            fake_reply(f, fake_want(f, start, ""), i == 1 ? 200 : 503, "o", "", "");
            while (fake_find(f, start, ""))
                ;
        }
    }
    assert_true(sapa_voice_trunk_good(f->voice, 0));
    assert_int_equal(fake_posted_count(f, SAPA_T_alarm_raised), 0);
    dial(f, contact, 1);
    fake_reply(f, invite_to(f, "192.0.2.11"), 503, "x", "", "");
    (void)invite_to(f, "192.0.2.20:5062");
    FAKE_COMMAND(f, cmd_dial_cancel, .contact = contact, .attempt = 1);
    for (int i = 0; i < 20; i++) {
        struct fake_sent *ask;
        fake_run(f, 1000000);
        while ((ask = fake_find(f, "OPTIONS sip:192.0.2.1", "")) != NULL)
            fake_reply(f, ask, 503, "o", "", "");
    }
    assert_false(sapa_voice_trunk_good(f->voice, 0));
    const struct sapa_voice_trunk_state down = first_trunk(f);
    assert_true(down.down && down.known && down.addresses == 3 && down.addresses_down == 3 && down.rtt_us == 0);
    assert_true(down.last_status == 408 && down.failed_us > 0 && down.since_us > 0 && down.failed_us >= down.since_us);
    const struct sapa_record *alarm = fake_posted(f, SAPA_T_alarm_raised);
    assert_non_null(strstr(alarm->u.alarm_raised.text.p, "trunk one does not answer"));
    for (int i = 0; i < 12; i++) {
        struct fake_sent *ask;
        fake_run(f, 1000000);
        while ((ask = fake_find(f, "OPTIONS sip:192.0.2.1", "")) != NULL)
            fake_reply(f, ask, 200, "o", "", "");
    }
    assert_int_equal(fake_posted(f, SAPA_T_alarm_raised)->u.alarm_raised.on, 0);
    assert_true(sapa_voice_trunk_good(f->voice, 0));
    const struct sapa_voice_trunk_state up = first_trunk(f);
    assert_true(!up.down && up.addresses_down == 0 && up.rtt_us > 0 && up.since_us > down.since_us);
    assert_true(up.last_status == 408 && up.failed_us >= down.failed_us); /* what failed last is still told */
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
}

static void registration_moves_over(void **state)
{
    struct fake *f = *state;
    trunks[0].registers = 1;
    trunks[0].register_s = 600;
    trunks[0].also_count = 1;
    sapa_voice_centre(f->voice, &f->centre);
    fake_run(f, 1000000);
    const struct fake_sent *one = fake_want(f, "REGISTER sip:192.0.2.10 SIP/2.0", "");
    assert_int_equal(one->flow.remote.bytes[3], 10);
    fake_reply(f, one, 503, "r", "", "");
    const struct sapa_voice_trunk_state refused = first_trunk(f);
    assert_true(refused.registers && !refused.registered && refused.last_status == 503);
    fake_run(f, 1000000);
    one = fake_want(f, "REGISTER sip:192.0.2.10 SIP/2.0", "CSeq: 2 REGISTER"); /* the same domain, elsewhere */
    assert_int_equal(one->flow.remote.bytes[3], 11);
    fake_reply(f, one, 200, "r", "Expires: 600\r\n", "");
    assert_true(sapa_voice_trunk_good(f->voice, 0));
    /* calls come from either of them */
    trunks[0].from_count = 0;
    for (unsigned i = 0; i < 3; i++) {
        struct fake_call c;
        static const char *const hosts[] = { "192.0.2.10", "192.0.2.11", "192.0.2.99" };
        fake_invite(f, &c, hosts[i], "62215550100", "", fake_sdp_customer);
        if (i == 2) {
            fake_want(f, "SIP/2.0 403", c.call_id);
            continue;
        }
        const uint64_t contact = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived.contact;
        FAKE_COMMAND(f, cmd_reject, .contact = contact, .status = 486);
        fake_request(f, &c, "ACK", "", "", "");
        FAKE_COMMAND(f, cmd_forget, .contact = contact);
    }
}

/* A new description while a call is being placed: addresses are found again, and so is the way on. */
static void new_description_meanwhile(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    static struct sapa_centre next;
    static struct sapa_trunk turned[2];
    const uint64_t contact = fake_customer(f, &customer);
    dial(f, contact, 1);
    const struct fake_sent *first = invite_to(f, "192.0.2.10");
    next = f->centre;
    turned[0] = trunks[1];
    turned[1] = trunks[0];
    next.trunks = turned;
    sapa_voice_centre(f->voice, &next);
    fake_reply(f, first, 503, "a", "", "");
    const struct fake_sent *second = invite_to(f, "192.0.2.11");
    turned[1].also_count = 0; /* and now they are other ones */
    static struct sapa_centre again;
    again = next;
    static struct sapa_trunk fewer[2];
    fewer[0] = turned[0];
    fewer[1] = turned[1];
    again.trunks = fewer;
    turned[1].also_count = 2;
    sapa_voice_centre(f->voice, &again);
    fake_reply(f, second, 503, "b", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 2);
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(next_address_then_next_trunk), TEST(no_line_in_between), TEST(any_transport_of_an_address), TEST(all_in_trouble), TEST(watched), TEST(registration_moves_over), TEST(new_description_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
