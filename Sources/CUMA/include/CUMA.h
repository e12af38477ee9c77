// SPDX-License-Identifier: BSD-2-Clause
//
// What the allocator needs and Swift cannot say: a thread-local slot, a compiler fence, the
// process-wide barrier membarrier(2), and a mutex and a parker that the thread sanitizer can see.
#ifndef CUMA_H
#define CUMA_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrier.h"
#include "guard_table.h"

#if defined(__linux__)
#define MBUMA_TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#define MBUMA_TLS_MODEL
#endif

#include "witness.h"

/// The calling thread's table of zone caches, or NULL before its first allocation.
extern _Thread_local void *_Nullable mbuma_thread_table MBUMA_TLS_MODEL;

static inline void *_Nullable mbuma_table(void) { return mbuma_thread_table; }
static inline void mbuma_set_table(void *_Nullable table) { mbuma_thread_table = table; }

/// What the calling thread has in hand between cache, depot and keg, the innermost first, or NULL.
extern _Thread_local const void *_Nullable mbuma_thread_passage MBUMA_TLS_MODEL;

static inline const void *_Nullable mbuma_passage(void) { return mbuma_thread_passage; }
static inline void mbuma_set_passage(const void *_Nullable passage) {
  mbuma_thread_passage = passage;
}

/// Maps `byte_count` zero bytes for a thread's table; NULL when the system has none.
void *_Nullable mbuma_map_table(size_t byte_count);
void mbuma_unmap_table(void *_Nonnull table, size_t byte_count);

/// Has `retire` called with `table` when the calling thread ends.
bool mbuma_call_at_thread_exit(void *_Nonnull table, void (*_Nonnull retire)(void *_Nonnull));

/// Lets another thread run.
void mbuma_yield(void);

/// What the locks guard takes nanoseconds: a thread that finds one taken spins before it sleeps,
/// where the system offers that.
static inline void mbuma_lock_create(pthread_mutex_t *_Nonnull m) {
#if defined(__GLIBC__)
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
  pthread_mutex_init(m, &attributes);
  pthread_mutexattr_destroy(&attributes);
#else
  pthread_mutex_init(m, NULL);
#endif
}
static inline void mbuma_lock_destroy(pthread_mutex_t *_Nonnull m) { pthread_mutex_destroy(m); }
static inline void mbuma_lock(pthread_mutex_t *_Nonnull m) { pthread_mutex_lock(m); }
static inline void mbuma_unlock(pthread_mutex_t *_Nonnull m) { pthread_mutex_unlock(m); }

/// Where one thread waits to be woken. A permit is kept until it is used, so none is lost.
typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t condition;
  bool has_permit;
} mbuma_parker;

void mbuma_parker_create(mbuma_parker *_Nonnull parker);
void mbuma_parker_destroy(mbuma_parker *_Nonnull parker);
void mbuma_parker_unpark(mbuma_parker *_Nonnull parker);
/// Sleeps until it is unparked or `nanoseconds` have passed; a negative number never passes.
void mbuma_parker_park(mbuma_parker *_Nonnull parker, int64_t nanoseconds);

#endif
