// SPDX-License-Identifier: BSD-2-Clause
//
// What a process or a thread does to confine itself after its start.
#ifndef C_CONFINE_H
#define C_CONFINE_H

#include <stdbool.h>

/// Has the kernel refuse membarrier(2) from now on, to every thread and for good, and if wanted
/// sched_setaffinity(2) too. False where that cannot be done.
bool mbuma_refuse_barrier(int error_number, bool and_affinity);

/// Takes the calling thread to a network namespace of its own: a descriptor of the one it was in, or
/// -1 and errno.
int mbuma_enter_own_network(void);

/// Takes the calling thread back; the namespace of its own ends with what uses it.
void mbuma_leave_network(int former);

/// Has the shell run a command in the calling thread's network; whether it succeeded.
bool mbuma_run(const char *_Nonnull command);

#endif
