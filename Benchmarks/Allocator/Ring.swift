// SPDX-License-Identifier: BSD-2-Clause
//
// A queue from one thread to one other, which the peers' program has too, line by line.
//
//     offset 0     head: items put in so far       written by the producer
//            128   tail: items taken out so far    written by the consumer
//            256   slot 0 ... slot 1023            item i is in slot i % 1024
//
//     0 <= head - tail <= 1024
//
// Each side counts in a register and looks at the other's line only when it has to: the producer
// when the queue looks full, the consumer when it looks empty. An index is published after every
// item, or every `batch` items, and before a side waits.

import CBench
import Synchronization

@safe
struct Ring: @unchecked Sendable {
  static let slotCount: UInt32 = 1_024

  private let base: UnsafeMutableRawPointer

  init() {
    let byteCount = 256 + Int(Self.slotCount) * 8
    unsafe base = .allocate(byteCount: byteCount, alignment: 128)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  func discard() { unsafe base.deallocate() }

  /// The indices are words of the ring's own memory, and nothing else is stored there.
  private var head: UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe base.assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  private var tail: UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe (base + 128).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  private var slots: UnsafeMutablePointer<UnsafeMutableRawPointer> {
    unsafe (base + 256).assumingMemoryBound(to: UnsafeMutableRawPointer.self)
  }

  /// Puts in `count` items that `make` makes.
  ///
  /// - Precondition: `batch` is a power of two, and only one thread produces.
  @inline(__always)
  func produce<Failure: Error>(
    _ count: Int, batch: UInt32, _ make: (Int) throws(Failure) -> UnsafeMutableRawPointer
  ) throws(Failure) {
    var head: UInt32 = 0
    var tail: UInt32 = 0
    for index in 0..<count {
      let item = unsafe try make(index)
      while head &- tail >= Self.slotCount {
        unsafe self.head.pointee.store(head, ordering: .releasing)
        tail = unsafe self.tail.pointee.load(ordering: .acquiring)
        if head &- tail >= Self.slotCount { bench_pause() }
      }
      // In bounds: the remainder is below the slot count.
      unsafe slots[Int(head % Self.slotCount)] = item
      head &+= 1
      if head & (batch - 1) == 0 { unsafe self.head.pointee.store(head, ordering: .releasing) }
    }
    unsafe self.head.pointee.store(head, ordering: .releasing)
  }

  /// Takes out `count` items and hands each to `use`.
  ///
  /// - Precondition: `batch` is a power of two, and only one thread consumes.
  @inline(__always)
  func consume(_ count: Int, batch: UInt32, _ use: (UnsafeMutableRawPointer) -> Void) {
    var head: UInt32 = 0
    var tail: UInt32 = 0
    for _ in 0..<count {
      while tail == head {
        unsafe self.tail.pointee.store(tail, ordering: .releasing)
        head = unsafe self.head.pointee.load(ordering: .acquiring)
        if tail == head { bench_pause() }
      }
      // In bounds: the remainder is below the slot count.
      let item = unsafe slots[Int(tail % Self.slotCount)]
      tail &+= 1
      if tail & (batch - 1) == 0 { unsafe self.tail.pointee.store(tail, ordering: .releasing) }
      unsafe use(item)
    }
  }
}
