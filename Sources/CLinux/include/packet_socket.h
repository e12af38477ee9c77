// SPDX-License-Identifier: BSD-2-Clause
//
// packet(7) sockets with a receive ring (TPACKET_V2):
//
//     memory -> slot 0 | slot 1 | ...            slot_byte_count each
//     slot   -> tpacket2_hdr | sockaddr_ll | vlan reserve | frame
//
// A slot belongs to the kernel until its status has TP_STATUS_USER, and again once it is released.
#ifndef C_LINUX_PACKET_SOCKET_H
#define C_LINUX_PACKET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A socket bound to one interface; memory is NULL without a ring.
enum mbuma_framing { mbuma_unknown, mbuma_ethernet, mbuma_ip };

struct mbuma_packet_socket {
  int descriptor;
  int interface_index;
  int mtu;
  /// ARPHRD_ of the interface, and what that means for the first byte of its frames.
  int hardware_type;
  enum mbuma_framing framing;
  unsigned int slot_byte_count;
  unsigned int slot_count;
  void *_Nullable memory;
  /// Where opening failed: the socket was there, and did not get into its group.
  bool is_joining;
};

/// What the first byte of an interface's frames is; unknown if there is none. Needs no permission.
enum mbuma_framing mbuma_interface_framing(const char *_Nonnull name);

/// The link address of an Ethernet interface in the low 48 bits of a number; -1, with errno, if it has none.
long long mbuma_interface_hardware_address(const char *_Nonnull name);

/// What the kernel says of the frame in a slot.
struct mbuma_frame {
  /// False while the kernel has the slot; nothing else is true or set then.
  bool is_there;
  /// The frame was longer than the slot, and the whole of it is to be read from the socket.
  bool is_queued;
  /// The kernel took a VLAN tag off.
  bool has_tag;
  /// The transport checksum is not filled in; it was verified.
  bool is_partial, is_verified;
  /// Bytes on the wire, and how many of them are in the slot.
  uint32_t wire_byte_count, byte_count;
  /// Where the frame begins in the slot.
  uint32_t offset;
  uint32_t seconds, nanoseconds;
  uint16_t tag, tag_type;
};

/// What a socket with a ring receives beside the frames that arrive for this host.
enum mbuma_hearing {
  /// Those that this host sends; on a loopback interface they arrive anyway.
  mbuma_hears_outgoing = 1,
  /// Those for others on the same link.
  mbuma_hears_others = 2,
};

/// Sockets that share the frames of an interface.
struct mbuma_fan_out {
  /// Whether there is a group; nothing else is looked at if there is none.
  bool is_wanted;
  /// Whether a frame goes to another socket where there is no slot for it.
  bool rolls_over;
  uint16_t group;
};

/// Opens a socket on an interface; -1 and errno if it cannot be, with nothing left open.
///
/// `slot_count` slots, a power of two, that hold a frame of the MTU; no ring if it is 0. `hearing` is
/// a sum of `enum mbuma_hearing`.
int mbuma_packet_open(const char *_Nonnull interface, unsigned int slot_count, unsigned int hearing,
                      struct mbuma_fan_out fan_out, struct mbuma_packet_socket *_Nonnull socket);

/// Keeps every frame out of the ring from now on; -1 and errno if that cannot be.
int mbuma_packet_stop(int descriptor);

/// Closes it and unmaps its ring.
void mbuma_packet_close(const struct mbuma_packet_socket *_Nonnull socket);

/// The frame in a slot, if there is one.
struct mbuma_frame mbuma_packet_frame(const void *_Nonnull slot);

/// Gives a slot back to the kernel.
void mbuma_packet_release(void *_Nonnull slot);

/// Frames that found no free slot since the last call.
unsigned int mbuma_packet_drops(int descriptor);

/// The error that waits at a socket, which is cleared; 0 if there is none.
int mbuma_socket_error(int descriptor);

/// Reads the whole of a frame that was longer than its slot: its bytes, or -1 and errno.
long mbuma_packet_receive_long(int descriptor, void *_Nonnull bytes, size_t byte_count);

#endif
