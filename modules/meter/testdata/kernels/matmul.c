/* A product of two matrices of 48 by 48 doubles, with the loops as one writes them. */
#include "kernel.h"

enum { N = 48 };
static double a[N][N], b[N][N], c[N][N];

EXPORT(aisle_score)(u32 turns) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) a[i][j] = next() & 63, b[i][j] = next() & 63;
    u32 digest = 0;
    for (u32 t = 0; t < turns; t++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                double sum = 0;
                for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
                c[i][j] = sum;
            }
        digest = digest * 31 + (u32)c[t % N][t / N % N];
        a[t % N][0] += 1;
    }
    return digest;
}
