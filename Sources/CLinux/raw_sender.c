// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE 1
#include "raw_sender.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__linux__)

int mbuma_raw_sender_open(int version) {
  // Nothing is ever received of protocol IPPROTO_RAW.
  int family = version == 6 ? AF_INET6 : AF_INET;
  int descriptor = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  if (descriptor < 0) return -1;
  int one = 1, room = 4 << 20;
  int refused = version == 6
                    ? setsockopt(descriptor, IPPROTO_IPV6, IPV6_HDRINCL, &one, sizeof one)
                    : setsockopt(descriptor, IPPROTO_IP, IP_HDRINCL, &one, sizeof one);
  if (refused == 0) refused = setsockopt(descriptor, SOL_SOCKET, SO_BROADCAST, &one, sizeof one);
  if (refused != 0) {
    int saved = errno;
    close(descriptor);
    return errno = saved, -1;
  }
  setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  return descriptor;
}

#else

int mbuma_raw_sender_open(int version) { return (void)version, errno = ENOSYS, -1; }

#endif
