// SPDX-License-Identifier: BSD-2-Clause
//
// AF_XDP sockets that send in copy mode: frames lie in memory shared with the kernel (the UMEM), and
// two rings of indexes say whose they are:
//
//     transmit     producer here, consumer the kernel: frames to send
//     completion   producer the kernel, consumer here: frames that were sent, free again
//
//     0 <= producer - consumer <= size, both modulo 2^32; slot = index & (size - 1)
#ifndef C_LINUX_XDP_SOCKET_H
#define C_LINUX_XDP_SOCKET_H

#include <stddef.h>
#include <stdint.h>

struct mbuma_xdp_ring {
  uint32_t *_Nullable producer, *_Nullable consumer;
  void *_Nullable entries, *_Nullable memory;
  size_t byte_count;
  uint32_t size;
};

/// A socket bound to one queue of an interface; frame n begins at byte n * frame_byte_count.
struct mbuma_xdp_socket {
  int descriptor;
  int mtu;
  uint32_t frame_byte_count, frame_count;
  void *_Nullable frames;
  struct mbuma_xdp_ring transmit, completion;
};

/// Opens a socket that sends on a queue; -1 and errno if it cannot be, with nothing left open.
int mbuma_xdp_open(const char *_Nonnull interface, uint32_t queue,
                   struct mbuma_xdp_socket *_Nonnull socket);

/// Closes it and unmaps all of it.
void mbuma_xdp_close(const struct mbuma_xdp_socket *_Nonnull socket);

/// Slots of the transmit ring that are free.
uint32_t mbuma_xdp_room(const struct mbuma_xdp_socket *_Nonnull socket);

/// Writes the slot that comes `ahead` behind those submitted; there is room for it.
void mbuma_xdp_describe(const struct mbuma_xdp_socket *_Nonnull socket, uint32_t ahead,
                        uint32_t frame, uint32_t byte_count);

/// Hands the kernel as many slots, and has it send; -1 and errno if it refuses.
int mbuma_xdp_send(const struct mbuma_xdp_socket *_Nonnull socket, uint32_t count);

/// Takes up to `limit` frames that were sent off the completion ring: how many there were.
uint32_t mbuma_xdp_completed(const struct mbuma_xdp_socket *_Nonnull socket,
                             uint32_t *_Nonnull frames, uint32_t limit);

#endif
