/*
 * What no single node shows: every caller comes to an end, and to a human if he wants one.
 *
 * All flows are one graph. Its edges are of two kinds: what happens of itself (silence, time, the
 * state of the centre) and what the caller does (a key). Checked:
 *   - every node can be reached from the start of its flow;
 *   - no circle of edges that are taken of themselves: a silent caller always comes to an end;
 *   - from every menu and question a human is at most system.human_steps_max steps (keys) away;
 *   - key 0 of every menu leads to a human without a further key;
 *   - every flow leads to a human somewhere.
 * Flows that say why they are self_service are free of the last three.
 *
 * A human is a queue, a transfer or an on-call list. What the caller does not choose himself (a case,
 * a failed look-up, the hours, the surge switch) must lead to one whichever way it goes: there the
 * worst way counts, at a menu the best. Only where the centre cannot serve (closed, a holiday, and
 * what follows a queue that sent the caller on) a voicemail or a callback will do as well. So each
 * node is looked at in two modes, OPEN and SPARE, and such an edge leads from the first to the second.
 */
#include "config/compile_impl.h"

struct edge {
    uint32_t to;
    uint8_t by_itself; /* no act of the caller */
    uint8_t cost;      /* steps towards a human */
    uint8_t spare;     /* the centre cannot serve: from here on a message or a callback will do */
};

enum { OPEN, SPARE, MODES };

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

static bool is_human(const struct sapa_flow_node *node, unsigned mode)
{
    switch (node->kind) {
    case SAPA_NODE_QUEUE:
    case SAPA_NODE_TRANSFER:
    case SAPA_NODE_ONCALL: return true;
    case SAPA_NODE_CALLBACK:
    case SAPA_NODE_VOICEMAIL: return mode == SPARE;
    default: return false;
    }
}

/* Whether the caller chooses the way out, silence being a choice of his too. */
static bool is_choice(const struct sapa_flow_node *node)
{
    switch (node->kind) {
    case SAPA_NODE_MENU:
    case SAPA_NODE_COLLECT:
    case SAPA_NODE_SURVEY:
    case SAPA_NODE_CALLBACK: return true;
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

/* Does this way out say that nobody can serve now? */
static bool is_spare(const struct sapa_flow_node *node, unsigned edge)
{
    return edge == SAPA_EDGE_CLOSED || edge == SAPA_EDGE_HOLIDAY ||
           (is_human(node, OPEN) && by_itself(node, edge));
}

static void add_edge(struct graph *g, uint32_t to, bool itself, bool spare)
{
    *SAPA_VEC_PUSH(g->c, &g->edges) = (struct edge){ to, itself, !itself, spare };
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
                    add_edge(g, g->base[f] + node->edge[e], by_itself(node, e), is_spare(node, e));
            }
            for (uint32_t k = 0; k < node->key_count; k++)
                add_edge(g, g->base[f] + flow->keys[node->key_first + k].node, false, false);
            for (uint32_t k = 0; k < node->case_count; k++)
                add_edge(g, g->base[f] + flow->cases[node->case_first + k].node, true, false);
            if (node->kind == SAPA_NODE_FLOW && node->flow < g->flow_count)
                add_edge(g, g->base[node->flow] + g->flows[node->flow].start, true, false);
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

enum { FAR = 255 };

static uint32_t state_of(const struct graph *g, unsigned mode, uint32_t id)
{
    return mode * g->n + id;
}

/* Where an edge leads, in a mode: nobody comes back from SPARE. */
static uint32_t state_behind(const struct graph *g, unsigned mode, const struct edge *edge)
{
    return state_of(g, mode == SPARE || edge->spare ? SPARE : OPEN, edge->to);
}

struct ways {
    bool any;                   /* every way out may be hoped for, and costs nothing */
    uint8_t *steps;             /* of each state to a human; FAR: none is sure to be reached */
    uint32_t *back_first;       /* edges into each state */
    uint32_t *back;             /* states they come from */
    uint8_t *cost;
    uint32_t *left;             /* ways out of a node without a choice whose end is not known yet */
    uint32_t *now, *later;      /* states found at this number of steps, and at one more */
    uint32_t now_n, later_n;
};

static void turn_edges(struct graph *g, struct ways *w)
{
    const uint32_t states = MODES * g->n;

    for (uint32_t s = 0; s < states; s++) {
        for (uint32_t e = g->first[s % g->n]; e < g->first[s % g->n + 1]; e++)
            w->back_first[state_behind(g, s / g->n, &g->edges.at[e]) + 2]++;
    }
    for (uint32_t s = 1; s <= states; s++)
        w->back_first[s + 1] += w->back_first[s];
    for (uint32_t s = 0; s < states; s++) {
        w->left[s] = g->first[s % g->n + 1] - g->first[s % g->n];
        for (uint32_t e = g->first[s % g->n]; e < g->first[s % g->n + 1]; e++) {
            const uint32_t slot =
                w->back_first[state_behind(g, s / g->n, &g->edges.at[e]) + 1]++;
            w->back[slot] = s;
            w->cost[slot] = g->edges.at[e].cost;
        }
    }
}

/* `state` is reached at `level`: who leads there may be reached now, too. */
static void look_back(struct graph *g, struct ways *w, uint32_t state)
{
    for (uint32_t e = w->back_first[state]; e < w->back_first[state + 1]; e++) {
        const uint32_t from = w->back[e];
        if (w->steps[from] != FAR)
            continue;
        if (w->any || is_choice(node_of(g, from % g->n))) {
            if (w->cost[e] && !w->any)
                w->later[w->later_n++] = from;
            else
                w->now[w->now_n++] = from;
        } else if (--w->left[from] == 0) { /* the last, so the worst of its ways */
            w->now[w->now_n++] = from;
        }
    }
}

/*
 * Steps from each state to a human: the shortest way at a choice, the longest elsewhere. States are
 * taken in the order of their steps, so each is looked at once (Knuth, "A generalization of
 * Dijkstra's algorithm", 1977). `any`: whether a human can be reached at all.
 */
static uint8_t *human_steps(struct graph *g, bool any)
{
    const size_t states = (size_t)MODES * g->n, edges = (size_t)MODES * g->edges.n;
    struct ways w = { .any = any, .steps = sapa_compile_scratch(g->c, states + 1) };

    w.back_first = sapa_compile_scratch(g->c, (states + 2) * sizeof(*w.back_first));
    w.back = sapa_compile_scratch(g->c, (edges + 1) * sizeof(*w.back));
    w.cost = sapa_compile_scratch(g->c, edges + 1);
    w.left = sapa_compile_scratch(g->c, (states + 1) * sizeof(*w.left));
    w.now = sapa_compile_scratch(g->c, (states + edges + 1) * sizeof(*w.now));
    w.later = sapa_compile_scratch(g->c, (states + edges + 1) * sizeof(*w.later));
    turn_edges(g, &w);
    for (uint32_t s = 0; s < states; s++) {
        w.steps[s] = FAR;
        if (is_human(node_of(g, s % g->n), any ? OPEN : s / g->n))
            w.now[w.now_n++] = s;
    }
    for (uint8_t level = 0; level < FAR - 1 && w.now_n > 0; level++) {
        while (w.now_n > 0) {
            const uint32_t state = w.now[--w.now_n];
            if (w.steps[state] != FAR)
                continue;
            w.steps[state] = level;
            look_back(g, &w, state);
        }
        uint32_t *const swap = w.now;
        w.now = w.later;
        w.now_n = w.later_n;
        w.later = swap;
        w.later_n = 0;
    }
    return w.steps;
}

/* Flows that callers come to from outside: those of numbers, and those no other flow leads to. */
static uint8_t *doors(struct graph *g)
{
    const struct sapa_centre *centre = g->c->centre;
    uint8_t *door = sapa_compile_scratch(g->c, (size_t)g->flow_count + 1);

    memset(door, 1, g->flow_count);
    for (uint32_t id = 0; id < g->n; id++) {
        const struct sapa_flow_node *node = node_of(g, id);
        if (node->kind == SAPA_NODE_FLOW && node->flow < g->flow_count && node->flow != g->flow[id])
            door[node->flow] = 0;
    }
    for (uint32_t i = 0; i < centre->numbers_count; i++) {
        if (centre->numbers[i].flow < g->flow_count)
            door[centre->numbers[i].flow] = 1;
    }
    return door;
}

/* Add to `met` the states that callers may be in who begin in flow `f`. */
static void meet(struct graph *g, uint32_t f, uint8_t *met, uint32_t *stack)
{
    uint32_t depth = 0;
    const uint32_t start = state_of(g, OPEN, g->base[f] + g->flows[f].start);

    if (met[start])
        return;
    met[start] = 1;
    stack[depth++] = start;
    while (depth > 0) {
        const uint32_t state = stack[--depth];
        for (uint32_t e = g->first[state % g->n]; e < g->first[state % g->n + 1]; e++) {
            const uint32_t to = state_behind(g, state / g->n, &g->edges.at[e]);
            if (!met[to]) {
                met[to] = 1;
                stack[depth++] = to;
            }
        }
    }
}

/* The node at which somebody who chooses nothing gets lost. */
static const struct sapa_flow_node *lost_at(const struct graph *g, const uint8_t *steps, uint32_t state)
{
    for (uint32_t passed = 0; passed < g->n && !is_choice(node_of(g, state % g->n)); passed++) {
        uint32_t worst = SAPA_NONE;
        for (uint32_t e = g->first[state % g->n]; e < g->first[state % g->n + 1]; e++) {
            const uint32_t to = state_behind(g, state / g->n, &g->edges.at[e]);
            if (worst == SAPA_NONE || steps[to] > steps[worst])
                worst = to;
        }
        if (worst == SAPA_NONE)
            break;
        state = worst;
    }
    return node_of(g, state % g->n);
}

static void check_node(struct graph *g, const uint8_t *steps, unsigned mode, uint32_t id)
{
    const uint32_t max = g->c->centre->system.human_steps_max, state = state_of(g, mode, id);
    const struct sapa_flow *flow = &g->flows[g->flow[id]];
    const struct sapa_flow_node *node = node_of(g, id);
    uint32_t zero = SAPA_NONE;

    if (steps[state] == FAR) {
        sapa_find_key(g->c, g->tree[id], "lead a key to a queue, or give the flow a self_service reason",
                      "no human is sure to be reached from here");
        return;
    }
    if (steps[state] > max)
        sapa_find_key(g->c, g->tree[id], "lead a key to a queue here",
                      "a human is %u steps away; at most %u are allowed", steps[state], max);
    if (node->kind != SAPA_NODE_MENU)
        return;
    for (uint32_t k = 0; k < node->key_count; k++) {
        if (flow->keys[node->key_first + k].key == '0')
            zero = state_of(g, mode, g->base[g->flow[id]] + flow->keys[node->key_first + k].node);
    }
    if (zero == SAPA_NONE)
        sapa_find_key(g->c, g->tree[id], "0: a queue node, or give the flow a self_service reason",
                      "key 0 must lead to a human in every menu");
    else if (steps[zero] != 0)
        sapa_find_key(g->c, g->tree[id],
                      mode == SPARE ? "lead key 0 to a queue, a callback or a voicemail"
                                    : "every way from key 0 must lead to a queue, a transfer or an on-call list; "
                                      "a callback or voicemail will do when closed, or behind a queue",
                      "key 0 may lead to \"" SAPA_STR_FMT "\" without a human",
                      SAPA_STR_ARG(lost_at(g, steps, zero)->key));
}

static void check_humans(struct graph *g)
{
    const uint8_t *steps = human_steps(g, false), *hope = human_steps(g, true), *door = doors(g);
    uint8_t *met = sapa_compile_scratch(g->c, (size_t)MODES * g->n + 1);
    uint32_t *stack = sapa_compile_scratch(g->c, ((size_t)MODES * g->n + 1) * sizeof(*stack));

    for (uint32_t f = 0; f < g->flow_count; f++) {
        if (!door[f])
            continue;
        meet(g, f, met, stack);
        if (!g->flows[f].self_service && hope[state_of(g, OPEN, g->base[f] + g->flows[f].start)] == FAR)
            sapa_find_key(g->c, g->tree[g->base[f] + g->flows[f].start],
                          "lead to a queue, a transfer or an on-call list, or give the flow a "
                          "self_service reason",
                          "nobody who begins here can reach a human");
    }
    for (uint32_t id = 0; id < g->n; id++) {
        if (!asks(node_of(g, id)) || g->flows[g->flow[id]].self_service)
            continue;
        if (met[state_of(g, SPARE, id)] && !met[state_of(g, OPEN, id)])
            check_node(g, steps, SPARE, id);
        else
            check_node(g, steps, OPEN, id);
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
