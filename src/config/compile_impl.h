/**
 * @file config/compile_impl.h
 * What the files of this room share while one document is compiled: memory, tree, findings.
 *
 * Memory comes from two arenas: `keep` becomes the centre, `scratch` goes when the compile ends. When
 * the system has none left, the compile is left by longjmp; nothing else owns anything.
 *
 * Room    config, private.   Thread  one compile, one thread.
 */
#ifndef SAPA_CONFIG_COMPILE_IMPL_H
#define SAPA_CONFIG_COMPILE_IMPL_H

#include <setjmp.h>
#include <yaml.h>

#include "config/centre_parse.h"

/* ---- memory ---- */

struct sapa_arena_chunk;
struct sapa_arena {
    struct sapa_arena_chunk *chunks; /* the newest first */
    size_t used;
};

/** Zeroed memory, aligned for anything; NULL when there is none left. */
void *sapa_arena_take(struct sapa_arena *arena, size_t size);
void sapa_arena_free(struct sapa_arena *arena);

/** A growing array in the scratch arena. */
#define SAPA_VEC(type) struct { type *at; uint32_t n, room; }
/** Pointer to a new zeroed last element. */
#define SAPA_VEC_PUSH(c, vec)                                                                              \
    ((vec)->at = sapa_vec_room((c), (vec)->at, (vec)->n, &(vec)->room, sizeof(*(vec)->at)),                \
     &(vec)->at[(vec)->n++])
/** The array copied to `keep`: what a centre points to. */
#define SAPA_VEC_KEEP(c, vec) sapa_vec_keep((c), (vec)->at, (size_t)(vec)->n * sizeof(*(vec)->at))

/* ---- the document as a tree ---- */

enum sapa_tree_kind { SAPA_TREE_TEXT, SAPA_TREE_LIST, SAPA_TREE_MAP };

struct sapa_tree_node {
    uint8_t kind;
    bool quoted;             /* "…" or '…' */
    bool block;              /* | or > */
    uint32_t line, column;   /* of the value, from 1 */
    uint32_t key_line, key_column;
    struct sapa_str key;     /* in a map */
    struct sapa_str text;
    uint32_t parent, first, last, next; /* SAPA_NONE */
    uint32_t count;          /* children */
    uint32_t ordinal;        /* among its parent's children, from 0 */
};

struct sapa_compile {
    jmp_buf out_of_memory;
    struct sapa_arena keep, scratch;
    yaml_parser_t parser;
    yaml_event_t event;
    bool parser_open, event_open;
    const struct sapa_centre_sources *sources;
    struct sapa_findings *findings;
    SAPA_VEC(struct sapa_tree_node) tree;
    uint32_t *index;         /* hash of (parent, key) → node + 1 */
    uint32_t index_mask;
    struct sapa_centre *centre;
    uint32_t section[32];    /* tree node of each top-level section, SAPA_NONE when it is not there */
    SAPA_VEC(struct sapa_prompt) prompts;
    uint8_t *file;           /* that is being read, from sources->file */
    void *zone_buf, *expr_buf; /* used again and again by zone.c and expr_compile.c */
};

SAPA_NORETURN void sapa_compile_no_memory(struct sapa_compile *c);
void *sapa_compile_take(struct sapa_compile *c, size_t size); /* from keep */
void *sapa_compile_scratch(struct sapa_compile *c, size_t size);
void *sapa_vec_room(struct sapa_compile *c, void *at, uint32_t n, uint32_t *room, size_t size);
void *sapa_vec_keep(struct sapa_compile *c, const void *at, size_t size);
/** A copy in `keep`. */
struct sapa_str sapa_compile_str(struct sapa_compile *c, struct sapa_str s);
struct sapa_str sapa_compile_printf(struct sapa_compile *c, const char *fmt, ...) SAPA_PRINTF(2, 3);

/** Parse the text. False: it is no document (a finding says why). */
bool sapa_tree_parse(struct sapa_compile *c, struct sapa_str text);
/** Child of a map by key, or item of a list by text; SAPA_NONE. O(1). */
uint32_t sapa_tree_get(const struct sapa_compile *c, uint32_t parent, struct sapa_str key);
static inline const struct sapa_tree_node *sapa_tree(const struct sapa_compile *c, uint32_t node)
{
    return &c->tree.at[node];
}
/** for (uint32_t child …) over the children of `node`. */
#define SAPA_TREE_EACH(c, child, node) \
    (uint32_t child = (node) == SAPA_NONE ? SAPA_NONE : sapa_tree((c), (node))->first; child != SAPA_NONE; \
     child = sapa_tree((c), child)->next)

/* ---- findings ---- */

/** Something is wrong at the value of `node` (SAPA_NONE: the document), `offset` bytes into its text. */
void sapa_find(struct sapa_compile *c, uint32_t node, size_t offset, const char *hint, const char *fmt, ...)
    SAPA_PRINTF(5, 6);
/** The same at its key. */
void sapa_find_key(struct sapa_compile *c, uint32_t node, const char *hint, const char *fmt, ...)
    SAPA_PRINTF(4, 5);
/** "did you mean …?" for the candidate nearest to `wanted` (within 3 edits), else those that there are. */
struct sapa_near {
    struct sapa_str wanted, best;
    unsigned distance, tries;
    struct sapa_text names; /* in hint, until it is asked for */
    bool more;
    char hint[SAPA_FINDING_TEXT_MAX];
};
void sapa_near_start(const struct sapa_compile *c, struct sapa_near *near, struct sapa_str wanted);
void sapa_near_try(struct sapa_near *near, struct sapa_str candidate);
const char *sapa_near_hint(struct sapa_near *near);

/* ---- typed fields: config/field.c ---- */

enum sapa_field_type {
    SAPA_FIELD_TEXT,     /* struct sapa_str */
    SAPA_FIELD_INT,
    SAPA_FIELD_DURATION, /* milliseconds */
    SAPA_FIELD_SECONDS,  /* a duration kept in seconds */
    SAPA_FIELD_PERCENT,
    SAPA_FIELD_BOOL,
    SAPA_FIELD_CHOICE,   /* one of names */
    SAPA_FIELD_SECRET,   /* text, or a map { secret: name } */
    SAPA_FIELD_REF,      /* key of another section: its index */
    SAPA_FIELD_CHAR,     /* a telephone key, or none */
    SAPA_FIELD_OTHER,    /* read by code; the row documents it */
};

/** One key of one kind of object: how to read it, and its line in the reference. */
struct sapa_field_row {
    const char *key;
    uint8_t type;         /* enum sapa_field_type */
    uint8_t size;         /* of the member */
    uint16_t offset;
    uint8_t required;
    uint8_t section;      /* REF: enum sapa_section */
    uint32_t kinds;       /* flow nodes: bits of enum sapa_node_kind; 0: all */
    int64_t min, max;     /* numbers; length of a text */
    const char *standard; /* default as it would be written; NULL: none (0, empty, SAPA_NONE) */
    const char *const *names; /* CHOICE: NULL-terminated */
    const char *text;
};

enum sapa_section {
    SAPA_SECTION_VERSION, SAPA_SECTION_SYSTEM, SAPA_SECTION_INTERRUPTS, SAPA_SECTION_ADDRESSES,
    SAPA_SECTION_HOLIDAYS, SAPA_SECTION_HOURS, SAPA_SECTION_CLIENTS, SAPA_SECTION_SKILLS,
    SAPA_SECTION_TEAMS, SAPA_SECTION_AGENTS, SAPA_SECTION_REASONS, SAPA_SECTION_DISPOSITIONS,
    SAPA_SECTION_QUEUES, SAPA_SECTION_TRUNKS, SAPA_SECTION_NUMBERS, SAPA_SECTION_CALLERS,
    SAPA_SECTION_PROMPTS, SAPA_SECTION_CODES, SAPA_SECTION_FLOWS,
    SAPA_SECTION_ROLES, SAPA_SECTION_DO_NOT_CONTACT, SAPA_SECTION_USERS, SAPA_SECTION_CAMPAIGNS,
    SAPA_SECTION_COUNT,
};

/** A kind of object: where it stands and its keys. */
struct sapa_object {
    const char *path;  /* "queues.KEY" */
    const char *text;
    const struct sapa_field_row *rows;
    unsigned count;
};
extern const char *const sapa_section_names[SAPA_SECTION_COUNT];
extern const struct sapa_object sapa_objects[];
enum sapa_object_id {
    SAPA_OBJECT_TOP, SAPA_OBJECT_SYSTEM, SAPA_OBJECT_HOLIDAY, SAPA_OBJECT_HOURS, SAPA_OBJECT_CLIENT,
    SAPA_OBJECT_CLIENT_CALLS, SAPA_OBJECT_CLIENT_DESK, SAPA_OBJECT_CLIENT_PAGE, SAPA_OBJECT_QUOTA, SAPA_OBJECT_ROLE, SAPA_OBJECT_CALL_RULE,
    SAPA_OBJECT_CAMPAIGN, SAPA_OBJECT_LIST, SAPA_OBJECT_USER, SAPA_OBJECT_AGENT, SAPA_OBJECT_CAPACITY,
    SAPA_OBJECT_QUEUE, SAPA_OBJECT_STEP, SAPA_OBJECT_OVERFLOW, SAPA_OBJECT_SERVICE, SAPA_OBJECT_QUEUE_ALERTS,
    SAPA_OBJECT_AGENT_ALERTS, SAPA_OBJECT_CALLBACK,
    SAPA_OBJECT_TRUNK, SAPA_OBJECT_NUMBER, SAPA_OBJECT_CALLER, SAPA_OBJECT_PROMPT, SAPA_OBJECT_FLOW,
    SAPA_OBJECT_NODE, SAPA_OBJECT_COUNT
};

/**
 * Read the keys of the map `node` into `base` by the rows of an object: unknown keys, missing ones,
 * wrong types and ranges become findings. Missing optional ones get their default.
 * @param kind  flow nodes: bit of the kind, 0 when it is not known; else UINT32_MAX
 */
void sapa_fields_read(struct sapa_compile *c, uint32_t node, enum sapa_object_id object, uint32_t kind, void *base);

/** The child of `node` named `key` if it is there; SAPA_NONE. */
uint32_t sapa_field_get(const struct sapa_compile *c, uint32_t node, const char *key);
bool sapa_read_int(struct sapa_compile *c, uint32_t node, int64_t min, int64_t max, int64_t *ret);
bool sapa_read_duration(struct sapa_compile *c, uint32_t node, int64_t min, int64_t max, int64_t *ret_ms);
bool sapa_read_percent(struct sapa_compile *c, uint32_t node, int64_t *ret);
bool sapa_read_bool(struct sapa_compile *c, uint32_t node, bool *ret);
/** A text of min..max bytes. */
bool sapa_read_text(struct sapa_compile *c, uint32_t node, int64_t min, int64_t max, struct sapa_str *ret);
/** Index of what `node` names in a section; a finding and SAPA_NONE when there is none. */
uint32_t sapa_read_ref(struct sapa_compile *c, uint32_t node, enum sapa_section section);
/** "2026-08-17" → 20260817. */
bool sapa_parse_date(struct sapa_str s, int32_t *ret);
/** "08:30" → minutes; 24:00 allowed. */
bool sapa_parse_clock(struct sapa_str s, uint16_t *ret);
/** "90 s", "2 min", "500 ms", "1 h", "3 days" → ms. */
bool sapa_parse_duration(struct sapa_str s, int64_t *ret_ms);
bool sapa_is_map(struct sapa_compile *c, uint32_t node, const char *what);
bool sapa_is_list(struct sapa_compile *c, uint32_t node, const char *what);
/** A key of ours: letters, digits, '.', '-' and '_', at most `max` bytes. A finding when it is not. */
bool sapa_key_good(struct sapa_compile *c, uint32_t node, size_t max);
/** { id: …, en: … }, or one text for all: texts in every language of the centre, with findings. */
bool sapa_read_texts(struct sapa_compile *c, uint32_t node, size_t max, struct sapa_str ret[SAPA_LANGUAGE_COUNT]);
/** The same from a map that may have the key `other` beside the languages. */
bool sapa_read_texts_and(struct sapa_compile *c, uint32_t node, size_t max, const char *other,
                         struct sapa_str ret[SAPA_LANGUAGE_COUNT]);

/* ---- sections ---- */

/** Where a section stands if it is there and of the right kind; SAPA_NONE otherwise, with a finding when it is wrong. */
uint32_t sapa_section_map(struct sapa_compile *c, enum sapa_section section);
uint32_t sapa_section_list(struct sapa_compile *c, enum sapa_section section);
/** Children of a node; 0 of SAPA_NONE. */
uint32_t sapa_tree_count(const struct sapa_compile *c, uint32_t node);
/** An array of `node`'s children for the centre; a finding when there are more than `max`. */
void *sapa_table_take(struct sapa_compile *c, uint32_t node, size_t size, uint32_t max);
/** 1 to `max` digits and nothing else? */
bool sapa_digits_good(struct sapa_str s, size_t max);
/** [toko, bank], or all, as bits; SAPA_NONE is all. */
uint64_t sapa_read_clients(struct sapa_compile *c, uint32_t node);

/* ---- the parts ---- */

/** Roles, and users: config/people.c. */
void sapa_roles_compile(struct sapa_compile *c);
void sapa_users_compile(struct sapa_compile *c);
/** Do-not-contact lists: config/lists.c. */
void sapa_lists_compile(struct sapa_compile *c);
/** Campaigns, when clients, agents, queues and numbers are there: config/campaigns.c. */
void sapa_campaigns_compile(struct sapa_compile *c);

/** Reads <zoneinfo>/<name> into *ret: changes until 2060. A finding when it cannot. */
bool sapa_zone_read(struct sapa_compile *c, uint32_t node, struct sapa_str name, struct sapa_zone *ret);

/** A flow while it is built: growing tables. */
struct sapa_flow_build {
    struct sapa_compile *c;
    uint32_t index;     /* of the flow */
    uint32_t self;      /* tree node of the flow */
    uint32_t nodes_at;  /* tree node of its `nodes` */
    uint32_t at;        /* tree node that is being read, for keys of prompts */
    unsigned said;      /* texts of that node so far */
    bool variables_bad; /* a declaration is wrong: uses of what it declared are not */
    struct sapa_flow flow;
#define T(type, plural) SAPA_VEC(type) plural;
    SAPA_FLOW_TABLES(T)
#undef T
};

/**
 * Compile an expression, `offset` bytes into the text of `node`.
 * @param type  what it must be; SAPA_VALUE_NONE: anything
 * @param ret   index in build->exprs
 */
bool sapa_expr_compile(struct sapa_flow_build *b, uint32_t node, size_t offset, struct sapa_str text,
                       uint8_t type, uint32_t *ret);

void sapa_flows_compile(struct sapa_compile *c);
/** The whole of all flows: humans, dead ends, loops, what is never reached. */
void sapa_flows_check(struct sapa_compile *c, const struct sapa_flow *flows, uint32_t count);

#endif
