// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE 1
#include "tun_device.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/// Asks one thing about an interface; false and errno if there is none.
static bool ask(const char *name, unsigned long question, struct ifreq *request) {
  memset(request, 0, sizeof *request);
  if (strlen(name) >= sizeof request->ifr_name) return errno = ENODEV, false;
  strcpy(request->ifr_name, name);
  int any = socket(AF_INET, SOCK_DGRAM, 0);
  if (any < 0) return false;
  int result = ioctl(any, question, request), saved = errno;
  close(any);
  return errno = saved, result == 0;
}

int mbuma_interface_mtu(const char *name) {
  struct ifreq request;
  return ask(name, SIOCGIFMTU, &request) ? request.ifr_mtu : -1;
}

bool mbuma_interface_is_running(const char *name) {
  struct ifreq request;
  const short wanted = IFF_UP | IFF_RUNNING;
  return ask(name, SIOCGIFFLAGS, &request) && (request.ifr_flags & wanted) == wanted;
}

bool mbuma_interface_set_up(const char *name) {
  struct ifreq request;
  if (!ask(name, SIOCGIFFLAGS, &request)) return false;
  short flags = request.ifr_flags;
  if (flags & IFF_UP) return true;
  int any = socket(AF_INET, SOCK_DGRAM, 0);
  if (any < 0) return false;
  request.ifr_flags = (short)(flags | IFF_UP);
  int result = ioctl(any, SIOCSIFFLAGS, &request), saved = errno;
  close(any);
  return errno = saved, result == 0;
}

#if defined(__linux__)

#include <linux/if_tun.h>

int mbuma_tun_open(char *name, bool is_tap) {
  struct ifreq request = {.ifr_flags = (short)((is_tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI)};
  if (strlen(name) >= sizeof request.ifr_name) return errno = EINVAL, -1;
  strcpy(request.ifr_name, name);
  int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) return -1;
  if (ioctl(device, TUNSETIFF, &request) != 0) {
    int saved = errno;
    close(device);
    return errno = saved, -1;
  }
  strcpy(name, request.ifr_name);
  return device;
}

#else

int mbuma_tun_open(char *name, bool is_tap) {
  (void)name, (void)is_tap;
  return errno = ENOSYS, -1;
}

#endif
