// SPDX-License-Identifier: BSD-2-Clause
//
// AF_XDP sockets in copy mode: frames lie in memory shared with the kernel (the UMEM), and rings of
// indexes say whose they are:
//
//     transmit     producer here, consumer the kernel: frames to send
//     completion   producer the kernel, consumer here: frames that were sent, free again
//     fill         producer here, consumer the kernel: frames to receive into
//     receive      producer the kernel, consumer here: frames that were received
//
//     0 <= producer - consumer <= size, both modulo 2^32; slot = index & (size - 1)
//
// The first frames are for sending, the others for receiving, and none changes sides. Of these there are
// as many as the fill ring has slots, so that there is always one to give a frame back to.
#ifndef C_LINUX_XDP_SOCKET_H
#define C_LINUX_XDP_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mbuma_xdp_ring {
  uint32_t *_Nullable producer, *_Nullable consumer;
  void *_Nullable entries, *_Nullable memory;
  size_t byte_count;
  uint32_t size;
};

/// What was being done when a socket could not be opened.
enum mbuma_xdp_step {
  mbuma_xdp_opens,
  /// The queue is taken.
  mbuma_xdp_binds,
  /// The program that gives the queue's frames to the socket is made.
  mbuma_xdp_loads,
  /// It is attached to the interface.
  mbuma_xdp_attaches,
};

/// A socket bound to one queue of an interface; frame n begins at byte n * frame_byte_count.
struct mbuma_xdp_socket {
  int descriptor;
  /// Keeps the program attached while it is open; -1 if there is none.
  int program;
  int mtu;
  unsigned int interface_index;
  uint32_t frame_byte_count;
  /// Frames for sending, which come first, and for receiving.
  uint32_t send_count, receive_count;
  void *_Nullable frames;
  struct mbuma_xdp_ring transmit, completion, fill, receive;
  enum mbuma_xdp_step step;
};

/// A frame that was received.
struct mbuma_xdp_frame {
  /// Where it begins among all frames' bytes.
  uint64_t offset;
  uint32_t byte_count;
};

/// Opens a socket on a queue; -1 and errno if it cannot be, with nothing left open but the step told.
///
/// `slot_count` frames, a power of two, may wait to be received; none are if it is 0.
int mbuma_xdp_open(const char *_Nonnull interface, uint32_t queue, bool sends, uint32_t slot_count,
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

/// Frames that were received and are not released.
uint32_t mbuma_xdp_received(const struct mbuma_xdp_socket *_Nonnull socket);

/// The received frame that comes `ahead` behind those released; there is one.
struct mbuma_xdp_frame mbuma_xdp_peek(const struct mbuma_xdp_socket *_Nonnull socket,
                                      uint32_t ahead);

/// Gives the kernel so many received frames, in order, to receive into again.
void mbuma_xdp_release(const struct mbuma_xdp_socket *_Nonnull socket, uint32_t count);

/// Whether the queue can give frames: 0, or the error number that is in the way.
int mbuma_xdp_state(const struct mbuma_xdp_socket *_Nonnull socket);

/// Detaches the program: what the kernel has not given by the return goes where it went before.
void mbuma_xdp_stop(struct mbuma_xdp_socket *_Nonnull socket);

/// Frames that the kernel has dropped since the socket was opened.
struct mbuma_xdp_drops {
  /// The receive ring was full; there was no frame in the fill ring; longer than a frame, and others.
  uint64_t ring_full, fill_ring_empty, others;
};

struct mbuma_xdp_drops mbuma_xdp_count_drops(const struct mbuma_xdp_socket *_Nonnull socket);

#endif
