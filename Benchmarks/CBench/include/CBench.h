// SPDX-License-Identifier: BSD-2-Clause
//
// What a benchmark needs that Swift cannot say: an opaque use of a pointer, a pause, pinned
// threads and the raw clock. Our programs and the peers' read the same header, so that both
// measure alike.
#ifndef C_BENCH_H
#define C_BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <time.h>

#if defined(__clang__)
#define BENCH_NULLABLE _Nullable
#define BENCH_NONNULL _Nonnull
#else
#define BENCH_NULLABLE
#define BENCH_NONNULL
#endif

/// Uses a pointer in a way that the optimiser cannot see through: the item must exist, and all
/// memory must be what the program says it is. Costs no instruction.
static inline void bench_escape(const void *BENCH_NULLABLE p) {
  __asm__ volatile("" : : "r"(p) : "memory");
}

/// Tells the core that this thread spins.
static inline void bench_pause(void) {
#if defined(__x86_64__)
  __asm__ volatile("pause");
#else
  __asm__ volatile("" : : : "memory");
#endif
}

static inline int64_t bench_read_clock(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/// Nanoseconds of a clock that nothing adjusts.
static inline int64_t bench_now(void) { return bench_read_clock(CLOCK_MONOTONIC_RAW); }

/// Nanoseconds that the calling thread has been on a core.
static inline int64_t bench_thread_time(void) { return bench_read_clock(CLOCK_THREAD_CPUTIME_ID); }

/// Keeps the calling thread on one core; does nothing where that cannot be had.
static inline void bench_pin(int core) {
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
#else
  (void)core;
#endif
}

/// Lets another thread run.
static inline void bench_yield(void) { sched_yield(); }

#endif
