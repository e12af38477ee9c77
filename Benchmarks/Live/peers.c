// SPDX-License-Identifier: BSD-2-Clause
//
// What C does at its best with the same kernel interfaces, as a mark to measure `mbuma replay` by.
//
//     peers send mmsg|xdp IF FILE LOOPS     sends a pcap of Ethernet frames from mapped memory
//     peers stamp IF PPS COUNT              hears a paced stream, and says how far off each frame is
//
// `mmsg` is packet(7) with sendmmsg, 32 frames a call, past the queueing discipline; `xdp` is AF_XDP
// in copy mode, 32 frames a call. Neither decodes, verifies or counts what it sends. Both print frames
// per second. `stamp` expects a frame's number in its bytes 42 to 49 and prints the rate's error, and
// percentiles of each arrival's distance from a schedule at the wanted rate, by the kernel's own time
// stamps; the schedule is laid so that the median frame is on time.
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../Sources/CLinux/include/xdp_socket.h"

enum { BATCH = 32 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

// The next frame of a mapped pcap; NULL at its end.
static const uint8_t *next(const uint8_t **at, const uint8_t *end, uint32_t *byte_count) {
  if (*at + 16 > end) return NULL;
  memcpy(byte_count, *at + 8, 4);
  const uint8_t *frame = *at + 16;
  *at = frame + *byte_count;
  return *at <= end ? frame : NULL;
}

static int packet_socket(void) {
  int descriptor = socket(AF_PACKET, SOCK_RAW, 0);
  if (descriptor < 0) fail("socket");
  return descriptor;
}

static void bind_to(int descriptor, const char *interface, int protocol) {
  struct sockaddr_ll place = {
      .sll_family = AF_PACKET,
      .sll_protocol = htons((uint16_t)protocol),
      .sll_ifindex = (int)if_nametoindex(interface),
  };
  if (bind(descriptor, (struct sockaddr *)&place, sizeof place) != 0) fail(interface);
}

static uint64_t send_by_mmsg(const char *interface, const uint8_t *start, const uint8_t *end) {
  static int descriptor = -1;
  static struct mmsghdr messages[BATCH];
  static struct iovec parts[BATCH];
  if (descriptor < 0) {
    descriptor = packet_socket();
    int one = 1, room = 16 << 20;
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    setsockopt(descriptor, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one);
    bind_to(descriptor, interface, 0);
    for (int i = 0; i < BATCH; i++)
      messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
  }
  uint64_t frames = 0;
  const uint8_t *at = start + 24, *frame = NULL;
  do {
    int count = 0;
    uint32_t byte_count;
    while (count < BATCH && (frame = next(&at, end, &byte_count)))
      parts[count++] = (struct iovec){(void *)frame, byte_count};
    for (int done = 0; done < count;) {
      int sent = sendmmsg(descriptor, messages + done, (unsigned)(count - done), 0);
      if (sent > 0)
        done += sent;
      else if (errno != ENOBUFS && errno != EAGAIN)
        fail("sendmmsg");
    }
    frames += (uint64_t)count;
  } while (frame);
  return frames;
}

static uint64_t send_by_xdp(const char *interface, const uint8_t *start, const uint8_t *end) {
  static struct mbuma_xdp_socket socket;
  static uint32_t *unused, unused_count;
  if (!socket.frames) {
    if (mbuma_xdp_open(interface, 0, true, 0, &socket) != 0) fail(interface);
    unused = malloc(sizeof *unused * socket.send_count);
    for (unused_count = 0; unused_count < socket.send_count; unused_count++)
      unused[unused_count] = unused_count;
  }
  uint64_t frames = 0;
  const uint8_t *at = start + 24, *frame = NULL;
  do {
    uint32_t count = 0, byte_count;
    while (mbuma_xdp_room(&socket) < BATCH || unused_count < BATCH) {
      mbuma_xdp_send(&socket, 0);
      unused_count += mbuma_xdp_completed(&socket, unused + unused_count, socket.send_count);
    }
    while (count < BATCH && (frame = next(&at, end, &byte_count))) {
      uint32_t place = unused[--unused_count];
      memcpy((char *)socket.frames + (size_t)place * socket.frame_byte_count, frame, byte_count);
      mbuma_xdp_describe(&socket, count++, place, byte_count);
    }
    mbuma_xdp_send(&socket, count);
    unused_count += mbuma_xdp_completed(&socket, unused + unused_count, socket.send_count);
    frames += count;
  } while (frame);
  while (unused_count < socket.send_count) {
    mbuma_xdp_send(&socket, 0);
    unused_count += mbuma_xdp_completed(&socket, unused + unused_count, socket.send_count);
  }
  return frames;
}

static int send_all(char **words) {
  int file = open(words[2], O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) fail(words[2]);
  size_t size = (size_t)status.st_size;
  const uint8_t *start = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (start == MAP_FAILED) fail("mmap");
  uint64_t (*method)(const char *, const uint8_t *, const uint8_t *) =
      strcmp(words[0], "xdp") == 0 ? send_by_xdp : send_by_mmsg;
  uint64_t frames = 0, began = now();
  for (int loops = atoi(words[3]); loops > 0; loops--) frames += method(words[1], start, start + size);
  printf("%.0f\n", (double)frames * 1e9 / (double)(now() - began));
  return 0;
}

static int order(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int stamp(char **words) {
  double gap = 1e9 / atof(words[1]);
  size_t wanted = (size_t)atol(words[2]);
  int descriptor = packet_socket(), version = TPACKET_V2, one = 1;
  setsockopt(descriptor, SOL_PACKET, PACKET_VERSION, &version, sizeof version);
  setsockopt(descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one);
  // A slot for each frame, so that none is lost however long this program does not run.
  struct tpacket_req ring = {.tp_block_size = 1 << 17, .tp_frame_size = 256};
  ring.tp_block_nr = (unsigned)(wanted / 512 + 1);
  ring.tp_frame_nr = ring.tp_block_nr * 512;
  if (setsockopt(descriptor, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) != 0) fail("ring");
  uint8_t *slots = mmap(NULL, (size_t)ring.tp_frame_nr * 256, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_POPULATE, descriptor, 0);
  double *off = malloc(sizeof *off * wanted);
  if (slots == MAP_FAILED || !off) fail("memory");
  bind_to(descriptor, words[0], ETH_P_ALL);
  fprintf(stderr, "ready\n");
  size_t count = 0, slot = 0;
  int64_t first = 0, last = 0;
  for (struct pollfd ready = {descriptor, POLLIN, 0}; count < wanted;) {
    struct tpacket2_hdr *frame = (struct tpacket2_hdr *)(slots + slot * 256);
    if (!(__atomic_load_n(&frame->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) {
      if (poll(&ready, 1, count ? 2000 : 20000) <= 0) break;
      continue;
    }
    int64_t at = (int64_t)frame->tp_sec * 1000000000 + frame->tp_nsec;
    uint64_t number;
    memcpy(&number, (uint8_t *)frame + frame->tp_mac + 42, sizeof number);
    if (count == 0) first = at;
    off[count++] = (double)(at - first) - (double)number * gap;
    last = at;
    __atomic_store_n(&frame->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    slot = (slot + 1) % ring.tp_frame_nr;
  }
  if (count < 2) return 1;
  qsort(off, count, sizeof *off, order);
  double middle = off[count / 2];
  for (size_t i = 0; i < count; i++) off[i] = off[i] < middle ? middle - off[i] : off[i] - middle;
  qsort(off, count, sizeof *off, order);
  double rate = (double)(count - 1) * 1e9 / (double)(last - first);
  printf("%zu %.6f %.0f %.0f %.0f\n", count, (rate * gap / 1e9 - 1) * 100, off[count / 2],
         off[count * 99 / 100], off[count * 999 / 1000]);
  return 0;
}

int main(int count, char **words) {
  if (count == 6 && strcmp(words[1], "send") == 0) return send_all(words + 2);
  if (count == 5 && strcmp(words[1], "stamp") == 0) return stamp(words + 2);
  fprintf(stderr, "usage: peers send mmsg|xdp IF FILE LOOPS, or peers stamp IF PPS COUNT\n");
  return 2;
}
