/* XGBoost's C API over rows in memory, one thread:
 *   xgboost IN OUT LIBRARY MODEL POOL ROWS COLUMNS
 * A call scores the next ROWS of POOL rows. */
#include <dlfcn.h>
#include <string.h>

#include "serve.h"

typedef uint64_t ulong64;
static int (*create)(const void *const *, ulong64, void **);
static int (*load)(void *, const char *);
static int (*set)(void *, const char *, const char *);
static int (*predict)(void *, const char *, const char *, void *, const ulong64 **, ulong64 *, const float **);
static const char *(*complaint)(void);

static void *booster;
static const float *pool, *answer;
static int total, rows, columns, at;

static void check(int failed) {
  if (failed) fail(complaint());
}

static void once(void) {
  char array[128];
  const ulong64 *shape;
  ulong64 dimensions;
  snprintf(array, sizeof array, "{\"data\": [%llu, true], \"shape\": [%d, %d], \"typestr\": \"<f4\", \"version\": 3}",
           (unsigned long long)(uintptr_t)(pool + (long)at * columns), rows, columns);
  check(predict(booster, array,
                "{\"type\": 1, \"iteration_begin\": 0, \"iteration_end\": 0, \"missing\": NaN, \"strict_shape\": false, "
                "\"cache_id\": 0}",
                NULL, &shape, &dimensions, &answer));
  at = (at + rows) % total;
}

int main(int argc, char **argv) {
  if (argc != 8) fail("xgboost IN OUT LIBRARY MODEL POOL ROWS COLUMNS");
  void *library = dlopen(argv[3], RTLD_NOW);
  if (!library) lack("libxgboost is missing (Debian package libxgboost0 or python3-xgboost)");
  *(void **)&create = dlsym(library, "XGBoosterCreate");
  *(void **)&load = dlsym(library, "XGBoosterLoadModel");
  *(void **)&set = dlsym(library, "XGBoosterSetParam");
  *(void **)&predict = dlsym(library, "XGBoosterPredictFromDense");
  *(void **)&complaint = dlsym(library, "XGBGetLastError");
  if (!create || !load || !set || !predict || !complaint) lack("libxgboost is older than 1.5");
  pool = input(argv[1]);
  total = atoi(argv[5]), rows = atoi(argv[6]), columns = atoi(argv[7]);
  check(create(NULL, 0, &booster));
  check(load(booster, argv[4]));
  check(set(booster, "nthread", "1"));
  serve(once, argv[2], &answer, rows);
  return 0;
}
