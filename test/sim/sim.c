/*
 * One hostile world a seed. Customers come, wait, press keys and leave; phones ring, are answered,
 * refuse, vanish; answers are lost, late, doubled or about things that are over; carriers fail or
 * never reply; the clock steps; supervisors move contacts and change skills; the description is
 * replaced; the core is saved and loaded in the middle of it all. In worlds from seed 1000 on agents also call:
 * outside, colleagues, queues and numbers, with each kind of line, and transfer, confer, drop, hold and hang up
 * whatever is in hand, sensibly or not. In worlds from seed 5000 on supervisors listen, whisper, join and take over, from
 * 6000 on they put agents on queues and take them off, for good or for a while.
 *
 * After every input: sapa_core_check(), the independent count of naive.c, and its verdict on each
 * offer. A core that was loaded from a snapshot runs beside the first and must answer the same to
 * every input. At the end the faults stop, and everything must come to its end; then the inputs are
 * run again from the start and must give the same answers.
 */
#include <stdarg.h>

#include "test_sim.h"

enum { SCHEDULE = 8192, STEPS_MAX = 400000, CENTRES = 64, OUT = 2048 };

struct scheduled {
    int64_t at_us;
    struct sapa_record in;
};

struct rates { /* percent */
    uint32_t lost, late, doubled, noise, flap, steps_back, replace, save, move, skill;
};

struct sim {
    uint64_t seed;
    struct dice dice;
    struct rates rates;
    bool flows, draining, calls, supervisors, changes;
    struct sapa_core *core, *twin;
    uint32_t twin_steps;
    struct sim_centre *centres[CENTRES];
    unsigned centre_count;
    struct naive naive;
    int64_t now_us;
    struct scheduled *schedule;
    uint32_t schedule_count;
    struct sapa_record *out, *twin_out;
    uint32_t out_count, twin_out_count;
    struct sapa_record *journal;
    uint32_t *journal_centre; /* description given before this input + 1, 0 none */
    uint32_t journal_count, journal_room;
    uint64_t digest;
    uint64_t next_contact, inputs, refusals, saves, replaced;
};

static struct sim *running;
static const char *program;

void sim_fail(const char *file, int line, const char *condition, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s:%d: %s: ", file, line, condition);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    if (running) {
        char text[4096];
        struct sapa_text out;
        fprintf(stderr, "\nlast input and what came of it:\n");
        sapa_text_init(&out, text, sizeof(text));
        if (running->journal_count)
            sapa_record_print(&running->journal[running->journal_count - 1], &out);
        fprintf(stderr, "  < %s\n", text);
        for (uint32_t i = 0; i < running->out_count; i++) {
            sapa_text_init(&out, text, sizeof(text));
            sapa_record_print(&running->out[i], &out);
            fprintf(stderr, "  > %s\n", text);
        }
        fprintf(stderr, "again: %s --seed %llu   (step %llu)\n", program,
                (unsigned long long)running->seed, (unsigned long long)running->inputs);
    } else {
        fprintf(stderr, "\n");
    }
    abort();
}

#define MUST(condition, ...)                                       \
    do {                                                           \
        if (!(condition))                                          \
            sim_fail(__FILE__, __LINE__, #condition, __VA_ARGS__); \
    } while (0)

/* An assertion of the core failed: say how to run it again. */
static void on_assert(void)
{
    if (running)
        sim_fail(__FILE__, __LINE__, "assertion", "in the core");
}

/* ---- scheduling ---- */

static void plan_at(struct sim *s, int64_t at_us, const struct sapa_record *in)
{
    if (s->schedule_count < SCHEDULE)
        s->schedule[s->schedule_count++] = (struct scheduled){ at_us, *in };
}

/* As the network delivers it: perhaps not, perhaps late, perhaps twice. */
static void plan(struct sim *s, int64_t in_us, const struct sapa_record *in)
{
    if (!s->draining && chance(&s->dice, s->rates.lost))
        return;
    if (!s->draining && chance(&s->dice, s->rates.late))
        in_us += below(&s->dice, 60) * SECOND;
    plan_at(s, s->now_us + in_us, in);
    if (!s->draining && chance(&s->dice, s->rates.doubled))
        plan_at(s, s->now_us + in_us + below(&s->dice, 3000) * 1000, in);
}

#define PLAN(s, in_us, name, ...)                             \
    do {                                                      \
        struct sapa_record in_;                               \
        sapa_record_init(&in_, SAPA_T_##name);                \
        in_.u.name = (struct sapa_rec_##name){ __VA_ARGS__ }; \
        plan((s), (in_us), &in_);                             \
    } while (0)

static int64_t some_ms(struct sim *s, uint32_t from, uint32_t to)
{
    return (from + below(&s->dice, to - from)) * INT64_C(1000);
}

/* ---- how the world answers ---- */

static void phone_rings(struct sim *s, const struct sapa_rec_cmd_offer *offer)
{
    const uint32_t fate = s->draining ? 0 : below(&s->dice, 100);

    PLAN(s, 100000, offer_ringing, .offer = offer->offer);
    if (fate < 60)
        PLAN(s, some_ms(s, 200, 12000), offer_accepted, .offer = offer->offer, .leg = 1);
    else if (fate < 68)
        PLAN(s, some_ms(s, 200, 8000), offer_failed, .offer = offer->offer,
             .result = SAPA_OFFER_REFUSED, .cause = 603);
    else if (fate < 73)
        PLAN(s, some_ms(s, 50, 200), offer_failed, .offer = offer->offer, .result = SAPA_OFFER_BUSY,
             .cause = 486);
    else if (fate < 78)
        PLAN(s, some_ms(s, 50, 2000), offer_failed, .offer = offer->offer,
             .result = SAPA_OFFER_UNREACHABLE, .cause = 408);
    else if (fate < 81)
        PLAN(s, some_ms(s, 50, 2000), offer_failed, .offer = offer->offer,
             .result = SAPA_OFFER_FAULT, .cause = 500);
    else if (fate < 85)
        PLAN(s, some_ms(s, 50, 2000), agent_device, .agent = offer->agent, .reachable = 0);
    /* else nobody lifts */
}

static void they_talk(struct sim *s, const struct sapa_rec_cmd_connect *talk)
{
    const int64_t length = some_ms(s, 1000, 60000);
    const uint32_t who = s->draining ? 0 : below(&s->dice, 100);

    if (chance(&s->dice, 20)) {
        const uint64_t side = chance(&s->dice, 50) ? SAPA_SIDE_AGENT : SAPA_SIDE_CUSTOMER;
        PLAN(s, length / 3, leg_held, .contact = talk->contact, .offer = talk->offer, .side = side,
             .on = 1);
        PLAN(s, length / 2, leg_held, .contact = talk->contact, .offer = talk->offer, .side = side,
             .on = 0);
    }
    if (who < 50)
        PLAN(s, length, contact_gone, .contact = talk->contact, .side = SAPA_SIDE_CUSTOMER);
    else if (who < 85)
        PLAN(s, length, agent_gone, .contact = talk->contact, .offer = talk->offer,
             .side = SAPA_SIDE_AGENT);
    else if (who < 93)
        PLAN(s, length, agent_gone, .contact = talk->contact, .offer = talk->offer,
             .side = SAPA_SIDE_NETWORK, .cause = 408);
    else
        PLAN(s, length, contact_gone, .contact = talk->contact, .side = SAPA_SIDE_SYSTEM);
    /* whatever is lost above, a line does not stay open for ever */
    struct sapa_record in;
    sapa_record_init(&in, SAPA_T_contact_gone);
    in.u.contact_gone =
        (struct sapa_rec_contact_gone){ .contact = talk->contact, .side = SAPA_SIDE_SYSTEM };
    plan_at(s, s->now_us + 300 * SECOND, &in);
}

static void carrier_dials(struct sim *s, const struct sapa_rec_cmd_dial *dial)
{
    const uint32_t fate = s->draining ? 0 : below(&s->dice, 100);

    PLAN(s, 500000, dial_progress, .contact = dial->contact, .attempt = dial->attempt, .state = 0);
    if (fate < 60)
        PLAN(s, some_ms(s, 1000, 10000), dial_progress, .contact = dial->contact,
             .attempt = dial->attempt, .state = 1, .leg = 3);
    else if (fate < 85)
        PLAN(s, some_ms(s, 100, 10000), dial_progress, .contact = dial->contact,
             .attempt = dial->attempt, .state = 2, .cause = fate < 75 ? 486 : 503,
             .side = fate < 75 ? SAPA_SIDE_CUSTOMER : SAPA_SIDE_NETWORK);
    /* else the carrier never says another word */
    if (dial->kind != 0)
        PLAN(s, some_ms(s, 5000, 90000), dial_progress, .contact = dial->contact, .attempt = dial->attempt,
             .state = 3, .side = chance(&s->dice, 80) ? SAPA_SIDE_CUSTOMER : SAPA_SIDE_NETWORK);
}

/* Whoever goes on a break that has places had one: counted from outside, when he is there. */
static void check_break(const struct sim *s, const struct sapa_rec_agent_moved *moved)
{
    const struct sapa_centre *centre = sapa_core_centre_now(s->core);
    const uint32_t reason = moved->reason < centre->reasons_count ? (uint32_t)moved->reason : SAPA_NONE;
    struct sapa_agent_view view, own;
    uint32_t others = 0;

    if (moved->to != SAPA_PRESENCE_NOT_READY || reason == SAPA_NONE || centre->reasons[reason].team_max == 0)
        return;
    if (sapa_core_agent_get(s->core, (uint32_t)moved->agent, s->now_us, &own) != SAPA_OK)
        return;
    for (uint32_t a = 0; a < centre->agents_count; a++) {
        if (a == moved->agent || sapa_core_agent_get(s->core, a, s->now_us, &view) != SAPA_OK || view.team != own.team)
            continue;
        others += view.presence == SAPA_PRESENCE_NOT_READY && view.reason == reason;
    }
    if (others >= centre->reasons[reason].team_max)
        sim_fail(__FILE__, __LINE__, "a place in the team", "agent %llu goes on a break where %u are already", (unsigned long long)moved->agent, others);
}

/* Verbs that are codes alone are no commands; the last one is. */
static uint64_t verb_of(uint32_t roll)
{
    return roll == SAPA_VERB_CONFERENCE ? SAPA_VERB_BOOK : roll;
}

static void world_answers(struct sim *s, const struct sapa_record *out)
{
    switch (out->type) {
    case SAPA_T_cmd_answer:
        PLAN(s, some_ms(s, 10, 1000), contact_answered, .contact = out->u.cmd_answer.contact,
             .leg = 2);
        break;
    case SAPA_T_cmd_play:
        if (!out->u.cmd_play.loop)
            PLAN(s, some_ms(s, 500, 4000), play_done, .contact = out->u.cmd_play.contact,
                 .play = out->u.cmd_play.play);
        break;
    case SAPA_T_cmd_offer: phone_rings(s, &out->u.cmd_offer); break;
    case SAPA_T_cmd_connect: they_talk(s, &out->u.cmd_connect); break;
    case SAPA_T_cmd_dial: carrier_dials(s, &out->u.cmd_dial); break;
    case SAPA_T_cmd_supervise: /* he has heard enough, or his line breaks */
        PLAN(s, some_ms(s, 1000, 60000), agent_gone, .contact = out->u.cmd_supervise.contact,
             .offer = out->u.cmd_supervise.offer,
             .side = chance(&s->dice, 80) ? SAPA_SIDE_AGENT : SAPA_SIDE_NETWORK);
        break;
    case SAPA_T_cmd_join:
        if (out->u.cmd_join.attempt)
            PLAN(s, some_ms(s, 1000, 60000), dial_progress, .contact = out->u.cmd_join.contact,
                 .attempt = out->u.cmd_join.attempt, .state = 3, .side = SAPA_SIDE_CUSTOMER);
        else
            PLAN(s, some_ms(s, 1000, 60000), agent_gone, .contact = out->u.cmd_join.contact,
                 .offer = out->u.cmd_join.offer,
                 .side = chance(&s->dice, 80) ? SAPA_SIDE_AGENT : SAPA_SIDE_NETWORK);
        break;
    case SAPA_T_agent_moved:
        check_break(s, &out->u.agent_moved);
        if (out->u.agent_moved.to == SAPA_PRESENCE_NOT_READY)
            PLAN(s, some_ms(s, 1000, 60000), agent_command, .agent = out->u.agent_moved.agent,
                 .verb = SAPA_VERB_READY, .code = SAPA_NONE);
        break;
    case SAPA_T_contact_parted:
        if (chance(&s->dice, 50))
            PLAN(s, some_ms(s, 500, 20000), agent_command, .agent = out->u.contact_parted.agent,
                 .verb = chance(&s->dice, 70) ? SAPA_VERB_WRAPUP_DONE : SAPA_VERB_WRAPUP_EXTEND,
                 .code = chance(&s->dice, 50) ? SAPA_NONE : below(&s->dice, 3));
        break;
    case SAPA_T_contact_queued:
        if (s->flows &&
            chance(&s->dice,
                   30)) { /* wants to be called back: the offer, and the number is right */
            struct sapa_rec_digit digit = { .contact = out->u.contact_queued.contact,
                                            .side = SAPA_SIDE_CUSTOMER,
                                            .digit = { 1, "1" } };
            struct sapa_record in;
            sapa_record_init(&in, SAPA_T_digit);
            in.u.digit = digit;
            for (unsigned i = 0; i < 3; i++)
                plan(s, some_ms(s, 5000, 30000) + i * 2 * SECOND, &in);
        }
        break;
    default: break;
    }
}

/* ---- one input ---- */

static void collect(void *ctx, const struct sapa_record *record)
{
    struct sim *s = ctx;

    MUST(s->out_count < OUT, "too much came of one input");
    memcpy(&s->out[s->out_count++], record, sapa_record_size(record));
}

static void collect_twin(void *ctx, const struct sapa_record *record)
{
    struct sim *s = ctx;

    MUST(s->twin_out_count < OUT, "too much came of one input");
    memcpy(&s->twin_out[s->twin_out_count++], record, sapa_record_size(record));
}

/* FNV-1a over the encodings: two runs that agree in this agree in everything. */
static uint64_t digest_of(uint64_t digest, const struct sapa_record *out)
{
    uint8_t clear[SAPA_RECORD_ENCODED_MAX], pii[SAPA_RECORD_ENCODED_MAX];
    struct sapa_writer w = sapa_writer_of(clear, sizeof(clear)),
                       p = sapa_writer_of(pii, sizeof(pii));

    sapa_record_encode(out, &w, &p);
    for (size_t i = 0; i < w.n; i++)
        digest = (digest ^ clear[i]) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < p.n; i++)
        digest = (digest ^ pii[i]) * UINT64_C(0x100000001b3);
    return digest;
}

static void feed(struct sim *s, struct sapa_record *in)
{
    const struct sapa_core_out out = { collect, s }, twin_out = { collect_twin, s };
    const int64_t core_us = SAPA_MAX(sapa_core_now(s->core), in->at_us);
    const bool restart = in->type == SAPA_T_centre_started;

    s->out_count = s->twin_out_count = 0;
    if (s->journal_count == s->journal_room) {
        s->journal_room = s->journal_room ? s->journal_room * 2 : 4096;
        s->journal = realloc(s->journal, s->journal_room * sizeof(*s->journal));
        s->journal_centre =
            realloc(s->journal_centre, s->journal_room * sizeof(*s->journal_centre));
    }
    s->journal_centre[s->journal_count] = restart ? s->centre_count : 0;
    s->journal[s->journal_count++] = *in;
    s->inputs++;
    naive_input(&s->naive, in, core_us);
    if (restart)
        s->naive.judge = false;
    sapa_core_step(s->core, in, &out);
    sapa_core_check(s->core);
    for (uint32_t i = 0; i < s->out_count; i++) {
        naive_event(&s->naive, &s->out[i]);
        s->digest = digest_of(s->digest, &s->out[i]);
        s->refusals += s->out[i].type == SAPA_T_refused;
        /* a refusal may be told to who asked, and to the phone with which he called */
        MUST(s->out[i].type != SAPA_T_refused || s->out_count <= (in->type == SAPA_T_agent_call ? 4u : 2u),
             "refused, and yet something happened");
    }
    if (restart)
        naive_centre(&s->naive, sapa_core_centre_now(s->core), s->core);
    naive_done(&s->naive, sapa_core_next_due(s->core) > core_us);
    if (s->twin) {
        sapa_core_step(s->twin, in, &twin_out);
        MUST(s->out_count == s->twin_out_count, "the loaded core gave %u answers for %u",
             s->twin_out_count, s->out_count);
        for (uint32_t i = 0; i < s->out_count; i++)
            MUST(sapa_record_equal(&s->out[i], &s->twin_out[i]),
                 "the loaded core gave another answer %u", i);
        MUST(sapa_core_next_due(s->core) == sapa_core_next_due(s->twin),
             "the loaded core waits for another time");
        sapa_core_check(s->twin);
    }
    for (uint32_t i = 0; i < s->out_count; i++)
        world_answers(s, &s->out[i]);
}

/* ---- save and load ---- */

struct bytes {
    uint8_t *p;
    size_t n, room;
};

static bool keep(void *ctx, const void *bytes, size_t n)
{
    struct bytes *to = ctx;

    if (to->n + n > to->room) {
        to->room = (to->n + n) * 2;
        to->p = realloc(to->p, to->room);
    }
    memcpy(to->p + to->n, bytes, n);
    to->n += n;
    return true;
}

static struct sapa_core *fresh(void)
{
    const struct sapa_core_options options = { .contacts_max = NAIVE_CONTACTS - 8,
                                               .agents_max = NAIVE_AGENTS,
                                               .queues_max = NAIVE_QUEUES,
                                               .skills_max = NAIVE_SKILLS };
    struct sapa_core *core;

    MUST(sapa_core_new(&options, &core) == SAPA_OK, "no memory");
    return core;
}

static void save_and_load(struct sim *s)
{
    struct bytes first = { 0 }, second = { 0 };
    struct sapa_core *core = fresh();
    char hash[65];

    MUST(sapa_core_save(s->core, keep, &first) == SAPA_OK, "save");
    MUST(sapa_core_snapshot_hash(first.p, first.n, hash) == SAPA_OK &&
             strcmp(hash, sapa_core_centre_now(s->core)->hash) == 0,
         "the snapshot names another description");
    MUST(sapa_core_centre(core, sapa_core_centre_now(s->core)) == SAPA_OK, "centre");
    MUST(sapa_core_load(core, first.p, first.n) == SAPA_OK, "load");
    sapa_core_check(core);
    MUST(sapa_core_save(core, keep, &second) == SAPA_OK, "save again");
    MUST(first.n == second.n, "a loaded core saves as something else");
    first.p[below(&s->dice, (uint32_t)first.n)] ^=
        (uint8_t)(1 + below(&s->dice, 255)); /* a broken one is noticed */
    MUST(sapa_core_snapshot_hash(first.p, first.n, hash) == SAPA_ECORRUPT,
         "a broken snapshot passed");
    free(first.p);
    free(second.p);
    sapa_core_free(s->twin);
    s->twin = s->core; /* the loaded one goes on; the one that was saved is its judge */
    s->core = core;
    s->twin_steps = 200;
    s->saves++;
}

/* ---- the world's own doings ---- */

static void replace_centre(struct sim *s)
{
    if (s->centre_count == CENTRES || s->twin)
        return;
    struct sim_centre *next = malloc(sizeof(*next));
    centre_vary(next, s->centres[s->centre_count - 1], &s->dice);
    s->centres[s->centre_count++] = next;
    MUST(sapa_core_centre(s->core, &next->centre) == SAPA_OK, "centre");
    struct sapa_record in;
    sapa_record_init(&in, SAPA_T_centre_started);
    in.at_us = s->now_us;
    sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(next->centre.hash));
    feed(s, &in);
    s->replaced++;
}

static void somebody_comes(struct sim *s)
{
    const struct sapa_centre *centre = sapa_core_centre_now(s->core);
    const uint64_t id = sapa_id_make(1, s->next_contact++);
    static const uint8_t channels[] = { SAPA_CHANNEL_VOICE, SAPA_CHANNEL_VOICE, SAPA_CHANNEL_CHAT,
                                        SAPA_CHANNEL_EMAIL };
    struct sapa_record in;

    sapa_record_init(&in, SAPA_T_contact_arrived);
    in.at_us = s->now_us;
    in.u.contact_arrived = (struct sapa_rec_contact_arrived){
        .contact = id,
        .channel = channels[below(&s->dice, 4)],
        .number = below(&s->dice, centre->numbers_count + (uint32_t)chance(&s->dice, 3)),
        .priority = chance(&s->dice, 10) ? below(&s->dice, 5) : 0,
        .last_agent = chance(&s->dice, 15) ? below(&s->dice, centre->agents_count) : SAPA_NONE,
        .person = chance(&s->dice, 30) ? 1 + below(&s->dice, 5) : 0,
        .language = below(&s->dice, 3),
    };
    sapa_sized_set(&in.u.contact_arrived.address, SAPA_STR("6281234567"));
    feed(s, &in);
    struct sapa_record gone;
    sapa_record_init(&gone, SAPA_T_contact_gone);
    gone.u.contact_gone = (struct sapa_rec_contact_gone){
        .contact = id, .side = chance(&s->dice, 90) ? SAPA_SIDE_CUSTOMER : SAPA_SIDE_NETWORK
    };
    plan_at(s, s->now_us + some_ms(s, 1000, chance(&s->dice, 30) ? 20000 : 200000), &gone);
}

/* ---- agents call ---- */

struct in_hand {
    uint32_t agent;
    struct sapa_assignment_view part, other; /* other.offer 0: none */
};

/* Somebody with something in hand, rather one who has two contacts. False: nobody. */
static bool somebody_busy(struct sim *s, struct in_hand *ret)
{
    bool anybody = false;
    const uint32_t agents = sapa_core_centre_now(s->core)->agents_count, first = below(&s->dice, agents);

    for (uint32_t i = 0; i < agents; i++) {
        const uint32_t agent = (first + i) % agents;
        struct sapa_assignment_view views[8];
        uint32_t n = 0, cursor = 0;
        while (n < SAPA_COUNT(views) && sapa_core_assignment_next(s->core, agent, &cursor, &views[n]))
            n += views[n].channel == SAPA_CHANNEL_VOICE;
        if (n == 0)
            continue;
        const uint32_t one = below(&s->dice, n);
        *ret = (struct in_hand){ .agent = agent, .part = views[one] };
        if (n > 1)
            ret->other = views[(one + 1 + below(&s->dice, n - 1)) % n];
        anybody = true;
        if (n > 1 || chance(&s->dice, 20))
            break;
    }
    return anybody;
}

/* Someone else in the same contact: an agent's part, or somebody outside. */
static uint64_t some_party(struct sim *s, uint64_t contact)
{
    struct sapa_contact_view view;
    struct sapa_assignment_view part;
    uint64_t parties[SAPA_PARTIES_MAX * 2];
    uint32_t n = 0;

    if (sapa_core_contact_get(s->core, contact, s->now_us, &view) != SAPA_OK)
        return 0;
    for (unsigned i = 0; i < SAPA_OUTSIDE_MAX; i++)
        if (view.outside[i])
            parties[n++] = view.outside[i];
    for (uint32_t a = 0; a < sapa_core_centre_now(s->core)->agents_count; a++)
        for (uint32_t cursor = 0; n < SAPA_COUNT(parties) && sapa_core_assignment_next(s->core, a, &cursor, &part);)
            if (part.contact == contact)
                parties[n++] = part.offer;
    return n ? parties[below(&s->dice, n)] : 0;
}

static void somebody_calls(struct sim *s)
{
    const struct sapa_centre *centre = sapa_core_centre_now(s->core);
    struct sapa_record in;
    struct in_hand hand = { .agent = below(&s->dice, centre->agents_count) };
    const uint64_t id = s->next_contact++;
    const enum sapa_target kind = below(&s->dice, SAPA_TARGET_COUNT);
    const bool asks = chance(&s->dice, 70) && somebody_busy(s, &hand);

    sapa_record_init(&in, SAPA_T_agent_call);
    in.at_us = s->now_us;
    in.u.agent_call = (struct sapa_rec_agent_call){
        .contact = sapa_id_make(1, id),
        .offer = sapa_id_make(2, id),
        .agent = hand.agent,
        .line = asks ? (chance(&s->dice, 80) ? SAPA_LINE_SAME : SAPA_LINE_OWN) : below(&s->dice, SAPA_LINE_COUNT),
        .beside = asks ? hand.part.offer : 0,
        .kind = kind,
        .target = below(&s->dice, (kind == SAPA_TARGET_AGENT ? centre->agents_count : centre->queues_count) +
                                      (uint32_t)chance(&s->dice, 3)),
        .client = chance(&s->dice, 80) ? SAPA_NONE : below(&s->dice, 3),
        .person = chance(&s->dice, 30) ? 1 + below(&s->dice, 5) : 0,
        .listed = chance(&s->dice, 5),
        .request = chance(&s->dice, 90) ? id : 0,
    };
    if (kind == SAPA_TARGET_OUTSIDE)
        sapa_sized_set(&in.u.agent_call.address, chance(&s->dice, 97) ? SAPA_STR("6285551234") : SAPA_STR("no"));
    feed(s, &in);
    if (chance(&s->dice, s->rates.doubled))
        plan_at(s, s->now_us + below(&s->dice, 3000) * 1000, &in);
    struct sapa_record gone; /* he does not wait for ever, and his line may break */
    sapa_record_init(&gone, SAPA_T_contact_gone);
    gone.u.contact_gone = (struct sapa_rec_contact_gone){
        .contact = in.u.agent_call.contact, .side = chance(&s->dice, 90) ? SAPA_SIDE_CUSTOMER : SAPA_SIDE_NETWORK
    };
    plan_at(s, s->now_us + some_ms(s, 1000, chance(&s->dice, 30) ? 20000 : 200000), &gone);
    if (chance(&s->dice, 30))
        PLAN(s, some_ms(s, 1000, 60000), agent_gone, .contact = in.u.agent_call.contact, .offer = in.u.agent_call.offer,
             .side = below(&s->dice, SAPA_SIDE_COUNT));
}

static void somebody_decides(struct sim *s)
{
    struct in_hand hand;
    struct sapa_record in;

    if (!somebody_busy(s, &hand))
        return;
    if (chance(&s->dice, 15)) {
        sapa_record_init(&in, SAPA_T_contact_passed);
        in.u.contact_passed = (struct sapa_rec_contact_passed){ .contact = hand.part.contact,
                                                                .offer = hand.part.offer,
                                                                .kind = below(&s->dice, SAPA_TARGET_COUNT),
                                                                .target = below(&s->dice, NAIVE_QUEUES),
                                                                .listed = chance(&s->dice, 5) ? 3 : 0,
                                                                .request = 1 };
        if (in.u.contact_passed.kind == SAPA_TARGET_OUTSIDE)
            sapa_sized_set(&in.u.contact_passed.address, SAPA_STR("6285559999"));
    } else {
        const enum sapa_call_verb verb = hand.other.offer && chance(&s->dice, 70)
                                             ? (chance(&s->dice, 50) ? SAPA_CALL_VERB_MERGE : SAPA_CALL_VERB_CONFERENCE)
                                             : below(&s->dice, SAPA_CALL_VERB_COUNT);
        sapa_record_init(&in, SAPA_T_call_command);
        in.u.call_command = (struct sapa_rec_call_command){
            .agent = chance(&s->dice, 97) ? hand.agent : below(&s->dice, NAIVE_AGENTS),
            .offer = hand.part.offer,
            .verb = verb,
            .other = verb == SAPA_CALL_VERB_DROP ? some_party(s, hand.part.contact) : hand.other.contact,
            .request = 1,
        };
    }
    in.at_us = s->now_us;
    feed(s, &in);
    if (chance(&s->dice, s->rates.doubled))
        plan_at(s, s->now_us + below(&s->dice, 3000) * 1000, &in);
}

/* Hands go up and down; something is said to many, and read. */
static void somebody_says(struct sim *s)
{
    const uint32_t agents = sapa_core_centre_now(s->core)->agents_count;
    struct sapa_broadcast_view said = { .id = 1 };
    struct sapa_record in;
    uint32_t cursor = 0;
    const uint32_t what = below(&s->dice, 14);

    if (what >= 10) {
        sapa_record_init(&in, SAPA_T_alert);
        in.u.alert.kind = below(&s->dice, SAPA_ALERT_COUNT + (uint32_t)chance(&s->dice, 3));
        in.u.alert.target = below(&s->dice, 3);
        in.u.alert.state = below(&s->dice, SAPA_ALERT_STATE_COUNT + (uint32_t)chance(&s->dice, 3));
        in.u.alert.value = below(&s->dice, 100);
    } else if (what < 7) {
        sapa_record_init(&in, SAPA_T_hand);
        in.u.hand.agent = below(&s->dice, agents + (uint32_t)chance(&s->dice, 3));
        in.u.hand.state = below(&s->dice, SAPA_HAND_COUNT + (uint32_t)chance(&s->dice, 3));
        sapa_sized_set(&in.u.hand.by, SAPA_STR("dewi"));
    } else if (what < 8) {
        sapa_record_init(&in, SAPA_T_broadcast);
        in.u.broadcast.kind = below(&s->dice, SAPA_AUDIENCE_COUNT + (uint32_t)chance(&s->dice, 3));
        in.u.broadcast.target = chance(&s->dice, 25) ? SAPA_NONE : below(&s->dice, 4);
        in.u.broadcast.until_us = s->now_us + some_ms(s, 0, 600000);
        sapa_sized_set(&in.u.broadcast.text, SAPA_STR("Antrean panjang, tolong siap."));
    } else {
        while (sapa_core_broadcast_next(s->core, &cursor, &said) && chance(&s->dice, 60))
            ;
        sapa_record_init(&in, SAPA_T_broadcast_read);
        in.u.broadcast_read.agent = below(&s->dice, agents);
        in.u.broadcast_read.message = said.id;
    }
    in.at_us = s->now_us;
    feed(s, &in);
}

/* A supervisor wants to hear somebody, or does something else there. */
static void somebody_supervises(struct sim *s)
{
    const uint32_t agents = sapa_core_centre_now(s->core)->agents_count;
    struct sapa_watch_view watch;
    struct sapa_record in;
    struct in_hand hand;
    uint32_t cursor = 0;

    sapa_record_init(&in, SAPA_T_supervise);
    in.at_us = s->now_us;
    in.u.supervise.mode = below(&s->dice, SAPA_SUPERVISION_COUNT + (uint32_t)chance(&s->dice, 2));
    if (chance(&s->dice, 50) && sapa_core_watch_next(s->core, &cursor, &watch)) {
        while (chance(&s->dice, 50) && sapa_core_watch_next(s->core, &cursor, &watch))
            ;
        in.u.supervise.supervision = watch.supervision;
        in.u.supervise.contact = watch.contact;
        in.u.supervise.agent = chance(&s->dice, 97) ? watch.agent : below(&s->dice, agents);
    } else if (somebody_busy(s, &hand)) {
        in.u.supervise.supervision = sapa_id_make(3, s->next_contact++);
        in.u.supervise.contact = hand.part.contact;
        in.u.supervise.agent = below(&s->dice, agents);
    } else {
        return;
    }
    feed(s, &in);
    if (chance(&s->dice, s->rates.doubled))
        plan_at(s, s->now_us + below(&s->dice, 3000) * 1000, &in);
}

/* An agent is put on a queue, or taken off it; or he is lent to another team. */
static void somebody_changes(struct sim *s)
{
    const struct sapa_centre *centre = sapa_core_centre_now(s->core);
    struct sapa_record in;

    if (chance(&s->dice, 25)) {
        sapa_record_init(&in, SAPA_T_agent_team);
        in.at_us = s->now_us;
        in.u.agent_team = (struct sapa_rec_agent_team){ .agent = below(&s->dice, centre->agents_count + (uint32_t)chance(&s->dice, 3)),
                                                        .team = below(&s->dice, centre->teams_count + (uint32_t)chance(&s->dice, 3)),
                                                        .by = { 1, "s" } };
        if (chance(&s->dice, 10))
            in.u.agent_team.team = SAPA_NONE;
        if (chance(&s->dice, 60))
            in.u.agent_team.until_us = s->now_us + some_ms(s, 0, 300000);
        feed(s, &in);
        return;
    }

    sapa_record_init(&in, SAPA_T_agent_queue);
    in.at_us = s->now_us;
    in.u.agent_queue = (struct sapa_rec_agent_queue){ .agent = below(&s->dice, centre->agents_count + (uint32_t)chance(&s->dice, 3)),
                                                      .queue = below(&s->dice, centre->queues_count + (uint32_t)chance(&s->dice, 3)),
                                                      .serves = below(&s->dice, SAPA_SERVES_COUNT + (uint32_t)chance(&s->dice, 3)),
                                                      .by = { 1, "s" } };
    if (chance(&s->dice, 60))
        in.u.agent_queue.until_us = s->now_us + some_ms(s, 0, 300000);
    feed(s, &in);
}

/* Records that mean nothing, or not any more. */
static void noise(struct sim *s)
{
    struct sapa_record in;
    const uint64_t contact = chance(&s->dice, 70)
                                 ? sapa_id_make(1, 1 + below(&s->dice, (uint32_t)s->next_contact))
                                 : roll(&s->dice);
    const uint64_t offer = chance(&s->dice, 70) ? 1 + below(&s->dice, 2000) : roll(&s->dice);
    const uint32_t agent = below(&s->dice, 10), type = 2 + below(&s->dice, s->calls ? 26 : 24);

    sapa_record_init(&in, (enum sapa_type)type);
    in.at_us = s->now_us;
    switch (type) {
    case SAPA_T_contact_arrived:
        in.u.contact_arrived.contact = contact;
        in.u.contact_arrived.channel = below(&s->dice, 20);
        in.u.contact_arrived.last_agent = SAPA_NONE;
        break;
    case SAPA_T_contact_answered: in.u.contact_answered.contact = contact; break;
    case SAPA_T_contact_gone: return; /* real ones come often enough */
    case SAPA_T_play_done:
        in.u.play_done.contact = contact;
        in.u.play_done.play = below(&s->dice, 5);
        break;
    case SAPA_T_digit:
        in.u.digit.contact = contact;
        in.u.digit.digit = (struct sapa_text8){ 1, "12#*?" };
        break;
    case SAPA_T_offer_ringing: in.u.offer_ringing.offer = offer; break;
    case SAPA_T_offer_accepted: in.u.offer_accepted.offer = offer; break;
    case SAPA_T_offer_failed:
        in.u.offer_failed.offer = offer;
        in.u.offer_failed.result = below(&s->dice, 12);
        break;
    case SAPA_T_agent_gone:
        in.u.agent_gone.offer = offer;
        in.u.agent_gone.contact = contact;
        in.u.agent_gone.side = below(&s->dice, 6);
        break;
    case SAPA_T_leg_held:
        in.u.leg_held.contact = contact;
        in.u.leg_held.side = below(&s->dice, 3);
        in.u.leg_held.on = below(&s->dice, 3);
        break;
    case SAPA_T_agent_device:
        in.u.agent_device.agent = agent;
        in.u.agent_device.reachable = below(&s->dice, 3);
        break;
    case SAPA_T_agent_command:
        in.u.agent_command =
            (struct sapa_rec_agent_command){ .agent = agent,
                                             .verb = verb_of(below(&s->dice, 11)),
                                             .code = chance(&s->dice, 50) ? SAPA_NONE
                                                                          : below(&s->dice, 4),
                                             .request = roll(&s->dice) };
        break;
    case SAPA_T_lookup_done:
        in.u.lookup_done.contact = contact;
        in.u.lookup_done.result = below(&s->dice, 2000);
        break;
    case SAPA_T_dial_progress:
        in.u.dial_progress.contact = contact;
        in.u.dial_progress.attempt = below(&s->dice, 3);
        in.u.dial_progress.state = below(&s->dice, 5);
        break;
    case SAPA_T_recording_state:
        in.u.recording_state.contact = contact;
        in.u.recording_state.recording = offer;
        in.u.recording_state.state = below(&s->dice, 6);
        break;
    case SAPA_T_switch_set:
        in.u.switch_set.which = below(&s->dice, 3);
        in.u.switch_set.client = chance(&s->dice, 30) ? SAPA_NONE : below(&s->dice, 3);
        in.u.switch_set.on = chance(&s->dice, 20);
        break;
    case SAPA_T_contact_move:
        in.u.contact_move.contact = contact;
        in.u.contact_move.queue = below(&s->dice, NAIVE_QUEUES);
        break;
    case SAPA_T_contact_passed:
        in.u.contact_passed = (struct sapa_rec_contact_passed){ .contact = contact, .offer = offer, .kind = below(&s->dice, 4),
                                                                .target = below(&s->dice, NAIVE_QUEUES + 1), .request = below(&s->dice, 2) };
        break;
    case SAPA_T_agent_call:
        in.u.agent_call = (struct sapa_rec_agent_call){ .contact = chance(&s->dice, 50) ? contact : offer,
                                                        .offer = chance(&s->dice, 50) ? sapa_id_make(3, offer) : offer,
                                                        .agent = agent,
                                                        .line = below(&s->dice, 4),
                                                        .beside = offer,
                                                        .kind = below(&s->dice, 5),
                                                        .target = below(&s->dice, NAIVE_QUEUES + 1) };
        break;
    case SAPA_T_call_command:
        in.u.call_command = (struct sapa_rec_call_command){ .agent = agent,
                                                            .offer = offer,
                                                            .verb = below(&s->dice, SAPA_CALL_VERB_COUNT + 1),
                                                            .other = chance(&s->dice, 50) ? contact : offer };
        break;
    case SAPA_T_agent_skill:
        in.u.agent_skill = (struct sapa_rec_agent_skill){ .agent = agent,
                                                          .skill = below(&s->dice, NAIVE_SKILLS),
                                                          .level = below(&s->dice, 13) };
        break;
    default: break;
    }
    feed(s, &in);
}

static void phones_flap(struct sim *s)
{
    const uint32_t agent = below(&s->dice, sapa_core_centre_now(s->core)->agents_count);
    struct sapa_record in;

    sapa_record_init(&in, SAPA_T_agent_device);
    in.at_us = s->now_us;
    in.u.agent_device =
        (struct sapa_rec_agent_device){ .agent = agent, .reachable = chance(&s->dice, 85) };
    feed(s, &in);
    if (chance(&s->dice, 50))
        PLAN(s, some_ms(s, 100, 20000), agent_command, .agent = agent, .verb = SAPA_VERB_READY,
             .code = SAPA_NONE);
}

static void tick(struct sim *s)
{
    struct sapa_record in;

    sapa_record_init(&in, SAPA_T_tick);
    in.at_us = s->now_us;
    feed(s, &in);
}

/* The next thing that is due, of the world's and of the core's. */
static void advance(struct sim *s)
{
    uint32_t next = UINT32_MAX;
    int64_t due_us = sapa_core_next_due(s->core);

    for (uint32_t i = 0; i < s->schedule_count; i++)
        if (next == UINT32_MAX || s->schedule[i].at_us < s->schedule[next].at_us)
            next = i;
    if (!s->draining && due_us != INT64_MAX && chance(&s->dice, 10))
        due_us += below(&s->dice, 2000) * 1000; /* a tick may be late */
    if (next != UINT32_MAX && s->schedule[next].at_us <= due_us) {
        struct scheduled one = s->schedule[next];
        s->schedule[next] = s->schedule[--s->schedule_count];
        s->now_us = SAPA_MAX(s->now_us, one.at_us);
        one.in.at_us = s->now_us;
        if (chance(&s->dice, s->rates.steps_back) && !s->draining)
            one.in.at_us -=
                below(&s->dice, 3600) * SECOND; /* the clock of the machine stepped back */
        feed(s, &one.in);
    } else if (due_us != INT64_MAX) {
        s->now_us = SAPA_MAX(s->now_us, due_us);
        tick(s);
    } else {
        s->now_us += SECOND;
    }
}

static void live(struct sim *s, uint64_t steps)
{
    while (s->inputs < steps) {
        const uint32_t what = below(&s->dice, 1000);
        if (s->supervisors && chance(&s->dice, 12))
            somebody_supervises(s);
        if (s->supervisors && chance(&s->dice, 4))
            somebody_says(s);
        if (s->changes && chance(&s->dice, 6))
            somebody_changes(s);
        if (s->calls && what >= 940)
            somebody_calls(s);
        else if (s->calls && what >= 820)
            somebody_decides(s);
        else if (what < (s->calls ? 40 : 120))
            somebody_comes(s);
        else if (s->calls && what < 120)
            advance(s);
        else if (what < 120 + s->rates.noise)
            noise(s);
        else if (what < 170 + s->rates.noise)
            phones_flap(s);
        else if (what < 170 + s->rates.noise + s->rates.replace)
            replace_centre(s);
        else if (what < 170 + s->rates.noise + s->rates.replace + s->rates.save)
            save_and_load(s);
        else
            advance(s);
        if (s->twin && --s->twin_steps == 0) {
            sapa_core_free(s->twin);
            s->twin = NULL;
        }
    }
}

/* The faults stop: everybody comes to work and answers; whoever waits is served or goes by a rule. */
static void drain(struct sim *s)
{
    const struct sapa_centre *centre = sapa_core_centre_now(s->core);
    struct sapa_record in;

    s->draining = true;
    for (uint32_t i = 0; i < s->schedule_count; i++) /* phones that were about to vanish stay */
        if (s->schedule[i].in.type == SAPA_T_agent_device)
            s->schedule[i--] = s->schedule[--s->schedule_count];
    for (unsigned which = 0; which < SAPA_SWITCH_COUNT; which++)
        for (uint32_t client = 0; client <= centre->clients_count; client++) {
            sapa_record_init(&in, SAPA_T_switch_set);
            in.at_us = s->now_us;
            in.u.switch_set = (struct sapa_rec_switch_set){
                .which = which, .client = client < centre->clients_count ? client : SAPA_NONE
            };
            feed(s, &in);
        }
    for (uint32_t i = 0; s->changes && i < centre->agents_count * centre->queues_count; i++) { /* or nobody might serve a queue for ever */
        sapa_record_init(&in, SAPA_T_agent_queue);
        in.at_us = s->now_us;
        in.u.agent_queue = (struct sapa_rec_agent_queue){ .agent = i % centre->agents_count, .queue = i / centre->agents_count, .by = { 1, "s" } };
        feed(s, &in);
    }
    for (uint32_t a = 0; a < centre->agents_count; a++) {
        sapa_record_init(&in, SAPA_T_agent_team);
        in.at_us = s->now_us;
        in.u.agent_team = (struct sapa_rec_agent_team){ .agent = a, .team = SAPA_NONE, .by = { 1, "s" } };
        if (s->changes)
            feed(s, &in);
        sapa_record_init(&in, SAPA_T_agent_device);
        in.at_us = s->now_us;
        in.u.agent_device = (struct sapa_rec_agent_device){ .agent = a, .reachable = 1 };
        feed(s, &in);
        sapa_record_init(&in, SAPA_T_agent_command);
        in.at_us = s->now_us;
        in.u.agent_command = (struct sapa_rec_agent_command){ .agent = a,
                                                              .verb = SAPA_VERB_READY,
                                                              .code = SAPA_NONE };
        feed(s, &in);
    }
    for (unsigned turns = 0; turns < 200000; turns++) {
        struct sapa_contact_view view;
        uint32_t cursor = 0, living = 0;
        const bool still = s->schedule_count == 0 && sapa_core_next_due(s->core) == INT64_MAX;
        if (still || turns % 512 ==
                         511) { /* nobody waits for ever on the line: his leaving was lost above */
            while (sapa_core_contact_next(s->core, &cursor, s->now_us, &view)) {
                if (view.callback != UINT8_MAX && view.place == SAPA_PLACE_CALLBACK)
                    continue;
                living++;
                PLAN(s, 1000 + living, contact_gone, .contact = view.contact,
                     .side = SAPA_SIDE_CUSTOMER);
            }
        }
        if (still && living == 0)
            break;
        advance(s);
        if (s->twin && --s->twin_steps == 0) {
            sapa_core_free(s->twin);
            s->twin = NULL;
        }
    }
    struct sapa_contact_view view;
    uint32_t cursor = 0;
    while (sapa_core_contact_next(s->core, &cursor, s->now_us, &view)) {
        bool anybody = false;
        for (uint32_t a = 0; a < centre->agents_count; a++)
            anybody |= view.queue != SAPA_NONE &&
                       (centre->agents[a].clients >> centre->queues[view.queue].client & 1) &&
                       centre->agents[a].capacity[view.channel] &&
                       (!centre->agents[a].reserve_voice || view.channel == SAPA_CHANNEL_VOICE ||
                        centre->agents[a].capacity_total > 1);
        MUST(view.virtual_waiter && !anybody,
             "contact %llu is still %s in queue %u after the faults have stopped",
             (unsigned long long)view.contact, sapa_place_name(view.place), view.queue);
    }
    MUST(sapa_core_next_due(s->core) == INT64_MAX, "a timer without an end");
}

static void replay(struct sim *s)
{
    const uint64_t digest = s->digest;
    const struct sapa_core_out out = { collect, s };
    struct sapa_core *core = fresh();

    s->digest = 0;
    for (uint32_t i = 0; i < s->journal_count; i++) {
        if (s->journal_centre[i])
            MUST(sapa_core_centre(core, &s->centres[s->journal_centre[i] - 1]->centre) == SAPA_OK,
                 "centre");
        s->out_count = 0;
        sapa_core_step(core, &s->journal[i], &out);
        for (uint32_t k = 0; k < s->out_count; k++)
            s->digest = digest_of(s->digest, &s->out[k]);
    }
    MUST(s->digest == digest, "the same inputs gave other answers");
    sapa_core_free(core);
}

static void run(uint64_t seed, uint64_t steps)
{
    struct sim *s = calloc(1, sizeof(*s));
    struct sapa_record in;

    running = s;
    s->seed = seed;
    s->dice.state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (unsigned i = 0; i < 8; i++)
        roll(&s->dice);
    s->rates = (struct rates){ .lost = below(&s->dice, 15),
                               .late = below(&s->dice, 20),
                               .doubled = below(&s->dice, 15),
                               .noise = below(&s->dice, 100),
                               .steps_back = below(&s->dice, 5),
                               .replace = chance(&s->dice, 50) ? below(&s->dice, 4) : 0,
                               .save = below(&s->dice, 6) };
    s->flows = chance(&s->dice, 60);
    s->calls = seed >= 1000;
    s->supervisors = seed >= 5000;
    s->changes = seed >= 6000;
    s->schedule = calloc(SCHEDULE, sizeof(*s->schedule));
    s->out = calloc(OUT, sizeof(*s->out));
    s->twin_out = calloc(OUT, sizeof(*s->twin_out));
    s->now_us = INT64_C(1750000000000000);
    s->next_contact = 1;
    s->centres[s->centre_count++] = malloc(sizeof(struct sim_centre));
    do
        centre_draw(s->centres[0], &s->dice, s->flows);
    while (s->calls && s->centres[0]->centre.agents_count < 4);
    for (uint32_t a = 0; s->calls && a < s->centres[0]->centre.agents_count; a++)
        if (chance(&s->dice, 25)) { /* two customers at once, which no telephone does: what a rule may not rest upon */
            s->centres[0]->agents[a].capacity[SAPA_CHANNEL_VOICE] = 2;
            s->centres[0]->agents[a].capacity_total++;
        }
    s->core = fresh();
    naive_init(&s->naive, &s->centres[0]->centre);
    MUST(sapa_core_centre(s->core, &s->centres[0]->centre) == SAPA_OK, "centre");
    sapa_record_init(&in, SAPA_T_centre_started);
    in.at_us = s->now_us;
    sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(s->centres[0]->centre.hash));
    feed(s, &in);
    live(s, steps);
    drain(s);
    const uint64_t inputs = s->inputs;
    replay(s);
    printf(
        "seed %llu: %llu inputs, %llu contacts, %llu offers (%llu judged), %llu refused, %llu snapshots, %llu descriptions, "
        "%llu calls reached, %llu merged, %llu joins, %llu supervised, %llu taken over\n",
        (unsigned long long)seed, (unsigned long long)inputs, (unsigned long long)s->naive.news,
        (unsigned long long)s->naive.made, (unsigned long long)s->naive.judged,
        (unsigned long long)s->refusals, (unsigned long long)s->saves,
        (unsigned long long)s->replaced + 1, (unsigned long long)s->naive.outcomes[SAPA_OUTCOME_REACHED],
        (unsigned long long)s->naive.outcomes[SAPA_OUTCOME_MERGED], (unsigned long long)s->naive.joined,
        (unsigned long long)s->naive.watched, (unsigned long long)s->naive.taken);
    sapa_core_free(s->core);
    sapa_core_free(s->twin);
    for (unsigned i = 0; i < s->centre_count; i++)
        free(s->centres[i]);
    free(s->schedule);
    free(s->out);
    free(s->twin_out);
    free(s->journal);
    free(s->journal_centre);
    free(s);
    running = NULL;
}

static void run_file(const char *path, uint64_t steps)
{
    char line[256];
    FILE *file = fopen(path, "r");

    if (!file) {
        fprintf(stderr, "%s: cannot read %s\n", program, path);
        exit(1);
    }
    while (fgets(line, sizeof(line), file)) {
        char *end;
        const uint64_t seed = strtoull(line, &end, 10);
        if (end != line)
            run(seed, steps);
    }
    fclose(file);
}

static void usage(void)
{
    fprintf(stderr, "usage: %s [SEED [STEPS]] [--seeds FILE] [--seed N] [--many N] [--steps N] [--depth N]; each N from 1 on\n", program);
    exit(2);
}

static uint64_t number(const char *text)
{
    uint64_t value = 0;

    if (sapa_str_u64(sapa_str_of(text), UINT64_MAX, &value) != SAPA_OK || value == 0)
        usage();
    return value;
}

int main(int argc, char **argv)
{
    const char *seeds = NULL;
    uint64_t seed = 0, steps = 3000, many = 0, depth = 0;

    program = argv[0];
    setvbuf(stdout, NULL, _IOLBF, 0);
    sapa_assert_hook(on_assert);
    for (int i = 1; i < argc; i++) {
        if (i + 1 < argc && strcmp(argv[i], "--seed") == 0)
            seed = number(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--steps") == 0)
            steps = number(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--seeds") == 0)
            seeds = argv[++i];
        else if (i + 1 < argc && strcmp(argv[i], "--many") == 0)
            many = number(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--depth") == 0)
            depth = number(argv[++i]);
        else if (i == 1 && argc <= 3 && argv[1][0] != '-')
            seed = number(argv[1]);
        else if (i == 2 && argc == 3 && argv[2][0] != '-')
            steps = number(argv[2]);
        else
            usage();
    }
    if (!seeds && !seed && !many && !depth)
        usage();
    if (steps > STEPS_MAX)
        steps = STEPS_MAX;
    if (seeds) {
        printf("small worlds: %llu sequences\n",
               (unsigned long long)small_worlds(depth ? (unsigned)depth : 7));
        run_file(seeds, steps);
    } else if (depth) {
        printf("small worlds: %llu sequences\n", (unsigned long long)small_worlds((unsigned)depth));
    }
    if (many == 0 && seed)
        run(seed, steps);
    for (uint64_t i = 0; i < many; i++)
        run((seed ? seed : 1) + i, steps);
    return 0;
}
