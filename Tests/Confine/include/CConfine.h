// SPDX-License-Identifier: BSD-2-Clause
//
// What a process does to confine itself after its start, for tests in a process of their own.
#ifndef C_CONFINE_H
#define C_CONFINE_H

#include <stdbool.h>

/// Has the kernel refuse membarrier(2) from now on, to every thread and for good, and if wanted
/// sched_setaffinity(2) too. False where that cannot be done.
bool mbuma_refuse_barrier(int error_number, bool and_affinity);

#endif
