// SPDX-License-Identifier: BSD-2-Clause
//
// The shapes of Shapes.swift on other allocators, row for row and in the same form:
//
//     peers LABEL [REPETITIONS [TEST...]]
//
// Built plain it measures malloc and free, of glibc or of what is preloaded; built with
// -DPEER_MEMPOOL, DPDK's mempool: single get and put, a cache of 512 for the thread, the default
// ring behind it, no huge pages reserved.

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "../CBench/include/CBench.h"

static constexpr unsigned item_limit = 16383;

// Items: an allocator for items of one size. A Thread stands for a thread that uses it.

#ifdef PEER_MEMPOOL
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

static rte_mempool *pools[2];

template <size_t byte_count> struct Items {
  static void *take() {
    void *item;
    if (__builtin_expect(rte_mempool_get(pools[byte_count == 2048], &item) != 0, 0)) abort();
    return item;
  }
  static void give(void *item) { rte_mempool_put(pools[byte_count == 2048], item); }
};

// Without an lcore number a thread would have no cache.
struct Thread {
  Thread() {
    if (rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() != 0) abort();
  }
  ~Thread() { rte_thread_unregister(); }
};

static void start() {
  const char *arguments[] = {"peers", "-l", "1", "--no-pci", "--no-telemetry", "--log-level", "3",
                             "--no-shconf", "--no-huge", "-m", "256"};
  if (rte_eal_init(sizeof arguments / sizeof *arguments, const_cast<char **>(arguments)) < 0)
    exit(1);
  for (int i = 0; i < 2; i++) {
    pools[i] = rte_mempool_create(i ? "items_2048" : "items_256", item_limit, i ? 2048 : 256, 512,
                                  0, nullptr, nullptr, nullptr, nullptr, SOCKET_ID_ANY, 0);
    if (!pools[i]) exit(1);
  }
}
#else
template <size_t byte_count> struct Items {
  static void *take() { return malloc(byte_count); }
  static void give(void *item) { free(item); }
};

struct Thread {
  Thread() {}
};

static void start() {}
#endif

using Vector = std::vector<void *>;

template <size_t byte_count, bool touched> static inline void *take(int64_t index) {
  void *item = Items<byte_count>::take();
  bench_escape(item);
  if (touched) *static_cast<volatile int64_t *>(item) = index;
  return item;
}

// Shapes: nanoseconds per item. Shapes.swift says what each is.

template <size_t byte_count, bool touched> static double pair(int64_t count) {
  int64_t start = bench_now();
  for (int64_t i = 0; i < count; i++) Items<byte_count>::give(take<byte_count, touched>(i));
  return double(bench_now() - start) / count;
}

template <size_t byte_count> static double pair_live(int64_t count) {
  Vector live(128);
  for (void *&item : live) item = Items<byte_count>::take();
  double result = pair<byte_count, true>(count);
  for (void *item : live) Items<byte_count>::give(item);
  return result;
}

template <size_t byte_count, bool touched> static double burst(int length, int64_t count) {
  Vector vector(length);
  void **items = vector.data();
  int64_t burst_count = std::max<int64_t>(1, count / length);
  int64_t start = bench_now();
  for (int64_t k = 0; k < burst_count; k++) {
    for (int i = 0; i < length; i++) items[i] = take<byte_count, touched>(i);
    for (int i = 0; i < length; i++) Items<byte_count>::give(items[i]);
  }
  return double(bench_now() - start) / (burst_count * length);
}

template <size_t byte_count> static double fifo(unsigned depth, int64_t count) {
  Vector vector(depth);
  void **items = vector.data();
  for (unsigned i = 0; i < depth; i++) items[i] = Items<byte_count>::take();
  unsigned oldest = 0;
  int64_t start = bench_now();
  for (int64_t i = 0; i < count; i++) {
    Items<byte_count>::give(items[oldest]);
    items[oldest] = take<byte_count, true>(i);
    oldest = (oldest + 1) & (depth - 1);
  }
  double result = double(bench_now() - start) / count;
  for (unsigned i = 0; i < depth; i++) Items<byte_count>::give(items[i]);
  return result;
}

// Two threads.

struct Meeting {
  pthread_barrier_t barrier;
  Meeting() { pthread_barrier_init(&barrier, nullptr, 2); }
  ~Meeting() { pthread_barrier_destroy(&barrier); }
  void wait() { pthread_barrier_wait(&barrier); }
};

/// What `body` returns on two threads, one on each core.
template <class Body> static std::vector<double> on_threads(Body body) {
  struct Run {
    Body *body;
    int index;
    double result;
    pthread_t thread;
  };
  Run runs[2];
  for (int i = 0; i < 2; i++) {
    runs[i].body = &body;
    runs[i].index = i;
    pthread_create(
        &runs[i].thread, nullptr,
        [](void *context) -> void * {
          Run *run = static_cast<Run *>(context);
          bench_pin(run->index);
          Thread thread;
          run->result = (*run->body)(run->index);
          return nullptr;
        },
        &runs[i]);
  }
  for (Run &run : runs) pthread_join(run.thread, nullptr);
  return {runs[0].result, runs[1].result};
}

template <class Body> static double together(int64_t count, Body body) {
  Meeting meeting;
  std::vector<double> results = on_threads([&](int) {
    body(100000);
    meeting.wait();
    double result = body(count);
    meeting.wait();
    return result;
  });
  return (results[0] + results[1]) / 2;
}

/// Ring.swift draws it.
struct Ring {
  static constexpr uint32_t slot_count = 1024;
  alignas(128) std::atomic<uint32_t> head{0};
  alignas(128) std::atomic<uint32_t> tail{0};
  alignas(128) void *slots[slot_count];
};

template <size_t byte_count>
static void produce(Ring &ring, uint32_t batch, int64_t count) {
  uint32_t head = 0, tail = 0;
  for (int64_t i = 0; i < count; i++) {
    void *item = take<byte_count, true>(i);
    while (head - tail >= Ring::slot_count) {
      ring.head.store(head, std::memory_order_release);
      tail = ring.tail.load(std::memory_order_acquire);
      if (head - tail >= Ring::slot_count) bench_pause();
    }
    ring.slots[head % Ring::slot_count] = item;
    head++;
    if ((head & (batch - 1)) == 0) ring.head.store(head, std::memory_order_release);
  }
  ring.head.store(head, std::memory_order_release);
}

template <size_t byte_count>
static void consume(Ring &ring, uint32_t batch, int64_t count) {
  uint32_t head = 0, tail = 0;
  int64_t sum = 0;
  for (int64_t i = 0; i < count; i++) {
    while (tail == head) {
      ring.tail.store(tail, std::memory_order_release);
      head = ring.head.load(std::memory_order_acquire);
      if (tail == head) bench_pause();
    }
    void *item = ring.slots[tail % Ring::slot_count];
    tail++;
    if ((tail & (batch - 1)) == 0) ring.tail.store(tail, std::memory_order_release);
    sum += *static_cast<volatile int64_t *>(item);
    Items<byte_count>::give(item);
  }
  bench_escape(reinterpret_cast<void *>(sum));
}

template <size_t byte_count> static double handover(uint32_t batch, int64_t count) {
  static Ring ring;
  ring.head = ring.tail = 0;
  Meeting meeting;
  std::vector<double> results = on_threads([&](int thread) {
    meeting.wait();
    int64_t start = bench_now();
    if (thread == 0)
      produce<byte_count>(ring, batch, count);
    else
      consume<byte_count>(ring, batch, count);
    double result = double(bench_now() - start) / count;
    meeting.wait();
    return result;
  });
  return std::max(results[0], results[1]);
}

// Rows.

static std::string label = "peer";
static int repetition_count = 5;
static std::set<std::string> tests;

/// A run of a sixteenth to warm up and to see how long it takes, then the repetitions, each of
/// `count` items or of 60 ms, whichever is less.
template <class Body>
static void row(const char *test, int byte_count, bool touched, int64_t count, Body body) {
  if (!tests.empty() && !tests.count(test)) return;
  double first = body(count / 16);
  int64_t length = std::max<int64_t>(65536, std::min(count, int64_t(60e6 / first)));
  std::vector<double> results;
  for (int i = 0; i < repetition_count; i++) results.push_back(body(length));
  std::sort(results.begin(), results.end());
  printf("R\t%s\t%s\t%d\t%d\t%.3f\t%.3f\t%.3f\n", label.c_str(), test, byte_count, touched,
         results[results.size() / 2], results.front(), results.back());
  fflush(stdout);
}

template <size_t byte_count> static void measure() {
  row("pair", byte_count, false, 5000000, pair<byte_count, false>);
  row("pair", byte_count, true, 5000000, pair<byte_count, true>);
  row("pair-live", byte_count, true, 5000000, pair_live<byte_count>);
  for (int length : {32, 512, 8192}) {
    std::string test = "burst" + std::to_string(length);
    row(test.c_str(), byte_count, false, 4000000,
        [=](int64_t count) { return burst<byte_count, false>(length, count); });
    row(test.c_str(), byte_count, true, 4000000,
        [=](int64_t count) { return burst<byte_count, true>(length, count); });
  }
  row("fifo1024", byte_count, true, 4000000,
      [](int64_t count) { return fifo<byte_count>(1024, count); });
  row("2thr-pair", byte_count, true, 5000000,
      [](int64_t count) { return together(count, pair<byte_count, true>); });
  row("2thr-burst512", byte_count, true, 4000000, [](int64_t count) {
    return together(count, [](int64_t count) { return burst<byte_count, true>(512, count); });
  });
  row("prodcons", byte_count, true, 3000000,
      [](int64_t count) { return handover<byte_count>(1, count); });
  row("prodcons-pub32", byte_count, true, 3000000,
      [](int64_t count) { return handover<byte_count>(32, count); });
}

int main(int argument_count, char **arguments) {
  if (argument_count > 1) label = arguments[1];
  if (argument_count > 2) repetition_count = atoi(arguments[2]);
  for (int i = 3; i < argument_count; i++) tests.insert(arguments[i]);
  start();
  bench_pin(1);
  Thread thread;
  measure<256>();
  measure<2048>();
}
