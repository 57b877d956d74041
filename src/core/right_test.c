/* Who may call whom: nothing without a rule, the longest one, hours to the microsecond, lists, clients. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/right.h"

enum { TOKO, BANK, CLIENTS };
enum { BUYER, SELLER, GUEST, ROLES };
enum { SITI, BUDI, TONO, AGENTS };
enum { DAY_HOURS, NIGHT_HOURS, HOURS };

#define BIT(i) (UINT64_C(1) << (i))
/* Monday 2026-08-03 00:00 UTC */
#define MONDAY_US INT64_C(1785715200000000)
#define CLOCK(h, m) (MONDAY_US + ((h) * 60 + (m)) * INT64_C(60000000))

static const struct sapa_zone zones[] = { { .name = { "UTC", 3 } } };
static const struct sapa_hours_span spans[] = { { 0x7f, 480, 1020 }, { 0x7f, 1200, 1440 } };
static const struct sapa_hours hours[HOURS] = { [DAY_HOURS] = { .span_first = 0, .span_count = 1 },
                                                [NIGHT_HOURS] = { .span_first = 1, .span_count = 1 } };

static struct sapa_call_rule rules[16];
static struct sapa_centre_role roles[ROLES];
static struct sapa_client clients[CLIENTS];
static struct sapa_agent agents[AGENTS];
static const struct sapa_queue queues[] = { { .client = TOKO }, { .client = BANK } };
static const struct sapa_number numbers[] = { { .client = TOKO }, { .client = BANK } };
static struct sapa_centre centre;

static int setup(void **state)
{
    (void)state;
    memset(rules, 0, sizeof(rules));
    memset(agents, 0, sizeof(agents));
    roles[BUYER] = (struct sapa_centre_role){ .rule_first = 0, .rule_count = 8 };
    roles[SELLER] = (struct sapa_centre_role){ .rule_first = 8, .rule_count = 8 };
    roles[GUEST] = (struct sapa_centre_role){ .rule_first = 16, .rule_count = 0 };
    for (size_t i = 0; i < SAPA_COUNT(rules); i++) /* no rule: a prefix that nothing begins with */
        rules[i] = (struct sapa_call_rule){ .kind = SAPA_TARGET_OUTSIDE, .prefix = SAPA_STR("0"), .hours = SAPA_NONE };
    clients[TOKO] = (struct sapa_client){ .number = 0, .hours = SAPA_NONE, .calls_queue = SAPA_NONE, .calls_hours = SAPA_NONE };
    clients[BANK] = (struct sapa_client){ .number = 1, .hours = SAPA_NONE, .calls_queue = SAPA_NONE, .calls_hours = SAPA_NONE };
    for (unsigned i = 0; i < AGENTS; i++)
        agents[i] = (struct sapa_agent){ .clients = UINT64_MAX, .role = i, .calls_for = SAPA_NONE };
    centre = (struct sapa_centre){
        .zones = zones, .zones_count = 1, .spans = spans, .spans_count = SAPA_COUNT(spans), .hours = hours, .hours_count = HOURS,
        .clients = clients, .clients_count = CLIENTS, .agents = agents, .agents_count = AGENTS, .queues = queues,
        .queues_count = SAPA_COUNT(queues), .numbers = numbers, .numbers_count = SAPA_COUNT(numbers), .roles = roles,
        .roles_count = ROLES, .call_rules = rules, .call_rules_count = SAPA_COUNT(rules),
    };
    return 0;
}

static void rule(unsigned at, bool allow, enum sapa_target kind, const char *prefix, uint64_t for_clients, uint32_t when)
{
    rules[at] = (struct sapa_call_rule){ .allow = allow, .kind = (uint8_t)kind, .prefix = sapa_str_of(prefix),
                                         .clients = for_clients, .hours = when };
}

static uint32_t got_client, got_from;

static enum sapa_call_denial ask(const struct sapa_call_wish *wish, int64_t at_us)
{
    got_client = got_from = 77;
    const enum sapa_call_denial denial = sapa_right_to_call(&centre, wish, at_us, &got_client, &got_from);

    if (denial != SAPA_DENIAL_NONE) { /* written only when it is allowed */
        assert_int_equal(got_client, 77);
        assert_int_equal(got_from, 77);
    }
    return denial;
}

static enum sapa_call_denial outside(const char *number, uint32_t client, int64_t at_us)
{
    return ask(&(struct sapa_call_wish){ .agent = SITI, .kind = SAPA_TARGET_OUTSIDE, .target = SAPA_NONE,
                                         .number = sapa_str_of(number), .client = client, .beside = SAPA_NONE },
               at_us);
}

static enum sapa_call_denial inside(enum sapa_target kind, uint32_t target, int64_t at_us)
{
    return ask(&(struct sapa_call_wish){ .agent = SITI, .kind = kind, .target = target, .client = SAPA_NONE,
                                         .beside = SAPA_NONE },
               at_us);
}

static void test_denied_by_default(void **state)
{
    (void)state;
    assert_int_equal(outside("628123456789", TOKO, CLOCK(12, 0)), SAPA_DENIAL_RIGHT);
    assert_int_equal(outside("628123456789", SAPA_NONE, CLOCK(12, 0)), SAPA_DENIAL_RIGHT);
    assert_int_equal(inside(SAPA_TARGET_AGENT, BUDI, CLOCK(12, 0)), SAPA_DENIAL_RIGHT);
    assert_int_equal(inside(SAPA_TARGET_QUEUE, 0, CLOCK(12, 0)), SAPA_DENIAL_RIGHT);
    assert_int_equal(inside(SAPA_TARGET_NUMBER, 0, CLOCK(12, 0)), SAPA_DENIAL_RIGHT);
    rule(0, true, SAPA_TARGET_OUTSIDE, "", UINT64_MAX, SAPA_NONE);
    assert_int_equal(outside("628123456789", TOKO, CLOCK(12, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(inside(SAPA_TARGET_AGENT, BUDI, CLOCK(12, 0)), SAPA_DENIAL_RIGHT); /* one kind is not another */
    agents[SITI].role = GUEST; /* a role without rules */
    assert_int_equal(outside("628123456789", TOKO, CLOCK(12, 0)), SAPA_DENIAL_RIGHT);
    agents[SITI].role = SAPA_NONE;
    assert_int_equal(outside("628123456789", TOKO, CLOCK(12, 0)), SAPA_DENIAL_RIGHT);
    agents[SITI].role = ROLES;
    assert_int_equal(outside("628123456789", TOKO, CLOCK(12, 0)), SAPA_DENIAL_RIGHT);
}

static void test_longest_match(void **state)
{
    (void)state;
    rule(0, true, SAPA_TARGET_OUTSIDE, "62", UINT64_MAX, SAPA_NONE);
    rule(1, true, SAPA_TARGET_OUTSIDE, "62809123", UINT64_MAX, SAPA_NONE);
    rule(2, false, SAPA_TARGET_OUTSIDE, "62809", UINT64_MAX, SAPA_NONE);
    assert_int_equal(outside("6281", TOKO, CLOCK(1, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(got_client, TOKO);
    assert_int_equal(got_from, 0);
    assert_int_equal(outside("6280", TOKO, CLOCK(1, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(outside("62809", TOKO, CLOCK(1, 0)), SAPA_DENIAL_RIGHT);
    assert_int_equal(outside("62809124", TOKO, CLOCK(1, 0)), SAPA_DENIAL_RIGHT);
    assert_int_equal(outside("62809123", TOKO, CLOCK(1, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(outside("61", TOKO, CLOCK(1, 0)), SAPA_DENIAL_RIGHT);
    assert_int_equal(outside("6", TOKO, CLOCK(1, 0)), SAPA_DENIAL_RIGHT); /* shorter than every rule */
}

/* Of equally long rules a deny denies, in whatever order they stand. */
static void test_equal_rules(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 2; turn++) {
        rule(turn, true, SAPA_TARGET_OUTSIDE, "62", UINT64_MAX, SAPA_NONE);
        rule(1 - turn, false, SAPA_TARGET_OUTSIDE, "62", BIT(BANK), SAPA_NONE);
        assert_int_equal(outside("6281", TOKO, CLOCK(1, 0)), SAPA_DENIAL_NONE);
        assert_int_equal(outside("6281", BANK, CLOCK(1, 0)), SAPA_DENIAL_RIGHT);
        rule(turn, true, SAPA_TARGET_OUTSIDE, "62", UINT64_MAX, DAY_HOURS);
        rule(1 - turn, true, SAPA_TARGET_OUTSIDE, "62", UINT64_MAX, NIGHT_HOURS);
        assert_int_equal(outside("6281", TOKO, CLOCK(12, 0)), SAPA_DENIAL_NONE);
        assert_int_equal(outside("6281", TOKO, CLOCK(21, 0)), SAPA_DENIAL_NONE);
        assert_int_equal(outside("6281", TOKO, CLOCK(18, 0)), SAPA_DENIAL_HOURS);
    }
}

static void test_hours(void **state)
{
    (void)state;
    rule(0, true, SAPA_TARGET_OUTSIDE, "62", UINT64_MAX, DAY_HOURS); /* 08:00 to 17:00 */
    rule(1, true, SAPA_TARGET_AGENT, "", 0, DAY_HOURS);
    assert_int_equal(outside("6281", TOKO, CLOCK(8, 0) - 1), SAPA_DENIAL_HOURS);
    assert_int_equal(outside("6281", TOKO, CLOCK(8, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(outside("6281", TOKO, CLOCK(17, 0) - 1), SAPA_DENIAL_NONE);
    assert_int_equal(outside("6281", TOKO, CLOCK(17, 0)), SAPA_DENIAL_HOURS);
    assert_int_equal(inside(SAPA_TARGET_AGENT, BUDI, CLOCK(8, 0) - 1), SAPA_DENIAL_HOURS);
    assert_int_equal(inside(SAPA_TARGET_AGENT, BUDI, CLOCK(8, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(got_client, SAPA_NONE);
    assert_int_equal(got_from, SAPA_NONE);

    /* an allow out of its hours still hides a shorter one; a deny does not */
    rule(2, true, SAPA_TARGET_OUTSIDE, "", UINT64_MAX, SAPA_NONE);
    assert_int_equal(outside("6281", TOKO, CLOCK(7, 0)), SAPA_DENIAL_HOURS);
    rule(0, false, SAPA_TARGET_OUTSIDE, "62", UINT64_MAX, NIGHT_HOURS);
    assert_int_equal(outside("6281", TOKO, CLOCK(20, 0) - 1), SAPA_DENIAL_NONE);
    assert_int_equal(outside("6281", TOKO, CLOCK(20, 0)), SAPA_DENIAL_RIGHT);

    /* and when the client's customers may be called at all; colleagues at any time */
    rule(0, true, SAPA_TARGET_OUTSIDE, "62", UINT64_MAX, SAPA_NONE);
    rule(1, true, SAPA_TARGET_AGENT, "", 0, SAPA_NONE);
    clients[TOKO].calls_hours = DAY_HOURS;
    assert_int_equal(outside("6281", TOKO, CLOCK(17, 0)), SAPA_DENIAL_HOURS);
    assert_int_equal(outside("6281", TOKO, CLOCK(17, 0) - 1), SAPA_DENIAL_NONE);
    assert_int_equal(outside("6281", BANK, CLOCK(17, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(got_from, 1);
    assert_int_equal(inside(SAPA_TARGET_AGENT, BUDI, CLOCK(17, 0)), SAPA_DENIAL_NONE);
}

static void test_clients(void **state)
{
    struct sapa_call_wish wish = { .agent = SITI, .kind = SAPA_TARGET_OUTSIDE, .target = SAPA_NONE,
                                   .number = SAPA_STR("6281"), .client = SAPA_NONE, .beside = SAPA_NONE };

    (void)state;
    rule(0, true, SAPA_TARGET_OUTSIDE, "62", UINT64_MAX, SAPA_NONE);
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_CLIENT); /* for whom? */
    wish.beside = BANK;
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(got_client, BANK);
    wish.client = TOKO; /* named: before the one on hold */
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(got_client, TOKO);
    wish.client = wish.beside = SAPA_NONE;
    agents[SITI].calls_for = BANK;
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(got_client, BANK);
    agents[SITI].clients = BIT(TOKO); /* what is not granted counts before every rule */
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_CLIENT);
    agents[SITI].calls_for = SAPA_NONE;
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_NONE); /* the only one granted */
    assert_int_equal(got_client, TOKO);
    wish.client = BANK;
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_CLIENT);
    wish.client = CLIENTS;
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_CLIENT);
    wish.client = SAPA_NONE;
    agents[SITI].clients = 0;
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_CLIENT);
    agents[SITI].clients = UINT64_MAX;
    rule(0, true, SAPA_TARGET_OUTSIDE, "62", BIT(BANK), DAY_HOURS); /* the only one that the rules leave, also out of hours */
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(got_client, BANK);
    assert_int_equal(ask(&wish, CLOCK(18, 0)), SAPA_DENIAL_HOURS);
    wish.client = TOKO;
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_RIGHT);
}

static void test_inside(void **state)
{
    (void)state;
    rule(0, true, SAPA_TARGET_AGENT, "", UINT64_MAX, SAPA_NONE);
    rule(1, true, SAPA_TARGET_QUEUE, "", UINT64_MAX, SAPA_NONE);
    rule(2, true, SAPA_TARGET_NUMBER, "", BIT(TOKO), SAPA_NONE);
    assert_int_equal(inside(SAPA_TARGET_AGENT, TONO, CLOCK(1, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(inside(SAPA_TARGET_AGENT, SITI, CLOCK(1, 0)), SAPA_DENIAL_TARGET); /* himself */
    assert_int_equal(inside(SAPA_TARGET_AGENT, AGENTS, CLOCK(1, 0)), SAPA_DENIAL_TARGET);
    assert_int_equal(inside(SAPA_TARGET_QUEUE, 1, CLOCK(1, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(got_client, BANK);
    assert_int_equal(got_from, SAPA_NONE);
    assert_int_equal(inside(SAPA_TARGET_QUEUE, 2, CLOCK(1, 0)), SAPA_DENIAL_TARGET);
    assert_int_equal(inside(SAPA_TARGET_NUMBER, 0, CLOCK(1, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(inside(SAPA_TARGET_NUMBER, 1, CLOCK(1, 0)), SAPA_DENIAL_RIGHT); /* of the bank */
    assert_int_equal(inside(SAPA_TARGET_NUMBER, SAPA_NONE, CLOCK(1, 0)), SAPA_DENIAL_TARGET);
    agents[SITI].clients = BIT(TOKO);
    assert_int_equal(inside(SAPA_TARGET_QUEUE, 1, CLOCK(1, 0)), SAPA_DENIAL_CLIENT);
    assert_int_equal(inside(SAPA_TARGET_COUNT, 0, CLOCK(1, 0)), SAPA_DENIAL_TARGET);
}

static void test_listed(void **state)
{
    struct sapa_call_wish wish = { .agent = SITI, .kind = SAPA_TARGET_OUTSIDE, .target = SAPA_NONE,
                                   .number = SAPA_STR("6281"), .client = TOKO, .beside = SAPA_NONE, .listed = BIT(BANK) };

    (void)state;
    rule(0, true, SAPA_TARGET_OUTSIDE, "62", UINT64_MAX, DAY_HOURS);
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_NONE); /* a list of the bank alone */
    wish.client = BANK;
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_LISTED);
    assert_int_equal(ask(&wish, CLOCK(7, 0)), SAPA_DENIAL_HOURS);
    wish.client = TOKO;
    wish.listed = UINT64_MAX;
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_LISTED);
}

/* A denied type of number is denied whatever its number; an allowed one comes before "outside" and behind prefixes. */
static void test_types(void **state)
{
    enum { FIXED = 1, MOBILE = 2, PREMIUM = 5 };
    struct sapa_call_wish wish = { .agent = SITI, .kind = SAPA_TARGET_OUTSIDE, .target = SAPA_NONE,
                                   .number = SAPA_STR("6281"), .client = TOKO, .beside = SAPA_NONE };

    (void)state;
    rule(0, true, SAPA_TARGET_OUTSIDE, "", BIT(TOKO), SAPA_NONE);
    rules[0].number_type = MOBILE + 1;
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_RIGHT); /* unknown */
    wish.number_type = FIXED;
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_RIGHT);
    wish.number_type = MOBILE;
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_NONE);
    wish.client = BANK; /* the rule is for another client */
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_RIGHT);
    wish.client = TOKO;
    rule(1, false, SAPA_TARGET_OUTSIDE, "", UINT64_MAX, SAPA_NONE); /* before "outside" */
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_NONE);
    rule(1, false, SAPA_TARGET_OUTSIDE, "6", UINT64_MAX, SAPA_NONE); /* behind a prefix */
    assert_int_equal(ask(&wish, CLOCK(9, 0)), SAPA_DENIAL_RIGHT);

    rule(0, true, SAPA_TARGET_OUTSIDE, "6281", UINT64_MAX, SAPA_NONE);
    rule(1, false, SAPA_TARGET_OUTSIDE, "", UINT64_MAX, NIGHT_HOURS);
    rules[1].number_type = PREMIUM + 1;
    wish.number_type = PREMIUM;
    assert_int_equal(ask(&wish, CLOCK(20, 0) - 1), SAPA_DENIAL_NONE);
    assert_int_equal(ask(&wish, CLOCK(20, 0)), SAPA_DENIAL_RIGHT);
    wish.number_type = MOBILE;
    assert_int_equal(ask(&wish, CLOCK(20, 0)), SAPA_DENIAL_NONE);
    wish.number_type = 0;
    assert_int_equal(ask(&wish, CLOCK(20, 0)), SAPA_DENIAL_NONE); /* unknown, and by a prefix */
}

/* What no plan knows: no allowed type lets it through, and where a type is denied only a prefix does. */
static void test_unknown_types(void **state)
{
    enum { MOBILE = 2, PREMIUM = 5 };
    struct sapa_call_wish wish = { .agent = SITI, .kind = SAPA_TARGET_OUTSIDE, .target = SAPA_NONE,
                                   .number = SAPA_STR("6280912345678"), .client = TOKO, .beside = SAPA_NONE };

    (void)state;
    rule(0, true, SAPA_TARGET_OUTSIDE, "", BIT(TOKO), SAPA_NONE);
    assert_int_equal(ask(&wish, CLOCK(20, 0)), SAPA_DENIAL_NONE); /* nobody has thought of types */
    rule(1, false, SAPA_TARGET_OUTSIDE, "", BIT(TOKO), NIGHT_HOURS);
    rules[1].number_type = PREMIUM + 1;
    assert_int_equal(ask(&wish, CLOCK(20, 0)), SAPA_DENIAL_RIGHT);
    assert_int_equal(ask(&wish, CLOCK(20, 0) - 1), SAPA_DENIAL_NONE); /* not in force */
    rules[1].clients = BIT(BANK);
    assert_int_equal(ask(&wish, CLOCK(20, 0)), SAPA_DENIAL_NONE); /* of another client */
    rules[1].clients = UINT64_MAX;
    wish.number_type = MOBILE;
    assert_int_equal(ask(&wish, CLOCK(20, 0)), SAPA_DENIAL_NONE); /* known to be something else */
    wish.number_type = 0;
    rule(2, true, SAPA_TARGET_OUTSIDE, "628091", BIT(TOKO), SAPA_NONE);
    assert_int_equal(ask(&wish, CLOCK(20, 0)), SAPA_DENIAL_NONE); /* somebody has thought of it */
    rules[2].hours = DAY_HOURS;
    assert_int_equal(ask(&wish, CLOCK(20, 0)), SAPA_DENIAL_HOURS);
    rule(2, true, SAPA_TARGET_OUTSIDE, "", BIT(TOKO), SAPA_NONE); /* an allowed type is not it */
    rules[2].number_type = MOBILE + 1;
    assert_int_equal(ask(&wish, CLOCK(20, 0)), SAPA_DENIAL_RIGHT);
    wish.number = SAPA_STR("112"); /* a service */
    assert_int_equal(ask(&wish, CLOCK(20, 0)), SAPA_DENIAL_NONE);
    wish.number = SAPA_STR("000");
    assert_int_equal(ask(&wish, CLOCK(20, 0)), SAPA_DENIAL_NONE);
    wish.number = SAPA_STR("080912345678"); /* could be read as E.164 by nobody: rules on prefixes would not see it */
    assert_int_equal(ask(&wish, CLOCK(12, 0)), SAPA_DENIAL_TARGET);
}

/* A campaign: its client, its number, its hours besides the client's, its team. */
static void test_campaigns(void **state)
{
    enum { TAGIH, SAPAAN, CAMPAIGNS };
    struct sapa_campaign campaigns[CAMPAIGNS] = {
        [TAGIH] = { .client = BANK, .number = 0, .hours = DAY_HOURS, .queue = SAPA_NONE, .team = SAPA_NONE },
        [SAPAAN] = { .client = TOKO, .number = SAPA_NONE, .hours = SAPA_NONE, .queue = SAPA_NONE, .team = 1 },
    };
    struct sapa_call_wish wish = { .agent = SITI, .kind = SAPA_TARGET_OUTSIDE, .target = SAPA_NONE, .number = SAPA_STR("6281"),
                                   .client = SAPA_NONE, .beside = SAPA_NONE, .campaign = TAGIH + 1 };

    (void)state;
    centre.campaigns = campaigns;
    centre.campaigns_count = CAMPAIGNS;
    rule(0, true, SAPA_TARGET_OUTSIDE, "", BIT(BANK), SAPA_NONE);
    assert_int_equal(ask(&wish, CLOCK(8, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(got_client, BANK);
    assert_int_equal(got_from, 0);
    assert_int_equal(ask(&wish, CLOCK(8, 0) - 1), SAPA_DENIAL_HOURS);
    assert_int_equal(ask(&wish, CLOCK(17, 0)), SAPA_DENIAL_HOURS);
    clients[BANK].calls_hours = NIGHT_HOURS; /* both must be open */
    assert_int_equal(ask(&wish, CLOCK(12, 0)), SAPA_DENIAL_HOURS);
    assert_int_equal(ask(&wish, CLOCK(21, 0)), SAPA_DENIAL_HOURS);
    clients[BANK].calls_hours = SAPA_NONE;
    wish.beside = TOKO; /* it was named: whoever is in hand */
    assert_int_equal(ask(&wish, CLOCK(12, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(got_client, BANK);
    wish.client = TOKO; /* for one client, and the campaign of another */
    assert_int_equal(ask(&wish, CLOCK(12, 0)), SAPA_DENIAL_CLIENT);
    wish.client = BANK;
    assert_int_equal(ask(&wish, CLOCK(12, 0)), SAPA_DENIAL_NONE);
    wish.listed = BIT(BANK);
    assert_int_equal(ask(&wish, CLOCK(12, 0)), SAPA_DENIAL_LISTED);
    wish.listed = 0;
    agents[SITI].clients = BIT(TOKO); /* the client must be granted all the same, and his role allow it */
    assert_int_equal(ask(&wish, CLOCK(12, 0)), SAPA_DENIAL_CLIENT);
    agents[SITI].clients = UINT64_MAX;
    wish.client = SAPA_NONE;
    wish.campaign = SAPAAN + 1;
    assert_int_equal(ask(&wish, CLOCK(12, 0)), SAPA_DENIAL_RIGHT);
    rule(0, true, SAPA_TARGET_OUTSIDE, "", BIT(TOKO), SAPA_NONE);
    assert_int_equal(ask(&wish, CLOCK(12, 0)), SAPA_DENIAL_RIGHT); /* another team */
    agents[SITI].team = 1;
    assert_int_equal(ask(&wish, CLOCK(12, 0)), SAPA_DENIAL_NONE);
    assert_int_equal(got_from, 0); /* without one of its own: the client's */
    wish.campaign = CAMPAIGNS + 1;
    assert_int_equal(ask(&wish, CLOCK(12, 0)), SAPA_DENIAL_TARGET);
}

static void test_no_number(void **state)
{
    (void)state;
    rule(0, true, SAPA_TARGET_OUTSIDE, "", UINT64_MAX, SAPA_NONE);
    assert_int_equal(outside("", TOKO, CLOCK(1, 0)), SAPA_DENIAL_TARGET);
    assert_int_equal(outside("+62812", TOKO, CLOCK(1, 0)), SAPA_DENIAL_TARGET);
    assert_int_equal(outside("62812;isub=1", TOKO, CLOCK(1, 0)), SAPA_DENIAL_TARGET);
    assert_int_equal(outside("112", TOKO, CLOCK(1, 0)), SAPA_DENIAL_NONE);
    struct sapa_call_wish wish = { .agent = AGENTS, .kind = SAPA_TARGET_OUTSIDE, .number = SAPA_STR("62"), .client = TOKO };
    assert_int_equal(ask(&wish, CLOCK(1, 0)), SAPA_DENIAL_RIGHT); /* nobody */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_denied_by_default, setup), cmocka_unit_test_setup(test_longest_match, setup),
        cmocka_unit_test_setup(test_equal_rules, setup),       cmocka_unit_test_setup(test_hours, setup),
        cmocka_unit_test_setup(test_clients, setup),           cmocka_unit_test_setup(test_inside, setup),
        cmocka_unit_test_setup(test_types, setup), cmocka_unit_test_setup(test_unknown_types, setup), cmocka_unit_test_setup(test_campaigns, setup), cmocka_unit_test_setup(test_listed, setup),            cmocka_unit_test_setup(test_no_number, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
