// SPDX-License-Identifier: BSD-2-Clause
#ifndef C_LINUX_RAW_SENDER_H
#define C_LINUX_RAW_SENDER_H

/// A raw socket of a family that only sends, and whose sender writes the IP header; -1 and errno if there
/// is none.
///
/// IPv4 for 4 and IPv6 for 6. It sends to broadcast addresses too.
int mbuma_raw_sender_open(int version);

#endif
