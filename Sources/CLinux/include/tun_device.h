// SPDX-License-Identifier: BSD-2-Clause
#ifndef C_LINUX_TUN_DEVICE_H
#define C_LINUX_TUN_DEVICE_H

#include <stdbool.h>

/// Opens a TUN or TAP device without packet information, that does not wait; -1 and errno if it
/// cannot be.
///
/// `name` is the device's, or a pattern such as "tun%d", and becomes the one that was made; it has
/// room for 16 bytes.
int mbuma_tun_open(char *_Nonnull name, bool is_tap);

/// The MTU of an interface in the calling thread's network; -1 and errno if there is none.
int mbuma_interface_mtu(const char *_Nonnull name);

/// Sets an interface up; false and errno if it cannot be.
bool mbuma_interface_set_up(const char *_Nonnull name);

/// Whether an interface is up and has a carrier.
bool mbuma_interface_is_running(const char *_Nonnull name);

#endif
