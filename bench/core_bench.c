/*
 * The routing core alone: 10,000 agents with 200 skills (no two groups of agents alike), 200 queues
 * of three requirement steps, 100,000 contacts waiting. Decisions: 40 % arrivals, 40 % an agent
 * becomes free, 20 % somebody gives up; a decision is one sapa_core_step() with everything that
 * comes of it, explanations included. What the core's timers do in between (steps that relax) is
 * counted into the time, not into the decisions. Between them, unmeasured: agents answer and hang
 * up, and arrivals hold the number of those who wait at 100,000.
 *
 * Sampled decisions are made again by looking at every contact and every agent, and must be equal.
 * Prints JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/core.h"
#include "rt/pages.h"

enum {
    AGENTS = 10000,
    SKILLS = 200,
    QUEUES = 200,
    WAITING = 100000,
    SKILLS_EACH = 5,
    CONTACTS = 120000
};
enum { SAMPLE = 997 };

static struct sapa_agent agents[AGENTS];
static struct sapa_agent_skill_level levels[AGENTS * SKILLS_EACH];
static uint8_t level_of[AGENTS][SKILLS];
static struct sapa_queue queues[QUEUES];
static struct sapa_number numbers[QUEUES];
static struct sapa_skill skills[SKILLS];
static struct sapa_client client = { .key = { "c", 1 }, .hours = SAPA_NONE, .number = SAPA_NONE };
static char keys[AGENTS][16];
static struct sapa_centre centre;

/* what the bench itself knows of each contact; slots are reused */
struct waiter {
    uint64_t id;
    int64_t at_us;
    uint32_t queue, priority, place; /* place: in `waiting` */
};
static struct waiter *waiters; /* by counter of the id, modulo CONTACTS * 4 */
static uint64_t *waiting;      /* ids of those in line */
static uint32_t waiting_count;
static uint64_t next_id = 1;

struct work {
    uint64_t offer, contact;
    uint8_t state;
};
static struct work works[AGENTS]; /* one each */
static struct sapa_core *core;
static int64_t now_us = INT64_C(1750000000000000);
static uint64_t rng = 88172645463325252ull, records, whys;
static uint32_t new_offers[64], new_offer_count; /* agents that ring since the last step */

static uint64_t next_random(void)
{
    rng ^= rng >> 12, rng ^= rng << 25, rng ^= rng >> 27;
    return rng * UINT64_C(2685821657736338717);
}
static uint32_t below(uint32_t n)
{
    return (uint32_t)(next_random() >> 33) % n;
}

static struct waiter *waiter_of(uint64_t id)
{
    return &waiters[(id & 0xffffffff) % (CONTACTS * 4)];
}

static void leave_line(uint64_t id)
{
    struct waiter *w = waiter_of(id);
    if (w->place == UINT32_MAX)
        return;
    waiting[w->place] = waiting[--waiting_count];
    waiter_of(waiting[w->place])->place = w->place;
    w->place = UINT32_MAX;
}

/* Only noted here: what the bench keeps for itself is not the core's time. */
static struct sapa_rec_offer_made made[64];
static uint32_t made_count;

static void sink(void *ctx, const struct sapa_record *record)
{
    (void)ctx;
    records++;
    if (record->type == SAPA_T_offer_made) {
        if (made_count == 64)
            abort();
        made[made_count++] = record->u.offer_made;
    } else if (record->type == SAPA_T_why) {
        whys++;
    } else if (record->type == SAPA_T_refused) {
        fprintf(stderr, "refused: input %llu\n", (unsigned long long)record->u.refused.input);
        abort();
    }
}

static void book_offers(void)
{
    while (made_count > 0) {
        const struct sapa_rec_offer_made *one = &made[--made_count];
        works[one->agent] = (struct work){ one->offer, one->contact, SAPA_ASSIGNMENT_OFFERED };
        leave_line(one->contact);
        if (new_offer_count == 64)
            abort();
        new_offers[new_offer_count++] = (uint32_t)one->agent;
    }
}

static const struct sapa_core_out out = { sink, NULL };
static struct sapa_record in;

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int64_t step(void)
{
    in.at_us = now_us;
    const int64_t start = clock_ns();
    sapa_core_step(core, &in, &out);
    const int64_t took_ns = clock_ns() - start;
    book_offers();
    return took_ns;
}

static int64_t ticks(void)
{
    int64_t spent = 0;
    while (sapa_core_next_due(core) <= now_us) {
        sapa_record_init(&in, SAPA_T_tick);
        spent += step();
    }
    return spent;
}

static int64_t arrive(void)
{
    const uint64_t id = sapa_id_make(1, next_id++);
    struct waiter *w = waiter_of(id);
    const uint32_t queue = below(QUEUES), extra = below(4);

    sapa_record_init(&in, SAPA_T_contact_arrived);
    in.u.contact_arrived = (struct sapa_rec_contact_arrived){ .contact = id,
                                                              .channel = SAPA_CHANNEL_VOICE,
                                                              .number = queue,
                                                              .priority = extra,
                                                              .last_agent = SAPA_NONE };
    *w = (struct waiter){ .id = id,
                          .at_us = now_us,
                          .queue = queue,
                          .priority = queues[queue].priority + extra,
                          .place = waiting_count };
    waiting[waiting_count++] = id;
    return step();
}

static int64_t give_up(void)
{
    const uint64_t id = waiting[below(waiting_count)];
    leave_line(id);
    sapa_record_init(&in, SAPA_T_contact_gone);
    in.u.contact_gone.contact = id;
    return step();
}

/* An agent in wrap-up is done; the unmeasured part brings him there. */
static void into_wrapup(uint32_t agent)
{
    sapa_record_init(&in, SAPA_T_offer_accepted);
    in.u.offer_accepted.offer = works[agent].offer;
    step();
    sapa_record_init(&in, SAPA_T_agent_gone);
    in.u.agent_gone = (struct sapa_rec_agent_gone){ .contact = works[agent].contact,
                                                    .offer = works[agent].offer,
                                                    .side = SAPA_SIDE_AGENT };
    step();
    works[agent].state = SAPA_ASSIGNMENT_WRAPUP;
}

static int64_t becomes_free(uint32_t agent)
{
    works[agent].state = SAPA_ASSIGNMENT_NONE;
    sapa_record_init(&in, SAPA_T_agent_command);
    in.u.agent_command = (struct sapa_rec_agent_command){ .agent = agent,
                                                          .verb = SAPA_VERB_WRAPUP_DONE,
                                                          .code = SAPA_NONE };
    return step();
}

/* ---- the decision once more, by looking at everything ---- */

static bool fits(uint32_t agent, const struct waiter *w)
{
    const struct sapa_queue *q = &queues[w->queue];
    unsigned s = 0;
    while (s + 1 < q->step_count && now_us - w->at_us >= q->steps[s + 1].after_ms * INT64_C(1000))
        s++;
    for (unsigned i = 0; i < q->steps[s].need_count; i++)
        if (level_of[agent][q->steps[s].needs[i].skill] < q->steps[s].needs[i].level_min)
            return false;
    return true;
}

static uint64_t naive_choice(uint32_t agent)
{
    const struct waiter *best = NULL;
    for (uint32_t i = 0; i < waiting_count; i++) {
        const struct waiter *w = waiter_of(waiting[i]);
        if (!fits(agent, w))
            continue;
        const int64_t age = queues[w->queue].age_ms_per_step * INT64_C(1000);
        const int64_t key = w->priority * age - w->at_us;
        const int64_t other = best ? best->priority * age - best->at_us : 0;
        if (!best || key > other || (key == other && w->id < best->id))
            best = w;
    }
    return best ? best->id : 0;
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void describe(void)
{
    for (uint32_t s = 0; s < SKILLS; s++)
        skills[s].key = SAPA_STR("s");
    for (uint32_t a = 0; a < AGENTS; a++) {
        snprintf(keys[a], sizeof(keys[a]), "a%u", a);
        agents[a] = (struct sapa_agent){ .key = sapa_str_of(keys[a]),
                                         .clients = 1,
                                         .capacity = { 1 },
                                         .capacity_total = 1,
                                         .skill_first = a * SKILLS_EACH,
                                         .skill_count = SKILLS_EACH };
        for (uint32_t i = 0; i < SKILLS_EACH;) {
            const uint32_t skill = below(SKILLS);
            if (level_of[a][skill])
                continue;
            level_of[a][skill] = (uint8_t)(1 + below(10));
            levels[a * SKILLS_EACH + i++] =
                (struct sapa_agent_skill_level){ skill, level_of[a][skill] };
        }
    }
    for (uint32_t q = 0; q < QUEUES; q++) {
        queues[q] = (struct sapa_queue){ .key = { keys[q], strlen(keys[q]) },
                                         .hours = SAPA_NONE,
                                         .priority = (uint8_t)below(3),
                                         .age_ms_per_step = 60000,
                                         .step_count = 3,
                                         .ring_ms = 3600000,
                                         .wrapup_ms = 3600000,
                                         .handle_ms_initial = 300000,
                                         .patience_ms_initial = 600000,
                                         .music = SAPA_NONE };
        for (unsigned s = 0; s < 3; s++)
            queues[q].steps[s] = (struct sapa_step){ .after_ms = s * 30000,
                                                     .need_count = 1,
                                                     .needs = { { q, (uint8_t)(7 - 3 * s) } },
                                                     .preferred_skill = SAPA_NONE,
                                                     .team = SAPA_NONE };
        numbers[q] = (struct sapa_number){ .key = queues[q].key, .flow = q };
    }
    centre = (struct sapa_centre){ .clients = &client,
                                   .clients_count = 1,
                                   .skills = skills,
                                   .skills_count = SKILLS,
                                   .levels = levels,
                                   .levels_count = AGENTS * SKILLS_EACH,
                                   .agents = agents,
                                   .agents_count = AGENTS,
                                   .queues = queues,
                                   .queues_count = QUEUES,
                                   .numbers = numbers,
                                   .numbers_count = QUEUES };
    memset(centre.hash, 'b', 64);
}

int main(int argc, char **argv)
{
    const uint32_t decisions = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 500000;
    const struct sapa_core_options options = { .contacts_max = CONTACTS,
                                               .agents_max = AGENTS,
                                               .queues_max = QUEUES,
                                               .classes_max = QUEUES * 3,
                                               .skills_max = SKILLS,
                                               .memory = sapa_memory_pages() }; /* as app/control.c for a centre of this size */
    int64_t *took = calloc(decisions, sizeof(*took)), spent = 0, in_ticks = 0;
    int64_t kinds[3] = { 0 };
    uint32_t counts[3] = { 0 }, samples = 0, turn = 0;

    waiters = calloc(CONTACTS * 4, sizeof(*waiters));
    waiting = calloc(CONTACTS, sizeof(*waiting));
    describe();
    if (!took || !waiters || !waiting || sapa_core_new(&options, &core) != SAPA_OK ||
        sapa_core_centre(core, &centre) != SAPA_OK)
        return 1;
    sapa_record_init(&in, SAPA_T_centre_started);
    sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(centre.hash));
    step();
    /* everybody gets ready and is busy; then the line grows */
    for (uint32_t a = 0; a < AGENTS; a++) {
        sapa_record_init(&in, SAPA_T_agent_device);
        in.u.agent_device = (struct sapa_rec_agent_device){ .agent = a, .reachable = 1 };
        step();
        sapa_record_init(&in, SAPA_T_agent_command);
        in.u.agent_command = (struct sapa_rec_agent_command){ .agent = a,
                                                              .verb = SAPA_VERB_READY,
                                                              .code = SAPA_NONE };
        step();
    }
    while (waiting_count < WAITING) {
        now_us += 12000;
        ticks();
        arrive();
        while (new_offer_count > 0)
            into_wrapup(new_offers[--new_offer_count]);
    }
    for (uint32_t a = 0; a < AGENTS; a++)
        if (works[a].state == SAPA_ASSIGNMENT_NONE) {
            fprintf(stderr, "agent %u never became busy\n", a);
            return 1;
        }
    records = whys = 0;
    for (uint32_t i = 0; i < decisions; i++) {
        const uint32_t dice = below(100), kind = dice < 40 ? 0 : dice < 80 ? 1 : 2;
        now_us += 12000;
        in_ticks += ticks();
        while (new_offer_count > 0)
            into_wrapup(new_offers[--new_offer_count]);
        while (waiting_count < WAITING)
            arrive();
        if (kind == 0) {
            took[i] = arrive();
        } else if (kind == 1) {
            do
                turn = (turn + 7919) % AGENTS;
            while (works[turn].state != SAPA_ASSIGNMENT_WRAPUP);
            const bool sample = counts[1] % SAMPLE == 0;
            const uint64_t wanted = sample ? naive_choice(turn) : 0;
            took[i] = becomes_free(turn);
            if (sample) {
                samples++;
                if (works[turn].contact != wanted) {
                    fprintf(stderr, "agent %u got %llu, looking at everybody gives %llu\n", turn,
                            (unsigned long long)works[turn].contact, (unsigned long long)wanted);
                    return 1;
                }
            }
        } else {
            took[i] = give_up();
        }
        spent += took[i];
        kinds[kind] += took[i];
        counts[kind]++;
    }
    qsort(took, decisions, sizeof(*took), compare);
    printf("{\n  \"core_decisions_per_s\": %lld,\n  \"core_decision_p99_us\": %lld.%02lld,\n",
           (long long)(decisions * INT64_C(1000000000) / (spent + in_ticks)),
           (long long)(took[decisions * 99ull / 100] / 1000),
           (long long)(took[decisions * 99ull / 100] % 1000 / 10));
    printf("  \"core_decision_p50_us\": %.2f,\n  \"core_decision_max_us\": %.2f,\n",
           (double)took[decisions / 2] / 1e3, (double)took[decisions - 1] / 1e3);
    printf(
        "  \"core_arrival_mean_us\": %.2f,\n  \"core_free_mean_us\": %.2f,\n  \"core_abandon_mean_us\": %.2f,\n",
        (double)kinds[0] / 1e3 / counts[0], (double)kinds[1] / 1e3 / counts[1],
        (double)kinds[2] / 1e3 / counts[2]);
    printf(
        "  \"core_timers_share\": %.3f,\n  \"decisions\": %u,\n  \"whys\": %llu,\n  \"equal_to_naive\": %u\n}\n",
        (double)in_ticks / (double)(spent + in_ticks), decisions, (unsigned long long)whys,
        samples);
    sapa_core_free(core);
    free(took);
    free(waiters);
    free(waiting);
    return 0;
}
