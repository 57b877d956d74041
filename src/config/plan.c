#include "config/plan.h"

#include <stdlib.h>
#include <string.h>

#include "config/compile_impl.h"

enum { SENTENCE_MAX = 700, VALUE_MAX = 160 };

/* What an object of a section is called; NULL: the section has no objects with keys, its own name will do. */
static const char *const nouns[SAPA_SECTION_COUNT][SAPA_LANGUAGE_COUNT] = {
    [SAPA_SECTION_INTERRUPTS] = { "interupsi", "interrupt" },
    [SAPA_SECTION_ADDRESSES] = { "alamat", "address" },
    [SAPA_SECTION_HOLIDAYS] = { "kalender libur", "holiday calendar" },
    [SAPA_SECTION_HOURS] = { "jam buka", "opening hours" },
    [SAPA_SECTION_CLIENTS] = { "klien", "client" },
    [SAPA_SECTION_TEAMS] = { "tim", "team" },
    [SAPA_SECTION_AGENTS] = { "agen", "agent" },
    [SAPA_SECTION_REASONS] = { "alasan", "reason" },
    [SAPA_SECTION_DISPOSITIONS] = { "set disposisi", "set of dispositions" },
    [SAPA_SECTION_QUEUES] = { "antrean", "queue" },
    [SAPA_SECTION_TRUNKS] = { "trunk", "trunk" },
    [SAPA_SECTION_NUMBERS] = { "nomor", "number" },
    [SAPA_SECTION_PROMPTS] = { "rekaman suara", "prompt" },
    [SAPA_SECTION_CODES] = { "kode", "code" },
    [SAPA_SECTION_ROLES] = { "peran", "role" },
    [SAPA_SECTION_DO_NOT_CONTACT] = { "daftar jangan-hubungi", "do-not-contact list" },
    [SAPA_SECTION_USERS] = { "pengguna", "user" },
    [SAPA_SECTION_CAMPAIGNS] = { "kampanye", "campaign" },
    [SAPA_SECTION_FLOWS] = { "alur", "flow" },
};

static const char *const words[][SAPA_LANGUAGE_COUNT] = {
    { "baru", "is new" }, { "dihapus", "goes" }, { "sekarang", "is now" }, { "sebelumnya", "was" },
    { "tidak diatur lagi", "is no longer given" }, { "berubah", "has changed" }, { "urutannya lain", "stands in another order" },
    { "bertambah", "gains" }, { "kehilangan", "loses" },
};
enum word { IS_NEW, GOES, IS_NOW, WAS, NOT_GIVEN, CHANGED, ORDER, GAINS, LOSES };

struct plan {
    const struct sapa_compile *before, *after;
    enum sapa_language language;
    sapa_plan_fn *fn;
    void *ctx;
};

/* ---- words ---- */

static const char *say(const struct plan *p, enum word word) { return words[word][p->language]; }

static bool is_secret(struct sapa_str key)
{
    for (unsigned object = 0; object < SAPA_OBJECT_COUNT; object++)
        for (unsigned i = 0; i < sapa_objects[object].count; i++)
            if (sapa_objects[object].rows[i].type == SAPA_FIELD_SECRET &&
                sapa_str_eq(key, sapa_str_of(sapa_objects[object].rows[i].key)))
                return true;
    return false;
}

/* "queue layanan: steps[0].needs": the object, and the way to the value. */
static void write_where(const struct plan *p, const struct sapa_compile *c, uint32_t node, struct sapa_text *out)
{
    uint32_t way[SAPA_CENTRE_DEPTH_MAX + 2];
    unsigned depth = 0, section = 0, first = 1;

    for (uint32_t at = node; sapa_tree(c, at)->parent != SAPA_NONE; at = sapa_tree(c, at)->parent) {
        sapa_assert(depth < SAPA_COUNT(way));
        way[depth++] = at;
    }
    if (depth == 0)
        return;
    const struct sapa_str top = sapa_tree(c, way[depth - 1])->key;
    while (section < SAPA_SECTION_COUNT && !sapa_str_eq(top, sapa_str_of(sapa_section_names[section])))
        section++;
    if (depth > 1 && section < SAPA_SECTION_COUNT && nouns[section][p->language] &&
        sapa_tree(c, way[depth - 1])->kind == SAPA_TREE_MAP) {
        sapa_text_printf(out, "%s " SAPA_STR_FMT, nouns[section][p->language], SAPA_STR_ARG(sapa_tree(c, way[depth - 2])->key));
        first = 2;
    } else {
        sapa_text_add(out, top);
    }
    for (unsigned i = first; i < depth; i++) {
        const struct sapa_tree_node *at = sapa_tree(c, way[depth - 1 - i]);
        const char *sign = i == first ? ": " : ".";
        if (sapa_tree(c, at->parent)->kind == SAPA_TREE_LIST)
            sapa_text_printf(out, "%s[%u]", i == first ? ": " : "", at->ordinal + 1);
        else
            sapa_text_printf(out, "%s" SAPA_STR_FMT, sign, SAPA_STR_ARG(at->key));
    }
}

/* A value in one line, as it would be written; cut with an ellipsis. Depth is bounded by the parser. */
static void write_value(const struct sapa_compile *c, uint32_t node, struct sapa_text *out)
{
    uint32_t at = node;
    bool up = false; /* coming back from a child */

    for (;;) {
        const struct sapa_tree_node *n = sapa_tree(c, at);
        if (!up) {
            if (at != node && n->ordinal > 0)
                sapa_text_printf(out, ", ");
            if (n->key.n > 0 && at != node)
                sapa_text_printf(out, SAPA_STR_FMT ": ", SAPA_STR_ARG(n->key));
            if (n->kind == SAPA_TREE_TEXT)
                sapa_text_printf(out, is_secret(n->key) ? "…" : n->quoted ? "\"" SAPA_STR_FMT "\"" : SAPA_STR_FMT, SAPA_STR_ARG(n->text));
            else
                sapa_text_char(out, n->kind == SAPA_TREE_MAP ? '{' : '[');
            if (n->kind != SAPA_TREE_TEXT && n->first != SAPA_NONE) {
                at = n->first;
                continue;
            }
        }
        if (n->kind != SAPA_TREE_TEXT)
            sapa_text_char(out, n->kind == SAPA_TREE_MAP ? '}' : ']');
        if (at == node || out->cut)
            return;
        up = n->next == SAPA_NONE;
        at = up ? n->parent : n->next;
    }
}

static void add_value(const struct sapa_compile *c, uint32_t node, struct sapa_text *out)
{
    char buf[VALUE_MAX];
    struct sapa_text value;

    sapa_text_init(&value, buf, sizeof(buf));
    write_value(c, node, &value);
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)buf[i] < ' ')
            buf[i] = ' ';
    size_t n = value.n;
    if (value.cut) /* not in the middle of a character */
        n = sapa_str_utf8_length(sapa_text_str(&value));
    sapa_text_printf(out, SAPA_STR_FMT "%s", SAPA_STR_ARG(((struct sapa_str){ buf, n })), value.cut ? "…" : "");
}

/* ---- comparing ---- */

static bool only_texts(const struct sapa_compile *c, uint32_t list)
{
    for SAPA_TREE_EACH(c, child, list)
        if (sapa_tree(c, child)->kind != SAPA_TREE_TEXT)
            return false;
    return true;
}

static void one(const struct plan *p, enum sapa_plan_kind kind, const struct sapa_compile *c, uint32_t node)
{
    char buf[SENTENCE_MAX];
    struct sapa_text out;

    sapa_text_init(&out, buf, sizeof(buf));
    write_where(p, c, node, &out);
    sapa_text_printf(&out, " %s", say(p, kind == SAPA_PLAN_NEW ? IS_NEW : GOES));
    const struct sapa_tree_node *n = sapa_tree(c, node);
    if (kind == SAPA_PLAN_NEW && (n->kind != SAPA_TREE_TEXT || n->text.n > 0)) {
        sapa_text_printf(&out, ": ");
        add_value(c, node, &out);
    }
    p->fn(p->ctx, kind, buf);
}

/* Lists of plain words: what comes and what goes. True when that says it all. */
static bool compare_words(const struct plan *p, uint32_t a, uint32_t b)
{
    char buf[SENTENCE_MAX];
    struct sapa_text out;
    bool told = false;

    for (int turn = 0; turn < 2; turn++) {
        const struct sapa_compile *from = turn ? p->before : p->after, *other = turn ? p->after : p->before;
        sapa_text_init(&out, buf, sizeof(buf));
        bool any = false;
        for SAPA_TREE_EACH(from, child, turn ? a : b) {
            const struct sapa_str text = sapa_tree(from, child)->text;
            if (sapa_tree_get(other, turn ? b : a, text) != SAPA_NONE)
                continue;
            if (!any) {
                write_where(p, p->after, b, &out);
                sapa_text_printf(&out, " %s ", say(p, turn ? LOSES : GAINS));
            }
            sapa_text_printf(&out, "%s\"" SAPA_STR_FMT "\"", any ? ", " : "", SAPA_STR_ARG(text));
            any = true;
        }
        if (any)
            p->fn(p->ctx, SAPA_PLAN_CHANGED, buf);
        told = told || any;
    }
    return told;
}

static void changed(const struct plan *p, uint32_t a, uint32_t b)
{
    char buf[SENTENCE_MAX];
    struct sapa_text out;

    sapa_text_init(&out, buf, sizeof(buf));
    write_where(p, p->after, b, &out);
    if (is_secret(sapa_tree(p->after, b)->key)) {
        sapa_text_printf(&out, " %s", say(p, CHANGED));
    } else {
        sapa_text_printf(&out, " %s ", say(p, IS_NOW));
        add_value(p->after, b, &out);
        sapa_text_printf(&out, " (%s ", say(p, WAS));
        add_value(p->before, a, &out);
        sapa_text_printf(&out, ")");
    }
    p->fn(p->ctx, SAPA_PLAN_CHANGED, buf);
}

static bool same_order(const struct plan *p, uint32_t a, uint32_t b)
{
    uint32_t x = sapa_tree(p->before, a)->first, y = sapa_tree(p->after, b)->first;

    while (x != SAPA_NONE && y != SAPA_NONE && sapa_str_eq(sapa_tree(p->before, x)->text, sapa_tree(p->after, y)->text)) {
        x = sapa_tree(p->before, x)->next;
        y = sapa_tree(p->after, y)->next;
    }
    return x == y; /* both at the end */
}

/* One pair of values. Returns true when the children are to be compared too. */
static bool compare(const struct plan *p, uint32_t a, uint32_t b)
{
    const struct sapa_tree_node *before = sapa_tree(p->before, a), *after = sapa_tree(p->after, b);

    if (before->kind != after->kind) {
        changed(p, a, b);
        return false;
    }
    if (before->kind == SAPA_TREE_TEXT) {
        if (!sapa_str_eq(before->text, after->text))
            changed(p, a, b);
        return false;
    }
    if (before->kind == SAPA_TREE_LIST && only_texts(p->before, a) && only_texts(p->after, b)) {
        if (!same_order(p, a, b) && !compare_words(p, a, b)) {
            char buf[SENTENCE_MAX];
            struct sapa_text out;
            sapa_text_init(&out, buf, sizeof(buf));
            write_where(p, p->after, b, &out);
            sapa_text_printf(&out, " %s: ", say(p, ORDER));
            add_value(p->after, b, &out);
            p->fn(p->ctx, SAPA_PLAN_CHANGED, buf);
        }
        return false;
    }
    for SAPA_TREE_EACH(p->before, child, a)
        if (after->kind == SAPA_TREE_MAP ? sapa_tree_get(p->after, b, sapa_tree(p->before, child)->key) == SAPA_NONE
                                         : sapa_tree(p->before, child)->ordinal >= after->count)
            one(p, SAPA_PLAN_GONE, p->before, child);
    return true;
}

/* Depth first, without recursion, through what the new document has. */
static void walk(const struct plan *p)
{
    struct { uint32_t father, a, b; } stack[SAPA_CENTRE_DEPTH_MAX + 2]; /* father in the old document; next children */
    unsigned depth = 0;

    if (!compare(p, 0, 0))
        return;
    stack[0].father = 0;
    stack[0].a = sapa_tree(p->before, 0)->first;
    stack[0].b = sapa_tree(p->after, 0)->first;
    for (;;) {
        const uint32_t b = stack[depth].b;
        uint32_t a = stack[depth].a;
        if (b == SAPA_NONE) {
            if (depth-- == 0)
                return;
            continue;
        }
        stack[depth].b = sapa_tree(p->after, b)->next;
        if (a != SAPA_NONE)
            stack[depth].a = sapa_tree(p->before, a)->next;
        const struct sapa_tree_node *after = sapa_tree(p->after, b);
        if (sapa_tree(p->after, after->parent)->kind == SAPA_TREE_MAP && sapa_tree_get(p->after, after->parent, after->key) != b)
            continue; /* a key that stands twice: no centre takes such a document */
        if (sapa_tree(p->before, stack[depth].father)->kind == SAPA_TREE_MAP) /* items of a list pair by their place */
            a = sapa_tree_get(p->before, stack[depth].father, sapa_tree(p->after, b)->key);
        if (a == SAPA_NONE) {
            one(p, SAPA_PLAN_NEW, p->after, b);
        } else if (compare(p, a, b)) {
            depth++;
            sapa_assert(depth < SAPA_COUNT(stack));
            stack[depth].father = a;
            stack[depth].a = sapa_tree(p->before, a)->first;
            stack[depth].b = sapa_tree(p->after, b)->first;
        }
    }
}

/* ---- documents ---- */

static void close_tree(struct sapa_compile *c)
{
    if (!c)
        return;
    if (c->event_open)
        yaml_event_delete(&c->event);
    if (c->parser_open)
        yaml_parser_delete(&c->parser);
    sapa_arena_free(&c->scratch);
    sapa_arena_free(&c->keep);
    free(c->findings);
    free(c);
}

static sapa_rc open_tree(struct sapa_str text, struct sapa_compile **ret)
{
    struct sapa_compile *c = calloc(1, sizeof(*c));
    volatile sapa_rc rc = SAPA_ENOMEM;

    if (!c)
        return SAPA_ENOMEM;
    c->findings = calloc(1, sizeof(*c->findings));
    if (c->findings && setjmp(c->out_of_memory) == 0)
        rc = sapa_tree_parse(c, text) ? SAPA_OK : SAPA_EINVAL;
    if (rc == SAPA_OK)
        *ret = c;
    else
        close_tree(c);
    return rc;
}

sapa_rc sapa_centre_plan(struct sapa_str before, struct sapa_str after, enum sapa_language language, sapa_plan_fn *fn,
                         void *ctx)
{
    struct sapa_compile *old = NULL, *new = NULL;
    sapa_rc rc = open_tree(before, &old);

    if (rc == SAPA_OK)
        rc = open_tree(after, &new);
    if (rc == SAPA_OK) {
        const struct plan plan = { .before = old, .after = new, .language = language, .fn = fn, .ctx = ctx };
        walk(&plan);
    }
    close_tree(new);
    close_tree(old);
    return rc;
}
