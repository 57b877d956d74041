/**
 * @file report/nodes.h
 * What callers do in menus: per node of a flow how many came in, by which exit they left, who hung up
 * there. From flow_step, contact_connected and contact_ended alone.
 *
 * Each stay at a node ends in one way, so that every row adds up:
 *     entered = left + talked + hung_up + ended + here.
 * A node is known by its flow's key and its own, over changes of the description.
 *
 * Room    report: base, model; pure.   Thread  the fold's.   Owner  sapa_nodes_init() .. _done().
 * Tests   report/nodes_test.c          Design  docs/design/numbers.md
 */
#ifndef SAPA_REPORT_NODES_H
#define SAPA_REPORT_NODES_H

#include "base/table.h"
#include "model/flow.h"
#include "model/record.h"
#include "report/names.h"
#include "report/print.h"

enum { SAPA_NODES_MAX = 65536, SAPA_NODE_EXITS_MAX = 262144 };

struct sapa_nodes {
    const struct sapa_memory *memory;
    const struct sapa_centre *centre; /* in force, borrowed */
    int64_t from_us, to_us;           /* stays that begin in [from, to) are counted; to 0: no end */
    struct sapa_table nodes;          /* struct sapa_node_row by hash of the keys */
    struct sapa_table exits;          /* between two nodes, by key */
    struct sapa_table contacts;       /* who is where */
    uint64_t seq;
    sapa_rc failed;                   /* sticky */
};

/** One node. */
struct sapa_node_row {
    uint64_t id;
    uint32_t order;                   /* in which it was met: the order of the description, then of changes */
    char flow[SAPA_KEY_MAX + 1], node[SAPA_KEY_MAX + 1];
    uint64_t entered, left, talked, hung_up, ended, here;
};

/** Where callers went from a node. */
struct sapa_node_exit {
    uint64_t id;
    uint64_t from, to;                /* ids of nodes */
    char key;                         /* pressed; 0: of itself (silence, time, the state of the centre) */
    uint64_t count;
};

void sapa_nodes_init(struct sapa_nodes *nodes, const struct sapa_memory *memory, int64_t from_us, int64_t to_us);
void sapa_nodes_done(struct sapa_nodes *nodes);
/** A description comes into force; it lives until the next or sapa_nodes_done(). @retval SAPA_ENOMEM, SAPA_ELIMIT */
SAPA_MUST_CHECK sapa_rc sapa_nodes_take(struct sapa_nodes *nodes, const struct sapa_centre *centre);
/** The next record of the log; one that was folded already changes nothing. @retval SAPA_ENOMEM, SAPA_ELIMIT sticky */
SAPA_MUST_CHECK sapa_rc sapa_nodes_fold(struct sapa_nodes *nodes, const struct sapa_record *record);
/** The row of a node; NULL: no such node was met. Lives until the next fold. */
const struct sapa_node_row *sapa_nodes_find(const struct sapa_nodes *nodes, struct sapa_str flow, struct sapa_str node);
/**
 * A table of the nodes that anybody entered, with their exits, the most used first. O(nodes² + exits · nodes).
 * @param only  of one flow; empty: all   @retval SAPA_ENOENT  no such flow was entered
 */
SAPA_MUST_CHECK sapa_rc sapa_nodes_print(const struct sapa_nodes *nodes, enum sapa_format format,
                                         enum sapa_language language, struct sapa_str only, const struct sapa_lines *out);

#endif
