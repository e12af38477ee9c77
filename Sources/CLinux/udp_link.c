// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE 1
#include "udp_link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/// The socket address that a number and a port stand for; 0 and errno if none.
static socklen_t parse(const char *host, unsigned short port, struct sockaddr_storage *address) {
  char service[8];
  snprintf(service, sizeof service, "%u", port);
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM};
  struct addrinfo *found = NULL;
  if (getaddrinfo(host, service, &hints, &found) != 0) return errno = EINVAL, 0;
  socklen_t size = found->ai_addrlen;
  memcpy(address, found->ai_addr, size);
  freeaddrinfo(found);
  return size;
}

int mbuma_udp_link_open(const char *local, unsigned short local_port, const char *remote,
                        unsigned short remote_port) {
  struct sockaddr_storage from = {0}, to = {0};
  socklen_t from_size = parse(local, local_port, &from), to_size = parse(remote, remote_port, &to);
  if (from_size == 0 || to_size == 0) return -1;
  if (from.ss_family != to.ss_family) return errno = EAFNOSUPPORT, -1;
  int link = socket(from.ss_family, SOCK_DGRAM, 0);
  if (link < 0) return -1;
  int room = 4 << 20;
  setsockopt(link, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (bind(link, (struct sockaddr *)&from, from_size) != 0 ||
      connect(link, (struct sockaddr *)&to, to_size) != 0) {
    int saved = errno;
    close(link);
    return errno = saved, -1;
  }
  return link;
}
