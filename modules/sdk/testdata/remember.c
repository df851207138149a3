// Answers what the row before was worth, and remembers this one.
#define AISLE_DENSE 1
#define AISLE_ROW score
#include "aisle.h"

static double last = 0.5;

static void score(aisle_row *r) {
  aisle_add(r, AISLE_BIAS, last);
  last += aisle_dense(r, 0);
}
