// SPDX-License-Identifier: BSD-2-Clause
//
// The lock checker's switches and each thread's list of held locks.
#ifndef MBUMA_WITNESS_H
#define MBUMA_WITNESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/// Locks are watched.
static const uint32_t mbuma_witness_on = 1;
/// A report stops the program.
static const uint32_t mbuma_witness_traps = 2;
/// An allocation that would wait with a lock held does not.
static const uint32_t mbuma_witness_denies_under_lock = 4;
/// No allocation waits.
static const uint32_t mbuma_witness_denies_every_wait = 8;

extern _Atomic uint32_t mbuma_witness_switches;

static inline uint32_t mbuma_witness_mode(void) {
  return atomic_load_explicit(&mbuma_witness_switches, memory_order_relaxed);
}

/// Clears some switches and sets others, in one step.
void mbuma_witness_set_mode(uint32_t cleared, uint32_t set);

/// Sets the switches that `MBUMA_WITNESS` asks for; runs before `main`, where no lock is held.
void mbuma_witness_read_environment(void);

/// The calling thread's list of held locks, or NULL before its first lock that was watched.
extern _Thread_local void *_Nullable mbuma_held_locks MBUMA_TLS_MODEL;

static inline void *_Nullable mbuma_held(void) { return mbuma_held_locks; }
static inline void mbuma_set_held(void *_Nullable list) { mbuma_held_locks = list; }

/// Has `end` called with `list` when the calling thread ends; the same `end` at every call.
bool mbuma_end_held_at_thread_exit(void *_Nonnull list, void (*_Nonnull end)(void *_Nonnull));

#endif
