/*
 * An hour as usual, then one with three times the calls: those with priority are served in time all the same, because
 * the others overflow to people who are kept for such hours, and at last to a message. Twelve agents, four in reserve,
 * calls of a minute; with three seeds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/world_impl.h"

enum {
    RESERVE = 12, AGENTS = 16,                   /* agents from RESERVE on are kept for such hours */
    ORDINARY = 0, PRIORITY, BURST, QUEUES,       /* queues; numbers likewise, but for BURST */
    TALK_S = 60, ANSWER_S = 2, LIMIT_MS = 20000, /* service level: within 20 s */
    HOUR_S = 3600, CALLS_MAX = 4096,
};

struct peak {
    struct world w;
    uint64_t dice;
    struct { uint64_t contact; int64_t due_s; uint64_t offer; } calls[CALLS_MAX]; /* what is to happen: accept `offer`, or hang up */
    uint32_t calls_n;
    uint32_t came[2], in_time[2], answered[2], overflowed, left, by_reserve, ended; /* by number: ordinary, with priority */
    uint64_t priority_of[CALLS_MAX / 64]; /* bit: contact number called PRIORITY */
};

static uint32_t throw(struct peak *p, uint32_t sides)
{
    p->dice = p->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(p->dice >> 33) % sides;
}

static void later(struct peak *p, uint64_t contact, uint64_t offer, int64_t due_s)
{
    sapa_assert(p->calls_n < CALLS_MAX);
    p->calls[p->calls_n].contact = contact, p->calls[p->calls_n].offer = offer, p->calls[p->calls_n].due_s = due_s;
    p->calls_n++;
}

static bool has_priority(const struct peak *p, uint64_t contact)
{
    const uint64_t n = contact - sapa_id_make(1, 0);

    return n / 64 < SAPA_COUNT(p->priority_of) && (p->priority_of[n / 64] >> n % 64 & 1) != 0;
}

static void read_out(struct peak *p, int64_t now_s)
{
    struct world *w = &p->w;

    for (uint32_t i = 0; i < w->out_count; i++) {
        const struct sapa_record *r = &w->out[i];
        if (r->type == SAPA_T_cmd_offer)
            later(p, r->u.cmd_offer.contact, r->u.cmd_offer.offer, now_s + ANSWER_S);
        if (r->type == SAPA_T_contact_dequeued && r->u.contact_dequeued.reason == SAPA_DEQUEUE_OVERFLOW_LENGTH)
            p->overflowed++;
        if (r->type == SAPA_T_contact_connected) {
            const unsigned kind = has_priority(p, r->u.contact_connected.contact);
            p->answered[kind]++;
            p->in_time[kind] += r->u.contact_connected.wait_ms <= LIMIT_MS;
            p->by_reserve += r->u.contact_connected.agent >= RESERVE;
            later(p, r->u.contact_connected.contact, 0, now_s + TALK_S);
        }
        if (r->type == SAPA_T_contact_ended) {
            p->ended++;
            p->left += r->u.contact_ended.outcome == SAPA_OUTCOME_OVERFLOW_ENDED;
        }
    }
    world_clear(w);
}

static void do_due(struct peak *p, int64_t now_s)
{
    for (uint32_t i = 0; i < p->calls_n;) {
        const uint64_t contact = p->calls[i].contact, offer = p->calls[i].offer;
        if (p->calls[i].due_s > now_s) {
            i++;
            continue;
        }
        p->calls[i] = p->calls[--p->calls_n];
        if (offer)
            WORLD_IN(&p->w, offer_accepted, .offer = offer, .leg = 1);
        else
            WORLD_IN(&p->w, contact_gone, .contact = contact, .side = SAPA_SIDE_CUSTOMER);
        read_out(p, now_s);
    }
}

/* Calls by chance: `ordinary` and `priority` in 1,000 seconds. */
static void live(struct peak *p, int64_t *now_s, int64_t seconds, uint32_t ordinary, uint32_t priority)
{
    memset(p->came, 0, sizeof(p->came)), memset(p->in_time, 0, sizeof(p->in_time)), memset(p->answered, 0, sizeof(p->answered));
    p->overflowed = p->left = p->by_reserve = 0;
    for (const int64_t until = *now_s + seconds; *now_s < until; ++*now_s) {
        for (uint32_t number = ORDINARY; number <= PRIORITY; number++) {
            if (throw(p, 1000) >= (number == ORDINARY ? ordinary : priority))
                continue;
            const uint64_t n = p->w.next_contact;
            sapa_assert(n < CALLS_MAX);
            p->priority_of[n / 64] |= (uint64_t)(number == PRIORITY) << n % 64;
            p->came[number]++;
            world_arrive(&p->w, number);
            read_out(p, *now_s);
        }
        world_wait(&p->w, 1000);
        read_out(p, *now_s);
        do_due(p, *now_s);
    }
}

static void three_times_the_calls(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct peak *p = calloc(1, sizeof(*p));
        struct world *w = &p->w;
        int64_t now_s = 0;

        assert_non_null(p);
        p->dice = seed;
        world_init(w, AGENTS, QUEUES, 2);
        for (uint32_t agent = 0; agent < AGENTS; agent++)
            w->levels[agent * 2 + (agent >= RESERVE)].level = 5;
        for (uint32_t queue = 0; queue < QUEUES; queue++) {
            w->queues[queue].priority = queue == PRIORITY ? 80 : 50;
            w->queues[queue].age_ms_per_step = 60000;
            w->queues[queue].wrapup_ms = 0;
            w->queues[queue].steps[0].need_count = 1;
            w->queues[queue].steps[0].needs[0] = (struct sapa_need){ queue == BURST, 1 };
        }
        w->queues[PRIORITY].step_count = 2; /* after 10 s anybody will do */
        w->queues[PRIORITY].steps[1].after_ms = 10000;
        w->queues[ORDINARY].overflow_first = 0, w->queues[ORDINARY].overflow_count = 2;
        w->overflows[0] = (struct sapa_overflow){ SAPA_OVERFLOW_LENGTH, 8, BURST };
        w->overflows[1] = (struct sapa_overflow){ SAPA_OVERFLOW_WAIT, 120000, SAPA_NONE };
        w->queues[BURST].overflow_first = 2, w->queues[BURST].overflow_count = 1;
        w->overflows[2] = (struct sapa_overflow){ SAPA_OVERFLOW_WAIT, 120000, SAPA_NONE };
        world_start(w);
        for (uint32_t agent = 0; agent < AGENTS; agent++)
            world_ready(w, agent);
        world_clear(w);

        /* as usual: 6 and 2 a minute for 12 agents, who do 12 */
        live(p, &now_s, HOUR_S, 100, 33);
        assert_true(p->came[ORDINARY] > 300 && p->came[PRIORITY] > 80);
        assert_true(p->in_time[PRIORITY] * 100 >= p->answered[PRIORITY] * 95);
        assert_true(p->in_time[ORDINARY] * 100 >= p->answered[ORDINARY] * 80);
        assert_int_equal(p->left, 0);
        assert_true(p->by_reserve * 20 <= p->came[ORDINARY] + p->came[PRIORITY]);

        /* three times of each: 24 a minute */
        live(p, &now_s, HOUR_S, 300, 99);
        assert_true(p->came[PRIORITY] > 280);
        assert_true(p->in_time[PRIORITY] * 100 >= p->came[PRIORITY] * 90); /* the goal is kept, */
        assert_true(p->in_time[ORDINARY] * 100 <= p->came[ORDINARY] * 50); /* though there is far too much to do: */
        assert_true(p->overflowed > 200);
        assert_true(p->by_reserve > 150);                                  /* the reserve works, */
        assert_true(p->left > 100);                                        /* and who has waited too long is told so */

        /* and when it is over everybody has come to an end, once */
        live(p, &now_s, 600, 0, 0);
        assert_int_equal(p->calls_n, 0);
        assert_int_equal(p->ended, w->next_contact - 1);
        world_done(w);
        free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(three_times_the_calls) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
