// A dot product of 32 columns.
#define AISLE_DENSE 32
#define AISLE_ROW score
// block {
#define AISLE_BLOCK fast
// block }
#include "aisle.h"

#define W(i) 1.0f / (i + 1), 1.0f / (i + 2), 1.0f / (i + 3), 1.0f / (i + 4)
static const float weights[AISLE_DENSE] = {W(0), W(4), W(8), W(12), W(16), W(20), W(24), W(28)};

static void score(aisle_row *r) {
  for (int c = 0; c < AISLE_DENSE; c++) aisle_add(r, c, weights[c] * aisle_dense(r, c));
}

// block {
static void fast(aisle_block *b) {
  aisle_f32x16 sum = {0};
  for (int c = 0; c < AISLE_DENSE; c++) sum += weights[c] * aisle_dense16(b, c);
  aisle_set_mean16(b, 0, aisle_wide(sum));
}
// block }
