// SPDX-License-Identifier: BSD-2-Clause
//
// What this host and its interfaces allow, asked without changing anything.
#ifndef C_LINUX_HOST_FACTS_H
#define C_LINUX_HOST_FACTS_H

#include <stdbool.h>

/// What a program that moves packets opens.
enum mbuma_endpoint {
  mbuma_packet_endpoint,
  mbuma_raw_endpoint,
  mbuma_xdp_endpoint,
  mbuma_tun_endpoint,
};

/// Opens an endpoint and closes it again: 0, or the error number that was in the way.
int mbuma_try_endpoint(enum mbuma_endpoint endpoint);

/// An interface as the kernel describes it.
struct mbuma_interface_facts {
  /// ARPHRD_ of the interface.
  int hardware_type;
  int mtu;
  bool is_up;
  /// Up, and with a carrier where the device knows of one.
  bool is_running;
};

/// Describes an interface of the calling thread's network: 0, or an error number.
int mbuma_describe_interface(const char *_Nonnull name,
                             struct mbuma_interface_facts *_Nonnull facts);

/// Whether an interface of the calling thread's network has an address: 16 bytes of IPv6, or 4 of IPv4.
bool mbuma_has_address(bool is_ipv6, const unsigned char *_Nonnull address);

/// How a feature of an interface stands, as ethtool -k shows it; of several, the highest counts.
enum mbuma_feature_state {
  /// The interface does not say, or has no such feature.
  mbuma_feature_unknown,
  mbuma_feature_off,
  /// On, and cannot be turned off.
  mbuma_feature_fixed,
  /// On, and can be turned off.
  mbuma_feature_on,
};

/// How the features whose names match stand.
///
/// - Parameter pattern: as a shell has it, "tx-checksum-*".
enum mbuma_feature_state mbuma_feature(const char *_Nonnull name, const char *_Nonnull pattern);

/// Whether membarrier(2) has the command that the zones' caches use.
bool mbuma_has_expedited_barrier(void);

#endif
