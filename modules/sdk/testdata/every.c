// Every column, two heads and variances.
#define AISLE_CONTEXT_DENSE 2
#define AISLE_CONTEXT_CATEGORICAL 2
#define AISLE_DENSE 3
#define AISLE_CATEGORICAL 2
#define AISLE_HEADS 2
#define AISLE_VARIANCE 1
#define AISLE_ROW score
// block {
#define AISLE_BLOCK fast
// block }
#include "aisle.h"

static void score(aisle_row *r) {
  double h = r->head;
  aisle_add(r, AISLE_BIAS, 1 + h);
  aisle_add(r, 0, aisle_or(r, 0, 0.25) * 2);
  aisle_add(r, 1, aisle_or(r, 1, -1));
  aisle_add(r, 2, aisle_id(r, 2) % 8 * 0.5);
  aisle_add(r, 3, aisle_id(r, 3) % 4);
  aisle_add(r, 4, (h + 1) * aisle_or(r, 4, 0.5));
  aisle_add(r, 5, 0.125 * aisle_or(r, 5, 0));
  aisle_add(r, 6, aisle_or(r, 6, 1) * aisle_or(r, 0, 0.25));
  aisle_add(r, 7, aisle_id(r, 7) % 16 * 0.25);
  if (aisle_id(r, 8) == 0) aisle_add(r, 8, -3);
  aisle_set_variance(r, 0.5 + h + aisle_or(r, 4, 0.5) * aisle_or(r, 4, 0.5));
}

// block {
#define WIDE(v) __builtin_convertvector(v, aisle_f64x16)

static void fast(aisle_block *b) {
  aisle_f64x16 first = aisle_wide(aisle_or16(b, 0, 0.25)), x = aisle_wide(aisle_or16(b, 4, 0.5));
  for (int h = 0; h < AISLE_HEADS; h++) {
    aisle_f64x16 m = {0};
    m += 1.0 + h;
    m += first * 2;
    m += aisle_wide(aisle_or16(b, 1, -1));
    m += WIDE(aisle_id16(b, 2) % 8) * 0.5;
    m += WIDE(aisle_id16(b, 3) % 4);
    m += (h + 1.0) * x;
    m += 0.125 * aisle_wide(aisle_or16(b, 5, 0));
    m += aisle_wide(aisle_or16(b, 6, 1)) * first;
    m += WIDE(aisle_id16(b, 7) % 16) * 0.25;
    for (int i = 0; i < AISLE_LANES; i++)
      if (aisle_id16(b, 8)[i] == 0) m[i] -= 3;
    aisle_set_mean16(b, h, m);
    aisle_set_variance16(b, h, 0.5 + h + x * x);
  }
}
// block }
