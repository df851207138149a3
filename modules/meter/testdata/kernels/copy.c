/* Copies and clears of all sizes, which clang makes memory.copy and memory.fill. */
#include "kernel.h"

enum { N = 1 << 16 };
static u8 from[N], to[N];

EXPORT(aisle_score)(u32 turns) {
    for (int i = 0; i < N; i++) from[i] = (u8)next();
    u32 digest = 0;
    for (u32 t = 0; t < turns; t++) {
        for (int i = 0; i < 16; i++) {
            u32 size = next() & (i < 12 ? 255 : 16383), at = next() & 16383;
            __builtin_memcpy(to + at, from + size, size);
            __builtin_memmove(to + at + 5, to + at, size);
            __builtin_memset(to + size, (int)i, size / 4);
        }
        digest = digest * 31 + to[t & 16383];
    }
    return digest;
}
