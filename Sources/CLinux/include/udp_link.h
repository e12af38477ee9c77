// SPDX-License-Identifier: BSD-2-Clause
#ifndef C_LINUX_UDP_LINK_H
#define C_LINUX_UDP_LINK_H

/// A UDP socket that is bound to one address and connected to another; -1 and errno if it cannot be.
///
/// Addresses are numbers, IPv4 or IPv6, both of one family.
int mbuma_udp_link_open(const char *_Nonnull local, unsigned short local_port,
                        const char *_Nonnull remote, unsigned short remote_port);

#endif
