// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE 1
#include "xdp_socket.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)

#include <linux/if_xdp.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>

#include "tun_device.h"
#include "xdp_program.h"

// A chunk takes a frame of an MTU of 1,500. There are two sizes that the kernel takes.
static const uint32_t chunk_byte_count = 2048;
static const uint32_t large_chunk_byte_count = 4096;
static const uint32_t send_chunk_count = 4096;
static const uint32_t ring_size = 2048;
// Rings that the kernel wants although nothing goes that way.
static const uint32_t idle_size = 64;
// In front of a received frame the kernel keeps room for programs.
static const uint32_t receive_prefix = 256;
// An Ethernet header with two tags.
static const uint32_t header_byte_count = 22;

static int set(int descriptor, int option, const void *value, socklen_t size) {
  return setsockopt(descriptor, SOL_XDP, option, value, size);
}

static int map(int descriptor, off_t page, uint32_t size, size_t entry,
               const struct xdp_ring_offset *at, struct mbuma_xdp_ring *ring) {
  ring->byte_count = at->desc + size * entry;
  ring->size = size;
  char *memory = mmap(NULL, ring->byte_count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                      descriptor, page);
  if (memory == MAP_FAILED) return -1;
  ring->memory = memory;
  ring->producer = (uint32_t *)(memory + at->producer);
  ring->consumer = (uint32_t *)(memory + at->consumer);
  ring->entries = memory + at->desc;
  return 0;
}

/// Binds; a queue that was just given up may be busy for a moment.
static int bind_patiently(int descriptor, const struct sockaddr_xdp *address) {
  for (int attempt = 0;; attempt++) {
    if (bind(descriptor, (const struct sockaddr *)address, sizeof *address) == 0) return 0;
    if (errno != EBUSY || attempt == 50) return -1;
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  }
}

/// Bytes of all frames.
static size_t frames_byte_count(const struct mbuma_xdp_socket *socket) {
  return (size_t)socket->frame_byte_count * (socket->send_count + socket->receive_count);
}

/// Gives the kernel all frames that are there to be received into.
static void fill(const struct mbuma_xdp_socket *socket) {
  uint64_t *addresses = socket->fill.entries;
  for (uint32_t i = 0; i < socket->receive_count; i++)
    addresses[i] = (uint64_t)(socket->send_count + i) * socket->frame_byte_count;
  __atomic_store_n(socket->fill.producer, socket->receive_count, __ATOMIC_RELEASE);
}

/// Has the queue's frames come to the socket.
static int attach(uint32_t queue, struct mbuma_xdp_socket *opened) {
  opened->step = mbuma_xdp_loads;
  int program = mbuma_xdp_load(queue, opened->descriptor);
  if (program < 0) return -1;
  opened->step = mbuma_xdp_attaches;
  opened->program = mbuma_xdp_attach(program, opened->interface_index);
  int saved = errno;
  // While it is attached it is kept by what keeps it attached.
  close(program);
  errno = saved;
  return opened->program < 0 ? -1 : 0;
}

int mbuma_xdp_open(const char *interface, uint32_t queue, bool sends, uint32_t slot_count,
                   struct mbuma_xdp_socket *opened) {
  *opened = (struct mbuma_xdp_socket){
      .program = -1,
      .frame_byte_count = chunk_byte_count,
      .send_count = sends ? send_chunk_count : 0,
      .receive_count = slot_count,
  };
  unsigned index = opened->interface_index = if_nametoindex(interface);
  if (index == 0) return -1;
  opened->mtu = mbuma_interface_mtu(interface);
  if (opened->mtu < 0) return -1;
  if (slot_count > 0 && opened->mtu + header_byte_count + receive_prefix > chunk_byte_count)
    opened->frame_byte_count = large_chunk_byte_count;
  opened->descriptor = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (opened->descriptor < 0) return -1;
  size_t byte_count = frames_byte_count(opened);
  void *frames = mmap(NULL, byte_count, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (frames == MAP_FAILED) goto refused;
  opened->frames = frames;
  struct xdp_umem_reg memory = {
      .addr = (uintptr_t)frames,
      .len = byte_count,
      .chunk_size = opened->frame_byte_count,
  };
  int descriptor = opened->descriptor;
  struct xdp_mmap_offsets at;
  socklen_t size = sizeof at;
  struct sockaddr_xdp address = {
      .sxdp_family = AF_XDP,
      .sxdp_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
      .sxdp_ifindex = index,
      .sxdp_queue_id = queue,
  };
  uint32_t fill_size = slot_count > 0 ? slot_count : idle_size;
  uint32_t completion_size = sends ? ring_size : idle_size;
  if (set(descriptor, XDP_UMEM_REG, &memory, sizeof memory) != 0 ||
      set(descriptor, XDP_UMEM_FILL_RING, &fill_size, sizeof fill_size) != 0 ||
      set(descriptor, XDP_UMEM_COMPLETION_RING, &completion_size, sizeof completion_size) != 0 ||
      (sends && set(descriptor, XDP_TX_RING, &ring_size, sizeof ring_size) != 0) ||
      (slot_count > 0 && set(descriptor, XDP_RX_RING, &slot_count, sizeof slot_count) != 0) ||
      getsockopt(descriptor, SOL_XDP, XDP_MMAP_OFFSETS, &at, &size) != 0 ||
      map(descriptor, XDP_UMEM_PGOFF_FILL_RING, fill_size, sizeof(uint64_t), &at.fr,
          &opened->fill) != 0 ||
      map(descriptor, XDP_UMEM_PGOFF_COMPLETION_RING, completion_size, sizeof(uint64_t), &at.cr,
          &opened->completion) != 0 ||
      (sends && map(descriptor, XDP_PGOFF_TX_RING, ring_size, sizeof(struct xdp_desc), &at.tx,
                    &opened->transmit) != 0) ||
      (slot_count > 0 && map(descriptor, XDP_PGOFF_RX_RING, slot_count, sizeof(struct xdp_desc),
                             &at.rx, &opened->receive) != 0))
    goto refused;
  fill(opened);
  opened->step = mbuma_xdp_binds;
  if (bind_patiently(descriptor, &address) != 0) goto refused;
  if (slot_count > 0 && attach(queue, opened) != 0) goto refused;
  return 0;

refused:;
  int saved = errno;
  mbuma_xdp_close(opened);
  errno = saved;
  return -1;
}

void mbuma_xdp_close(const struct mbuma_xdp_socket *socket) {
  if (socket->program >= 0) close(socket->program);
  close(socket->descriptor);
  const struct mbuma_xdp_ring *rings[] = {&socket->transmit, &socket->completion, &socket->fill,
                                          &socket->receive};
  for (size_t i = 0; i < sizeof rings / sizeof *rings; i++)
    if (rings[i]->memory) munmap(rings[i]->memory, rings[i]->byte_count);
  if (socket->frames) munmap(socket->frames, frames_byte_count(socket));
}

uint32_t mbuma_xdp_room(const struct mbuma_xdp_socket *socket) {
  const struct mbuma_xdp_ring *ring = &socket->transmit;
  // The kernel is done with slots below its index: what is written to them is not older.
  return ring->size - (*ring->producer - __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE));
}

void mbuma_xdp_describe(const struct mbuma_xdp_socket *socket, uint32_t ahead, uint32_t frame,
                        uint32_t byte_count) {
  const struct mbuma_xdp_ring *ring = &socket->transmit;
  struct xdp_desc *slots = ring->entries;
  slots[(*ring->producer + ahead) & (ring->size - 1)] = (struct xdp_desc){
      .addr = (uint64_t)frame * socket->frame_byte_count,
      .len = byte_count,
  };
}

int mbuma_xdp_send(const struct mbuma_xdp_socket *socket, uint32_t count) {
  const struct mbuma_xdp_ring *ring = &socket->transmit;
  // The slots and their frames are written before the index that gives them away.
  __atomic_store_n(ring->producer, *ring->producer + count, __ATOMIC_RELEASE);
  return sendto(socket->descriptor, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 ? -1 : 0;
}

uint32_t mbuma_xdp_completed(const struct mbuma_xdp_socket *socket, uint32_t *frames,
                             uint32_t limit) {
  const struct mbuma_xdp_ring *ring = &socket->completion;
  uint32_t consumer = *ring->consumer;
  uint32_t count = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - consumer;
  if (count > limit) count = limit;
  const uint64_t *addresses = ring->entries;
  // A frame's size is a power of two.
  int shift = __builtin_ctz(socket->frame_byte_count);
  for (uint32_t i = 0; i < count; i++)
    frames[i] = (uint32_t)(addresses[(consumer + i) & (ring->size - 1)] >> shift);
  // The addresses are read before the slots are given back.
  __atomic_store_n(ring->consumer, consumer + count, __ATOMIC_RELEASE);
  return count;
}

uint32_t mbuma_xdp_received(const struct mbuma_xdp_socket *socket) {
  const struct mbuma_xdp_ring *ring = &socket->receive;
  // Frames were written before the index that gives them.
  return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - *ring->consumer;
}

struct mbuma_xdp_frame mbuma_xdp_peek(const struct mbuma_xdp_socket *socket, uint32_t ahead) {
  const struct mbuma_xdp_ring *ring = &socket->receive;
  const struct xdp_desc *slots = ring->entries;
  const struct xdp_desc *slot = &slots[(*ring->consumer + ahead) & (ring->size - 1)];
  return (struct mbuma_xdp_frame){.offset = slot->addr, .byte_count = slot->len};
}

void mbuma_xdp_release(const struct mbuma_xdp_socket *socket, uint32_t count) {
  const struct mbuma_xdp_ring *received = &socket->receive, *empty = &socket->fill;
  const struct xdp_desc *slots = received->entries;
  uint64_t *addresses = empty->entries;
  uint32_t consumer = *received->consumer, producer = *empty->producer;
  for (uint32_t i = 0; i < count; i++) {
    uint64_t address = slots[(consumer + i) & (received->size - 1)].addr;
    addresses[(producer + i) & (empty->size - 1)] = address & ~(uint64_t)(socket->frame_byte_count - 1);
  }
  // Slots and frames are read before they are given away.
  __atomic_store_n(received->consumer, consumer + count, __ATOMIC_RELEASE);
  __atomic_store_n(empty->producer, producer + count, __ATOMIC_RELEASE);
}

int mbuma_xdp_state(const struct mbuma_xdp_socket *socket) {
  // Receives nothing: frames come by the ring. poll(2) does not tell of an interface that is gone.
  if (recvfrom(socket->descriptor, NULL, 0, MSG_DONTWAIT, NULL, NULL) >= 0) return 0;
  return errno == ENETDOWN || errno == ENXIO || errno == ENODEV ? errno : 0;
}

void mbuma_xdp_stop(struct mbuma_xdp_socket *socket) {
  if (socket->program < 0) return;
  close(socket->program);
  socket->program = -1;
  // Returns when every frame that was under way in the program is through.
  syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

struct mbuma_xdp_drops mbuma_xdp_count_drops(const struct mbuma_xdp_socket *socket) {
  struct xdp_statistics counts = {0};
  socklen_t size = sizeof counts;
  if (getsockopt(socket->descriptor, SOL_XDP, XDP_STATISTICS, &counts, &size) != 0)
    return (struct mbuma_xdp_drops){0};
  // A frame that found the fill ring empty is in both counts. An invalid description of an empty frame,
  // rx_invalid_descs, is skipped and costs none.
  uint64_t empty = counts.rx_fill_ring_empty_descs;
  if (empty > counts.rx_dropped) empty = counts.rx_dropped;
  return (struct mbuma_xdp_drops){
      .ring_full = counts.rx_ring_full,
      .fill_ring_empty = empty,
      .others = counts.rx_dropped - empty,
  };
}

#else

int mbuma_xdp_open(const char *interface, uint32_t queue, bool sends, uint32_t slot_count,
                   struct mbuma_xdp_socket *opened) {
  (void)interface, (void)queue, (void)sends, (void)slot_count, (void)opened;
  return errno = ENOSYS, -1;
}

void mbuma_xdp_close(const struct mbuma_xdp_socket *socket) { (void)socket; }
uint32_t mbuma_xdp_room(const struct mbuma_xdp_socket *socket) { return (void)socket, 0; }
void mbuma_xdp_describe(const struct mbuma_xdp_socket *socket, uint32_t ahead, uint32_t frame,
                        uint32_t byte_count) {
  (void)socket, (void)ahead, (void)frame, (void)byte_count;
}
int mbuma_xdp_send(const struct mbuma_xdp_socket *socket, uint32_t count) {
  (void)socket, (void)count;
  return errno = ENOSYS, -1;
}
uint32_t mbuma_xdp_completed(const struct mbuma_xdp_socket *socket, uint32_t *frames,
                             uint32_t limit) {
  (void)socket, (void)frames, (void)limit;
  return 0;
}
uint32_t mbuma_xdp_received(const struct mbuma_xdp_socket *socket) { return (void)socket, 0; }
struct mbuma_xdp_frame mbuma_xdp_peek(const struct mbuma_xdp_socket *socket, uint32_t ahead) {
  (void)socket, (void)ahead;
  return (struct mbuma_xdp_frame){0};
}
void mbuma_xdp_release(const struct mbuma_xdp_socket *socket, uint32_t count) {
  (void)socket, (void)count;
}
int mbuma_xdp_state(const struct mbuma_xdp_socket *socket) { return (void)socket, ENOSYS; }
void mbuma_xdp_stop(struct mbuma_xdp_socket *socket) { (void)socket; }
struct mbuma_xdp_drops mbuma_xdp_count_drops(const struct mbuma_xdp_socket *socket) {
  (void)socket;
  return (struct mbuma_xdp_drops){0};
}

#endif
