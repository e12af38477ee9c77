// SPDX-License-Identifier: BSD-2-Clause
#include "CUMA.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Atomic uint32_t mbuma_witness_switches;
_Thread_local void *mbuma_held_locks MBUMA_TLS_MODEL;

void mbuma_witness_set_mode(uint32_t cleared, uint32_t set) {
  uint32_t seen = mbuma_witness_mode();
  while (!atomic_compare_exchange_weak(&mbuma_witness_switches, &seen, (seen & ~cleared) | set)) {
  }
}

__attribute__((constructor)) void mbuma_witness_read_environment(void) {
  const char *wanted = getenv("MBUMA_WITNESS");
  if (wanted == NULL || *wanted == 0 || strcmp(wanted, "0") == 0) return;
  if (strcmp(wanted, "1") == 0) {
    mbuma_witness_set_mode(0, mbuma_witness_on);
  } else if (strcmp(wanted, "trap") == 0) {
    mbuma_witness_set_mode(0, mbuma_witness_on | mbuma_witness_traps);
  } else if (strcmp(wanted, "nowait") == 0) {
    mbuma_witness_set_mode(0, mbuma_witness_on | mbuma_witness_denies_under_lock);
  } else {
    fprintf(stderr, "MBUMA_WITNESS=%s: not 0, 1, trap or nowait; the lock checker is off\n", wanted);
  }
}

// One key for the process, beside that of the tables.
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_is_made;
// Every thread stores the same value, and reads it only after its own store.
static _Atomic(void (*)(void *)) end_list;

static void run_end(void *list) {
  void (*end)(void *) = atomic_load_explicit(&end_list, memory_order_relaxed);
  end(list);
}

static void make_key(void) { key_is_made = pthread_key_create(&key, run_end) == 0; }

bool mbuma_end_held_at_thread_exit(void *list, void (*end)(void *)) {
  atomic_store_explicit(&end_list, end, memory_order_relaxed);
  pthread_once(&key_once, make_key);
  return key_is_made && pthread_setspecific(key, list) == 0;
}
