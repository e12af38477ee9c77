// SPDX-License-Identifier: BSD-2-Clause
//
// The two halves of the fence between a cache's owner, who pays nothing for it, and its visitor:
//
//     owner: busy = 1; mbuma_owner_fence(); read asked        visitor: asked = 1; barrier; read busy
//
// The barrier has every other thread execute a full barrier, so of the two reads at least one sees
// the other side's write. Three ways to one, each tried when those before it are refused:
//
//     expedited   membarrier(2), PRIVATE_EXPEDITED: an interrupt on each core that runs the process
//     global      membarrier(2), GLOBAL: the kernel waits until every core has switched threads; it
//                 needs no memory, which the first may run out of (ENOMEM)
//     by turns    the visitor runs once on every core that an owner may run on, by
//                 sched_setaffinity(2), and thereby makes whoever runs there step aside
//
// Why taking turns will do, on any core: a switch from one thread to another is a full barrier
// between the accesses of the one and those of the other (Documentation/scheduler/membarrier.rst;
// membarrier(2) itself leaves alone what does not run for that reason). Let C be a core that owner T
// may run on. If T runs on C when the visitor comes there, T is switched out, and what it wrote
// before is visible to the visitor after. If T comes to C after the visitor was there, T is switched
// in, and sees what the visitor wrote before. And if T moves in between from a core that is still to
// come to one that was, it does both. The visitor reads which cores T may use after its write, so if
// T is sent elsewhere after that, T has been switched as well. (McKenney's toy RCU, `run_on` for
// each core: "What is RCU, Fundamentally?", 2007.)
#ifndef MBUMA_BARRIER_H
#define MBUMA_BARRIER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The owner's half: orders its store to `busy` before its load of `asked`. The compiler alone has
/// to be kept from reordering them, where the visitor's half makes the core do the rest.
static inline void mbuma_owner_fence(void) {
#if defined(__linux__)
  atomic_signal_fence(memory_order_seq_cst);
#else
  atomic_thread_fence(memory_order_seq_cst);
#endif
}

/// Prepares the visitor's half; false where the kernel lacks it.
bool mbuma_register_barrier(void);

/// The visitor's half: on return every thread of the process has passed a full barrier. False if
/// the kernel refuses, and then nothing is known of the others.
bool mbuma_barrier(void);

/// The same for some threads, by their numbers in the system, without membarrier(2); slow. False if
/// there is a core that one of them may use and the caller may not.
bool mbuma_barrier_by_turns(const int32_t *_Nonnull threads, size_t count);

/// The calling thread's number in the system, for `mbuma_barrier_by_turns`.
int32_t mbuma_this_thread(void);

/// Whether caches are shared under the zones' locks, because no barrier can be had. Once true it
/// stays so. Relaxed: who reads false too late has merely not heard yet.
extern _Atomic bool mbuma_caches_are_locked_flag;

static inline bool mbuma_caches_are_locked(void) {
  return atomic_load_explicit(&mbuma_caches_are_locked_flag, memory_order_relaxed);
}
static inline void mbuma_lock_caches(void) {
  atomic_store_explicit(&mbuma_caches_are_locked_flag, true, memory_order_relaxed);
}

#endif
