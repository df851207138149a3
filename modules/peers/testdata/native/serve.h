/* What every native peer has: it reads its input whole, computes once, writes its
 * answer, and then computes as often as each line asks and tells the nanoseconds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void fail(const char *why) {
  fprintf(stderr, "%s\n", why);
  exit(1);
}

/* Says what the machine lacks. */
static void lack(const char *what) {
  printf("%s\n", what);
  exit(0);
}

static void *input(const char *file) {
  FILE *f = fopen(file, "rb");
  if (!f || fseek(f, 0, SEEK_END)) fail("no input");
  long size = ftell(f);
  void *b = aligned_alloc(64, (size + 63) / 64 * 64);
  rewind(f);
  if (!b || fread(b, 1, size, f) != (size_t)size) fail("no input");
  fclose(f);
  return b;
}

static void serve(void (*once)(void), const char *file, const float **answer, long n) {
  once();
  FILE *f = fopen(file, "wb");
  if (!f || fwrite(*answer, 4, n, f) != (size_t)n || fclose(f)) fail("no place for the answer");
  puts("ready");
  fflush(stdout);
  for (long times; scanf("%ld", &times) == 1;) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    while (times-- > 0) once();
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%lld\n", (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec);
    fflush(stdout);
  }
}
