// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE 1
#include "host_facts.h"

#include <errno.h>

#if defined(__linux__)

#include <fcntl.h>
#include <fnmatch.h>
#include <linux/ethtool.h>
#include <linux/membarrier.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_endpoint(enum mbuma_endpoint endpoint) {
  switch (endpoint) {
  // Protocol 0: nothing arrives at it.
  case mbuma_packet_endpoint: return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  case mbuma_raw_endpoint: return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP);
  case mbuma_xdp_endpoint: return socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
  // No device is made before one is named.
  case mbuma_tun_endpoint: return open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  }
  return errno = EINVAL, -1;
}

int mbuma_try_endpoint(enum mbuma_endpoint endpoint) {
  int descriptor = open_endpoint(endpoint);
  if (descriptor < 0) return errno;
  close(descriptor);
  return 0;
}

/// Puts a name into a request; false and errno if it can be none of an interface.
static bool begin(const char *name, struct ifreq *request) {
  memset(request, 0, sizeof *request);
  if (strlen(name) >= sizeof request->ifr_name) return errno = ENODEV, false;
  strcpy(request->ifr_name, name);
  return true;
}

/// One question of ethtool(8) to the driver; what is asked and the answer are one structure.
static bool ask_driver(int any, struct ifreq *request, void *question) {
  request->ifr_data = question;
  return ioctl(any, SIOCETHTOOL, request) == 0;
}

/// Asks one thing after the other, until one has no answer.
static bool ask(int any, struct ifreq *request, struct mbuma_interface_facts *facts) {
  if (ioctl(any, SIOCGIFFLAGS, request) != 0) return false;
  facts->is_up = request->ifr_flags & IFF_UP;
  bool is_running = request->ifr_flags & IFF_RUNNING;
  // The driver knows at once; the flag may come a second later.
  struct ethtool_value carrier = {.cmd = ETHTOOL_GLINK};
  if (ask_driver(any, request, &carrier)) is_running = carrier.data != 0;
  facts->is_running = facts->is_up && is_running;
  if (ioctl(any, SIOCGIFMTU, request) != 0) return false;
  facts->mtu = request->ifr_mtu;
  if (ioctl(any, SIOCGIFHWADDR, request) != 0) return false;
  facts->hardware_type = request->ifr_hwaddr.sa_family;
  return true;
}

int mbuma_describe_interface(const char *name, struct mbuma_interface_facts *facts) {
  *facts = (struct mbuma_interface_facts){0};
  struct ifreq request;
  if (!begin(name, &request)) return errno;
  int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0) return errno;
  int error = ask(any, &request, facts) ? 0 : errno;
  close(any);
  return error;
}

enum { most_features = 256 };

/// Reads the names of an interface's features, their number first, and then the state of each.
static enum mbuma_feature_state read_features(int any, struct ifreq *request,
                                              const char *pattern) {
  union {
    struct ethtool_sset_info head;
    uint8_t bytes[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
  } set = {.head = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_FEATURES}};
  if (!ask_driver(any, request, &set) || set.head.sset_mask == 0) return mbuma_feature_unknown;
  uint32_t count = set.head.data[0];
  if (count > most_features) return mbuma_feature_unknown;

  union {
    struct ethtool_gstrings head;
    uint8_t bytes[sizeof(struct ethtool_gstrings) + most_features * ETH_GSTRING_LEN];
  } names = {.head = {.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = count}};
  union {
    struct ethtool_gfeatures head;
    uint8_t bytes[sizeof(struct ethtool_gfeatures) +
                  most_features / 32 * sizeof(struct ethtool_get_features_block)];
  } states = {.head = {.cmd = ETHTOOL_GFEATURES, .size = (count + 31) / 32}};
  if (!ask_driver(any, request, &names) || !ask_driver(any, request, &states))
    return mbuma_feature_unknown;

  enum mbuma_feature_state result = mbuma_feature_unknown;
  for (uint32_t index = 0; index < count; index++) {
    char name[ETH_GSTRING_LEN + 1] = {0};
    memcpy(name, names.head.data + index * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
    if (fnmatch(pattern, name, 0) != 0) continue;
    const struct ethtool_get_features_block *block = &states.head.features[index / 32];
    uint32_t bit = 1u << index % 32;
    enum mbuma_feature_state state =
        (block->active & bit) == 0 ? mbuma_feature_off
        : (block->available & ~block->never_changed & bit) != 0 ? mbuma_feature_on
                                                                : mbuma_feature_fixed;
    if (state > result) result = state;
  }
  return result;
}

enum mbuma_feature_state mbuma_feature(const char *name, const char *pattern) {
  struct ifreq request;
  if (!begin(name, &request)) return mbuma_feature_unknown;
  int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0) return mbuma_feature_unknown;
  enum mbuma_feature_state state = read_features(any, &request, pattern);
  close(any);
  return state;
}

bool mbuma_has_expedited_barrier(void) {
  long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  return commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0;
}

#else

int mbuma_try_endpoint(enum mbuma_endpoint endpoint) {
  (void)endpoint;
  return ENOSYS;
}

int mbuma_describe_interface(const char *name, struct mbuma_interface_facts *facts) {
  (void)name;
  *facts = (struct mbuma_interface_facts){0};
  return ENOSYS;
}

enum mbuma_feature_state mbuma_feature(const char *name, const char *pattern) {
  (void)name, (void)pattern;
  return mbuma_feature_unknown;
}

bool mbuma_has_expedited_barrier(void) { return false; }

#endif
