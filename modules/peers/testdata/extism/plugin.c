/* A plugin of Extism that scores 100 candidates: it has them, and gets a user.
 * What it needs of Extism's C kit is written out here. */
typedef unsigned int u32;
typedef unsigned long long u64;

#define HOST(name) __attribute__((import_module("extism:host/env"), import_name(#name)))
HOST(input_load_u64) u64 input_load_u64(u64 at);
HOST(alloc) u64 alloc(u64 size);
HOST(store_u64) void store_u64(u64 at, u64 v);
HOST(output_set) void output_set(u64 at, u64 size);

enum { ROWS = 100, COLUMNS = 32 };

static float w[COLUMNS], v[COLUMNS], x[ROWS][COLUMNS];
static u32 seed;

static void fill(float *values, int n) {
  for (int i = 0; i < n; i++) {
    seed = seed * 1664525u + 1013904223u;
    values[i] = (float)(seed >> 16) / 32768 - 1;
  }
}

static union {
  u64 words[ROWS / 2];
  float floats[ROWS];
} buffer;

__attribute__((export_name("score"))) int score(void) {
  if (!seed) {
    seed = 1;
    fill(w, COLUMNS);
    fill(v, COLUMNS);
    fill(x[0], ROWS * COLUMNS);
  }
  for (int i = 0; i < COLUMNS / 2; i++) buffer.words[i] = input_load_u64(8 * i);
  float base = 0;
  for (int i = 0; i < COLUMNS; i++) base += v[i] * buffer.floats[i];
  for (int r = 0; r < ROWS; r++) {
    float sum = base;
    for (int i = 0; i < COLUMNS; i++) sum += w[i] * x[r][i];
    buffer.floats[r] = sum;
  }
  u64 at = alloc(sizeof buffer);
  for (int i = 0; i < ROWS / 2; i++) store_u64(at + 8 * i, buffer.words[i]);
  output_set(at, sizeof buffer);
  return 0;
}
