// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE 1
#include "barrier.h"

#include <errno.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#endif

_Atomic bool mbuma_caches_are_locked_flag;

#if defined(__linux__)

bool mbuma_register_barrier(void) {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

bool mbuma_barrier(void) {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0
         || syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0;
}

int32_t mbuma_this_thread(void) { return (int32_t)syscall(SYS_gettid); }

// Cores by number, as the kernel writes them: more than any system has.
enum { core_count = 8192, word_bits = 8 * sizeof(unsigned long) };
typedef struct {
  unsigned long words[core_count / word_bits];
} cores;

static bool has(const cores *set, size_t core) {
  return set->words[core / word_bits] >> core % word_bits & 1;
}

static long get_affinity(int32_t thread, cores *set) {
  return syscall(SYS_sched_getaffinity, thread, sizeof *set, set);
}

static bool set_affinity(const cores *set) {
  return syscall(SYS_sched_setaffinity, 0, sizeof *set, set) == 0;
}

bool mbuma_barrier_by_turns(const int32_t *threads, size_t count) {
  // What the caller wrote before comes before what it reads of the others' affinity.
  atomic_thread_fence(memory_order_seq_cst);
  cores own = {{0}}, wanted = {{0}};
  if (get_affinity(0, &own) < 0) return false;
  for (size_t i = 0; i < count; i++) {
    cores theirs = {{0}};
    if (threads[i] <= 0) return false;
    if (get_affinity(threads[i], &theirs) < 0) {
      // A thread that has ended has been switched out for good.
      if (errno == ESRCH) continue;
      return false;
    }
    for (size_t word = 0; word < core_count / word_bits; word++) {
      wanted.words[word] |= theirs.words[word];
    }
  }
  bool have_all_had_a_turn = true;
  for (size_t core = 0; core < core_count && have_all_had_a_turn; core++) {
    if (!has(&wanted, core)) continue;
    cores one = {{0}};
    one.words[core / word_bits] = 1ul << core % word_bits;
    // On return the caller runs there. Systems that only take note of the wish are found out.
    have_all_had_a_turn = set_affinity(&one) && sched_getcpu() == (int)core;
  }
  set_affinity(&own);
  atomic_thread_fence(memory_order_seq_cst);
  return have_all_had_a_turn;
}

#else

bool mbuma_register_barrier(void) { return true; }
bool mbuma_barrier(void) {
  atomic_thread_fence(memory_order_seq_cst);
  return true;
}
bool mbuma_barrier_by_turns(const int32_t *threads, size_t count) {
  (void)threads;
  (void)count;
  return mbuma_barrier();
}
int32_t mbuma_this_thread(void) { return 1; }

#endif
