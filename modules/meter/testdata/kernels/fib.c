/* Nothing but calls. */
#include "kernel.h"

__attribute__((noinline)) static u32 fib(u32 n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

EXPORT(aisle_score)(u32 turns) {
    u32 digest = 0;
    for (u32 t = 0; t < turns; t++) digest = digest * 31 + fib(12 + t % 4);
    return digest;
}
