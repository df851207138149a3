/* Quicksort with insertion sort for the small rest: recursion, branches, loads. */
#include "kernel.h"

enum { N = 1024 };
static u32 v[N];

static void sort(u32 *a, int n) {
    while (n > 12) {
        u32 pivot = a[n / 2];
        int i = 0, j = n - 1;
        while (i <= j) {
            while (a[i] < pivot) i++;
            while (a[j] > pivot) j--;
            if (i <= j) {
                u32 t = a[i];
                a[i++] = a[j];
                a[j--] = t;
            }
        }
        sort(a + i, n - i);
        n = j + 1;
    }
    for (int i = 1; i < n; i++) {
        u32 t = a[i];
        int j = i;
        for (; j > 0 && a[j - 1] > t; j--) a[j] = a[j - 1];
        a[j] = t;
    }
}

EXPORT(aisle_score)(u32 turns) {
    u32 digest = 0;
    for (u32 t = 0; t < turns; t++) {
        for (int i = 0; i < N; i++) v[i] = next();
        sort(v, N);
        digest = digest * 31 + v[0] + v[N / 2] + v[N - 1];
    }
    return digest;
}
