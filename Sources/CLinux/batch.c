// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE 1
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

static int close_with_errno(int descriptor) {
  int saved = errno;
  close(descriptor);
  errno = saved;
  return -1;
}

int mbuma_open_raw_udp(void) {
  int descriptor = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
  if (descriptor < 0) return -1;
  int one = 1, room = 4 << 20;
  if (setsockopt(descriptor, IPPROTO_IP, IP_HDRINCL, &one, sizeof one) != 0)
    return close_with_errno(descriptor);
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  return descriptor;
}

int mbuma_hold_udp_port(unsigned int address, unsigned short port) {
  int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  if (descriptor < 0) return -1;
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(port)};
  local.sin_addr.s_addr = htonl(address);
  if (bind(descriptor, (struct sockaddr *)&local, sizeof local) != 0)
    return close_with_errno(descriptor);
  return descriptor;
}

int mbuma_wait_readable(int descriptor, int milliseconds) {
  struct pollfd wanted = {.fd = descriptor, .events = POLLIN};
  return poll(&wanted, 1, milliseconds);
}

long mbuma_discard_datagram(int descriptor) {
  char byte;
  return recv(descriptor, &byte, 1, MSG_DONTWAIT | MSG_TRUNC);
}

#if defined(__linux__)

#include <sys/prctl.h>

void mbuma_wake_exactly(void) { prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); }

_Static_assert(sizeof(struct mbuma_message) == sizeof(struct mmsghdr), "mmsghdr has changed");

int mbuma_receive_batch(int descriptor, struct mbuma_message *batch, unsigned int count) {
  return recvmmsg(descriptor, (struct mmsghdr *)batch, count, MSG_DONTWAIT, 0);
}

int mbuma_send_batch(int descriptor, struct mbuma_message *batch, unsigned int count) {
  return sendmmsg(descriptor, (struct mmsghdr *)batch, count, MSG_DONTWAIT);
}

#else

void mbuma_wake_exactly(void) {}

int mbuma_receive_batch(int descriptor, struct mbuma_message *batch, unsigned int count) {
  unsigned int done = 0;
  for (; done < count; done++) {
    ssize_t n = recvmsg(descriptor, &batch[done].header, MSG_DONTWAIT);
    if (n < 0) break;
    batch[done].byte_count = (unsigned int)n;
  }
  return done > 0 || count == 0 ? (int)done : -1;
}

int mbuma_send_batch(int descriptor, struct mbuma_message *batch, unsigned int count) {
  unsigned int done = 0;
  for (; done < count; done++) {
    ssize_t n = sendmsg(descriptor, &batch[done].header, MSG_DONTWAIT);
    if (n < 0) break;
    batch[done].byte_count = (unsigned int)n;
  }
  return done > 0 || count == 0 ? (int)done : -1;
}

#endif
