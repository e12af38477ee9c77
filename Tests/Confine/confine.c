// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE 1
#include "CConfine.h"

#include <errno.h>
#include <stdlib.h>

#if defined(__linux__)
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
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

int mbuma_enter_own_network(void) {
  int former = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (former < 0 || unshare(CLONE_NEWNET) == 0) return former;
  int saved = errno;
  close(former);
  return errno = saved, -1;
}

void mbuma_leave_network(int former) {
  // A thread that stayed would run other tests in the wrong network.
  if (setns(former, CLONE_NEWNET) != 0) abort();
  close(former);
}
#else
int mbuma_enter_own_network(void) { return errno = ENOSYS, -1; }
void mbuma_leave_network(int former) { (void)former; }

bool mbuma_refuse_barrier(int error_number, bool and_affinity) {
  (void)error_number;
  (void)and_affinity;
  return false;
}
#endif

bool mbuma_run(const char *command) { return system(command) == 0; }
