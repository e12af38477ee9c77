// SPDX-License-Identifier: BSD-2-Clause
#include "CMallocCount.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MBUMA_SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(MBUMA_SANITIZED)

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static atomic_long count;

static inline void count_one(void) { atomic_fetch_add_explicit(&count, 1, memory_order_relaxed); }

void *malloc(size_t n) {
  count_one();
  return __libc_malloc(n);
}

void *calloc(size_t n, size_t each) {
  count_one();
  return __libc_calloc(n, each);
}

void *realloc(void *p, size_t n) {
  count_one();
  return __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n) {
  count_one();
  return __libc_memalign(alignment, n);
}

int posix_memalign(void **out, size_t alignment, size_t n) {
  count_one();
  void *p = __libc_memalign(alignment, n);
  if (p == NULL) return ENOMEM;
  *out = p;
  return 0;
}

long mbuma_malloc_count(void) { return atomic_load_explicit(&count, memory_order_relaxed); }
void *mbuma_plain_malloc(size_t n) { return __libc_malloc(n); }
void mbuma_plain_free(void *p) { __libc_free(p); }

#else

long mbuma_malloc_count(void) { return -1; }
void *mbuma_plain_malloc(size_t n) { return malloc(n); }
void mbuma_plain_free(void *p) { free(p); }

#endif
