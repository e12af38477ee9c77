// SPDX-License-Identifier: BSD-2-Clause
//
// What a signal handler has to know of items between guard pages, where it can read it: entries
// that are never unmapped, in blocks that are only ever added.
//
//     blocks --> [1024 entries] --> [1024 entries] --> NULL
//
// Writers hold a lock of their own. The handler reads without one, so a fault that races with an
// allocation may name the site before or after, but every pointer in an entry is good forever.
#ifndef GUARD_TABLE_H
#define GUARD_TABLE_H

#include <stdbool.h>
#include <stdint.h>

/// One item and the run of pages that is its own, the guard page included.
typedef struct mbuma_guarded mbuma_guarded;

/// An entry for an item, which stays until it is given back; NULL when the system has no memory.
///
/// Names, of zones and of files, end with a zero byte and are never freed.
/// The first call puts the handler for faults in place, in front of the one that was there.
mbuma_guarded *_Nullable mbuma_guard_take(uintptr_t place, uintptr_t place_byte_count, uintptr_t item,
                                          uintptr_t item_byte_count, const char *_Nullable zone);
void mbuma_guard_give(mbuma_guarded *_Nonnull entry);

/// Notes who has the item, or who freed it last.
void mbuma_guard_note_allocated(mbuma_guarded *_Nonnull entry, const char *_Nullable zone,
                                const char *_Nullable file, uintptr_t line);
void mbuma_guard_note_freed(mbuma_guarded *_Nonnull entry, const char *_Nullable file,
                            uintptr_t line);

/// The site that allocations made inside a zone's hook are on the account of, or NULL.
const void *_Nullable mbuma_hook_site(void);
void mbuma_set_hook_site(const void *_Nullable site);

/// The calling thread's number in the system, and its name of up to 15 bytes.
uint64_t mbuma_thread_number(char name[_Nonnull 16]);

#endif
