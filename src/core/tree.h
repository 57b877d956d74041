/**
 * @file core/tree.h
 * Ordered sets over an array of nodes: who stands before whom, and how many do.
 *
 * A treap whose nodes are named by index, so one index may be in one tree of each pool. Higher key
 * first, then lower seq. Its shape follows from the indices, never from chance: nothing that the
 * core decides depends on it.
 *
 * Each node may carry marks (bits of the owner's choice), and each knows those of its subtree: so the
 * first member with a mark is found in one descent, and one tree serves for many subsets of it.
 *
 * Room    core: pure.   Thread  that of the core.   Owner  struct sapa_core.   Tests  core/tree_test.c
 */
#ifndef SAPA_CORE_TREE_H
#define SAPA_CORE_TREE_H

#include "base/base.h"

struct sapa_tree_node {
    int64_t key;
    uint64_t seq;
    uint64_t own, all;            /* marks: of this node, and of its whole subtree */
    uint32_t left, right, parent; /* SAPA_NONE: none */
    uint32_t size;                /* nodes of this subtree; 0: in no tree */
} __attribute__((aligned(64)));

#define sapa_tree_at(nodes, i) (&(nodes)[i])

struct sapa_tree {
    uint32_t root;  /* SAPA_NONE: empty */
    uint32_t first; /* the one before all others */
};

static inline void sapa_tree_init(struct sapa_tree *tree)
{
    tree->root = tree->first = SAPA_NONE;
}

static inline uint32_t sapa_tree_count(const struct sapa_tree_node *nodes,
                                       const struct sapa_tree *tree)
{
    return tree->root == SAPA_NONE ? 0 : sapa_tree_at(nodes, tree->root)->size;
}

/** Does a stand before b? (key, seq) must differ. */
static inline bool sapa_tree_before(const struct sapa_tree_node *a, const struct sapa_tree_node *b)
{
    return a->key != b->key ? a->key > b->key : a->seq < b->seq;
}

/** Key and seq of the node are set and unique in the tree. Returns how many stand before it. O(log n). */
uint32_t sapa_tree_insert(struct sapa_tree_node *nodes, struct sapa_tree *tree, uint32_t i);
/** `i` is in this tree. O(log n). */
void sapa_tree_remove(struct sapa_tree_node *nodes, struct sapa_tree *tree, uint32_t i);
/** The one after `i`, SAPA_NONE at the end. */
uint32_t sapa_tree_next(const struct sapa_tree_node *nodes, uint32_t i);
/** How many stand before `i` in its tree. O(log n). */
uint32_t sapa_tree_rank(const struct sapa_tree_node *nodes, uint32_t i);
/** How many stand before somebody with this key and seq who is not in the tree. O(log n). */
uint32_t sapa_tree_rank_of(const struct sapa_tree_node *nodes, const struct sapa_tree *tree,
                           int64_t key, uint64_t seq);
/** Change the marks of a node that is in a tree. O(log n). */
void sapa_tree_mark(struct sapa_tree_node *nodes, uint32_t i, uint64_t own);
/** The first member with one of these marks; SAPA_NONE: none has. O(log n). */
uint32_t sapa_tree_first_with(const struct sapa_tree_node *nodes, const struct sapa_tree *tree,
                              uint64_t marks);
/** The next one after `i`. O(log n). */
uint32_t sapa_tree_next_with(const struct sapa_tree_node *nodes, uint32_t i, uint64_t marks);
/** Assert order, sizes, marks and links. O(n). */
void sapa_tree_check(const struct sapa_tree_node *nodes, const struct sapa_tree *tree);

#endif
