// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE 1
#include "guard_table.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>
#endif

enum { block_entry_count = 1024 };

struct mbuma_guarded {
  /// First byte of the run; 0 while the entry is unused.
  uintptr_t place;
  uintptr_t place_byte_count;
  uintptr_t item;
  uintptr_t item_byte_count;
  const char *zone;
  const char *allocated_file;
  const char *freed_file;
  uintptr_t allocated_line;
  uintptr_t freed_line;
  bool is_live;
  /// The next unused entry.
  struct mbuma_guarded *next_unused;
};

typedef struct block {
  struct block *next;
  mbuma_guarded entries[block_entry_count];
} block;

static _Atomic(block *) blocks;
static mbuma_guarded *unused;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

// MARK: What is written on a fault. Only write(2) and what needs no lock.

typedef struct {
  char bytes[1024];
  size_t count;
} line;

static void put(line *l, const char *text) {
  while (*text && l->count < sizeof l->bytes) l->bytes[l->count++] = *text++;
}

static void put_number(line *l, uintptr_t number, unsigned base) {
  char digits[24];
  size_t at = sizeof digits - 1;
  digits[at] = 0;
  do {
    digits[--at] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number && at);
  put(l, digits + at);
}

static void put_site(line *l, const char *what, const char *file, uintptr_t number) {
  if (!file) return;
  put(l, what);
  put(l, file);
  put(l, ":");
  put_number(l, number, 10);
}

static void report(const mbuma_guarded *e, uintptr_t address) {
  line l = {.count = 0};
  put(&l, "zone ");
  put(&l, e->zone ? e->zone : "?");
  put(&l, ": item 0x");
  put_number(&l, e->item, 16);
  put(&l, " (");
  put_number(&l, e->item_byte_count, 10);
  put(&l, " bytes) touched ");
  put(&l, e->is_live ? "beyond its end" : "while free");
  put(&l, ", at byte ");
  if (address < e->item) put(&l, "-");
  put_number(&l, address < e->item ? e->item - address : address - e->item, 10);
  put_site(&l, "; allocated at ", e->allocated_file, e->allocated_line);
  put_site(&l, e->is_live ? ", freed last at " : ", freed at ", e->freed_file, e->freed_line);
  put(&l, "\n");
  // A report that cannot be written is lost; the signal still ends the process.
  if (write(STDERR_FILENO, l.bytes, l.count) < 0) return;
}

static struct sigaction previous_segv;
static struct sigaction previous_bus;

static void on_fault(int number, siginfo_t *info, void *context) {
  uintptr_t address = (uintptr_t)info->si_addr;
  struct sigaction *previous = number == SIGBUS ? &previous_bus : &previous_segv;
  for (block *b = atomic_load(&blocks); b; b = b->next) {
    for (int i = 0; i < block_entry_count; i++) {
      const mbuma_guarded *e = &b->entries[i];
      if (e->place == 0 || address - e->place >= e->place_byte_count) continue;
      report(e, address);
      // Back in the program the same instruction faults again, and meets whoever was here before.
      sigaction(number, previous, NULL);
      return;
    }
  }
  if (previous->sa_flags & SA_SIGINFO) {
    previous->sa_sigaction(number, info, context);
  } else if (previous->sa_handler != SIG_DFL && previous->sa_handler != SIG_IGN) {
    previous->sa_handler(number);
  } else {
    sigaction(number, previous, NULL);
  }
}

static bool is_catching;

// Under the mutex, and once: a second time the handler would be its own predecessor.
static void catch_faults(void) {
  if (is_catching) return;
  is_catching = true;
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, &previous_segv);
  sigaction(SIGBUS, &action, &previous_bus);
}

// MARK: Entries

mbuma_guarded *mbuma_guard_take(uintptr_t place, uintptr_t place_byte_count, uintptr_t item,
                                uintptr_t item_byte_count, const char *zone) {
  pthread_mutex_lock(&mutex);
  if (!unused) {
    catch_faults();
    block *b = mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (b != MAP_FAILED) {
      for (int i = block_entry_count; i-- > 0;) {
        b->entries[i].next_unused = unused;
        unused = &b->entries[i];
      }
      b->next = atomic_load(&blocks);
      atomic_store(&blocks, b);
    }
  }
  mbuma_guarded *entry = unused;
  if (entry) unused = entry->next_unused;
  pthread_mutex_unlock(&mutex);
  if (!entry) return NULL;
  entry->item = item;
  entry->item_byte_count = item_byte_count;
  entry->zone = zone;
  entry->place_byte_count = place_byte_count;
  // From now on the handler takes notice of it.
  entry->place = place;
  return entry;
}

void mbuma_guard_note_allocated(mbuma_guarded *entry, const char *zone, const char *file,
                                uintptr_t line) {
  entry->zone = zone;
  entry->allocated_line = line;
  entry->allocated_file = file;
  entry->is_live = true;
}

void mbuma_guard_note_freed(mbuma_guarded *entry, const char *file, uintptr_t line) {
  entry->freed_line = line;
  entry->freed_file = file;
  entry->is_live = false;
}

void mbuma_guard_give(mbuma_guarded *entry) {
  pthread_mutex_lock(&mutex);
  memset(entry, 0, sizeof *entry);
  entry->next_unused = unused;
  unused = entry;
  pthread_mutex_unlock(&mutex);
}

// MARK: Threads

static _Thread_local const void *hook_site;

const void *mbuma_hook_site(void) { return hook_site; }
void mbuma_set_hook_site(const void *site) { hook_site = site; }

uint64_t mbuma_thread_number(char name[16]) {
  memset(name, 0, 16);
  pthread_getname_np(pthread_self(), name, 16);
#if defined(__linux__)
  return (uint64_t)syscall(SYS_gettid);
#else
  uint64_t number = 0;
  pthread_threadid_np(NULL, &number);
  return number;
#endif
}
