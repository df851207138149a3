/* What one would write by hand with AVX2 and FMA:
 *   kernels IN OUT dense  ROWS COLUMNS        weights, rows
 *   kernels IN OUT hashed ROWS COLUMNS BITS   table, ids
 *   kernels IN OUT linucb ROWS COLUMNS        theta, inverse of A, rows */
#include <immintrin.h>
#include <string.h>

#include "serve.h"

static int n, d;
static uint32_t mask;
static const float *w, *A, *x;
static const uint32_t *ids;
static float *out;

static float *room(long n) {
  float *b = aligned_alloc(64, (n * 4 + 63) / 64 * 64);
  if (!b) fail("no memory");
  return b;
}

static inline float sum(__m256 v) {
  __m128 a = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  a = _mm_add_ps(a, _mm_movehl_ps(a, a));
  a = _mm_add_ss(a, _mm_shuffle_ps(a, a, 1));
  return _mm_cvtss_f32(a);
}

/* Four rows at once; rows lie one after the other. */
static void dense(void) {
  for (int r = 0; r < n; r += 4) {
    const float *a = x + (long)r * d, *b = a + d, *c = b + d, *e = c + d;
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    for (int i = 0; i < d; i += 8) {
      __m256 weights = _mm256_loadu_ps(w + i);
      s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), weights, s0);
      s1 = _mm256_fmadd_ps(_mm256_loadu_ps(b + i), weights, s1);
      s2 = _mm256_fmadd_ps(_mm256_loadu_ps(c + i), weights, s2);
      s3 = _mm256_fmadd_ps(_mm256_loadu_ps(e + i), weights, s3);
    }
    __m256 t = _mm256_hadd_ps(_mm256_hadd_ps(s0, s1), _mm256_hadd_ps(s2, s3));
    _mm_storeu_ps(out + r, _mm_add_ps(_mm256_castps256_ps128(t), _mm256_extractf128_ps(t, 1)));
  }
}

/* One row at a time: the processor overlaps the rows by itself. */
static void hashed(void) {
  for (int r = 0; r < n; r++) {
    float s = 0;
    for (int i = 0; i < d; i++) s += w[ids[(long)r * d + i] & mask];
    out[r] = s;
  }
}

/* theta.x and x'Ax with one A for all rows, two rows at once: a load of A serves
 * both. Means first, then variances. */
static void linucb(void) {
  float *mean = out, *var = out + n;
  for (int r = 0; r < n; r += 2) {
    const float *p = x + (long)r * d, *q = p + d;
    __m256 v = _mm256_setzero_ps(), u = v, m = v, o = v;
    for (int j = 0; j < d; j += 32) {
      __m256 y[4], z[4];
      for (int k = 0; k < 4; k++) y[k] = z[k] = _mm256_setzero_ps();
      for (int i = 0; i < d; i++) {
        __m256 b = _mm256_broadcast_ss(p + i), c = _mm256_broadcast_ss(q + i);
#pragma clang loop unroll(full)
        for (int k = 0; k < 4; k++) {
          __m256 a = _mm256_loadu_ps(A + (long)i * d + j + 8 * k);
          y[k] = _mm256_fmadd_ps(b, a, y[k]);
          z[k] = _mm256_fmadd_ps(c, a, z[k]);
        }
      }
#pragma clang loop unroll(full)
      for (int k = 0; k < 4; k++) {
        v = _mm256_fmadd_ps(y[k], _mm256_loadu_ps(p + j + 8 * k), v);
        u = _mm256_fmadd_ps(z[k], _mm256_loadu_ps(q + j + 8 * k), u);
      }
    }
    for (int i = 0; i < d; i += 8) {
      __m256 t = _mm256_loadu_ps(w + i);
      m = _mm256_fmadd_ps(t, _mm256_loadu_ps(p + i), m);
      o = _mm256_fmadd_ps(t, _mm256_loadu_ps(q + i), o);
    }
    mean[r] = sum(m), mean[r + 1] = sum(o);
    var[r] = sum(v), var[r + 1] = sum(u);
  }
}

int main(int argc, char **argv) {
  if (argc < 6) fail("kernels IN OUT KERNEL ROWS COLUMNS [BITS]");
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) lack("this processor has no AVX2");
  w = input(argv[1]);
  n = atoi(argv[4]), d = atoi(argv[5]);
  out = room(2L * n);
  const float *answer = out;
  if (!strcmp(argv[3], "dense")) {
    x = w + d;
    serve(dense, argv[2], &answer, n);
  } else if (!strcmp(argv[3], "hashed") && argc > 6) {
    mask = (1u << atoi(argv[6])) - 1;
    ids = (const uint32_t *)(w + mask + 1);
    serve(hashed, argv[2], &answer, n);
  } else if (!strcmp(argv[3], "linucb")) {
    A = w + d, x = A + (long)d * d;
    serve(linucb, argv[2], &answer, 2L * n);
  } else {
    fail("no such kernel");
  }
  return 0;
}
