#include "core/tree.h"

/* A fixed scramble of the index stands in for chance: no two runs differ. */
static uint32_t weight(uint32_t i)
{
    i = (i ^ 0x9E3779B9u) * 0x85EBCA6Bu;
    i = (i ^ i >> 15) * 0xC2B2AE35u;
    return i ^ i >> 13;
}

static uint32_t size_of(const struct sapa_tree_node *nodes, uint32_t i)
{
    return i == SAPA_NONE ? 0 : nodes[i].size;
}

static void replace_child(struct sapa_tree_node *nodes, struct sapa_tree *tree, uint32_t parent,
                          uint32_t from, uint32_t to)
{
    if (parent == SAPA_NONE)
        tree->root = to;
    else if (nodes[parent].left == from)
        nodes[parent].left = to;
    else
        nodes[parent].right = to;
    if (to != SAPA_NONE)
        nodes[to].parent = parent;
}

/* Let `i` change places with its parent. */
static void rotate_up(struct sapa_tree_node *nodes, struct sapa_tree *tree, uint32_t i)
{
    const uint32_t parent = nodes[i].parent;
    const uint32_t inner = nodes[parent].left == i ? nodes[i].right : nodes[i].left;

    sapa_assert(parent != SAPA_NONE);
    replace_child(nodes, tree, nodes[parent].parent, parent, i);
    if (nodes[parent].left == i) {
        nodes[parent].left = inner;
        nodes[i].right = parent;
    } else {
        sapa_assert(nodes[parent].right == i);
        nodes[parent].right = inner;
        nodes[i].left = parent;
    }
    if (inner != SAPA_NONE)
        nodes[inner].parent = parent;
    nodes[parent].parent = i;
    nodes[i].size = nodes[parent].size;
    nodes[parent].size = 1 + size_of(nodes, nodes[parent].left) + size_of(nodes, nodes[parent].right);
}

uint32_t sapa_tree_insert(struct sapa_tree_node *nodes, struct sapa_tree *tree, uint32_t i)
{
    struct sapa_tree_node *node = &nodes[i];
    uint32_t at = tree->root, rank = 0;
    bool before = true;

    sapa_assert(node->size == 0);
    node->left = node->right = node->parent = SAPA_NONE;
    node->size = 1;
    while (at != SAPA_NONE) {
        before = sapa_tree_before(node, &nodes[at]);
        nodes[at].size++;
        node->parent = at;
        if (!before)
            rank += nodes[at].size - 1 - size_of(nodes, nodes[at].right);
        at = before ? nodes[at].left : nodes[at].right;
    }
    if (node->parent == SAPA_NONE)
        tree->root = i;
    else if (before)
        nodes[node->parent].left = i;
    else
        nodes[node->parent].right = i;
    if (rank == 0)
        tree->first = i;
    while (node->parent != SAPA_NONE && weight(i) > weight(node->parent))
        rotate_up(nodes, tree, i);
    sapa_assert(tree->first != SAPA_NONE);
    return rank;
}

void sapa_tree_remove(struct sapa_tree_node *nodes, struct sapa_tree *tree, uint32_t i)
{
    struct sapa_tree_node *node = &nodes[i];

    sapa_assert(node->size > 0);
    if (tree->first == i)
        tree->first = sapa_tree_next(nodes, i);
    while (node->left != SAPA_NONE && node->right != SAPA_NONE)
        rotate_up(nodes, tree, weight(node->left) > weight(node->right) ? node->left : node->right);
    replace_child(nodes, tree, node->parent, i, node->left != SAPA_NONE ? node->left : node->right);
    for (uint32_t at = node->parent; at != SAPA_NONE; at = nodes[at].parent) {
        sapa_assert(nodes[at].size > 1);
        nodes[at].size--;
    }
    node->size = 0;
    node->left = node->right = node->parent = SAPA_NONE;
}

uint32_t sapa_tree_next(const struct sapa_tree_node *nodes, uint32_t i)
{
    sapa_assert(nodes[i].size > 0);
    if (nodes[i].right != SAPA_NONE) {
        for (i = nodes[i].right; nodes[i].left != SAPA_NONE;)
            i = nodes[i].left;
        return i;
    }
    while (nodes[i].parent != SAPA_NONE && nodes[nodes[i].parent].right == i)
        i = nodes[i].parent;
    return nodes[i].parent;
}

uint32_t sapa_tree_rank(const struct sapa_tree_node *nodes, uint32_t i)
{
    uint32_t rank = size_of(nodes, nodes[i].left);

    sapa_assert(nodes[i].size > 0);
    for (; nodes[i].parent != SAPA_NONE; i = nodes[i].parent)
        if (nodes[nodes[i].parent].right == i)
            rank += 1 + size_of(nodes, nodes[nodes[i].parent].left);
    return rank;
}

uint32_t sapa_tree_rank_of(const struct sapa_tree_node *nodes, const struct sapa_tree *tree,
                           int64_t key, uint64_t seq)
{
    const struct sapa_tree_node wanted = { .key = key, .seq = seq };
    uint32_t rank = 0;

    for (uint32_t at = tree->root; at != SAPA_NONE;) {
        if (sapa_tree_before(&nodes[at], &wanted)) {
            rank += 1 + size_of(nodes, nodes[at].left);
            at = nodes[at].right;
        } else {
            at = nodes[at].left;
        }
    }
    sapa_assert(rank <= sapa_tree_count(nodes, tree));
    return rank;
}

void sapa_tree_check(const struct sapa_tree_node *nodes, const struct sapa_tree *tree)
{
    uint32_t seen = 0;

    sapa_assert((tree->root == SAPA_NONE) == (tree->first == SAPA_NONE));
    if (tree->root != SAPA_NONE)
        sapa_assert(nodes[tree->root].parent == SAPA_NONE);
    for (uint32_t i = tree->first, before = SAPA_NONE; i != SAPA_NONE; i = sapa_tree_next(nodes, i)) {
        const struct sapa_tree_node *node = &nodes[i];
        if (before != SAPA_NONE)
            sapa_assert(sapa_tree_before(&nodes[before], node));
        sapa_assert(node->size == 1 + size_of(nodes, node->left) + size_of(nodes, node->right));
        if (node->left != SAPA_NONE)
            sapa_assert(nodes[node->left].parent == i && weight(node->left) <= weight(i));
        if (node->right != SAPA_NONE)
            sapa_assert(nodes[node->right].parent == i && weight(node->right) <= weight(i));
        before = i;
        seen++;
    }
    sapa_assert(seen == sapa_tree_count(nodes, tree));
}
