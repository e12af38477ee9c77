// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE 1
#include "CUMA.h"

#include <sched.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

_Thread_local void *mbuma_thread_table MBUMA_TLS_MODEL;
_Thread_local const void *mbuma_thread_passage MBUMA_TLS_MODEL;

#if defined(__linux__)
// A leak checker looks for pointers in the heap and in globals, not in mapped memory: where one
// runs, it is told of the tables.
extern void __lsan_register_root_region(const void *, size_t) __attribute__((weak));
extern void __lsan_unregister_root_region(const void *, size_t) __attribute__((weak));
#endif

void *mbuma_map_table(size_t byte_count) {
  void *p = mmap(NULL, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  if (p == MAP_FAILED) return NULL;
#if defined(__linux__)
  if (__lsan_register_root_region) __lsan_register_root_region(p, byte_count);
#endif
  return p;
}

void mbuma_unmap_table(void *table, size_t byte_count) {
#if defined(__linux__)
  if (__lsan_unregister_root_region) __lsan_unregister_root_region(table, byte_count);
#endif
  munmap(table, byte_count);
}

void mbuma_yield(void) { sched_yield(); }

// One key for the process: its destructor is the caller's `retire`, the same at every call.
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_is_made;
// Every thread stores the same value, and reads it only after its own store.
static _Atomic(void (*)(void *)) retire_table;

static void run_retire(void *table) {
  void (*retire)(void *) = atomic_load_explicit(&retire_table, memory_order_relaxed);
  retire(table);
}

static void make_key(void) { key_is_made = pthread_key_create(&key, run_retire) == 0; }

bool mbuma_call_at_thread_exit(void *table, void (*retire)(void *)) {
  atomic_store_explicit(&retire_table, retire, memory_order_relaxed);
  pthread_once(&key_once, make_key);
  return key_is_made && pthread_setspecific(key, table) == 0;
}

void mbuma_parker_create(mbuma_parker *parker) {
  pthread_mutex_init(&parker->mutex, NULL);
#if defined(__linux__)
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&parker->condition, &attributes);
  pthread_condattr_destroy(&attributes);
#else
  pthread_cond_init(&parker->condition, NULL);
#endif
  parker->has_permit = false;
}

void mbuma_parker_destroy(mbuma_parker *parker) {
  pthread_cond_destroy(&parker->condition);
  pthread_mutex_destroy(&parker->mutex);
}

void mbuma_parker_unpark(mbuma_parker *parker) {
  pthread_mutex_lock(&parker->mutex);
  parker->has_permit = true;
  // Under the mutex: the waiter may destroy the parker as soon as it can have it.
  pthread_cond_signal(&parker->condition);
  pthread_mutex_unlock(&parker->mutex);
}

static struct timespec after(int64_t nanoseconds) {
  struct timespec t = {0, 0};
#if defined(__linux__)
  clock_gettime(CLOCK_MONOTONIC, &t);
#endif
  t.tv_sec += nanoseconds / 1000000000;
  t.tv_nsec += nanoseconds % 1000000000;
  if (t.tv_nsec >= 1000000000) {
    t.tv_sec += 1;
    t.tv_nsec -= 1000000000;
  }
  return t;
}

void mbuma_parker_park(mbuma_parker *parker, int64_t nanoseconds) {
  const struct timespec deadline = after(nanoseconds < 0 ? 0 : nanoseconds);
  pthread_mutex_lock(&parker->mutex);
  int result = 0;
  while (!parker->has_permit && result == 0) {
    if (nanoseconds < 0) {
      result = pthread_cond_wait(&parker->condition, &parker->mutex);
    } else {
#if defined(__linux__)
      result = pthread_cond_timedwait(&parker->condition, &parker->mutex, &deadline);
#else
      result = pthread_cond_timedwait_relative_np(&parker->condition, &parker->mutex, &deadline);
#endif
    }
  }
  parker->has_permit = false;
  pthread_mutex_unlock(&parker->mutex);
}
