#include "config/compile_impl.h"

static uint32_t add_node(struct sapa_compile *c, uint8_t kind, const yaml_event_t *event,
                         uint32_t parent)
{
    const uint32_t id = c->tree.n;
    struct sapa_tree_node *node = SAPA_VEC_PUSH(c, &c->tree);

    *node = (struct sapa_tree_node){
        .kind = kind,
        .line = (uint32_t)event->start_mark.line + 1,
        .column = (uint32_t)event->start_mark.column + 1,
        .parent = parent,
        .first = SAPA_NONE,
        .last = SAPA_NONE,
        .next = SAPA_NONE,
    };
    if (parent != SAPA_NONE) {
        struct sapa_tree_node *up = &c->tree.at[parent];
        node->ordinal = up->count++;
        if (up->last == SAPA_NONE)
            up->first = id;
        else
            c->tree.at[up->last].next = id;
        up->last = id;
    }
    return id;
}

static void find_mark(struct sapa_compile *c, const yaml_mark_t *mark, const char *hint,
                      const char *reason)
{
    sapa_find(c, SAPA_NONE, 0, hint, "%s", reason);
    if (c->findings->more == 0) {
        struct sapa_finding *f = &c->findings->list[c->findings->count - 1];
        f->line = (uint32_t)mark->line + 1;
        f->column = (uint32_t)mark->column + 1;
    }
}

static uint32_t hash_of(uint32_t parent, struct sapa_str key)
{
    uint64_t h = 0xcbf29ce484222325u ^ parent; /* FNV-1a */

    for (size_t i = 0; i < key.n; i++)
        h = (h ^ (uint8_t)key.p[i]) * 0x100000001b3u;
    h ^= h >> 29;
    return (uint32_t)(h * 0x9e3779b97f4a7c15u >> 32);
}

static struct sapa_str name_of(const struct sapa_tree_node *node,
                               const struct sapa_tree_node *parent)
{
    return parent->kind == SAPA_TREE_MAP ? node->key : node->text;
}

/* Index every named child; two of the same name in a map are a mistake. */
static void build_index(struct sapa_compile *c)
{
    uint32_t size = 16;

    while (size < c->tree.n * 2)
        size *= 2;
    c->index = sapa_compile_scratch(c, (size_t)size * sizeof(*c->index));
    c->index_mask = size - 1;
    for (uint32_t id = 1; id < c->tree.n; id++) {
        const struct sapa_tree_node *node = sapa_tree(c, id), *parent = sapa_tree(c, node->parent);
        const struct sapa_str name = name_of(node, parent);
        if (parent->kind == SAPA_TREE_LIST && node->kind != SAPA_TREE_TEXT)
            continue;
        uint32_t slot = hash_of(node->parent, name) & c->index_mask;
        for (; c->index[slot] != 0; slot = (slot + 1) & c->index_mask) {
            const struct sapa_tree_node *other = sapa_tree(c, c->index[slot] - 1);
            if (other->parent == node->parent && sapa_str_eq(name_of(other, parent), name))
                break;
        }
        if (c->index[slot] == 0)
            c->index[slot] = id + 1;
        else if (parent->kind == SAPA_TREE_MAP)
            sapa_find_key(c, id, "keep one of the two",
                          "\"" SAPA_STR_FMT "\" stands here a second time (first in line %u)",
                          SAPA_STR_ARG(name), sapa_tree(c, c->index[slot] - 1)->key_line);
    }
}

uint32_t sapa_tree_get(const struct sapa_compile *c, uint32_t parent, struct sapa_str key)
{
    if (parent == SAPA_NONE)
        return SAPA_NONE;
    for (uint32_t slot = hash_of(parent, key) & c->index_mask; c->index[slot] != 0;
         slot = (slot + 1) & c->index_mask) {
        const struct sapa_tree_node *node = sapa_tree(c, c->index[slot] - 1);
        if (node->parent == parent && sapa_str_eq(name_of(node, sapa_tree(c, parent)), key))
            return c->index[slot] - 1;
    }
    return SAPA_NONE;
}

struct reading {
    uint32_t stack[SAPA_CENTRE_DEPTH_MAX];
    unsigned depth;
    bool has_key; /* a key waits for its value */
    struct sapa_str key;
    uint32_t key_line, key_column;
    uint32_t documents;
};

/* A value begins. False: a limit or something that is not allowed. */
static bool take_value(struct sapa_compile *c, struct reading *r, const yaml_event_t *event,
                       uint8_t kind, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    const uint32_t parent = r->depth ? r->stack[r->depth - 1] : SAPA_NONE;
    const bool in_map = parent != SAPA_NONE && sapa_tree(c, parent)->kind == SAPA_TREE_MAP;

    if (anchor || tag) {
        find_mark(c, &event->start_mark, "write the value out",
                  anchor ? "an anchor (&) is not allowed" : "a tag (!) is not allowed");
        return false;
    }
    if (c->tree.n >= SAPA_CENTRE_VALUES_MAX) {
        find_mark(c, &event->start_mark, "serve two centres", "the document has more than 200,000 values");
        return false;
    }
    if (in_map && !r->has_key) { /* this is the key */
        if (kind != SAPA_TREE_TEXT) {
            find_mark(c, &event->start_mark, "put texts with { } or [ ] between quotes",
                      "a key must be a plain word");
            return false;
        }
        r->key = sapa_compile_str(c, (struct sapa_str){ (const char *)event->data.scalar.value,
                                                        event->data.scalar.length });
        r->key_line = (uint32_t)event->start_mark.line + 1;
        r->key_column = (uint32_t)event->start_mark.column + 1;
        r->has_key = true;
        return true;
    }
    const uint32_t id = add_node(c, kind, event, parent);
    struct sapa_tree_node *node = &c->tree.at[id];
    if (in_map) {
        node->key = r->key;
        node->key_line = r->key_line;
        node->key_column = r->key_column;
        r->has_key = false;
    }
    if (kind == SAPA_TREE_TEXT) {
        const yaml_scalar_style_t style = event->data.scalar.style;
        node->quoted =
            style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
        node->block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
        node->text = sapa_compile_str(c, (struct sapa_str){ (const char *)event->data.scalar.value,
                                                            event->data.scalar.length });
        if (node->block)
            node->text = sapa_str_trim(node->text);
    } else {
        if (r->depth == SAPA_CENTRE_DEPTH_MAX) {
            find_mark(c, &event->start_mark, "look for a bracket that is not closed", "the document is nested deeper than 32 levels");
            return false;
        }
        r->stack[r->depth++] = id;
    }
    return true;
}

static bool take_event(struct sapa_compile *c, struct reading *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++r->documents > 1) {
            find_mark(c, &event->start_mark, "one file describes one centre: take out the ---", "a second document (---) is not allowed");
            return false;
        }
        return true;
    case YAML_ALIAS_EVENT:
        find_mark(c, &event->start_mark, "write the value out",
                  "an alias (*) is not allowed; a text that begins with * needs quotes");
        return false;
    case YAML_SCALAR_EVENT:
        return take_value(c, r, event, SAPA_TREE_TEXT, event->data.scalar.anchor,
                          event->data.scalar.tag);
    case YAML_SEQUENCE_START_EVENT:
        return take_value(c, r, event, SAPA_TREE_LIST, event->data.sequence_start.anchor,
                          event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return take_value(c, r, event, SAPA_TREE_MAP, event->data.mapping_start.anchor,
                          event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: r->depth--; return true;
    default: return true;
    }
}

static bool is_utf8(struct sapa_compile *c, struct sapa_str text)
{
    const size_t good = sapa_str_utf8_length(text);
    yaml_mark_t mark = { 0 };

    if (good == text.n)
        return true;
    for (size_t i = 0; i < good; i++) {
        mark.line += text.p[i] == '\n';
        mark.column = text.p[i] == '\n' ? 0 : mark.column + ((text.p[i] & 0xc0) != 0x80);
    }
    find_mark(c, &mark, "save it as UTF-8", "the document is not UTF-8 text");
    return false;
}

bool sapa_tree_parse(struct sapa_compile *c, struct sapa_str text)
{
    struct reading r = { 0 };
    bool good = true, over = false;

    if (text.n > SAPA_CENTRE_TEXT_MAX) {
        sapa_find(c, SAPA_NONE, 0, "is this the right file?", "the document is larger than 4 MiB");
        return false;
    }
    if (!is_utf8(c, text))
        return false;
    if (!yaml_parser_initialize(&c->parser))
        sapa_compile_no_memory(c);
    c->parser_open = true;
    yaml_parser_set_input_string(&c->parser, (const unsigned char *)(text.p ? text.p : ""), text.n);
    while (good && !over) {
        if (!yaml_parser_parse(&c->parser, &c->event)) {
            if (c->parser.error == YAML_MEMORY_ERROR)
                sapa_compile_no_memory(c);
            char reason[SAPA_FINDING_TEXT_MAX];
            struct sapa_text out;
            sapa_text_init(&out, reason, sizeof(reason));
            sapa_text_printf(&out, "not readable as YAML: %s",
                             c->parser.problem ? c->parser.problem : "?");
            if (c->parser.context)
                sapa_text_printf(&out, " (%s that begins in line %zu)", c->parser.context, c->parser.context_mark.line + 1);
            find_mark(c, &c->parser.problem_mark,
                      "look at the indentation and the quotes of this line and the one before",
                      reason);
            return false;
        }
        c->event_open = true; /* parser and event are closed by the caller if this jumps out */
        over = c->event.type == YAML_STREAM_END_EVENT;
        good = take_event(c, &r, &c->event);
        yaml_event_delete(&c->event);
        c->event_open = false;
    }
    if (!good)
        return false;
    if (c->tree.n == 0 || sapa_tree(c, 0)->kind != SAPA_TREE_MAP) {
        sapa_find(c, SAPA_NONE, 0, "see examples/empty/centre.yaml",
                  "the document is empty, or no map of sections");
        return false;
    }
    build_index(c);
    return true;
}
