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

#include "tun_device.h"

// A chunk takes a frame of an MTU of 1,500, and the kernel takes no larger ones of two kilobytes.
static const uint32_t chunk_byte_count = 2048;
static const uint32_t chunk_count = 4096;
static const uint32_t ring_size = 2048;
// Wanted by the kernel although nothing is received.
static const uint32_t fill_size = 64;

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

int mbuma_xdp_open(const char *interface, uint32_t queue, struct mbuma_xdp_socket *opened) {
  *opened = (struct mbuma_xdp_socket){
      .frame_byte_count = chunk_byte_count,
      .frame_count = chunk_count,
  };
  unsigned index = if_nametoindex(interface);
  if (index == 0) return -1;
  opened->mtu = mbuma_interface_mtu(interface);
  if (opened->mtu < 0) return -1;
  opened->descriptor = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (opened->descriptor < 0) return -1;
  size_t byte_count = (size_t)chunk_byte_count * chunk_count;
  void *frames = mmap(NULL, byte_count, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (frames == MAP_FAILED) goto refused;
  opened->frames = frames;
  struct xdp_umem_reg memory = {
      .addr = (uintptr_t)frames,
      .len = byte_count,
      .chunk_size = chunk_byte_count,
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
  if (set(descriptor, XDP_UMEM_REG, &memory, sizeof memory) != 0 ||
      set(descriptor, XDP_UMEM_FILL_RING, &fill_size, sizeof fill_size) != 0 ||
      set(descriptor, XDP_UMEM_COMPLETION_RING, &ring_size, sizeof ring_size) != 0 ||
      set(descriptor, XDP_TX_RING, &ring_size, sizeof ring_size) != 0 ||
      getsockopt(descriptor, SOL_XDP, XDP_MMAP_OFFSETS, &at, &size) != 0 ||
      map(descriptor, XDP_PGOFF_TX_RING, ring_size, sizeof(struct xdp_desc), &at.tx,
          &opened->transmit) != 0 ||
      map(descriptor, XDP_UMEM_PGOFF_COMPLETION_RING, ring_size, sizeof(uint64_t), &at.cr,
          &opened->completion) != 0 ||
      bind_patiently(descriptor, &address) != 0)
    goto refused;
  return 0;

refused:;
  int saved = errno;
  mbuma_xdp_close(opened);
  errno = saved;
  return -1;
}

void mbuma_xdp_close(const struct mbuma_xdp_socket *socket) {
  close(socket->descriptor);
  if (socket->transmit.memory) munmap(socket->transmit.memory, socket->transmit.byte_count);
  if (socket->completion.memory) munmap(socket->completion.memory, socket->completion.byte_count);
  if (socket->frames)
    munmap(socket->frames, (size_t)socket->frame_byte_count * socket->frame_count);
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
  for (uint32_t i = 0; i < count; i++)
    frames[i] = (uint32_t)(addresses[(consumer + i) & (ring->size - 1)] / chunk_byte_count);
  // The addresses are read before the slots are given back.
  __atomic_store_n(ring->consumer, consumer + count, __ATOMIC_RELEASE);
  return count;
}

#else

int mbuma_xdp_open(const char *interface, uint32_t queue, struct mbuma_xdp_socket *opened) {
  (void)interface, (void)queue, (void)opened;
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

#endif
