// SPDX-License-Identifier: BSD-2-Clause
//
// System calls that Swift's Glibc module does not give or names differently on each system.
#ifndef C_LINUX_H
#define C_LINUX_H

#include "host_facts.h"
#include "packet_socket.h"
#include "raw_sender.h"
#include "tun_device.h"
#include "udp_link.h"
#include "xdp_program.h"
#include "xdp_socket.h"

#include <sys/socket.h>
#include <sys/uio.h>

/// A raw IPv4 socket for UDP whose sender writes the IP header; -1 and errno if there is none.
int mbuma_open_raw_udp(void);

/// A UDP socket bound to an address and port in host byte order; -1 and errno if it cannot be.
int mbuma_hold_udp_port(unsigned int address, unsigned short port);

/// Waits for input: above 0 if there is some, 0 if the time is over, -1 and errno otherwise.
int mbuma_wait_readable(int descriptor, int milliseconds);

/// Reads one datagram to nowhere: its length, or -1 and errno if there is none.
long mbuma_discard_datagram(int descriptor);

/// One datagram of a batch; the same bytes as the system's `struct mmsghdr`.
struct mbuma_message {
  struct msghdr header;
  unsigned int byte_count;
};

/// recvmmsg(2) that returns what is there; -1 and errno if nothing is, or on an error.
int mbuma_receive_batch(int descriptor, struct mbuma_message *_Nonnull batch, unsigned int count);

/// sendmmsg(2) that does not wait for room: how many were sent; -1 and errno if the first was not.
int mbuma_send_batch(int descriptor, struct mbuma_message *_Nonnull batch, unsigned int count);

/// Has the processor fetch the first two cache lines of bytes that will soon be copied.
static inline void mbuma_prefetch(const void *_Nullable first) {
  __builtin_prefetch(first);
  __builtin_prefetch((const char *)first + 64);
}

/// Asks the system to wake the calling thread's sleeps as exactly as it can.
void mbuma_wake_exactly(void);

#endif
