// SPDX-License-Identifier: BSD-2-Clause
#ifndef MBUMA_CPCAP_SHIM_H
#define MBUMA_CPCAP_SHIM_H

#include <pcap/pcap.h>
#include <stdio.h>
#ifdef __GLIBC__
#include <stdio_ext.h>
#endif

/// Tells stdio that `stream` has one owner, who uses it from one thread at a time: its calls, also
/// those inside libpcap, then take no lock. Two locks per record are a third of its cost.
static inline void cpcap_has_one_owner(FILE *stream) {
#ifdef __GLIBC__
  __fsetlocking(stream, FSETLOCKING_BYCALLER);
#else
  (void)stream;
#endif
}

#endif
