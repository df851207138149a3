/* Dot products of 64 floats, which clang vectorises. */
#include "kernel.h"

enum { N = 64, ROWS = 64 };
static float x[ROWS][N], w[N];

EXPORT(aisle_score)(u32 turns) {
    for (int r = 0; r < ROWS; r++)
        for (int i = 0; i < N; i++) x[r][i] = (float)(int)(next() & 255) - 128;
    for (int i = 0; i < N; i++) w[i] = (float)(next() & 15);
    u32 digest = 0;
    for (u32 t = 0; t < turns; t++) {
        for (int r = 0; r < ROWS; r++) {
            float lanes[4] = {0, 0, 0, 0};
            for (int i = 0; i < N; i += 4)
                for (int l = 0; l < 4; l++) lanes[l] += x[r][i + l] * w[i + l];
            digest = digest * 31 + (u32)(int)(lanes[0] + lanes[1] + lanes[2] + lanes[3]);
        }
        w[t % N] += 1;
    }
    return digest;
}
