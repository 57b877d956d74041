#include "core/tree.h"

#define AT(i) sapa_tree_at(nodes, i)

/* A fixed scramble of the index stands in for chance: no two runs differ. */
static uint32_t weight(uint32_t i)
{
    i = (i ^ 0x9E3779B9u) * 0x85EBCA6Bu;
    i = (i ^ i >> 15) * 0xC2B2AE35u;
    return i ^ i >> 13;
}

static uint32_t size_of(const struct sapa_tree_node *nodes, uint32_t i)
{
    return i == SAPA_NONE ? 0 : AT(i)->size;
}

static uint64_t marks_of(const struct sapa_tree_node *nodes, uint32_t i)
{
    return i == SAPA_NONE ? 0 : AT(i)->all;
}

static uint64_t marks_below(const struct sapa_tree_node *nodes, uint32_t i)
{
    return AT(i)->own | marks_of(nodes, AT(i)->left) | marks_of(nodes, AT(i)->right);
}

static void replace_child(struct sapa_tree_node *nodes, struct sapa_tree *tree, uint32_t parent,
                          uint32_t from, uint32_t to)
{
    if (parent == SAPA_NONE)
        tree->root = to;
    else if (AT(parent)->left == from)
        AT(parent)->left = to;
    else
        AT(parent)->right = to;
    if (to != SAPA_NONE)
        AT(to)->parent = parent;
}

/* Let `i` change places with its parent. */
static void rotate_up(struct sapa_tree_node *nodes, struct sapa_tree *tree, uint32_t i)
{
    const uint32_t parent = AT(i)->parent;
    const uint32_t inner = AT(parent)->left == i ? AT(i)->right : AT(i)->left;

    sapa_assert(parent != SAPA_NONE);
    replace_child(nodes, tree, AT(parent)->parent, parent, i);
    if (AT(parent)->left == i) {
        AT(parent)->left = inner;
        AT(i)->right = parent;
    } else {
        sapa_assert(AT(parent)->right == i);
        AT(parent)->right = inner;
        AT(i)->left = parent;
    }
    if (inner != SAPA_NONE)
        AT(inner)->parent = parent;
    AT(parent)->parent = i;
    AT(i)->size = AT(parent)->size;
    AT(i)->all = AT(parent)->all;
    AT(parent)->all = marks_below(nodes, parent);
    AT(parent)->size = 1 + size_of(nodes, AT(parent)->left) + size_of(nodes, AT(parent)->right);
}

uint32_t sapa_tree_insert(struct sapa_tree_node *nodes, struct sapa_tree *tree, uint32_t i)
{
    struct sapa_tree_node *node = AT(i);
    uint32_t at = tree->root, rank = 0;
    bool before = true;

    sapa_assert(node->size == 0);
    node->left = node->right = node->parent = SAPA_NONE;
    node->size = 1;
    node->all = node->own;
    while (at != SAPA_NONE) {
        before = sapa_tree_before(node, AT(at));
        AT(at)->size++;
        AT(at)->all |= node->own;
        node->parent = at;
        if (!before)
            rank += AT(at)->size - 1 - size_of(nodes, AT(at)->right);
        at = before ? AT(at)->left : AT(at)->right;
    }
    if (node->parent == SAPA_NONE)
        tree->root = i;
    else if (before)
        AT(node->parent)->left = i;
    else
        AT(node->parent)->right = i;
    if (rank == 0)
        tree->first = i;
    while (node->parent != SAPA_NONE && weight(i) > weight(node->parent))
        rotate_up(nodes, tree, i);
    sapa_assert(tree->first != SAPA_NONE);
    return rank;
}

void sapa_tree_remove(struct sapa_tree_node *nodes, struct sapa_tree *tree, uint32_t i)
{
    struct sapa_tree_node *node = AT(i);

    sapa_assert(node->size > 0);
    if (tree->first == i)
        tree->first = sapa_tree_next(nodes, i);
    while (node->left != SAPA_NONE && node->right != SAPA_NONE)
        rotate_up(nodes, tree, weight(node->left) > weight(node->right) ? node->left : node->right);
    replace_child(nodes, tree, node->parent, i, node->left != SAPA_NONE ? node->left : node->right);
    for (uint32_t at = node->parent; at != SAPA_NONE; at = AT(at)->parent) {
        sapa_assert(AT(at)->size > 1);
        AT(at)->size--;
        AT(at)->all = marks_below(nodes, at);
    }
    node->size = 0;
    node->left = node->right = node->parent = SAPA_NONE;
}

uint32_t sapa_tree_next(const struct sapa_tree_node *nodes, uint32_t i)
{
    sapa_assert(AT(i)->size > 0);
    if (AT(i)->right != SAPA_NONE) {
        for (i = AT(i)->right; AT(i)->left != SAPA_NONE;)
            i = AT(i)->left;
        return i;
    }
    while (AT(i)->parent != SAPA_NONE && AT(AT(i)->parent)->right == i)
        i = AT(i)->parent;
    return AT(i)->parent;
}

void sapa_tree_mark(struct sapa_tree_node *nodes, uint32_t i, uint64_t own)
{
    sapa_assert(AT(i)->size > 0);
    AT(i)->own = own;
    for (uint32_t at = i; at != SAPA_NONE; at = AT(at)->parent) {
        const uint64_t all = marks_below(nodes, at);
        if (AT(at)->all == all)
            break;
        AT(at)->all = all;
    }
}

/* The first with a mark in a subtree that has one. */
static uint32_t first_below(const struct sapa_tree_node *nodes, uint32_t at, uint64_t marks)
{
    for (;;) {
        sapa_assert(AT(at)->all & marks);
        if (marks_of(nodes, AT(at)->left) & marks)
            at = AT(at)->left;
        else if (AT(at)->own & marks)
            return at;
        else
            at = AT(at)->right;
    }
}

uint32_t sapa_tree_first_with(const struct sapa_tree_node *nodes, const struct sapa_tree *tree,
                              uint64_t marks)
{
    return marks_of(nodes, tree->root) & marks ? first_below(nodes, tree->root, marks) : SAPA_NONE;
}

uint32_t sapa_tree_next_with(const struct sapa_tree_node *nodes, uint32_t i, uint64_t marks)
{
    sapa_assert(AT(i)->size > 0);
    if (marks_of(nodes, AT(i)->right) & marks)
        return first_below(nodes, AT(i)->right, marks);
    for (uint32_t at = AT(i)->parent; at != SAPA_NONE; i = at, at = AT(at)->parent) {
        if (AT(at)->left != i)
            continue;
        if (AT(at)->own & marks)
            return at;
        if (marks_of(nodes, AT(at)->right) & marks)
            return first_below(nodes, AT(at)->right, marks);
    }
    return SAPA_NONE;
}

uint32_t sapa_tree_rank(const struct sapa_tree_node *nodes, uint32_t i)
{
    uint32_t rank = size_of(nodes, AT(i)->left);

    sapa_assert(AT(i)->size > 0);
    for (; AT(i)->parent != SAPA_NONE; i = AT(i)->parent)
        if (AT(AT(i)->parent)->right == i)
            rank += 1 + size_of(nodes, AT(AT(i)->parent)->left);
    return rank;
}

uint32_t sapa_tree_rank_of(const struct sapa_tree_node *nodes, const struct sapa_tree *tree,
                           int64_t key, uint64_t seq)
{
    const struct sapa_tree_node wanted = { .key = key, .seq = seq };
    uint32_t rank = 0;

    for (uint32_t at = tree->root; at != SAPA_NONE;) {
        if (sapa_tree_before(AT(at), &wanted)) {
            rank += 1 + size_of(nodes, AT(at)->left);
            at = AT(at)->right;
        } else {
            at = AT(at)->left;
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
        sapa_assert(AT(tree->root)->parent == SAPA_NONE);
    for (uint32_t i = tree->first, before = SAPA_NONE; i != SAPA_NONE;
         i = sapa_tree_next(nodes, i)) {
        const struct sapa_tree_node *node = AT(i);
        if (before != SAPA_NONE)
            sapa_assert(sapa_tree_before(AT(before), node));
        sapa_assert(node->size == 1 + size_of(nodes, node->left) + size_of(nodes, node->right));
        if (node->left != SAPA_NONE)
            sapa_assert(AT(node->left)->parent == i && weight(node->left) <= weight(i));
        if (node->right != SAPA_NONE)
            sapa_assert(AT(node->right)->parent == i && weight(node->right) <= weight(i));
        before = i;
        sapa_assert(node->all == marks_below(nodes, i));
        seen++;
    }
    sapa_assert(seen == sapa_tree_count(nodes, tree));
}
