/*
 * Inputs of any kind in any order: the bytes choose what happens next in a small centre with flows.
 * Every invariant is checked after each input; nothing that an input holds may break one.
 */
#include "core/world_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
    const uint8_t *p;
    size_t n;
};

static uint64_t take(struct bytes *bytes)
{
    if (bytes->n == 0)
        return 0;
    bytes->n--;
    return *bytes->p++;
}

/* Small numbers mostly; now and then one that no table has. */
static uint64_t number(struct bytes *bytes)
{
    const uint64_t value = take(bytes);

    return value == 255 ? SAPA_NONE : value == 254 ? UINT64_MAX - take(bytes) : value % 16;
}

/* Calls of agents need more than luck: words of the sets, ids of both makers, a number with digits alone. */
static uint64_t call_value(const struct sapa_record *in, const char *name, uint64_t value)
{
    if (strcmp(name, "line") == 0)
        return value % SAPA_LINE_COUNT;
    if (strcmp(name, "kind") == 0)
        return value % SAPA_TARGET_COUNT;
    if (strcmp(name, "verb") == 0)
        return value % SAPA_CALL_VERB_COUNT;
    if (strcmp(name, "mode") == 0)
        return value % SAPA_SUPERVISION_COUNT;
    if (strcmp(name, "supervision") == 0)
        return sapa_id_make(3, value % 4);
    if (strcmp(name, "agent") == 0)
        return value % 4;
    if (strcmp(name, "contact") == 0 || (strcmp(name, "other") == 0 && value < 8))
        return sapa_id_make(1, value % 8);
    if (strcmp(name, "offer") == 0 || strcmp(name, "beside") == 0 || strcmp(name, "other") == 0)
        return in->type == SAPA_T_agent_call && name[0] == 'o' ? sapa_id_make(2, value)
               : value & 1                                     ? sapa_id_make(2, value / 2)
                                                               : value / 2 + 1;
    return value;
}

static void fill(struct world *w, struct sapa_record *in, struct bytes *bytes)
{
    const struct sapa_record_info *info = sapa_record_info(in->type);

    for (unsigned i = 0; i < info->field_count; i++) {
        const struct sapa_field *field = &info->fields[i];
        char *at = (char *)&in->u + field->offset;
        uint64_t value = number(bytes);
        if (field->size) {
            static const char digits[] = "0123456789*#?6281";
            const bool call = in->type >= SAPA_T_contact_passed && in->type <= SAPA_T_call_command;
            struct sapa_text8 *text = (struct sapa_text8 *)(void *)at;
            text->n = (uint16_t)(value % 8 < field->size ? value % 8 : 0);
            for (unsigned k = 0; k < text->n; k++)
                text->p[k] = digits[take(bytes) % (call ? 10 : sizeof(digits) - 1)];
            continue;
        }
        if ((in->type >= SAPA_T_contact_passed && in->type <= SAPA_T_call_command) || in->type == SAPA_T_supervise)
            value = call_value(in, field->name, value);
        else if (value == 7 && strcmp(field->name, "offer") == 0) /* what a supervisor's phone says */
            value = sapa_id_make(3, take(bytes) % 4);
        else if ((in->type == SAPA_T_agent_gone || in->type == SAPA_T_leg_held) && value >= 8 && value < 16 &&
                 strcmp(field->name, "offer") == 0)
            value = sapa_id_make(2, value - 8);
        else if (field->kind == SAPA_KIND_ID && field == &info->fields[0] && value < 16)
            value = strcmp(field->name, "contact") == 0 ? sapa_id_make(1, value)
                    : value < 12                         ? value + 1
                                                         : sapa_id_make(2, value - 12);
        else if (field->kind == SAPA_KIND_SIG)
            value = (uint64_t)w->now_us + value * 1000000;
        memcpy(at, &value, sizeof(value));
    }
}

static void add_flows(struct world *w, struct sapa_flow *flows, struct sapa_flow_node (*nodes)[3])
{
    for (uint32_t q = 0; q < w->centre.queues_count; q++) {
        for (unsigned i = 0; i < 3; i++) {
            nodes[q][i] = (struct sapa_flow_node){ .key = SAPA_STR("n"),
                                                   .kind = i == 0   ? SAPA_NODE_QUEUE
                                                           : i == 1 ? SAPA_NODE_CALLBACK
                                                                    : SAPA_NODE_HANGUP,
                                                   .queue = i == 0 ? q : SAPA_NONE,
                                                   .variable = SAPA_NONE,
                                                   .expr = SAPA_NONE,
                                                   .hours = SAPA_NONE,
                                                   .agent = SAPA_NONE,
                                                   .music = SAPA_NONE,
                                                   .timeout_ms = 3000,
                                                   .offer_after_ms = 1000,
                                                   .offer_key = '1',
                                                   .to_last_agent = 1 };
            for (unsigned e = 0; e < SAPA_EDGE_COUNT; e++)
                nodes[q][i].edge[e] = i == 0 && e == SAPA_EDGE_CALLBACK ? 1 : 2;
        }
        flows[q] =
            (struct sapa_flow){ .key = w->queues[q].key, .nodes = nodes[q], .nodes_count = 3 };
    }
    w->centre.flows = flows;
    w->centre.flows_count = w->centre.queues_count;
}

static void nothing(void *ctx, const struct sapa_record *record)
{
    (void)ctx, (void)record;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = { data, size > 4096 ? 4096 : size };
    static struct sapa_flow flows[WORLD_QUEUES];
    static struct sapa_flow_node nodes[WORLD_QUEUES][3];
    static struct sapa_record begun[8]; /* what the start gives; nobody asks for it */
    const struct sapa_core_out out = { nothing, NULL };
    struct world w;

    world_init(&w, 3, 2, 2);
    free(w.out);
    w.out = begun;
    const uint64_t shape = take(&bytes);
    if (shape & 1)
        add_flows(&w, flows, nodes);
    w.queues[0].choice = shape & 2 ? SAPA_CHOICE_RING_ALL : SAPA_CHOICE_ROUND_ROBIN;
    w.queues[0].preferred_ms = shape & 4 ? 10000 : 0;
    w.queues[0].overflow_count = shape & 8 ? 2 : 0;
    w.overflows[0] = (struct sapa_overflow){ SAPA_OVERFLOW_WAIT, 20000, 1 };
    w.overflows[1] = (struct sapa_overflow){ SAPA_OVERFLOW_NO_AGENTS, 0, SAPA_NONE };
    w.queues[1].step_count = 2;
    w.queues[1].steps[0].need_count = 1;
    w.queues[1].steps[0].needs[0] = (struct sapa_need){ 1, 3 };
    w.queues[1].steps[1].after_ms = 15000;
    w.clients[0].calls_queue = shape & 16 ? 1 : SAPA_NONE;
    for (unsigned a = 0; a < 3; a++)
        w.agents[a].calls_for = 0;
    w.agents[2].capacity[SAPA_CHANNEL_CHAT] = 3;
    w.agents[2].capacity_total = 3;
    world_start(&w);
    while (bytes.n > 0) {
        struct sapa_record in;
        const uint64_t what = take(&bytes);
        unsigned type = 2 + (unsigned)(what % 27); /* 28 stands for the one that came later */
        if (type == 28)
            type = SAPA_T_supervise;
        if (what >= 216) { /* time passes */
            w.now_us += (int64_t)take(&bytes) * 250000;
            for (unsigned i = 0; i < 100 && sapa_core_next_due(w.core) <= w.now_us; i++) {
                sapa_record_init(&in, SAPA_T_tick);
                in.at_us = w.now_us;
                sapa_core_step(w.core, &in, &out);
                sapa_core_check(w.core);
            }
            continue;
        }
        if (!sapa_record_info(type)) {
            memset(&in, 0, sizeof(in.u.tick) + offsetof(struct sapa_record, u));
            in.type = (uint16_t)type;
        } else {
            sapa_record_init(&in, (enum sapa_type)type);
            fill(&w, &in, &bytes);
        }
        in.at_us = w.now_us;
        sapa_core_step(w.core, &in, &out);
        sapa_core_check(w.core);
    }
    w.out = NULL;
    world_done(&w);
    return 0;
}
