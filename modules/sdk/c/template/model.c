// What a row is worth. The columns are those of manifest.json, in its order.
enum { temperature, margin, popularity, chilled, category };

#define AISLE_CONTEXT_DENSE 1
#define AISLE_DENSE 3
#define AISLE_CATEGORICAL 1
#define AISLE_ROW score
#include "aisle.h"

static void score(aisle_row *r) {
  aisle_add(r, AISLE_BIAS, 0.1);
  aisle_add(r, margin, 0.5 * aisle_or(r, margin, 0.2));
  aisle_add(r, popularity, 0.3 * aisle_or(r, popularity, 0));
  aisle_add(r, chilled, 0.02 * (aisle_or(r, temperature, 20) - 20) * aisle_or(r, chilled, 0));
  if (aisle_id(r, category) == 0) aisle_add(r, category, -0.25);
}
