/**
 * @file report/fixture_impl.h
 * For the tests of this room: a small centre, logs written as text, and a generator of random logs
 * that counts for itself what the folds should find.
 * Room    report, tests only.
 */
#ifndef SAPA_REPORT_FIXTURE_IMPL_H
#define SAPA_REPORT_FIXTURE_IMPL_H

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/centre.h"
#include "model/record.h"
#include "report/names.h"

#ifndef SAPA_SOURCE_DIR
#define SAPA_SOURCE_DIR "." /* the fuzz targets read no files */
#endif

/* ---- the centre ---- */

enum { FIX_CLIENTS = 2, FIX_NUMBERS = 3, FIX_QUEUES = 3, FIX_AGENTS = 4, FIX_REASONS = 2, FIX_DISPOSITIONS = 2, FIX_TRUNKS = 2 };

/* 2026-11-21 00:00 in Jakarta. */
#define FIX_MIDNIGHT_S INT64_C(1795194000)

static const int64_t fix_berlin_at[] = { 1774746000, 1792890000 }; /* 2026-03-29 and 2026-10-25, 01:00 UTC */
static const int32_t fix_berlin_offset[] = { 7200, 3600 };
static const struct sapa_zone fix_zones[] = {
    { .name = { "Asia/Jakarta", 12 }, .before_s = 25200 },
    { .name = { "Europe/Berlin", 13 }, .before_s = 3600, .count = 2, .at_s = fix_berlin_at,
      .offset_s = fix_berlin_offset },
};
#define S(text) { text, sizeof(text) - 1 }
static const struct sapa_client fix_clients[FIX_CLIENTS] = {
    { .key = S("toko"), .name = S("Toko Nusantara"), .hours = SAPA_NONE },
    { .key = S("bank"), .name = S("Bank Sejahtera"), .hours = SAPA_NONE },
};
static const struct sapa_skill fix_skills[] = { { S("english") }, { S("billing") } };
static const struct sapa_agent_skill_level fix_levels[] = { { 0, 4 }, { 0, 2 }, { 1, 3 }, { 1, 5 } };
static const struct sapa_team fix_teams[] = { { S("utama") } };
static const struct sapa_agent fix_agents[FIX_AGENTS] = {
    { .key = S("siti"), .name = S("Siti"), .extension = S("101"), .clients = 3, .skill_first = 0, .skill_count = 1, .cost_hour = 36000 },
    { .key = S("budi"), .name = S("Budi"), .extension = S("102"), .clients = 3, .skill_first = 1, .skill_count = 2 },
    { .key = S("dewi"), .name = S("Dewi Ayu Lestari Kusumawardhani"), .extension = S("103"), .clients = 1 },
    { .key = S("agus"), .name = S("Agus"), .extension = S("104"), .clients = 2, .skill_first = 3, .skill_count = 1 },
};
#define STEP { .preferred_skill = SAPA_NONE, .team = SAPA_NONE }
static const struct sapa_queue fix_queues[FIX_QUEUES] = {
    { .key = S("toko.penjualan"), .name = S("Penjualan"), .client = 0, .step_count = 1, .steps = { STEP },
      .service_level_ms = 20000, .service_level_percent = 80, .short_abandon_ms = 5000, .wrapup_ms = 30000 },
    { .key = S("bank.kartu"), .name = S("Kartu"), .client = 1, .step_count = 2,
      .steps = { { .need_count = 1, .needs = { { 0, 3 } }, .preferred_skill = SAPA_NONE, .team = SAPA_NONE },
                 { .after_ms = 41000, .need_count = 1, .needs = { { 0, 2 } }, .preferred_skill = SAPA_NONE, .team = SAPA_NONE } },
      .service_level_ms = 10000, .service_level_percent = 90, .short_abandon_ms = 3000, .wrapup_ms = 30000 },
    { .key = S("bank.umum"), .name = S("Umum"), .client = 1, .step_count = 1, .steps = { STEP },
      .service_level_ms = 30000, .service_level_percent = 80, .short_abandon_ms = 5000, .wrapup_ms = 30000 },
};
static const struct sapa_disposition fix_dispositions[FIX_DISPOSITIONS] = {
    { .key = S("1"), .name = { S("Selesai"), S("Done") }, .solved = true }, { .key = S("2"), .name = { S("Perlu tindak lanjut"), S("To follow up") } },
};
static const struct sapa_reason fix_reasons[FIX_REASONS] = {
    { .key = S("1"), .name = { S("Istirahat"), S("Break") } }, { .key = S("2"), .name = { S("Rapat"), S("Meeting") } },
};
static const struct sapa_number fix_numbers[FIX_NUMBERS] = {
    { .key = S("622150001"), .client = 0 }, { .key = S("622150002"), .client = 1 }, { .key = S("622150003"), .client = 1 },
};
static const struct sapa_trunk fix_trunks[FIX_TRUNKS] = {
    { .key = S("operator"), .cost_call = 100, .cost_minute = 600, .cost_pulse_ms = 60000 }, { .key = S("gratis") },
};
static const struct sapa_campaign fix_campaigns[] = {
    { .key = S("tagih"), .name = S("Penagihan"), .client = 0, .number = SAPA_NONE, .hours = SAPA_NONE, .queue = SAPA_NONE, .team = SAPA_NONE },
    { .key = S("sapaan"), .name = S("Sapaan"), .client = 1, .number = SAPA_NONE, .hours = SAPA_NONE, .queue = SAPA_NONE, .team = SAPA_NONE },
};
#undef STEP
#undef S

static inline struct sapa_centre fix_centre(uint32_t zone)
{
    struct sapa_centre centre = { .system = { .name = { "Demo", 4 }, .zone = zone, .quality_alarm_mos_x100 = 360 } };

#define T(plural) centre.plural = fix_##plural; centre.plural##_count = SAPA_COUNT(fix_##plural)
    T(zones);
    T(clients);
    T(skills);
    T(levels);
    T(teams);
    T(agents);
    T(queues);
    T(dispositions);
    T(reasons);
    T(numbers);
    T(trunks);
    T(campaigns);
#undef T
    snprintf(centre.hash, sizeof(centre.hash), "fixture-%u", zone);
    return centre;
}

static inline const struct sapa_centre *fix_find(void *ctx, struct sapa_str hash)
{
    const struct sapa_centre *centre = ctx;

    return sapa_str_eq(hash, sapa_str_of(centre->hash)) ? centre : NULL;
}

/* ---- memory that fails at the Nth request ---- */

struct fix_memory {
    struct sapa_memory memory;
    uint64_t requests, fail_at; /* 0: never */
};

static inline void *fix_resize(void *ctx, void *old, size_t size)
{
    struct fix_memory *memory = ctx;

    if (size > 0 && ++memory->requests == memory->fail_at)
        return NULL;
    if (size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, size);
}

static inline void fix_memory_init(struct fix_memory *memory, uint64_t fail_at)
{
    *memory = (struct fix_memory){ .memory = { fix_resize, memory }, .fail_at = fail_at };
}

/* ---- bytes in memory, for saving and loading ---- */

struct fix_bytes {
    uint8_t *bytes;
    size_t n, room, at;
};

static inline bool fix_put(void *ctx, const void *bytes, size_t n)
{
    struct fix_bytes *to = ctx;

    if (to->n + n > to->room) {
        to->room = (to->n + n) * 2;
        to->bytes = realloc(to->bytes, to->room);
        if (!to->bytes)
            return false;
    }
    memcpy(to->bytes + to->n, bytes, n);
    to->n += n;
    return true;
}

static inline bool fix_get(void *ctx, void *bytes, size_t n)
{
    struct fix_bytes *from = ctx;

    if (from->n - from->at < n)
        return false;
    memcpy(bytes, from->bytes + from->at, n);
    from->at += n;
    return true;
}

/* ---- lines into one text ---- */

struct fix_lines {
    struct sapa_lines lines;
    char *text;
    size_t n, room;
    unsigned count;
};

static inline void fix_line(void *ctx, struct sapa_str line)
{
    struct fix_lines *to = ctx;

    if (to->n + line.n + 2 > to->room) {
        to->room = (to->n + line.n + 2) * 2;
        to->text = realloc(to->text, to->room);
        if (!to->text)
            abort();
    }
    if (line.n > 0)
        memcpy(to->text + to->n, line.p, line.n);
    to->n += line.n;
    to->text[to->n++] = '\n';
    to->text[to->n] = '\0';
    to->count++;
}

static inline void fix_lines_init(struct fix_lines *lines)
{
    *lines = (struct fix_lines){ .lines = { fix_line, lines } };
    lines->text = calloc(1, 1);
    lines->room = 1;
}

/* ---- logs as text: "HH:MM:SS.mmm name field=value …", local hours of FIX_MIDNIGHT_S ---- */

static inline bool fix_field(struct sapa_record *record, struct sapa_str name, struct sapa_str value)
{
    const struct sapa_record_info *info = sapa_record_info(record->type);

    for (unsigned i = 0; i < info->field_count; i++) {
        const struct sapa_field *field = &info->fields[i];
        char *at = (char *)&record->u + field->offset;
        if (!sapa_str_eq(sapa_str_of(field->name), name))
            continue;
        if (field->size > 0) {
            uint16_t n = (uint16_t)SAPA_MIN(value.n, (size_t)field->size - 1);
            memcpy(at, &n, sizeof(n));
            memcpy(at + offsetof(struct sapa_text8, p), value.p, n);
            return true;
        }
        uint64_t number = SAPA_NONE;
        if (!sapa_str_eq(value, SAPA_STR("none")) && sapa_str_u64(value, UINT64_MAX, &number) != SAPA_OK)
            return false;
        memcpy(at, &number, sizeof(number));
        return true;
    }
    return false;
}

/* One line; false for a comment or an empty line. Aborts on a mistake, naming it. */
static inline bool fix_parse(struct sapa_str line, uint64_t *seq, struct sapa_record *ret)
{
    struct sapa_str rest;
    unsigned hour, minute, second, ms = 0;
    char clock[16];

    line = sapa_str_trim(line);
    if (line.n == 0 || line.p[0] == '#')
        return false;
    const struct sapa_str when = sapa_str_cut(line, ' ', &rest);
    (void)sapa_str_copy(when, clock, sizeof(clock));
    if (sscanf(clock, "%u:%u:%u.%u", &hour, &minute, &second, &ms) < 3)
        goto bad;
    rest = sapa_str_trim(rest);
    const struct sapa_str name = sapa_str_cut(rest, ' ', &rest);
    unsigned type = 0;
    for (unsigned t = 1; t < SAPA_T_LIMIT; t++)
        if (sapa_record_info(t) && sapa_str_eq(sapa_str_of(sapa_record_info(t)->name), name))
            type = t;
    if (type == 0)
        goto bad;
    sapa_record_init(ret, (enum sapa_type)type);
    ret->seq = ++*seq;
    ret->at_us = (FIX_MIDNIGHT_S + hour * 3600 + minute * 60 + second) * 1000000 + ms * 1000;
    while ((rest = sapa_str_trim(rest)).n > 0) {
        struct sapa_str value = sapa_str_cut(rest, ' ', &rest);
        const struct sapa_str key = sapa_str_cut(value, '=', &value);
        if (!fix_field(ret, key, value))
            goto bad;
    }
    return true;
bad:
    fprintf(stderr, "fixture: cannot read \"" SAPA_STR_FMT "\"\n", SAPA_STR_ARG(line));
    abort();
}

/* Every record of test/report/NAME, in order. */
static inline void fix_read(const char *name, void (*each)(void *ctx, const struct sapa_record *record), void *ctx)
{
    char path[512], line[1024];
    uint64_t seq = 0;
    struct sapa_record record;

    snprintf(path, sizeof(path), "%s/test/report/%s", SAPA_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    if (!file)
        abort();
    while (fgets(line, sizeof(line), file))
        if (fix_parse(sapa_str_of(line), &seq, &record))
            each(ctx, &record);
    fclose(file);
}

/* Is `text` what test/report/NAME holds? With SAPA_WRITE=1 in the environment it becomes so. */
static inline bool fix_golden(const char *name, const char *text)
{
    char path[512];
    const size_t n = strlen(text);
    bool is_same = false;

    snprintf(path, sizeof(path), "%s/test/report/%s", SAPA_SOURCE_DIR, name);
    FILE *file = fopen(path, getenv("SAPA_WRITE") ? "w+" : "r");
    if (!file)
        return false;
    if (getenv("SAPA_WRITE")) {
        fputs(text, file);
        rewind(file);
    }
    char *have = calloc(1, n + 2);
    if (have) {
        is_same = fread(have, 1, n + 1, file) == n && memcmp(have, text, n) == 0;
        if (!is_same)
            fprintf(stderr, "%s differs; now:\n%s", name, text);
    }
    free(have);
    fclose(file);
    return is_same;
}

/* ---- random logs ---- */

enum { GEN_CONTACTS = 40, GEN_WAITS = 100000 };

enum gen_place { GEN_NONE, GEN_FLOW, GEN_QUEUE, GEN_OFFERED, GEN_TALK, GEN_HELD, GEN_DIAL };

struct gen_contact {
    uint64_t id, offer, recording;
    int64_t opened_us, place_us, queued_us, made_us, connected_us, held_us, flow_us, queue_us, recorded_us;
    int64_t hold_us;
    enum gen_place place;
    uint32_t client, number, queue, agent, policy;
    bool is_virtual, answered, is_callback;
};

struct gen_agent {
    uint8_t presence, doing;
    int64_t since_us, doing_us;
    uint64_t offer, contact;
    uint32_t queue;
    bool dialling; /* assigned as talking, and nobody talks yet */
};

/* Writes a consistent log, one record at a time, and counts what is in it. */
struct gen {
    uint64_t random;
    int64_t now_us;
    uint64_t seq, next_id;
    void (*emit)(void *ctx, const struct sapa_record *record);
    void *ctx;
    struct gen_contact contacts[GEN_CONTACTS];
    struct gen_agent agents[FIX_AGENTS];
    /* the truth */
    uint64_t offered, outcomes[SAPA_OUTCOME_COUNT];
    uint64_t queue_offered[FIX_QUEUES], queue_left[FIX_QUEUES][SAPA_DEQUEUE_COUNT];
    uint64_t client_offered[FIX_CLIENTS];
    int64_t talk_ms, hold_ms, agent_talk_us[FIX_AGENTS], agent_handling_us[FIX_AGENTS];
    int64_t presence_us[FIX_AGENTS][SAPA_PRESENCE_COUNT];
    uint64_t offers, accepted;
    uint32_t waits[FIX_QUEUES][GEN_WAITS], wait_count[FIX_QUEUES];
};

static inline uint32_t gen_random(struct gen *g, uint32_t below)
{
    g->random ^= g->random << 13;
    g->random ^= g->random >> 7;
    g->random ^= g->random << 17;
    return (uint32_t)((g->random >> 11) % below);
}

static inline struct sapa_record gen_record(enum sapa_type type)
{
    struct sapa_record record;

    sapa_record_init(&record, type);
    return record;
}

static inline void gen_emit(struct gen *g, struct sapa_record *record)
{
    record->seq = ++g->seq;
    record->at_us = g->now_us;
    g->emit(g->ctx, record);
}

#define GEN(g, name, ...)                                                    \
    do {                                                                     \
        struct sapa_record gen_r = gen_record(SAPA_T_##name);                \
        gen_r.u.name = (struct sapa_rec_##name){ __VA_ARGS__ };              \
        gen_emit((g), &gen_r);                                               \
    } while (0)

static inline uint64_t gen_ms(int64_t us)
{
    return (uint64_t)(us / 1000);
}

static inline void gen_doing(struct gen *g, uint32_t agent, uint8_t to)
{
    struct gen_agent *a = &g->agents[agent];
    const int64_t was_us = g->now_us - a->doing_us;

    if (a->doing == SAPA_ASSIGNMENT_TALKING && !a->dialling)
        g->agent_talk_us[agent] += was_us;
    if (a->doing >= SAPA_ASSIGNMENT_TALKING && !a->dialling)
        g->agent_handling_us[agent] += was_us;
    a->dialling = false;
    GEN(g, assignment_moved, .agent = agent, .contact = a->contact, .offer = a->offer, .from = a->doing, .to = to,
        .was_ms = gen_ms(was_us));
    a->doing = to;
    a->doing_us = g->now_us;
}

static inline void gen_presence(struct gen *g, uint32_t agent, uint8_t to)
{
    struct gen_agent *a = &g->agents[agent];

    if (a->presence == to)
        return;
    g->presence_us[agent][a->presence] += g->now_us - a->since_us;
    GEN(g, agent_moved, .agent = agent, .from = a->presence, .to = to,
        .reason = to == SAPA_PRESENCE_NOT_READY ? gen_random(g, FIX_REASONS) : SAPA_NONE,
        .was_ms = gen_ms(g->now_us - a->since_us));
    a->presence = to;
    a->since_us = g->now_us;
}

static inline void gen_place(struct gen *g, struct gen_contact *c, enum gen_place place)
{
    if (c->place == GEN_FLOW)
        c->flow_us += g->now_us - c->place_us;
    if (!c->is_virtual && (c->place == GEN_QUEUE || c->place == GEN_OFFERED))
        c->queue_us += g->now_us - c->place_us;
    c->place = place;
    c->place_us = g->now_us;
}

static inline void gen_close(struct gen *g, struct gen_contact *c, enum sapa_outcome outcome, enum sapa_side side)
{
    gen_place(g, c, GEN_NONE);
    g->outcomes[outcome]++;
    GEN(g, contact_ended, .contact = c->id, .client = c->client, .outcome = outcome, .side = side,
        .queue = c->queue, .total_ms = gen_ms(g->now_us - c->opened_us), .flow_ms = gen_ms(c->flow_us),
        .queue_ms = gen_ms(c->queue_us), .answered = c->answered);
    if (c->recording) {
        GEN(g, recording_state, .contact = c->id, .recording = c->recording, .state = 3,
            .recorded_ms = gen_ms(c->recorded_us));
        GEN(g, leg_quality, .contact = c->id, .leg = 1, .side = SAPA_SIDE_CUSTOMER, .final = 1, .packets = 500,
            .lost = gen_random(g, 20), .jitter_us = 2000, .mos_x100 = 340 + gen_random(g, 100), .mos_min_x100 = 300);
    }
    c->id = 0;
}

static inline void gen_join(struct gen *g, struct gen_contact *c, uint32_t queue, bool is_virtual)
{
    gen_place(g, c, GEN_QUEUE);
    c->queue = queue;
    c->queued_us = g->now_us;
    c->is_virtual = is_virtual;
    if (!is_virtual)
        g->queue_offered[queue]++;
    GEN(g, contact_queued, .contact = c->id, .queue = queue, .position = 1 + gen_random(g, 5),
        .ewt_p50_ms = gen_random(g, 60000), .ewt_p90_ms = 90000, .virtual_waiter = is_virtual);
}

static inline void gen_leave(struct gen *g, struct gen_contact *c, enum sapa_dequeue reason)
{
    const int64_t wait_us = g->now_us - c->queued_us;

    if (!c->is_virtual) {
        g->queue_left[c->queue][reason]++;
        if (reason == SAPA_DEQUEUE_CONNECTED && g->wait_count[c->queue] < GEN_WAITS)
            g->waits[c->queue][g->wait_count[c->queue]++] = (uint32_t)gen_ms(wait_us);
    }
    GEN(g, contact_dequeued, .contact = c->id, .queue = c->queue, .reason = reason, .wait_ms = gen_ms(wait_us));
}

static inline void gen_offer_end(struct gen *g, struct gen_contact *c, enum sapa_offer_result result)
{
    GEN(g, offer_ended, .offer = c->offer, .contact = c->id, .agent = c->agent, .queue = c->queue,
        .result = result, .ring_ms = gen_ms(g->now_us - c->made_us));
    if (result != SAPA_OFFER_ACCEPTED)
        gen_doing(g, c->agent, SAPA_ASSIGNMENT_NONE);
}

static inline void gen_part(struct gen *g, struct gen_contact *c)
{
    struct gen_agent *a = &g->agents[c->agent];
    const int64_t whole_ms = (g->now_us - c->connected_us) / 1000;

    if (c->place == GEN_HELD) {
        const int64_t held_ms = (g->now_us - c->held_us) / 1000;
        GEN(g, hold_changed, .contact = c->id, .offer = c->offer, .agent = c->agent, .on = 0,
            .held_ms = (uint64_t)held_ms);
        c->hold_us += g->now_us - c->held_us;
    }
    const int64_t hold_ms = c->hold_us / 1000;
    if (c->policy == SAPA_RECORD_ALL)
        c->recorded_us += g->now_us - c->connected_us;
    g->talk_ms += whole_ms - hold_ms;
    g->hold_ms += hold_ms;
    GEN(g, contact_parted, .contact = c->id, .offer = c->offer, .agent = c->agent, .queue = c->queue,
        .talk_ms = (uint64_t)(whole_ms - hold_ms), .hold_ms = (uint64_t)hold_ms,
        .side = gen_random(g, 2));
    a->queue = c->queue;
    gen_doing(g, c->agent, gen_random(g, 4) ? SAPA_ASSIGNMENT_WRAPUP : SAPA_ASSIGNMENT_NONE);
    c->hold_us = 0;
}

static inline void gen_arrive(struct gen *g, struct gen_contact *c)
{
    struct sapa_record record = gen_record(SAPA_T_contact_arrived);

    memset(c, 0, sizeof(*c));
    c->id = ++g->next_id;
    c->number = gen_random(g, FIX_NUMBERS);
    c->client = fix_numbers[c->number].client;
    c->opened_us = c->place_us = g->now_us;
    c->place = GEN_FLOW;
    c->queue = SAPA_NONE;
    g->offered++;
    g->client_offered[c->client]++;
    record.u.contact_arrived.contact = c->id;
    (void)sapa_sized_set(&record.u.contact_arrived.address, SAPA_STR("628120001"));
    gen_emit(g, &record);
    GEN(g, contact_new, .contact = c->id, .client = c->client, .number = c->number);
    GEN(g, contact_answered, .contact = c->id, .leg = c->id * 2);
    GEN(g, flow_step, .contact = c->id, .node = 1);
}

static inline void gen_connect(struct gen *g, struct gen_contact *c)
{
    struct gen_agent *a = &g->agents[c->agent];

    gen_leave(g, c, SAPA_DEQUEUE_CONNECTED);
    if (a->dialling) {
        a->dialling = false;
        a->doing_us = g->now_us;
    }
    c->policy = c->queue == 2 ? SAPA_RECORD_NONE : SAPA_RECORD_ALL;
    if (!c->recording && c->policy == SAPA_RECORD_ALL)
        c->recording = ++g->next_id;
    GEN(g, contact_connected, .contact = c->id, .offer = c->offer, .agent = c->agent, .queue = c->queue,
        .wait_ms = gen_ms(g->now_us - c->queued_us), .recording = c->policy == SAPA_RECORD_ALL ? c->recording : 0,
        .policy = c->policy);
    c->answered = true;
    c->connected_us = g->now_us;
    gen_place(g, c, GEN_TALK);
}

/* Something happens to this contact. */
static inline void gen_contact_turn(struct gen *g, struct gen_contact *c)
{
    static const struct { enum sapa_outcome outcome; enum sapa_side side; } early[] = {
        { SAPA_OUTCOME_ABANDONED_FLOW, SAPA_SIDE_CUSTOMER }, { SAPA_OUTCOME_CONTAINED, SAPA_SIDE_FLOW },
        { SAPA_OUTCOME_CLOSED, SAPA_SIDE_FLOW }, { SAPA_OUTCOME_VOICEMAIL, SAPA_SIDE_CUSTOMER },
        { SAPA_OUTCOME_TRANSFERRED, SAPA_SIDE_FLOW }, { SAPA_OUTCOME_REFUSED, SAPA_SIDE_SYSTEM },
        { SAPA_OUTCOME_SYSTEM_FAULT, SAPA_SIDE_NETWORK }, { SAPA_OUTCOME_OVERFLOW_ENDED, SAPA_SIDE_FLOW },
    };
    const uint32_t roll = gen_random(g, 100);
    const uint32_t other = gen_random(g, FIX_QUEUES);

    switch (c->place) {
    case GEN_NONE: gen_arrive(g, c); break;
    case GEN_FLOW:
        if (roll < 70) {
            gen_join(g, c, c->client == 0 ? 0 : 1 + gen_random(g, 2), false);
        } else {
            const uint32_t which = gen_random(g, SAPA_COUNT(early));
            gen_close(g, c, c->answered ? SAPA_OUTCOME_ANSWERED : early[which].outcome,
                      c->answered ? SAPA_SIDE_FLOW : early[which].side);
        }
        break;
    case GEN_QUEUE:
        for (uint32_t i = 0; i < FIX_AGENTS && roll < 70; i++) {
            struct gen_agent *a = &g->agents[i];
            if (a->presence != SAPA_PRESENCE_READY || a->doing != SAPA_ASSIGNMENT_NONE)
                continue;
            c->offer = a->offer = ++g->next_id;
            c->agent = i;
            a->contact = c->id;
            c->made_us = g->now_us;
            g->offers++;
            gen_doing(g, i, SAPA_ASSIGNMENT_OFFERED);
            GEN(g, offer_made, .offer = c->offer, .contact = c->id, .agent = i, .queue = c->queue,
                .wait_ms = gen_ms(g->now_us - c->queued_us), .kind = c->is_virtual);
            gen_place(g, c, GEN_OFFERED);
            return;
        }
        if (roll < 90)
            break;
        if (roll < 94) {
            gen_leave(g, c, c->is_virtual ? SAPA_DEQUEUE_FLOW : SAPA_DEQUEUE_ABANDONED);
            gen_close(g, c, c->is_virtual ? SAPA_OUTCOME_CALLBACK_FAILED : SAPA_OUTCOME_ABANDONED_QUEUE,
                      SAPA_SIDE_CUSTOMER);
        } else if (roll < 97 && !c->is_virtual) {
            gen_leave(g, c, roll == 94 ? SAPA_DEQUEUE_MOVED : SAPA_DEQUEUE_OVERFLOW_WAIT);
            gen_join(g, c, other, false);
        } else if (roll < 99 && !c->is_virtual) {
            gen_leave(g, c, SAPA_DEQUEUE_CALLBACK);
            GEN(g, callback_changed, .contact = c->id, .state = SAPA_CALLBACK_WAITING, .attempt = 1);
            c->is_callback = true;
            gen_join(g, c, c->queue, true);
        } else {
            gen_leave(g, c, SAPA_DEQUEUE_FAULT);
            gen_close(g, c, SAPA_OUTCOME_SYSTEM_FAULT, SAPA_SIDE_SYSTEM);
        }
        break;
    case GEN_OFFERED:
        if (roll < 75) {
            gen_offer_end(g, c, SAPA_OFFER_ACCEPTED);
            g->accepted++;
            if (c->is_virtual) { /* the agent said yes: now the customer is called */
                gen_doing(g, c->agent, SAPA_ASSIGNMENT_TALKING);
                g->agents[c->agent].dialling = true;
                GEN(g, callback_changed, .contact = c->id, .state = SAPA_CALLBACK_DIALLING, .attempt = 1);
                gen_place(g, c, GEN_DIAL);
            } else {
                gen_doing(g, c->agent, SAPA_ASSIGNMENT_TALKING);
                gen_connect(g, c);
            }
        } else if (roll < 90) {
            gen_offer_end(g, c, roll < 85 ? SAPA_OFFER_NO_ANSWER : SAPA_OFFER_REFUSED);
            gen_place(g, c, GEN_QUEUE);
        } else {
            gen_offer_end(g, c, SAPA_OFFER_CANCELLED);
            gen_leave(g, c, c->is_virtual ? SAPA_DEQUEUE_FLOW : SAPA_DEQUEUE_ABANDONED);
            gen_close(g, c, c->is_virtual ? SAPA_OUTCOME_CALLBACK_FAILED : SAPA_OUTCOME_ABANDONED_RINGING,
                      SAPA_SIDE_CUSTOMER);
        }
        break;
    case GEN_DIAL:
        if (roll < 60) {
            GEN(g, callback_changed, .contact = c->id, .state = SAPA_CALLBACK_REACHED, .attempt = 1);
            gen_connect(g, c);
        } else {
            gen_doing(g, c->agent, SAPA_ASSIGNMENT_NONE);
            GEN(g, callback_changed, .contact = c->id, .state = SAPA_CALLBACK_WAITING, .attempt = 1);
            gen_place(g, c, GEN_QUEUE);
        }
        break;
    case GEN_TALK:
    case GEN_HELD:
        if (roll < 25 && c->place == GEN_TALK) {
            c->held_us = g->now_us;
            GEN(g, hold_changed, .contact = c->id, .offer = c->offer, .agent = c->agent, .on = 1);
            gen_doing(g, c->agent, SAPA_ASSIGNMENT_HELD);
            gen_place(g, c, GEN_HELD);
        } else if (roll < 60 && c->place == GEN_HELD) {
            const int64_t held_ms = (g->now_us - c->held_us) / 1000;
            GEN(g, hold_changed, .contact = c->id, .offer = c->offer, .agent = c->agent, .on = 0,
                .held_ms = (uint64_t)held_ms);
            c->hold_us += g->now_us - c->held_us;
            gen_doing(g, c->agent, SAPA_ASSIGNMENT_TALKING);
            gen_place(g, c, GEN_TALK);
        } else {
            gen_part(g, c);
            if (roll > 92) {
                gen_place(g, c, GEN_FLOW);
                c->is_virtual = false;
            } else {
                gen_close(g, c, c->is_callback ? SAPA_OUTCOME_CALLBACK_KEPT : SAPA_OUTCOME_ANSWERED,
                          roll & 1 ? SAPA_SIDE_CUSTOMER : SAPA_SIDE_AGENT);
            }
        }
        break;
    }
}

static inline void gen_agent_turn(struct gen *g, uint32_t agent)
{
    struct gen_agent *a = &g->agents[agent];

    if (a->doing == SAPA_ASSIGNMENT_WRAPUP) {
        GEN(g, wrapup_ended, .contact = a->contact, .offer = a->offer, .agent = agent, .queue = a->queue,
            .wrapup_ms = gen_ms(g->now_us - a->doing_us), .disposition = gen_random(g, FIX_DISPOSITIONS));
        gen_doing(g, agent, SAPA_ASSIGNMENT_NONE);
    } else if (a->doing == SAPA_ASSIGNMENT_NONE) {
        gen_presence(g, agent, (uint8_t)(gen_random(g, 8) ? SAPA_PRESENCE_READY : gen_random(g, 3)));
    }
}

static inline void gen_begin(struct gen *g, uint64_t seed)
{
    memset(g, 0, offsetof(struct gen, waits));
    memset(g->wait_count, 0, sizeof(g->wait_count));
    g->random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    g->now_us = (FIX_MIDNIGHT_S + 8 * 3600) * 1000000;
    for (unsigned i = 0; i < FIX_AGENTS; i++)
        g->agents[i].since_us = g->agents[i].doing_us = g->now_us;
    g->next_id = 100;
}

static inline void gen_start(struct gen *g, const char *centre_hash)
{
    struct sapa_record record = gen_record(SAPA_T_centre_started);

    (void)sapa_sized_set(&record.u.centre_started.centre_hash, sapa_str_of(centre_hash));
    gen_emit(g, &record);
}

/* One turn of somebody, up to `pace_ms` later. */
static inline void gen_turn(struct gen *g, uint32_t pace_ms)
{
    const uint32_t who = gen_random(g, GEN_CONTACTS + 3 * FIX_AGENTS);

    g->now_us += (int64_t)gen_random(g, pace_ms * 1000 + 1);
    GEN(g, tick, .unused = 0); /* an input stands before what it causes */
    if (who < GEN_CONTACTS)
        gen_contact_turn(g, &g->contacts[who]);
    else
        gen_agent_turn(g, who % FIX_AGENTS);
}

#endif
