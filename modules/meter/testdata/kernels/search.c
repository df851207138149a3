/* Looks for words in a text of 8 KiB, first byte first. */
#include "kernel.h"

enum { N = 8192 };
static u8 text[N];
static const char *const words[] = {"abab", "cadabra", "bbbbbb", "dacb", "needle"};

static int find(const u8 *in, int n, const char *word) {
    int length = 0;
    while (word[length]) length++;
    for (int i = 0; i + length <= n; i++) {
        int j = 0;
        while (j < length && in[i + j] == (u8)word[j]) j++;
        if (j == length) return i;
    }
    return -1;
}

EXPORT(aisle_score)(u32 turns) {
    for (int i = 0; i < N; i++) text[i] = (u8)('a' + (next() & 3));
    u32 digest = 0;
    for (u32 t = 0; t < turns; t++)
        for (int w = 0; w < 5; w++)
            digest = digest * 31 + (u32)find(text + t % 64, N - 64, words[w]);
    return digest;
}
