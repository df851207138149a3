/* What every kernel has: its work is aisle_score(turns), which answers a digest. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name))) u32 name

EXPORT(aisle_alloc)(u32 size) { (void)size; return 0; }

static u32 seed = 1;

__attribute__((unused)) static u32 next(void) {
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}
