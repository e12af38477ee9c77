// SPDX-License-Identifier: BSD-2-Clause
#ifndef MBUMA_CPCAP_SHIM_H
#define MBUMA_CPCAP_SHIM_H

#include <pcap/pcap.h>
#include <stdio.h>
#include <sys/types.h>
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

#ifdef __linux__
/// Reads at most `count` bytes: how many, 0 at the end, -1 with `errno`.
typedef ssize_t (*cpcap_read)(void *context, char *bytes, size_t count);

struct cpcap_stream_functions {
  cpcap_read read;
  ssize_t (*write)(void *context, const char *bytes, size_t count);
  int (*seek)(void *context, off_t *offset, int whence);
  int (*close)(void *context);
};

/// `fopencookie(3)`, which the headers declare only if `_GNU_SOURCE` is defined before the first of them.
FILE *cpcap_fopencookie(void *context, const char *mode, struct cpcap_stream_functions functions)
    __asm__("fopencookie");

/// A stream that reads by calling `read` with `context`.
static inline FILE *cpcap_open_reader(void *context, cpcap_read read) {
  struct cpcap_stream_functions functions = {read, NULL, NULL, NULL};
  return cpcap_fopencookie(context, "rb", functions);
}
#endif

#endif
