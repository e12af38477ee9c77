// SPDX-License-Identifier: BSD-2-Clause
//
// Counts heap allocations of the process, so that "none per packet" can be measured and asserted.
// A program that links this gets malloc and its kin from here; they count and go on to the C
// library's. Where that cannot be done (other systems, sanitizers) the count is -1.
#ifndef C_MALLOC_COUNT_H
#define C_MALLOC_COUNT_H

#include <stddef.h>

/// Heap allocations so far, or -1 where they are not counted.
long mbuma_malloc_count(void);

/// The C library's malloc without the counting, to be measured as it is.
void *_Nullable mbuma_plain_malloc(size_t byte_count);
void mbuma_plain_free(void *_Nullable p);

#endif
