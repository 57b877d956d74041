/*
 * What no single node shows: every caller comes to an end, and to a human if he wants one.
 *
 * All flows are one graph. Its edges are of two kinds: what happens of itself (silence, time, the
 * state of the centre) and what the caller does (a key). Checked:
 *   - every node can be reached from the start of its flow;
 *   - no circle of edges that are taken of themselves: a silent caller always comes to an end;
 *   - from every menu and question a human is at most system.human_steps_max steps (keys) away;
 *   - key 0 of every menu leads to a human without a further key.
 * Flows that say why they are self_service are free of the last two.
 */
#include "config/compile_impl.h"

struct edge {
    uint32_t to;
    uint8_t by_itself; /* no act of the caller */
    uint8_t cost;      /* steps towards a human */
};

struct graph {
    struct sapa_compile *c;
    const struct sapa_flow *flows;
    uint32_t flow_count;
    uint32_t *base;  /* first node of each flow; [flow_count] is the number of all */
    uint32_t *flow;  /* of each node */
    uint32_t *tree;  /* tree node of each */
    uint32_t *first; /* in edges; [n] is the end */
    SAPA_VEC(struct edge) edges;
    uint32_t n;
};

static const struct sapa_flow_node *node_of(const struct graph *g, uint32_t id)
{
    return &g->flows[g->flow[id]].nodes[id - g->base[g->flow[id]]];
}

static bool is_human(const struct sapa_flow_node *node)
{
    switch (node->kind) {
    case SAPA_NODE_QUEUE:
    case SAPA_NODE_TRANSFER:
    case SAPA_NODE_ONCALL:
    case SAPA_NODE_CALLBACK:
    case SAPA_NODE_VOICEMAIL: return true;
    default: return false;
    }
}

static bool asks(const struct sapa_flow_node *node)
{
    return node->kind == SAPA_NODE_MENU || node->kind == SAPA_NODE_COLLECT;
}

/* Does this way out need the caller to do something (or a human to have talked with him)? */
static bool by_itself(const struct sapa_flow_node *node, unsigned edge)
{
    switch (edge) {
    case SAPA_EDGE_CALLBACK:
    case SAPA_EDGE_AFTER:
    case SAPA_EDGE_INVALID: return false;
    case SAPA_EDGE_NEXT:
        return node->kind != SAPA_NODE_COLLECT && node->kind != SAPA_NODE_CALLBACK &&
               !(node->kind == SAPA_NODE_SURVEY && node->edge[SAPA_EDGE_TIMEOUT] != SAPA_NONE);
    default: return true;
    }
}

static void add_edge(struct graph *g, uint32_t to, bool itself)
{
    *SAPA_VEC_PUSH(g->c, &g->edges) = (struct edge){ to, itself, !itself };
}

static void build(struct graph *g)
{
    uint32_t count = 0;

    g->base = sapa_compile_scratch(g->c, (size_t)(g->flow_count + 1) * sizeof(*g->base));
    for (uint32_t f = 0; f < g->flow_count; f++) {
        g->base[f] = count;
        count += g->flows[f].nodes_count;
    }
    g->base[g->flow_count] = g->n = count;
    g->flow = sapa_compile_scratch(g->c, (size_t)count * sizeof(*g->flow) + 1);
    g->tree = sapa_compile_scratch(g->c, (size_t)count * sizeof(*g->tree) + 1);
    g->first = sapa_compile_scratch(g->c, (size_t)(count + 1) * sizeof(*g->first));
    uint32_t id = 0;
    for SAPA_TREE_EACH(g->c, flow, g->c->section[SAPA_SECTION_FLOWS]) {
        for SAPA_TREE_EACH(g->c, child, sapa_field_get(g->c, flow, "nodes"))
            g->tree[id++] = child;
    }
    for (uint32_t f = 0; f < g->flow_count; f++) {
        const struct sapa_flow *flow = &g->flows[f];
        for (uint32_t i = 0; i < flow->nodes_count; i++) {
            const struct sapa_flow_node *node = &flow->nodes[i];
            g->flow[g->base[f] + i] = f;
            g->first[g->base[f] + i] = g->edges.n;
            for (unsigned e = 0; e < SAPA_EDGE_COUNT; e++) {
                if (node->edge[e] != SAPA_NONE)
                    add_edge(g, g->base[f] + node->edge[e], by_itself(node, e));
            }
            for (uint32_t k = 0; k < node->key_count; k++)
                add_edge(g, g->base[f] + flow->keys[node->key_first + k].node, false);
            for (uint32_t k = 0; k < node->case_count; k++)
                add_edge(g, g->base[f] + flow->cases[node->case_first + k].node, true);
            if (node->kind == SAPA_NODE_FLOW && node->flow < g->flow_count)
                add_edge(g, g->base[node->flow] + g->flows[node->flow].start, true);
        }
    }
    g->first[count] = g->edges.n;
}

/* ---- never reached ---- */

static void check_reached(struct graph *g)
{
    uint8_t *seen = sapa_compile_scratch(g->c, g->n + 1);
    uint32_t *stack = sapa_compile_scratch(g->c, (size_t)g->n * sizeof(*stack) + 1);

    for (uint32_t f = 0; f < g->flow_count; f++) {
        uint32_t depth = 0;
        stack[depth++] = g->base[f] + g->flows[f].start;
        seen[stack[0]] = 1;
        while (depth > 0) {
            const uint32_t id = stack[--depth];
            for (uint32_t e = g->first[id]; e < g->first[id + 1]; e++) {
                const uint32_t to = g->edges.at[e].to;
                if (g->flow[to] == f && !seen[to]) {
                    seen[to] = 1;
                    stack[depth++] = to;
                }
            }
        }
        for (uint32_t id = g->base[f]; id < g->base[f + 1]; id++) {
            if (!seen[id])
                sapa_find_key(g->c, g->tree[id], "lead an edge here, or take it out",
                              "this node is never reached");
        }
    }
}

/* ---- circles ---- */

enum { WHITE, GREY, BLACK };

static void report_circle(struct graph *g, const uint32_t *path, uint32_t from, uint32_t depth)
{
    char names[120];
    struct sapa_text out;

    sapa_text_init(&out, names, sizeof(names));
    for (uint32_t i = from; i < depth; i++)
        sapa_text_printf(&out, SAPA_STR_FMT " → ", SAPA_STR_ARG(node_of(g, path[i])->key));
    sapa_text_printf(&out, SAPA_STR_FMT, SAPA_STR_ARG(node_of(g, path[from])->key));
    while (out.cut && out.n > 0 &&
           ((uint8_t)names[out.n - 1] & 0x80)) /* no half arrow at the end */
        names[--out.n] = '\0';
    sapa_find_key(g->c, g->tree[path[from]],
                  "let one of these ways lead to a queue, a voicemail or hangup",
                  "a caller who does nothing goes round for ever: %s", names);
}

static void check_circles(struct graph *g)
{
    uint8_t *colour = sapa_compile_scratch(g->c, g->n + 1);
    uint32_t *path = sapa_compile_scratch(g->c, (size_t)g->n * sizeof(*path) + 1);
    uint32_t *next = sapa_compile_scratch(g->c, (size_t)g->n * sizeof(*next) + 1);
    uint32_t *place = sapa_compile_scratch(g->c, (size_t)g->n * sizeof(*place) + 1);

    for (uint32_t root = 0; root < g->n; root++) {
        uint32_t depth = 0;
        if (colour[root] != WHITE)
            continue;
        colour[root] = GREY;
        path[depth] = root;
        place[root] = depth++;
        next[root] = g->first[root];
        while (depth > 0) {
            const uint32_t id = path[depth - 1];
            if (next[id] == g->first[id + 1]) {
                colour[id] = BLACK;
                depth--;
                continue;
            }
            const struct edge *edge = &g->edges.at[next[id]++];
            if (!edge->by_itself)
                continue;
            if (colour[edge->to] == GREY) {
                report_circle(g, path, place[edge->to], depth);
            } else if (colour[edge->to] == WHITE) {
                colour[edge->to] = GREY;
                path[depth] = edge->to;
                place[edge->to] = depth++;
                next[edge->to] = g->first[edge->to];
            }
        }
    }
}

/* ---- humans ---- */

/* Steps from each node to the nearest human: 0-1 breadth-first search against the edges. */
static uint8_t *human_steps(struct graph *g)
{
    enum { FAR = 255 };
    uint32_t *back_first = sapa_compile_scratch(g->c, (size_t)(g->n + 2) * sizeof(*back_first));
    uint32_t *back = sapa_compile_scratch(g->c, (size_t)g->edges.n * sizeof(*back) + 1);
    uint8_t *cost = sapa_compile_scratch(g->c, g->edges.n + 1);
    uint8_t *steps = sapa_compile_scratch(g->c, g->n + 1);
    uint32_t *now = sapa_compile_scratch(g->c, (size_t)(g->n + g->edges.n) * sizeof(*now) + 1);
    uint32_t *later = sapa_compile_scratch(g->c, (size_t)(g->n + g->edges.n) * sizeof(*later) + 1);
    uint32_t now_n = 0, later_n = 0;

    for (uint32_t e = 0; e < g->edges.n; e++)
        back_first[g->edges.at[e].to + 2]++;
    for (uint32_t i = 1; i <= g->n; i++)
        back_first[i + 1] += back_first[i];
    for (uint32_t id = 0; id < g->n; id++) {
        for (uint32_t e = g->first[id]; e < g->first[id + 1]; e++) {
            const uint32_t slot = back_first[g->edges.at[e].to + 1]++;
            back[slot] = id;
            cost[slot] = g->edges.at[e].cost;
        }
    }
    for (uint32_t id = 0; id < g->n; id++) {
        steps[id] = is_human(node_of(g, id)) ? 0 : FAR;
        if (steps[id] == 0)
            now[now_n++] = id;
    }
    for (uint8_t level = 0; level < FAR - 1 && now_n > 0; level++) {
        for (later_n = 0; now_n > 0;) {
            const uint32_t id = now[--now_n];
            if (steps[id] != level)
                continue;
            for (uint32_t e = back_first[id]; e < back_first[id + 1]; e++) {
                const uint8_t reached = (uint8_t)(level + cost[e]);
                if (reached >= steps[back[e]])
                    continue;
                steps[back[e]] = reached;
                if (cost[e])
                    later[later_n++] = back[e];
                else
                    now[now_n++] = back[e];
            }
        }
        uint32_t *const swap = now;
        now = later;
        now_n = later_n;
        later = swap;
    }
    return steps;
}

static void check_humans(struct graph *g)
{
    const uint32_t max = g->c->centre->system.human_steps_max;
    const uint8_t *steps = human_steps(g);

    for (uint32_t id = 0; id < g->n; id++) {
        const struct sapa_flow *flow = &g->flows[g->flow[id]];
        const struct sapa_flow_node *node = node_of(g, id);
        if (!asks(node) || flow->self_service)
            continue;
        if (steps[id] == 255) {
            sapa_find_key(g->c, g->tree[id],
                          "lead a key to a queue, or give the flow a self_service reason",
                          "no human can be reached from here");
            continue;
        }
        if (steps[id] > max)
            sapa_find_key(g->c, g->tree[id], "lead a key to a queue here",
                          "a human is %u steps away; at most %u are allowed", steps[id], max);
        if (node->kind != SAPA_NODE_MENU)
            continue;
        uint32_t zero = SAPA_NONE;
        for (uint32_t k = 0; k < node->key_count; k++) {
            if (flow->keys[node->key_first + k].key == '0')
                zero = g->base[g->flow[id]] + flow->keys[node->key_first + k].node;
        }
        if (zero == SAPA_NONE)
            sapa_find_key(g->c, g->tree[id],
                          "0: a queue node, or give the flow a self_service reason",
                          "key 0 must lead to a human in every menu");
        else if (steps[zero] != 0)
            sapa_find_key(g->c, g->tree[id], "lead key 0 to a queue, a callback or a voicemail",
                          "key 0 does not lead to a human");
    }
}

/* ---- callbacks ---- */

static void check_callbacks(struct graph *g)
{
    const struct sapa_centre *centre = g->c->centre;

    for (uint32_t id = 0; id < g->n; id++) {
        const struct sapa_flow_node *node = node_of(g, id);
        const bool calls_back = node->kind == SAPA_NODE_CALLBACK ||
                                (node->kind == SAPA_NODE_QUEUE && node->offer_after_ms > 0);
        if (calls_back && node->queue < centre->queues_count &&
            centre->queues[node->queue].callback_attempts == 0)
            sapa_find_key(g->c, g->tree[id], "give the queue callback: { attempts: 3 }",
                          "the queue \"" SAPA_STR_FMT "\" makes no callbacks",
                          SAPA_STR_ARG(centre->queues[node->queue].key));
        for (uint32_t e = g->first[id]; e < g->first[id + 1]; e++) {
            const uint32_t to = g->edges.at[e].to;
            if (node_of(g, to)->kind == SAPA_NODE_CALLBACK && node_of(g, to)->queue == SAPA_NONE &&
                node->kind != SAPA_NODE_QUEUE)
                sapa_find_key(g->c, g->tree[to], "queue: KEY",
                              "\"" SAPA_STR_FMT
                              "\" leads here without a queue, so this node must name one",
                              SAPA_STR_ARG(node->key));
        }
    }
}

void sapa_flows_check(struct sapa_compile *c, const struct sapa_flow *flows, uint32_t count)
{
    struct graph *g = sapa_compile_scratch(c, sizeof(*g));

    g->c = c;
    g->flows = flows;
    g->flow_count = count;
    build(g);
    check_reached(g);
    check_circles(g);
    check_humans(g);
    check_callbacks(g);
}
