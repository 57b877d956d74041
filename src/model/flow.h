/**
 * @file model/flow.h
 * A compiled flow: typed nodes, their edges, what they say, and the bytecode of its expressions.
 *
 * Room `config` compiles it from the centre description (config/flow.h has the language); `core`
 * runs it (core/flow.h). Immutable; lives in the arena of its struct sapa_centre. Everything is an
 * index into an array of the flow itself, and every index was checked by the compiler.
 *
 * Room    model: base only.   Thread  any (immutable).   Design  docs/design/flows.md
 */
#ifndef SAPA_MODEL_FLOW_H
#define SAPA_MODEL_FLOW_H

#include "model/centre.h"

enum {
    SAPA_FLOW_NODES_MAX = 512,     /* nodes of one flow */
    SAPA_FLOW_VARIABLES_MAX = 16,  /* variables of one flow */
    SAPA_FLOW_TEXT_MAX = 256,      /* bytes of all text variables of a flow together */
    SAPA_FLOW_DIGITS_MAX = 32,     /* digits collected at once */
    SAPA_FLOW_TRIES_MAX = 8,       /* numbers of an on-call list */
    SAPA_FLOW_STEPS_MAX = 64,      /* nodes passed without waiting for anything: then it is a fault */
    SAPA_EXPR_OPS_MAX = 128,       /* operations of one expression */
    SAPA_EXPR_STACK_MAX = 16,      /* values on its stack */
    SAPA_EXPR_TEXT_MAX = 128,      /* bytes of one text value while computing; longer ones are an error */
};

/* ---- values and expressions ---- */

/** Types of the expression language. Numbers stand in logs: append only. */
#define SAPA_VALUE_TYPES(X) \
    X(NONE, "nothing") X(INT, "int") X(BOOL, "bool") X(TEXT, "text") X(DURATION, "duration") \
    X(MONEY, "money") X(DATE, "date") X(TIME, "time") X(SECRET, "secret")

enum sapa_value_type {
#define X(id, text) SAPA_VALUE_##id,
    SAPA_VALUE_TYPES(X)
#undef X
    SAPA_VALUE_COUNT
};

/**
 * What a flow may ask about the world: name in the document, type, argument (0 none, 1 a queue, 2
 * opening hours), meaning.
 */
#define SAPA_FACTS(X) \
    X(LANGUAGE, "language", TEXT, 0, "language of the contact: id or en") \
    X(CALLER, "caller", TEXT, 0, "number of the caller, empty when withheld") \
    X(CALLER_KNOWN, "caller_known", BOOL, 0, "this person has reached us before") \
    X(DIALLED, "dialled", TEXT, 0, "number that was dialled") \
    X(CLIENT, "client", TEXT, 0, "key of the client") \
    X(VIP, "vip", BOOL, 0, "the caller is on a list with extra priority") \
    X(LAST_AGENT, "last_agent", BOOL, 0, "an agent of an earlier contact is known") \
    X(DIGITS, "digits", TEXT, 0, "digits collected last (empty when they were secret)") \
    X(SURGE, "surge", BOOL, 0, "the surge switch is on") \
    X(TODAY, "today", DATE, 0, "date at the client") \
    X(NOW, "now", TIME, 0, "time of day at the client") \
    X(WEEKDAY, "weekday", INT, 0, "1 Monday … 7 Sunday at the client") \
    X(WAITED, "waited", DURATION, 0, "time in the present queue") \
    X(POSITION, "position", INT, 0, "place in the present queue, 1 is next; 0 outside a queue") \
    X(EWT_P50, "ewt_p50", DURATION, 0, "expected wait in the present queue, median") \
    X(EWT_P90, "ewt_p90", DURATION, 0, "expected wait in the present queue, nine of ten") \
    X(QUEUE_WAITING, "waiting", INT, 1, "contacts waiting in a queue") \
    X(QUEUE_READY, "ready", INT, 1, "agents who are ready for a queue") \
    X(QUEUE_LOGGED_IN, "logged_in", INT, 1, "agents who are logged in and could serve a queue") \
    X(QUEUE_EWT_P50, "expected_wait", DURATION, 1, "expected wait of somebody who joins now, median") \
    X(OPEN, "open", BOOL, 2, "opening hours are open now") \
    X(HOLIDAY, "holiday", BOOL, 2, "today is a holiday of these opening hours") \
    X(KEY, "key", TEXT, 0, "key that accepts the callback which the queue node offers")

enum sapa_fact {
#define X(id, name, type, argument, text) SAPA_FACT_##id,
    SAPA_FACTS(X)
#undef X
    SAPA_FACT_COUNT
};

/* Operations of the stack machine. Types were checked by the compiler. */
#define SAPA_EXPR_OPS(X) \
    X(NUMBER) X(TEXT) X(VARIABLE) X(FACT) \
    X(NOT) X(NEGATE) X(ADD) X(SUBTRACT) X(MULTIPLY) X(DIVIDE) X(MODULO) X(JOIN) \
    X(EQUAL) X(LESS) X(LESS_EQUAL) X(TEXT_EQUAL) \
    X(JUMP_IF_FALSE) X(JUMP_IF_TRUE) \
    X(LENGTH) X(LEFT) X(RIGHT) X(MIDDLE) X(STARTS) X(CONTAINS) X(LUHN) X(TO_INT) X(TO_TEXT) X(IS_INT) \
    X(MIN) X(MAX) X(ABS)

enum sapa_expr_opcode {
#define X(id) SAPA_EXPR_##id,
    SAPA_EXPR_OPS(X)
#undef X
    SAPA_EXPR_OPCODE_COUNT
};

/**
 * One operation. `arg`: index of a number, text or variable; the fact in the low 8 bits and its
 * queue or hours above (arg >> 8); operations to skip for a jump (forward only; the value tested
 * stays when the jump is taken and is dropped otherwise).
 */
struct sapa_expr_op {
    uint8_t op; /* enum sapa_expr_opcode */
    uint32_t arg;
};

struct sapa_expr {
    uint32_t first, count; /* in sapa_flow.ops */
    uint8_t type;          /* enum sapa_value_type of the result */
};

struct sapa_flow_variable {
    struct sapa_str name;
    uint8_t type;      /* enum sapa_value_type */
    uint16_t at, size; /* TEXT: its room in the run's text */
};

/* ---- what is said ---- */

/** How a value is spoken: name in `{value:name}`, meaning. */
#define SAPA_SAY_FORMATS(X) \
    X(PLAIN, "", "as it stands: text as text, numbers as cardinals, durations exactly") \
    X(CARDINAL, "number", "one thousand two hundred") \
    X(ORDINAL, "ordinal", "third") \
    X(DIGITS, "digits", "one by one, in groups of three") \
    X(MONEY, "money", "an amount in the currency of the centre") \
    X(RUPIAH, "rupiah", "an amount in rupiah") \
    X(DATE, "date", "Sunday, August seventeenth") \
    X(TIME, "time", "two thirty p m") \
    X(DURATION, "duration", "two minutes and thirty seconds") \
    X(WAIT, "wait", "about five minutes: rounded up, so that it is kept") \
    X(POSITION, "position", "number three in line")

enum sapa_say_format {
#define X(id, name, text) SAPA_FORMAT_##id,
    SAPA_SAY_FORMATS(X)
#undef X
    SAPA_FORMAT_COUNT
};

/** A piece of a template: literal text, or (expr != SAPA_NONE) a value and how it is spoken. */
struct sapa_flow_piece {
    struct sapa_str text;
    uint32_t expr;  /* in sapa_flow.exprs */
    uint8_t format; /* enum sapa_say_format */
};

/** One part of what is said: a prompt without placeholders, or a template for each language. */
struct sapa_flow_part {
    uint32_t prompt; /* in sapa_centre.prompts; SAPA_NONE: the template */
    struct {
        uint32_t first, count; /* in sapa_flow.pieces */
    } text[SAPA_LANGUAGE_COUNT];
};

/** What a node says: its parts in order. */
struct sapa_flow_say {
    uint32_t first, count; /* in sapa_flow.parts */
};

/* ---- nodes ---- */

#define SAPA_NODE_KINDS(X) \
    X(SAY, "say", "say something, then go on") \
    X(MENU, "menu", "say, and let the caller press a key") \
    X(COLLECT, "collect", "say, and collect digits into a variable") \
    X(BRANCH, "branch", "choose by expressions") \
    X(HOURS, "hours", "choose by opening hours and holidays") \
    X(SET, "set", "compute variables") \
    X(LOOKUP, "lookup", "ask another system by HTTP, with a time limit") \
    X(QUEUE, "queue", "wait for an agent") \
    X(TRANSFER, "transfer", "on to an outside number") \
    X(FLOW, "flow", "go on in another flow") \
    X(VOICEMAIL, "voicemail", "let the caller leave a message for a queue") \
    X(CALLBACK, "callback", "call back in turn: confirm the number, or take another") \
    X(RECORD, "record", "record a message, then go on") \
    X(SURVEY, "survey", "ask a question that is answered with a number") \
    X(LANGUAGE, "language", "set the language") \
    X(ONCALL, "oncall", "ring people on duty in turn") \
    X(SURGE, "surge", "choose by the surge switch") \
    X(HANGUP, "hangup", "say goodbye and end the call")

enum sapa_node_kind {
#define X(id, name, text) SAPA_NODE_##id,
    SAPA_NODE_KINDS(X)
#undef X
    SAPA_NODE_KIND_COUNT
};

/* Ways out of a node beside the keys of a menu and the cases of a branch. */
#define SAPA_FLOW_EDGES(X) \
    X(NEXT, "next") X(TIMEOUT, "on_timeout") X(INVALID, "on_invalid") X(FAILED, "on_failed") \
    X(OPEN, "open") X(CLOSED, "closed") X(HOLIDAY, "holiday") X(OVERFLOW, "on_overflow") \
    X(NOBODY, "on_nobody") X(CALLBACK, "on_callback") X(AFTER, "after") X(ON, "on") X(OFF, "off")

enum sapa_flow_edge {
#define X(id, name) SAPA_EDGE_##id,
    SAPA_FLOW_EDGES(X)
#undef X
    SAPA_EDGE_COUNT
};

struct sapa_flow_key {
    char key; /* 0-9 * # */
    uint32_t node;
};

struct sapa_flow_case {
    uint32_t expr; /* BOOL */
    uint32_t node;
};

struct sapa_flow_assign {
    uint32_t variable;
    uint32_t expr;
};

struct sapa_flow_node {
    struct sapa_str key;
    uint8_t kind;                  /* enum sapa_node_kind */
    uint8_t contained;             /* 1: who has passed here was served by the menu */
    uint8_t barge_in;              /* keys are taken while it speaks */
    uint8_t secret;                /* COLLECT: digits reach no log, trace or recording */
    uint32_t line;                 /* in the document */
    uint32_t edge[SAPA_EDGE_COUNT];/* node; SAPA_NONE: this node has no such way out */
    struct sapa_flow_say say;      /* what it says first */
    struct sapa_flow_say again;    /* MENU, COLLECT, SURVEY: after a wrong key or silence; empty: `say` again */

    uint8_t retries;               /* MENU, COLLECT, SURVEY, CALLBACK: further tries */
    uint32_t timeout_ms;           /* silence after speaking, or between digits; LOOKUP: for the answer */
    uint32_t key_first, key_count; /* MENU: in keys */
    uint32_t case_first, case_count;     /* BRANCH: in cases; otherwise `next` */
    uint32_t assign_first, assign_count; /* SET, LOOKUP (results): in assigns; expr is SAPA_NONE for LOOKUP */

    uint8_t digits_min, digits_max;/* COLLECT, CALLBACK; SURVEY: lowest and highest answer */
    char terminator;               /* COLLECT, VOICEMAIL, RECORD: ends at once; 0: none */
    uint32_t variable;             /* COLLECT; SAPA_NONE */
    uint32_t expr;                 /* COLLECT: must hold (reads the variable); SAPA_NONE */

    struct sapa_flow_say url;      /* LOOKUP: one part without language, values are percent-encoded; TRANSFER: number */

    uint32_t hours;                /* HOURS; SAPA_NONE: of the client */
    uint32_t queue;                /* QUEUE, VOICEMAIL (notified), CALLBACK (SAPA_NONE: the queue one waits in) */
    uint8_t priority_add;          /* QUEUE */
    uint8_t to_last_agent;         /* QUEUE: prefers the agent of this person's last contact */
    uint32_t agent;                /* QUEUE: prefers this agent; SAPA_NONE */
    uint32_t music;                /* QUEUE: prompt; SAPA_NONE: silence */
    struct sapa_flow_say announce; /* QUEUE: said every announce_every_ms */
    uint32_t announce_every_ms;    /* 0: never */
    struct sapa_flow_say offer;    /* QUEUE: offer of a callback.
                                      CALLBACK: say confirms, again asks for a number, announce reads
                                      it back, offer is said when it is accepted */
    uint32_t offer_after_ms;       /* 0: no offer */
    char offer_key;

    uint32_t flow;                 /* FLOW */
    uint32_t max_ms;               /* VOICEMAIL, RECORD: length; QUEUE: longest wait, then on_timeout; 0 none */
    uint32_t ring_ms;              /* TRANSFER, ONCALL: each try */
    uint32_t try_first, try_count; /* ONCALL: in texts: numbers */
    struct sapa_str name;          /* SURVEY: question */
    uint8_t language;              /* LANGUAGE */
    uint8_t cause;                 /* HANGUP: Q.850 */
    uint8_t outcome;               /* HANGUP: enum sapa_outcome */
};

/** What agents are shown of a contact that was here: a value, or that a key has led to a node. */
struct sapa_flow_card {
    uint32_t variable, node;                   /* one of the two; the other is SAPA_NONE */
    struct sapa_str text[SAPA_LANGUAGE_COUNT]; /* what it is called */
};

struct sapa_flow {
    struct sapa_str key;
    uint32_t version;
    uint32_t line;
    uint32_t start;                /* node */
    uint8_t self_service;          /* 1: leads to no human, with a reason in the document */
    uint16_t text_size;            /* bytes that the text variables take */

#define SAPA_FLOW_TABLES(T) \
    T(struct sapa_flow_node, nodes) T(struct sapa_flow_key, keys) T(struct sapa_flow_case, cases) \
    T(struct sapa_flow_assign, assigns) T(struct sapa_flow_variable, variables) \
    T(struct sapa_flow_part, parts) T(struct sapa_flow_piece, pieces) T(struct sapa_expr, exprs) \
    T(struct sapa_expr_op, ops) T(int64_t, numbers) T(struct sapa_str, texts) \
    T(struct sapa_flow_card, cards)
#define T(type, plural) const type *plural; uint32_t plural##_count;
    SAPA_FLOW_TABLES(T)
#undef T
};

#endif
