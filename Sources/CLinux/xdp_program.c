// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE 1
#include "xdp_program.h"

#include <errno.h>
#include <unistd.h>

#if defined(__linux__)

#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

static int bpf(enum bpf_cmd command, union bpf_attr *what) {
  return (int)syscall(SYS_bpf, command, what, sizeof *what);
}

static int close_with_errno(int descriptor) {
  int saved = errno;
  close(descriptor);
  errno = saved;
  return -1;
}

/// A map with the socket at the number of its queue.
static int make_map(uint32_t queue, int socket) {
  union bpf_attr what;
  memset(&what, 0, sizeof what);
  what.map_type = BPF_MAP_TYPE_XSKMAP;
  what.key_size = sizeof queue;
  what.value_size = sizeof socket;
  what.max_entries = queue + 1;
  int map = bpf(BPF_MAP_CREATE, &what);
  if (map < 0) return -1;
  memset(&what, 0, sizeof what);
  what.map_fd = map;
  what.key = (uintptr_t)&queue;
  what.value = (uintptr_t)&socket;
  return bpf(BPF_MAP_UPDATE_ELEM, &what) == 0 ? map : close_with_errno(map);
}

int mbuma_xdp_load(uint32_t queue, int socket) {
  int map = make_map(queue, socket);
  if (map < 0) return -1;
  const struct bpf_insn program[] = {
      // Register 2: the number of the queue.
      {.code = BPF_LDX | BPF_MEM | BPF_W,
       .dst_reg = BPF_REG_2,
       .src_reg = BPF_REG_1,
       .off = offsetof(struct xdp_md, rx_queue_index)},
      // Register 1: the map, in two halves.
      {.code = BPF_LD | BPF_IMM | BPF_DW,
       .dst_reg = BPF_REG_1,
       .src_reg = BPF_PSEUDO_MAP_FD,
       .imm = map},
      {.code = 0},
      // Register 3: what becomes of a frame whose queue is not in the map.
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = XDP_PASS},
      {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map},
      {.code = BPF_JMP | BPF_EXIT},
  };
  union bpf_attr what;
  memset(&what, 0, sizeof what);
  what.prog_type = BPF_PROG_TYPE_XDP;
  what.expected_attach_type = BPF_XDP;
  what.insns = (uintptr_t)program;
  what.insn_cnt = sizeof program / sizeof *program;
  what.license = (uintptr_t) "BSD";
  strcpy(what.prog_name, "mbuma");
  int loaded = bpf(BPF_PROG_LOAD, &what);
  // The program keeps the map.
  close_with_errno(map);
  return loaded;
}

int mbuma_xdp_attach(int program, unsigned int interface_index) {
  union bpf_attr what;
  memset(&what, 0, sizeof what);
  what.link_create.prog_fd = program;
  what.link_create.target_ifindex = interface_index;
  what.link_create.attach_type = BPF_XDP;
  what.link_create.flags = XDP_FLAGS_SKB_MODE;
  return bpf(BPF_LINK_CREATE, &what);
}

#else

int mbuma_xdp_load(uint32_t queue, int socket) { return (void)queue, (void)socket, errno = ENOSYS, -1; }
int mbuma_xdp_attach(int program, unsigned int interface_index) {
  return (void)program, (void)interface_index, errno = ENOSYS, -1;
}

#endif
