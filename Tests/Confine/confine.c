// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE 1
#include "CConfine.h"

#if defined(__linux__)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool mbuma_refuse_barrier(int error_number, bool and_affinity) {
  // The second number is one no call has, unless it is wanted.
  const unsigned affinity = and_affinity ? SYS_sched_setaffinity : 0xffffffff;
  struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, affinity, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error_number & SECCOMP_RET_DATA)),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
         && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}
#else
bool mbuma_refuse_barrier(int error_number, bool and_affinity) {
  (void)error_number;
  (void)and_affinity;
  return false;
}
#endif
