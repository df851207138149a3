/* A byte-wise and a word-wise hash of 4 KiB. */
#include "kernel.h"

enum { N = 4096 };
static union {
    u8 bytes[N];
    u64 words[N / 8];
} in;

EXPORT(aisle_score)(u32 turns) {
    for (int i = 0; i < N; i++) in.bytes[i] = (u8)next();
    u64 digest = 0;
    for (u32 t = 0; t < turns; t++) {
        u32 h = 2166136261u ^ t;
        for (int i = 0; i < N; i++) h = (h ^ in.bytes[i]) * 16777619u;
        u64 g = h;
        for (int i = 0; i < N / 8; i++) {
            g ^= in.words[i] * 0x9e3779b185ebca87ull;
            g = (g << 31 | g >> 33) * 0xc2b2ae3d27d4eb4full;
        }
        digest = digest * 31 + g;
    }
    return (u32)(digest ^ digest >> 32);
}
