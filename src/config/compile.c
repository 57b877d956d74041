#include "config/compile_impl.h"

#include <stdio.h>
#include <stdlib.h>

struct sapa_arena_chunk {
    struct sapa_arena_chunk *older;
    size_t size, used;
    _Alignas(16) unsigned char bytes[];
};

enum { CHUNK_MIN = 16384, CHUNK_MAX = 1 << 20 };

void *sapa_arena_take(struct sapa_arena *arena, size_t size)
{
    struct sapa_arena_chunk *chunk = arena->chunks;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + 15) & ~(size_t)15;
    if (!chunk || chunk->size - chunk->used < size) {
        size_t room = SAPA_MIN(SAPA_MAX(arena->used, (size_t)CHUNK_MIN), (size_t)CHUNK_MAX);
        room = SAPA_MAX(room, size);
        chunk = calloc(1, sizeof(*chunk) + room);
        if (!chunk)
            return NULL;
        chunk->size = room;
        chunk->older = arena->chunks;
        arena->chunks = chunk;
    }
    void *at = chunk->bytes + chunk->used;
    chunk->used += size;
    arena->used += size;
    return at;
}

void sapa_arena_free(struct sapa_arena *arena)
{
    for (struct sapa_arena_chunk *chunk = arena->chunks, *older; chunk; chunk = older) {
        older = chunk->older;
        free(chunk);
    }
    *arena = (struct sapa_arena){ 0 };
}

void sapa_compile_no_memory(struct sapa_compile *c) { longjmp(c->out_of_memory, 1); }

void *sapa_compile_take(struct sapa_compile *c, size_t size)
{
    void *at = sapa_arena_take(&c->keep, size);

    if (!at)
        sapa_compile_no_memory(c);
    return at;
}

void *sapa_compile_scratch(struct sapa_compile *c, size_t size)
{
    void *at = sapa_arena_take(&c->scratch, size);

    if (!at)
        sapa_compile_no_memory(c);
    return at;
}

void *sapa_vec_room(struct sapa_compile *c, void *at, uint32_t n, uint32_t *room, size_t size)
{
    if (n < *room) {
        memset((char *)at + (size_t)n * size, 0, size);
        return at;
    }
    const uint32_t bigger = *room ? *room * 2 : 16;
    void *copy = sapa_compile_scratch(c, (size_t)bigger * size);
    if (n > 0)
        memcpy(copy, at, (size_t)n * size);
    *room = bigger;
    return copy;
}

void *sapa_vec_keep(struct sapa_compile *c, const void *at, size_t size)
{
    void *copy = sapa_compile_take(c, size + 1);

    if (size > 0)
        memcpy(copy, at, size);
    return copy;
}

struct sapa_str sapa_compile_str(struct sapa_compile *c, struct sapa_str s)
{
    char *copy = sapa_compile_take(c, s.n + 1);

    if (s.n > 0)
        memcpy(copy, s.p, s.n);
    return (struct sapa_str){ copy, s.n };
}

struct sapa_str sapa_compile_printf(struct sapa_compile *c, const char *fmt, ...)
{
    char buf[512];
    struct sapa_text text;
    va_list args;

    sapa_text_init(&text, buf, sizeof(buf));
    va_start(args, fmt);
    sapa_text_vprintf(&text, fmt, args);
    va_end(args);
    return sapa_compile_str(c, sapa_text_str(&text));
}

/* ---- findings ---- */

enum { PATH_DEPTH_MAX = SAPA_CENTRE_DEPTH_MAX + 2 };

static void write_path(const struct sapa_compile *c, uint32_t node, struct sapa_text *out)
{
    uint32_t path[PATH_DEPTH_MAX];
    unsigned depth = 0;

    for (; node != SAPA_NONE && depth < PATH_DEPTH_MAX; node = sapa_tree(c, node)->parent)
        path[depth++] = node;
    for (; depth-- > 0;) {
        const struct sapa_tree_node *at = sapa_tree(c, path[depth]);
        if (at->parent == SAPA_NONE)
            continue;
        if (sapa_tree(c, at->parent)->kind == SAPA_TREE_LIST)
            sapa_text_printf(out, "[%u]", at->ordinal);
        else
            sapa_text_printf(out, "%s" SAPA_STR_FMT, out->n ? "." : "", SAPA_STR_ARG(at->key));
    }
}

static struct sapa_finding *new_finding(struct sapa_compile *c)
{
    if (c->findings->count == SAPA_FINDINGS_MAX) {
        c->findings->more++;
        return NULL;
    }
    struct sapa_finding *f = &c->findings->list[c->findings->count++];
    memset(f, 0, sizeof(*f));
    return f;
}

static void fill_finding(const struct sapa_compile *c, struct sapa_finding *f, uint32_t node,
                         const char *hint, const char *fmt, va_list args)
{
    struct sapa_text text;

    sapa_assert(hint[0] != '\0');
    sapa_text_init(&text, f->where, sizeof(f->where));
    write_path(c, node, &text);
    sapa_text_init(&text, f->reason, sizeof(f->reason));
    sapa_text_vprintf(&text, fmt, args);
    sapa_text_init(&text, f->hint, sizeof(f->hint));
    sapa_text_add(&text, sapa_str_of(hint));
}

void sapa_find(struct sapa_compile *c, uint32_t node, size_t offset, const char *hint,
               const char *fmt, ...)
{
    struct sapa_finding *f = new_finding(c);
    va_list args;

    if (!f)
        return;
    if (node != SAPA_NONE) {
        const struct sapa_tree_node *at = sapa_tree(c, node);
        f->line = at->line;
        f->column = at->column + (at->block ? 0 : (uint32_t)offset + (at->quoted && offset > 0));
    }
    va_start(args, fmt);
    fill_finding(c, f, node, hint, fmt, args);
    va_end(args);
}

void sapa_find_key(struct sapa_compile *c, uint32_t node, const char *hint, const char *fmt, ...)
{
    struct sapa_finding *f = new_finding(c);
    va_list args;

    if (!f)
        return;
    const struct sapa_tree_node *at = sapa_tree(c, node);
    f->line = at->key_line ? at->key_line : at->line;
    f->column = at->key_line ? at->key_column : at->column;
    va_start(args, fmt);
    fill_finding(c, f, node, hint, fmt, args);
    va_end(args);
}

void sapa_findings_print(const struct sapa_findings *findings, const char *file,
                         struct sapa_text *out)
{
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct sapa_finding *f = &findings->list[i];
        sapa_text_printf(out, "%s:%u:%u: %s%s%s\n", file, f->line, f->column, f->where,
                         f->where[0] ? ": " : "", f->reason);
        sapa_text_printf(out, "  hint: %s\n", f->hint);
    }
    if (findings->more > 0)
        sapa_text_printf(out, "%s: and %u more\n", file, findings->more);
}

/* ---- nearest key ---- */

enum { NEAR_MAX = 3, NEAR_LENGTH_MAX = 48, NEAR_TRIES_MAX = 2000 };

/* Edits between them, two neighbours swapped counting as one (optimal string alignment), or more than NEAR_MAX. */
static unsigned distance(struct sapa_str a, struct sapa_str b)
{
    unsigned rows[3][NEAR_LENGTH_MAX + 1];

    if (a.n > NEAR_LENGTH_MAX || b.n > NEAR_LENGTH_MAX || a.n > b.n + NEAR_MAX ||
        b.n > a.n + NEAR_MAX)
        return NEAR_MAX + 1;
    for (size_t k = 0; k <= b.n; k++)
        rows[0][k] = (unsigned)k;
    for (size_t i = 1; i <= a.n; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t k = 1; k <= b.n; k++) {
            row[k] = SAPA_MIN(SAPA_MIN(above[k], row[k - 1]) + 1,
                              above[k - 1] + (a.p[i - 1] != b.p[k - 1]));
            if (i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] && a.p[i - 2] == b.p[k - 1])
                row[k] = SAPA_MIN(row[k], two_above[k - 2] + 1);
        }
    }
    return rows[a.n % 3][b.n];
}

void sapa_near_start(const struct sapa_compile *c, struct sapa_near *near, struct sapa_str wanted)
{
    near->tries =
        c->findings->count < SAPA_FINDINGS_MAX ? NEAR_TRIES_MAX : 0; /* nobody would read it */
    near->wanted = wanted;
    near->best = (struct sapa_str){ NULL, 0 };
    near->distance = (unsigned)SAPA_MAX(SAPA_MIN(wanted.n / 3, (size_t)NEAR_MAX), (size_t)1) +
                     1; /* short words: one edit */
    near->more = false;
    sapa_text_init(&near->names, near->hint, sizeof(near->hint));
}

void sapa_near_try(struct sapa_near *near, struct sapa_str candidate)
{
    if (near->tries == 0)
        return;
    near->tries--;
    if (!near->more && near->names.n + candidate.n + 16 < near->names.size) {
        sapa_text_printf(&near->names, "%s" SAPA_STR_FMT, near->names.n ? ", " : "there are: ", SAPA_STR_ARG(candidate));
    } else if (!near->more) {
        sapa_text_printf(&near->names, ", …");
        near->more = true;
    }
    const unsigned d = distance(near->wanted, candidate);

    if (d < near->distance && d < candidate.n) {
        near->distance = d;
        near->best = candidate;
    }
}

const char *sapa_near_hint(struct sapa_near *near)
{
    struct sapa_text text;

    if (near->best.n > 0) {
        sapa_text_init(&text, near->hint, sizeof(near->hint));
        sapa_text_printf(&text, "did you mean \"" SAPA_STR_FMT "\"?", SAPA_STR_ARG(near->best));
    } else if (near->names.n == 0) {
        sapa_text_printf(&near->names, "there are none yet");
    }
    return near->hint;
}
