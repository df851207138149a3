/* Walks binary trees of 1,023 nodes down, by index and by recursion over all. */
#include "kernel.h"

enum { N = 1023 };
static struct node {
    u32 key;
    struct node *left, *right;
} nodes[N];
static int used;

static struct node *build(u32 low, u32 high) {
    if (low >= high) return 0;
    struct node *n = &nodes[used++];
    n->key = (low + high) / 2;
    n->left = build(low, n->key);
    n->right = build(n->key + 1, high);
    return n;
}

static u32 sum(const struct node *n) {
    return n ? n->key + sum(n->left) + 3 * sum(n->right) : 1;
}

EXPORT(aisle_score)(u32 turns) {
    used = 0;
    struct node *root = build(0, N);
    u32 digest = 0;
    for (u32 t = 0; t < turns; t++) {
        for (int i = 0; i < 256; i++) {
            u32 want = next() % N, depth = 0;
            for (const struct node *n = root; n && n->key != want; depth++)
                n = want < n->key ? n->left : n->right;
            digest = digest * 31 + depth;
        }
        digest += sum(root);
    }
    return digest;
}
