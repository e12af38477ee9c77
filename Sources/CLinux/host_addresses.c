// SPDX-License-Identifier: BSD-2-Clause
#include "host_facts.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

bool mbuma_has_address(bool is_ipv6, const unsigned char *address) {
  struct ifaddrs *all;
  if (getifaddrs(&all) != 0) return false;
  bool found = false;
  for (struct ifaddrs *each = all; each && !found; each = each->ifa_next) {
    if (!each->ifa_addr) continue;
    if (is_ipv6 && each->ifa_addr->sa_family == AF_INET6) {
      const struct sockaddr_in6 *own = (const struct sockaddr_in6 *)each->ifa_addr;
      found = memcmp(&own->sin6_addr, address, 16) == 0;
    } else if (!is_ipv6 && each->ifa_addr->sa_family == AF_INET) {
      const struct sockaddr_in *own = (const struct sockaddr_in *)each->ifa_addr;
      found = memcmp(&own->sin_addr, address, 4) == 0;
    }
  }
  freeifaddrs(all);
  return found;
}
