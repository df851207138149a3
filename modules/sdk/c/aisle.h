/* aisle.h is what a scoring module written in C is built with, all of it.
 *
 * Say how many columns of each kind a frame has, which function scores a row,
 * then include this file and write that function:
 *
 *   enum { temperature, margin };
 *   #define AISLE_CONTEXT_DENSE 1
 *   #define AISLE_DENSE 1
 *   #define AISLE_ROW score
 *   #include "aisle.h"
 *
 *   static void score(aisle_row *r) {
 *     aisle_add(r, AISLE_BIAS, 0.1);
 *     aisle_add(r, margin, 0.5 * aisle_or(r, margin, 0.2));
 *   }
 *
 * Columns are numbered as the manifest lists them: dense and then categorical
 * columns of the context, dense and then categorical ones of a row. Naming a
 * column that isn't there, or not of that kind, traps.
 *
 * With AISLE_BLOCK a second function scores 16 rows at once instead. The first
 * still says why a row scored what it did, so both must agree.
 */
#ifndef AISLE_H
#define AISLE_H

#include <stddef.h>
#include <stdint.h>

#ifndef AISLE_ROW
#error "define AISLE_ROW as the name of the function that scores a row"
#endif
#ifndef AISLE_CONTEXT_DENSE
#define AISLE_CONTEXT_DENSE 0
#endif
#ifndef AISLE_CONTEXT_CATEGORICAL
#define AISLE_CONTEXT_CATEGORICAL 0
#endif
#ifndef AISLE_DENSE
#define AISLE_DENSE 0
#endif
#ifndef AISLE_CATEGORICAL
#define AISLE_CATEGORICAL 0
#endif
#ifndef AISLE_HEADS
#define AISLE_HEADS 1
#endif
#ifndef AISLE_VARIANCE
#define AISLE_VARIANCE 0 /* 1: each head also answers a variance */
#endif

enum {
  AISLE_BIAS = -1, /* what no column caused */
  AISLE_LANES = 16 /* rows of a block */
};

/* ---- a row ---- */

/* aisle_row is one candidate, and what is being said of one of its heads. */
typedef struct {
  int head; /* the head that is asked for */
  double mean, variance;
  double *terms; /* NULL while nobody asks why */
  const char *frame, *columns;
} aisle_row;

static inline float aisle_dense(const aisle_row *r, int column);       /* NaN if missing */
static inline uint32_t aisle_id(const aisle_row *r, int column);       /* 0 if missing */
static inline double aisle_or(const aisle_row *r, int column, double other); /* other if missing */
static inline void aisle_add(aisle_row *r, int column, double v);      /* to the mean, on account of a column */
static inline void aisle_set_variance(aisle_row *r, double v) { r->variance = v; }

static void AISLE_ROW(aisle_row *r);

/* ---- a block ---- */

/* Values of 16 rows: v[i] is one of them, and + - * / < and the like work on all
 * at once, as SIMD. */
typedef float aisle_f32x16 __attribute__((vector_size(64), aligned(16)));
typedef double aisle_f64x16 __attribute__((vector_size(128), aligned(16)));
typedef uint32_t aisle_u32x16 __attribute__((vector_size(64), aligned(16)));

/* aisle_block is 16 rows. Those past the frame's last row hold anything, and
 * what is answered for them means nothing. A column of the context holds 16 times
 * its value. */
typedef struct {
  const char *frame, *columns;
  double *mean;
  size_t lane; /* doubles from one head's answers to the next one's */
} aisle_block;

static inline aisle_f32x16 aisle_dense16(const aisle_block *b, int column);
static inline aisle_f32x16 aisle_or16(const aisle_block *b, int column, float other);
static inline aisle_u32x16 aisle_id16(const aisle_block *b, int column);
static inline aisle_f64x16 aisle_wide(aisle_f32x16 v) { return __builtin_convertvector(v, aisle_f64x16); }
static inline void aisle_set_mean16(aisle_block *b, int head, aisle_f64x16 v);
static inline void aisle_set_variance16(aisle_block *b, int head, aisle_f64x16 v);

#ifdef AISLE_BLOCK
static void AISLE_BLOCK(aisle_block *b);
#endif

/* ---- the rest is no concern of the author's ---- */

#define AISLE_ALIGN(n) (((n) + 15) & ~15)

enum {
  aisle_first_context_id = AISLE_CONTEXT_DENSE,
  aisle_first_dense = aisle_first_context_id + AISLE_CONTEXT_CATEGORICAL,
  aisle_first_id = aisle_first_dense + AISLE_DENSE,
  aisle_columns = aisle_first_id + AISLE_CATEGORICAL,
  aisle_at_context = 64,
  aisle_at_context_id = AISLE_ALIGN(aisle_at_context + 4 * AISLE_CONTEXT_DENSE),
  aisle_at_blocks = AISLE_ALIGN(aisle_at_context_id + 4 * AISLE_CONTEXT_CATEGORICAL),
  aisle_block_size = 64 * (AISLE_DENSE + AISLE_CATEGORICAL),
  aisle_max_rows = 10240,
  aisle_ok = 0,
  aisle_bad_frame = 1
};

static inline int aisle_among(int i, int first, int end) {
  if (i < first || i >= end) __builtin_trap();
  return i - first;
}

static inline const void *aisle_column(const char *columns, int c) {
  return columns + 64 * (c - aisle_first_dense);
}

static inline float aisle_context_at(const char *frame, int c) {
  return ((const float *)(frame + aisle_at_context))[aisle_among(c, 0, aisle_first_context_id)];
}

static inline uint32_t aisle_context_id_at(const char *frame, int c) {
  const uint32_t *ids = (const uint32_t *)(frame + aisle_at_context_id);
  return ids[aisle_among(c, aisle_first_context_id, aisle_first_dense)];
}

static inline float aisle_dense(const aisle_row *r, int c) {
  if (c < aisle_first_dense) return aisle_context_at(r->frame, c);
  aisle_among(c, aisle_first_dense, aisle_first_id);
  return *(const float *)aisle_column(r->columns, c);
}

static inline uint32_t aisle_id(const aisle_row *r, int c) {
  if (c < aisle_first_dense) return aisle_context_id_at(r->frame, c);
  aisle_among(c, aisle_first_id, aisle_columns);
  return *(const uint32_t *)aisle_column(r->columns, c);
}

static inline double aisle_or(const aisle_row *r, int c, double other) {
  float x = aisle_dense(r, c);
  return x == x ? x : other;
}

static inline void aisle_add(aisle_row *r, int c, double v) {
  r->mean += v;
  if (r->terms) r->terms[aisle_among(c, AISLE_BIAS, aisle_columns)] += v;
}

static inline aisle_f32x16 aisle_dense16(const aisle_block *b, int c) {
  if (c < aisle_first_dense) return aisle_context_at(b->frame, c) - (aisle_f32x16){0};
  aisle_among(c, aisle_first_dense, aisle_first_id);
  return *(const aisle_f32x16 *)aisle_column(b->columns, c);
}

static inline aisle_f32x16 aisle_or16(const aisle_block *b, int c, float other) {
  aisle_f32x16 x = aisle_dense16(b, c), o = other - (aisle_f32x16){0};
  aisle_u32x16 there = (aisle_u32x16)(x == x);
  return (aisle_f32x16)(((aisle_u32x16)x & there) | ((aisle_u32x16)o & ~there));
}

static inline aisle_u32x16 aisle_id16(const aisle_block *b, int c) {
  if (c < aisle_first_dense) return aisle_context_id_at(b->frame, c) - (aisle_u32x16){0};
  aisle_among(c, aisle_first_id, aisle_columns);
  return *(const aisle_u32x16 *)aisle_column(b->columns, c);
}

static inline double *aisle_answers(const aisle_block *b, int head, int heads, int first) {
  return b->mean + b->lane * (first + aisle_among(head, 0, heads));
}

static inline void aisle_set_mean16(aisle_block *b, int head, aisle_f64x16 v) {
  *(aisle_f64x16 *)aisle_answers(b, head, AISLE_HEADS, 0) = v;
}

static inline void aisle_set_variance16(aisle_block *b, int head, aisle_f64x16 v) {
  *(aisle_f64x16 *)aisle_answers(b, head, AISLE_VARIANCE * AISLE_HEADS, AISLE_HEADS) = v;
}

/* What the compiler may call. */
__attribute__((no_builtin)) void *memset(void *to, int v, size_t n) {
  for (char *p = to; n; n--) *p++ = (char)v;
  return to;
}

__attribute__((no_builtin)) void *memcpy(void *restrict to, const void *restrict from, size_t n) {
  const char *q = from;
  for (char *p = to; n; n--) *p++ = *q++;
  return to;
}

extern unsigned char __heap_base;

/* The frame has all memory behind the program's own. */
__attribute__((export_name("aisle_alloc"))) uint32_t aisle_alloc(uint32_t size) {
  uint32_t at = AISLE_ALIGN((uint32_t)&__heap_base);
  uint32_t have = __builtin_wasm_memory_size(0);
  uint32_t need = (uint32_t)(((uint64_t)at + size + 65535) >> 16);
  if (need > have && __builtin_wasm_memory_grow(0, need - have) == (size_t)-1) return 0;
  return at;
}

static int aisle_knows(const uint32_t *header) {
  static const uint32_t shape[] = {AISLE_CONTEXT_DENSE, AISLE_CONTEXT_CATEGORICAL, AISLE_DENSE,
                                   AISLE_CATEGORICAL,   AISLE_HEADS,               AISLE_VARIANCE};
  if (header[0] != 0x465341 /* "ASF", version 0 */ || header[2] > aisle_max_rows) return 0;
  for (int i = 0; i < 6; i++)
    if (header[3 + i] != shape[i]) return 0;
  return 1;
}

static inline void aisle_score_rows(const aisle_block *b, uint32_t rows) {
  for (int head = 0; head < AISLE_HEADS; head++)
    for (uint32_t i = 0; i < rows; i++) {
      aisle_row r = {.head = head, .frame = b->frame, .columns = b->columns + 4 * i};
      AISLE_ROW(&r);
      aisle_answers(b, head, AISLE_HEADS, 0)[i] = r.mean;
      if (AISLE_VARIANCE) aisle_answers(b, head, AISLE_HEADS, AISLE_HEADS)[i] = r.variance;
    }
}

__attribute__((export_name("aisle_score"))) uint32_t aisle_score(char *frame) {
  const uint32_t *header = (const uint32_t *)frame;
  if (!aisle_knows(header)) return aisle_bad_frame;
  uint32_t rows = header[2], blocks = (rows + 15) / 16;
  aisle_block b = {frame, frame + aisle_at_blocks, (double *)(frame + header[13]), 16 * blocks};
  for (uint32_t first = 0; first < rows; first += 16) {
#ifdef AISLE_BLOCK
    AISLE_BLOCK(&b);
#else
    aisle_score_rows(&b, rows - first < 16 ? rows - first : 16);
#endif
    b.columns += aisle_block_size;
    b.mean += 16;
  }
  return aisle_ok;
}

__attribute__((export_name("aisle_explain"))) double *aisle_explain(char *frame, uint32_t row, uint32_t head) {
  static double terms[1 + aisle_columns];
  const uint32_t *header = (const uint32_t *)frame;
  if (!aisle_knows(header) || row >= header[2] || head >= AISLE_HEADS) return NULL;
  for (int i = 0; i <= aisle_columns; i++) terms[i] = 0;
  aisle_row r = {.head = (int)head, .terms = terms, .frame = frame};
  r.columns = frame + aisle_at_blocks + row / 16 * aisle_block_size + row % 16 * 4;
  AISLE_ROW(&r);
  return terms;
}

#endif
