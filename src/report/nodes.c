#include "report/nodes.h"

#include "report/call.h"
#include "report/zone.h"

enum { LINE_SIZE = 4096 };

struct place {
    uint64_t contact;
    uint64_t node;   /* id */
    bool talked;     /* an agent or an outside number, since he came here */
    bool counted;    /* he came within the bounds */
};

void sapa_nodes_init(struct sapa_nodes *nodes, const struct sapa_memory *memory, int64_t from_us, int64_t to_us)
{
    *nodes = (struct sapa_nodes){ .memory = memory, .from_us = from_us, .to_us = to_us };
    sapa_table_init(&nodes->nodes, memory, sizeof(struct sapa_node_row), SAPA_NODES_MAX);
    sapa_table_init(&nodes->exits, memory, sizeof(struct sapa_node_exit), SAPA_NODE_EXITS_MAX);
    sapa_table_init(&nodes->contacts, memory, sizeof(struct place), SAPA_CALLS_MAX);
}

void sapa_nodes_done(struct sapa_nodes *nodes)
{
    sapa_table_done(&nodes->nodes);
    sapa_table_done(&nodes->exits);
    sapa_table_done(&nodes->contacts);
}

/* ---- rows ---- */

/* FNV-1a, 64 bits. */
static uint64_t hash(uint64_t value, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        value = (value ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
    return value;
}

static bool is_row(const struct sapa_node_row *row, struct sapa_str flow, struct sapa_str node)
{
    return sapa_str_eq(sapa_str_of(row->flow), flow) && sapa_str_eq(sapa_str_of(row->node), node);
}

/* The row of two keys, or (no row) the id that it would get: two pairs with one hash stand side by side. */
static struct sapa_node_row *find_row(const struct sapa_nodes *nodes, struct sapa_str flow, struct sapa_str node,
                                      uint64_t *ret_id)
{
    struct sapa_node_row *row;
    uint64_t id = hash(UINT64_C(0xcbf29ce484222325), flow.p, flow.n);

    id = hash(hash(id, "", 1), node.p, node.n);
    while ((row = sapa_table_find(&nodes->nodes, id)) != NULL && !is_row(row, flow, node))
        id++;
    *ret_id = id;
    return row;
}

const struct sapa_node_row *sapa_nodes_find(const struct sapa_nodes *nodes, struct sapa_str flow, struct sapa_str node)
{
    uint64_t id;

    return find_row(nodes, flow, node, &id);
}

sapa_rc sapa_nodes_take(struct sapa_nodes *nodes, const struct sapa_centre *centre)
{
    nodes->centre = centre;
    for (uint32_t f = 0; f < centre->flows_count; f++) {
        for (uint32_t i = 0; i < centre->flows[f].nodes_count; i++) {
            struct sapa_node_row *row;
            uint64_t id;
            if (find_row(nodes, centre->flows[f].key, centre->flows[f].nodes[i].key, &id))
                continue;
            const uint32_t order = nodes->nodes.count;
            const sapa_rc rc = sapa_table_add(&nodes->nodes, id, &row);
            if (rc != SAPA_OK)
                return nodes->failed = rc;
            row->order = order;
            (void)sapa_str_copy(centre->flows[f].key, row->flow, sizeof(row->flow));
            (void)sapa_str_copy(centre->flows[f].nodes[i].key, row->node, sizeof(row->node));
        }
    }
    return SAPA_OK;
}

static void count_exit(struct sapa_nodes *nodes, uint64_t from, uint64_t to, char key)
{
    struct sapa_node_exit *way;
    uint64_t id = hash(hash(hash(UINT64_C(0xcbf29ce484222325), &from, sizeof(from)), &to, sizeof(to)), &key, 1);

    while ((way = sapa_table_find(&nodes->exits, id)) != NULL && (way->from != from || way->to != to || way->key != key))
        id++;
    if (!way) {
        const sapa_rc rc = sapa_table_add(&nodes->exits, id, &way);
        if (rc != SAPA_OK) {
            nodes->failed = rc;
            return;
        }
        way->from = from;
        way->to = to;
        way->key = key;
    }
    way->count++;
}

/* ---- folding ---- */

static void stepped(struct sapa_nodes *nodes, const struct sapa_record *record)
{
    const struct sapa_rec_flow_step *in = &record->u.flow_step;
    struct place *place = sapa_table_find(&nodes->contacts, in->contact);
    uint64_t id;

    if (!nodes->centre || in->flow >= nodes->centre->flows_count || in->node >= nodes->centre->flows[in->flow].nodes_count)
        return;
    const struct sapa_flow *flow = &nodes->centre->flows[in->flow];
    struct sapa_node_row *row = find_row(nodes, flow->key, flow->nodes[in->node].key, &id);
    if (!row)
        return;
    if (place && place->counted) {
        struct sapa_node_row *from = sapa_table_find(&nodes->nodes, place->node);
        from->here--;
        from->left++;
        count_exit(nodes, place->node, id, (char)in->via);
    } else if (!place) {
        const sapa_rc rc = sapa_table_add(&nodes->contacts, in->contact, &place);
        if (rc != SAPA_OK) {
            nodes->failed = rc;
            return;
        }
    }
    place->node = id;
    place->talked = false;
    place->counted = record->at_us >= nodes->from_us && (nodes->to_us == 0 || record->at_us < nodes->to_us);
    row->entered += place->counted;
    row->here += place->counted;
}

static void ended(struct sapa_nodes *nodes, const struct sapa_rec_contact_ended *in)
{
    struct place *place = sapa_table_find(&nodes->contacts, in->contact);

    if (!place)
        return;
    if (place->counted) {
        struct sapa_node_row *row = sapa_table_find(&nodes->nodes, place->node);
        row->here--;
        row->talked += place->talked;
        row->hung_up += !place->talked && in->side == SAPA_SIDE_CUSTOMER;
        row->ended += !place->talked && in->side != SAPA_SIDE_CUSTOMER;
    }
    sapa_table_remove(&nodes->contacts, place);
}

static void talked(struct sapa_nodes *nodes, uint64_t contact)
{
    struct place *place = sapa_table_find(&nodes->contacts, contact);

    if (place)
        place->talked = true;
}

sapa_rc sapa_nodes_fold(struct sapa_nodes *nodes, const struct sapa_record *record)
{
    if (record->seq != 0) {
        if (record->seq <= nodes->seq)
            return nodes->failed;
        nodes->seq = record->seq;
    }
    switch (record->type) {
    case SAPA_T_flow_step: stepped(nodes, record); break;
    case SAPA_T_contact_connected: talked(nodes, record->u.contact_connected.contact); break;
    case SAPA_T_outside_tried:
        if (record->u.outside_tried.result == 0)
            talked(nodes, record->u.outside_tried.contact);
        break;
    case SAPA_T_contact_ended: ended(nodes, &record->u.contact_ended); break;
    default: break;
    }
    return nodes->failed;
}

/* ---- printing ---- */

static const struct sapa_node_row *next_row(const struct sapa_nodes *nodes, const struct sapa_node_row *after,
                                            struct sapa_str only)
{
    const struct sapa_node_row *best = NULL;

    for (uint32_t i = 0; i < nodes->nodes.count; i++) {
        const struct sapa_node_row *row = sapa_table_at(&nodes->nodes, i);
        if (row->entered > 0 && (!after || row->order > after->order) && (!best || row->order < best->order) &&
            (only.n == 0 || sapa_str_eq(sapa_str_of(row->flow), only)))
            best = row;
    }
    return best;
}

/* The most used first; where two are used alike, by place in the table. */
static const struct sapa_node_exit *next_exit(const struct sapa_nodes *nodes, uint64_t from, const struct sapa_node_exit *after)
{
    const struct sapa_node_exit *best = NULL;

    for (uint32_t i = 0; i < nodes->exits.count; i++) {
        const struct sapa_node_exit *way = sapa_table_at(&nodes->exits, i);
        const bool is_behind = !after || way->count < after->count || (way->count == after->count && way > after);
        if (way->from == from && is_behind && (!best || way->count > best->count))
            best = way;
    }
    return best;
}

static void put_exits(const struct sapa_nodes *nodes, const struct sapa_node_row *row, enum sapa_format format, struct sapa_text *out)
{
    const char *between = "";

    for (const struct sapa_node_exit *way = NULL; (way = next_exit(nodes, row->id, way)) != NULL;) {
        const struct sapa_node_row *to = sapa_table_find(&nodes->nodes, way->to);
        const bool other = strcmp(to->flow, row->flow) != 0;
        const char key[2] = { way->key, '\0' };
        if (format == SAPA_FORMAT_JSON)
            sapa_text_printf(out, "%s{\"key\":\"%s\",\"flow\":\"%s\",\"node\":\"%s\",\"count\":%llu}", between, key, to->flow, to->node,
                             (unsigned long long)way->count);
        else
            sapa_text_printf(out, "%s%s%s%s%s%s %llu", between, key, format == SAPA_FORMAT_CSV ? ">" : way->key ? " → " : "→ ",
                             other ? to->flow : "", other ? "/" : "", to->node, (unsigned long long)way->count);
        between = format == SAPA_FORMAT_JSON ? "," : format == SAPA_FORMAT_CSV ? ";" : ", ";
    }
}

sapa_rc sapa_nodes_print(const struct sapa_nodes *nodes, enum sapa_format format, enum sapa_language language,
                         struct sapa_str only, const struct sapa_lines *out)
{
    static const char *const heads[SAPA_LANGUAGE_COUNT][8] = {
        { "Alur", "Simpul", "Masuk", "Lanjut", "Bicara", "Tutup", "Selesai", "Di sini" },
        { "Flow", "Node", "Entered", "Left", "Talked", "Hung up", "Ended", "Here" },
    };
    const char *const *head = heads[language == SAPA_LANGUAGE_EN];
    char buf[LINE_SIZE];
    struct sapa_text line;
    uint32_t flow_width = 8, node_width = 10;

    if (!next_row(nodes, NULL, only) && only.n > 0)
        return SAPA_ENOENT;
    for (const struct sapa_node_row *row = NULL; (row = next_row(nodes, row, only)) != NULL;) {
        flow_width = SAPA_MAX(flow_width, sapa_print_cells(sapa_str_of(row->flow)));
        node_width = SAPA_MAX(node_width, sapa_print_cells(sapa_str_of(row->node)));
    }
    sapa_text_init(&line, buf, sizeof(buf));
    if (format == SAPA_FORMAT_TEXT) {
        sapa_print_pad(&line, sapa_str_of(head[0]), flow_width + 2, false);
        sapa_print_pad(&line, sapa_str_of(head[1]), node_width, false);
        for (unsigned i = 2; i < 8; i++)
            sapa_print_pad(&line, sapa_str_of(head[i]), 9, true);
        out->line(out->ctx, sapa_text_str(&line));
    } else if (format == SAPA_FORMAT_CSV) {
        out->line(out->ctx, SAPA_STR("flow,node,entered,left,talked,hung_up,ended,here,exits"));
    }
    for (const struct sapa_node_row *row = NULL; (row = next_row(nodes, row, only)) != NULL;) {
        const uint64_t counts[] = { row->entered, row->left, row->talked, row->hung_up, row->ended, row->here };
        static const char *const keys[] = { "entered", "left", "talked", "hung_up", "ended", "here" };
        sapa_text_init(&line, buf, sizeof(buf));
        if (format == SAPA_FORMAT_JSON) {
            sapa_text_printf(&line, "{\"flow\":\"%s\",\"node\":\"%s\"", row->flow, row->node);
            for (size_t i = 0; i < SAPA_COUNT(counts); i++)
                sapa_text_printf(&line, ",\"%s\":%llu", keys[i], (unsigned long long)counts[i]);
            sapa_text_add(&line, SAPA_STR(",\"exits\":["));
            put_exits(nodes, row, format, &line);
            sapa_text_add(&line, SAPA_STR("]}"));
        } else if (format == SAPA_FORMAT_CSV) {
            sapa_text_printf(&line, "%s,%s", row->flow, row->node);
            for (size_t i = 0; i < SAPA_COUNT(counts); i++)
                sapa_text_printf(&line, ",%llu", (unsigned long long)counts[i]);
            sapa_text_char(&line, ',');
            put_exits(nodes, row, format, &line);
        } else {
            sapa_print_pad(&line, sapa_str_of(row->flow), flow_width + 2, false);
            sapa_print_pad(&line, sapa_str_of(row->node), node_width, false);
            for (size_t i = 0; i < SAPA_COUNT(counts); i++)
                sapa_text_printf(&line, "%9llu", (unsigned long long)counts[i]);
            if (row->left > 0)
                sapa_text_add(&line, SAPA_STR("   "));
            put_exits(nodes, row, format, &line);
        }
        out->line(out->ctx, sapa_text_str(&line));
    }
    return SAPA_OK;
}
