// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE 1
#include "packet_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__linux__)

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>

// Slots are laid in blocks of this many bytes; none crosses from one to the next.
static const unsigned block_byte_count = 1 << 17;
// In front of a frame: header and address, which the kernel aligns, and room for a VLAN tag.
static const unsigned slot_prefix = 128;
static const unsigned largest_slot = 16384;

static int set(int descriptor, int option, int value) {
  return setsockopt(descriptor, SOL_PACKET, option, &value, sizeof value);
}

/// What the first byte of an interface's frames is, by its ARPHRD_ number.
static enum mbuma_framing framing(int hardware_type) {
  switch (hardware_type) {
  case ARPHRD_ETHER:
  case ARPHRD_LOOPBACK: return mbuma_ethernet;
  case ARPHRD_NONE:
  case ARPHRD_TUNNEL:
  case ARPHRD_TUNNEL6:
  case ARPHRD_SIT: return mbuma_ip;
  default: return mbuma_unknown;
  }
}

enum mbuma_framing mbuma_interface_framing(const char *name) {
  struct ifreq request = {0};
  if (strlen(name) >= sizeof request.ifr_name) return mbuma_unknown;
  strcpy(request.ifr_name, name);
  int any = socket(AF_INET, SOCK_DGRAM, 0);
  if (any < 0) return mbuma_unknown;
  int result = ioctl(any, SIOCGIFHWADDR, &request);
  close(any);
  return result == 0 ? framing(request.ifr_hwaddr.sa_family) : mbuma_unknown;
}

long long mbuma_interface_hardware_address(const char *name) {
  struct ifreq request = {0};
  if (strlen(name) >= sizeof request.ifr_name) return errno = ENODEV, -1;
  strcpy(request.ifr_name, name);
  int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0) return -1;
  int result = ioctl(any, SIOCGIFHWADDR, &request);
  int error = errno;
  close(any);
  if (result != 0) return errno = error, -1;
  if (framing(request.ifr_hwaddr.sa_family) != mbuma_ethernet) return errno = EAFNOSUPPORT, -1;
  long long bits = 0;
  for (int i = 0; i < 6; i++) bits = bits << 8 | (unsigned char)request.ifr_hwaddr.sa_data[i];
  return bits;
}

/// Asks what there is to know of an interface by name.
static int describe(const char *name, struct mbuma_packet_socket *socket) {
  struct ifreq request = {0};
  if (strlen(name) >= sizeof request.ifr_name) return errno = ENODEV, -1;
  strcpy(request.ifr_name, name);
  if (ioctl(socket->descriptor, SIOCGIFINDEX, &request) != 0) return -1;
  socket->interface_index = request.ifr_ifindex;
  if (ioctl(socket->descriptor, SIOCGIFMTU, &request) != 0) return -1;
  socket->mtu = request.ifr_mtu;
  if (ioctl(socket->descriptor, SIOCGIFHWADDR, &request) != 0) return -1;
  socket->hardware_type = request.ifr_hwaddr.sa_family;
  socket->framing = framing(socket->hardware_type);
  return 0;
}

/// Maps a ring whose slots hold a frame of the interface's MTU, or as much as the largest slot.
static int map_ring(unsigned slot_count, struct mbuma_packet_socket *socket) {
  unsigned slot = 2048;
  while (slot < largest_slot && slot - slot_prefix < (unsigned)socket->mtu + ETH_HLEN) slot *= 2;
  unsigned per_block = block_byte_count / slot;
  slot_count = slot_count < per_block ? per_block : slot_count;
  struct tpacket_req request = {
      .tp_block_size = block_byte_count,
      .tp_block_nr = slot_count / per_block,
      .tp_frame_size = slot,
      .tp_frame_nr = slot_count,
  };
  if (setsockopt(socket->descriptor, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0)
    return -1;
  void *memory = mmap(NULL, (size_t)slot * slot_count, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_POPULATE, socket->descriptor, 0);
  if (memory == MAP_FAILED) return -1;
  socket->memory = memory;
  socket->slot_byte_count = slot;
  socket->slot_count = slot_count;
  return 0;
}

/// Has the interface take frames for others too, for as long as the socket is open.
static int hear_others(const struct mbuma_packet_socket *socket) {
  struct packet_mreq request = {.mr_ifindex = socket->interface_index, .mr_type = PACKET_MR_PROMISC};
  return setsockopt(socket->descriptor, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request);
}

// Since Linux 5.11; a group has it in place of its sockets' own PACKET_IGNORE_OUTGOING.
#ifndef PACKET_FANOUT_FLAG_IGNORE_OUTGOING
#define PACKET_FANOUT_FLAG_IGNORE_OUTGOING 0x4000
#endif

/// Has a group of sockets share what would come to each of them, by the hash of a frame's flow.
static int join(const struct mbuma_packet_socket *socket, struct mbuma_fan_out fan_out,
                bool is_outgoing_heard) {
  int flags = (fan_out.rolls_over ? PACKET_FANOUT_FLAG_ROLLOVER : 0) |
              (is_outgoing_heard ? 0 : PACKET_FANOUT_FLAG_IGNORE_OUTGOING);
  int none = 0;
  if (set(socket->descriptor, PACKET_FANOUT, fan_out.group | (PACKET_FANOUT_HASH | flags) << 16) != 0)
    return -1;
  return setsockopt(socket->descriptor, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none);
}

int mbuma_packet_open(const char *interface, unsigned slot_count, unsigned hearing,
                      struct mbuma_fan_out fan_out, struct mbuma_packet_socket *opened) {
  *opened = (struct mbuma_packet_socket){0};
  // Protocol 0: nothing arrives before the socket is bound to its interface.
  opened->descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (opened->descriptor < 0) return -1;
  int room = 16 << 20;
  if (describe(interface, opened) != 0) goto refused;
  // What is sent on a loopback interface arrives on it: each frame is to be heard once.
  bool is_outgoing_heard =
      (hearing & mbuma_hears_outgoing) != 0 && opened->hardware_type != ARPHRD_LOOPBACK;
  if (slot_count > 0) {
    if (set(opened->descriptor, PACKET_VERSION, TPACKET_V2) != 0 ||
        set(opened->descriptor, PACKET_IGNORE_OUTGOING, !is_outgoing_heard) != 0 ||
        ((hearing & mbuma_hears_others) != 0 && hear_others(opened) != 0) ||
        // Of a frame longer than its slot, the whole is queued at the socket too.
        set(opened->descriptor, PACKET_COPY_THRESH, 1) != 0 || map_ring(slot_count, opened) != 0)
      goto refused;
    setsockopt(opened->descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  }
  // Both make sending faster, and neither is needed.
  set(opened->descriptor, PACKET_QDISC_BYPASS, 1);
  setsockopt(opened->descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET,
      .sll_protocol = slot_count > 0 ? htons(ETH_P_ALL) : 0,
      .sll_ifindex = opened->interface_index,
  };
  // Nothing comes between the socket's start and its entry into the group, where others have it.
  if (fan_out.is_wanted && mbuma_packet_stop(opened->descriptor) != 0) goto refused;
  if (bind(opened->descriptor, (struct sockaddr *)&address, sizeof address) != 0) goto refused;
  opened->is_joining = true;
  if (fan_out.is_wanted && join(opened, fan_out, is_outgoing_heard) != 0) goto refused;
  opened->is_joining = false;
  return 0;

refused:;
  int saved = errno;
  mbuma_packet_close(opened);
  errno = saved;
  return -1;
}

void mbuma_packet_close(const struct mbuma_packet_socket *socket) {
  if (socket->memory != NULL)
    munmap(socket->memory, (size_t)socket->slot_byte_count * socket->slot_count);
  close(socket->descriptor);
}

struct mbuma_frame mbuma_packet_frame(const void *slot) {
  const struct tpacket2_hdr *header = slot;
  // The frame was written before its status: what is read below is not older than that.
  uint32_t status = __atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE);
  if ((status & TP_STATUS_USER) == 0) return (struct mbuma_frame){0};
  return (struct mbuma_frame){
      .is_there = true,
      .is_queued = status & TP_STATUS_COPY,
      .has_tag = status & TP_STATUS_VLAN_VALID,
      .is_partial = status & TP_STATUS_CSUMNOTREADY,
      .is_verified = status & TP_STATUS_CSUM_VALID,
      .wire_byte_count = header->tp_len,
      .byte_count = header->tp_snaplen,
      .offset = header->tp_mac,
      .seconds = header->tp_sec,
      .nanoseconds = header->tp_nsec,
      .tag = header->tp_vlan_tci,
      .tag_type = (status & TP_STATUS_VLAN_TPID_VALID) ? header->tp_vlan_tpid : ETH_P_8021Q,
  };
}

void mbuma_packet_release(void *slot) {
  struct tpacket2_hdr *header = slot;
  // Reads of the frame stay before it.
  __atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

int mbuma_packet_stop(int descriptor) {
  // A program of one instruction, which accepts no byte of any frame.
  struct sock_filter nothing = {.code = BPF_RET | BPF_K, .k = 0};
  struct sock_fprog program = {.len = 1, .filter = &nothing};
  return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

unsigned mbuma_packet_drops(int descriptor) {
  struct tpacket_stats counts = {0};
  socklen_t size = sizeof counts;
  if (getsockopt(descriptor, SOL_PACKET, PACKET_STATISTICS, &counts, &size) != 0) return 0;
  return counts.tp_drops;
}

#else

int mbuma_packet_open(const char *interface, unsigned slot_count, unsigned hearing,
                      struct mbuma_fan_out fan_out, struct mbuma_packet_socket *opened) {
  (void)interface, (void)slot_count, (void)hearing, (void)fan_out, (void)opened;
  return errno = ENOSYS, -1;
}

void mbuma_packet_close(const struct mbuma_packet_socket *socket) { (void)socket; }
struct mbuma_frame mbuma_packet_frame(const void *slot) {
  (void)slot;
  return (struct mbuma_frame){0};
}
void mbuma_packet_release(void *slot) { (void)slot; }
int mbuma_packet_stop(int descriptor) { return (void)descriptor, errno = ENOSYS, -1; }
unsigned mbuma_packet_drops(int descriptor) { return (void)descriptor, 0; }

#endif

int mbuma_socket_error(int descriptor) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0 ? errno : error;
}

long mbuma_packet_receive_long(int descriptor, void *bytes, size_t byte_count) {
  return recv(descriptor, bytes, byte_count, MSG_DONTWAIT);
}
