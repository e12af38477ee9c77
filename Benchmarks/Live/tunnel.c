// SPDX-License-Identifier: BSD-2-Clause
//
// What C does with the system calls that Examples/Tunnel uses: packets of a TUN device to a peer over
// UDP, and back, as a mark to measure the example by.
//
//     tunnel DEVICE LOCAL PORT REMOTE PORT          IPv4 addresses; ends by SIGINT or SIGTERM
//
//     host --> tun --read, 32 times--> buffers --sendmmsg--> peer
//     host <-- tun <--write-- buffers <--recvmmsg, 32-- peer
//
// A packet lies in its buffer from one call to the other; nothing is copied, checked or counted. What
// finds no room is dropped.
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BATCH = 32, LONGEST = 65536 };

static unsigned char buffers[BATCH][LONGEST];
static struct iovec vectors[BATCH];
static struct mmsghdr messages[BATCH];
static volatile sig_atomic_t stopped;

static void stop(int number) {
  (void)number;
  stopped = 1;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int open_device(const char *name) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
  int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0 || ioctl(device, TUNSETIFF, &request) != 0) fail(name);
  return device;
}

static struct sockaddr_in address(const char *host, const char *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) fail(host);
  return address;
}

// Packets that the host sent, to the peer; how many.
static int outward(int device, int link) {
  int count = 0;
  for (; count < BATCH; count++) {
    ssize_t length = read(device, buffers[count], LONGEST);
    if (length < 0) break;
    vectors[count].iov_len = (size_t)length;
  }
  for (int sent = 0; sent < count;) {
    int result = sendmmsg(link, messages + sent, (unsigned)(count - sent), MSG_DONTWAIT);
    if (result > 0)
      sent += result;
    else if (errno == EAGAIN || errno == ENOBUFS)
      break;
    else if (errno != EINTR)
      sent++;
  }
  return count;
}

// Packets of the peer, to the host; how many.
static int inward(int device, int link) {
  for (int i = 0; i < BATCH; i++) vectors[i].iov_len = LONGEST;
  int count = recvmmsg(link, messages, BATCH, MSG_DONTWAIT, NULL);
  for (int i = 0; i < count; i++)
    if (write(device, buffers[i], messages[i].msg_len) < 0 && errno == EBADFD) fail("write");
  return count < 0 ? 0 : count;
}

int main(int count, char **arguments) {
  if (count != 6) {
    fprintf(stderr, "usage: tunnel DEVICE LOCAL PORT REMOTE PORT\n");
    return 64;
  }
  signal(SIGINT, stop);
  signal(SIGTERM, stop);
  int device = open_device(arguments[1]);
  struct sockaddr_in local = address(arguments[2], arguments[3]);
  struct sockaddr_in remote = address(arguments[4], arguments[5]);
  int link = socket(AF_INET, SOCK_DGRAM, 0), room = 4 << 20;
  setsockopt(link, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (link < 0 || bind(link, (struct sockaddr *)&local, sizeof local) != 0 ||
      connect(link, (struct sockaddr *)&remote, sizeof remote) != 0)
    fail("link");
  for (int i = 0; i < BATCH; i++) {
    vectors[i].iov_base = buffers[i];
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  printf("tunnel %s is there\n", arguments[1]);
  fflush(stdout);
  struct pollfd ends[] = {{.fd = device, .events = POLLIN}, {.fd = link, .events = POLLIN}};
  while (!stopped) {
    // An end that filled a batch may have more; of the others poll tells.
    int sent = ends[0].revents ? outward(device, link) : 0;
    int received = ends[1].revents ? inward(device, link) : 0;
    int more = (sent == BATCH) | (received == BATCH) << 1;
    if (more == 3) continue;
    if (poll(ends, 2, more ? 0 : 200) < 0) ends[0].revents = ends[1].revents = 0;
    if (more & 1) ends[0].revents = POLLIN;
    if (more & 2) ends[1].revents = POLLIN;
  }
  return 0;
}
