// SPDX-License-Identifier: BSD-2-Clause
//
// What the two halves of a ring share: one block of memory, known by its address.
//
//     offset   0   produced         packets put in so far       the producer alone writes it
//            128   consumed         packets taken out so far    the consumer alone writes it
//            256   wake indices     who sleeps, until when      written by who sleeps or wakes
//            272   closed, halves                               written at the ends
//            384   slot 0 ... slot n - 1                        packet i is in slot i % n
//
//     0 <= produced - consumed <= capacity <= n, a power of two
//     the packets consumed..<produced are in their slots; the other slots are the producer's
//
// Indices only grow: at a packet each nanosecond they last for 292 years. A line of memory is 64 or 128
// bytes, and 64-byte lines are fetched in pairs, hence 128. The third line is read with each batch and
// written hardly ever, so both cores keep it.
//
// Sleeping. A half stores the index that the other must come to, and looks at the other's index again;
// the other publishes its index and looks at what is stored. A full fence on either side between the
// store and the look: one of them sees the other's store (Dekker), so no wake-up is lost. `Int.max` is
// stored by who does not sleep. Who wakes puts it there and gives one permit; a permit that comes late
// ends a later sleep early, which looks and sleeps again.
//
// The memory ends with the second half that leaves. A half touches nothing of it after it has left.

import Synchronization
import UMA

/// Which half of a ring.
enum RingSide: Int {
  case producer = 0
  case consumer = 1

  @inline(__always)
  var other: RingSide { self == .producer ? .consumer : .producer }
}

/// Where the two halves sleep; nobody is retained to be woken but here.
final class RingParkers: Sendable {
  private let producer = ThreadParker()
  private let consumer = ThreadParker()

  subscript(side: RingSide) -> ThreadParker { side == .producer ? producer : consumer }
}

/// The memory of a ring.
@safe
struct RingCore: @unchecked Sendable {
  private static var lineByteCount: Int { 128 }
  private static var slotsOffset: Int { 3 * lineByteCount }

  private let base: UnsafeMutableRawPointer
  let capacity: Int
  private let mask: Int

  init(capacity: Int) {
    precondition(capacity > 0 && capacity <= 1 << 30, "a ring for \(capacity) packets")
    var slotCount = 1
    while slotCount < capacity { slotCount *= 2 }
    self.capacity = capacity
    mask = slotCount - 1
    unsafe base = .allocate(
      byteCount: Self.slotsOffset + slotCount * MemoryLayout<Mbuf>.stride,
      alignment: Self.lineByteCount)
    for side in [RingSide.producer, .consumer] {
      unsafe index(side).initialize(to: Atomic(0))
      unsafe wakeIndex(side).initialize(to: Atomic(.max))
    }
    unsafe closed.initialize(to: Atomic(false))
    unsafe halves.initialize(to: Atomic(2))
  }

  // In bounds, all of them: the first three lines, and slots below mask + 1. Words of the block are
  // used as one type each.

  @inline(__always)
  private func index(_ side: RingSide) -> UnsafeMutablePointer<Atomic<Int>> {
    unsafe (base + side.rawValue &* Self.lineByteCount).assumingMemoryBound(to: Atomic<Int>.self)
  }

  @inline(__always)
  private func wakeIndex(_ side: RingSide) -> UnsafeMutablePointer<Atomic<Int>> {
    unsafe (base + 256 + side.rawValue &* 8).assumingMemoryBound(to: Atomic<Int>.self)
  }

  private var closed: UnsafeMutablePointer<Atomic<Bool>> {
    unsafe (base + 272).assumingMemoryBound(to: Atomic<Bool>.self)
  }

  private var halves: UnsafeMutablePointer<Atomic<Int>> {
    unsafe (base + 280).assumingMemoryBound(to: Atomic<Int>.self)
  }

  @inline(__always)
  private func slot(_ index: Int) -> UnsafeMutablePointer<Mbuf> {
    let slots = unsafe (base + Self.slotsOffset).assumingMemoryBound(to: Mbuf.self)
    return unsafe slots + (index & mask)
  }

  /// Puts a packet into its slot, which is the producer's.
  @inline(__always)
  func put(_ packet: Mbuf, at index: Int) { unsafe slot(index).initialize(to: packet) }

  /// Takes a packet out of its slot, which is the consumer's until that publishes its index.
  @inline(__always)
  func take(at index: Int) -> Mbuf { unsafe slot(index).pointee }

  /// How far a half has come; its slots up to there are seen as it left them.
  @inline(__always)
  func progress(of side: RingSide) -> Int { unsafe index(side).pointee.load(ordering: .acquiring) }

  /// Packets in the ring at about this time.
  var packetCount: Int {
    let consumed = progress(of: .consumer)
    return Swift.min(Swift.max(0, progress(of: .producer) - consumed), capacity)
  }

  var isClosed: Bool { unsafe closed.pointee.load(ordering: .acquiring) }

  /// Tells the other half how far this one has come, and wakes it if it sleeps until then.
  @inline(__always)
  func publish(_ progress: Int, of side: RingSide, _ parkers: RingParkers) {
    unsafe index(side).pointee.store(progress, ordering: .releasing)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if unsafe wakeIndex(side.other).pointee.load(ordering: .relaxed) <= progress {
      wake(side.other, parkers)
    }
  }

  @inline(never)
  private func wake(_ side: RingSide, _ parkers: RingParkers) {
    let former = unsafe wakeIndex(side).pointee.exchange(.max, ordering: .relaxed)
    if former != .max { parkers[side].unpark() }
  }

  /// Blocks the thread of a half until the other has come to an index, or the ring is closed.
  ///
  /// - Returns: false if the deadline has passed.
  func wait(
    _ side: RingSide, for wanted: Int, _ parkers: RingParkers,
    until deadline: ContinuousClock.Instant?
  ) -> Bool {
    while progress(of: side.other) < wanted && !isClosed {
      unsafe wakeIndex(side).pointee.store(wanted, ordering: .relaxed)
      atomicMemoryFence(ordering: .sequentiallyConsistent)
      let isThere = progress(of: side.other) >= wanted || isClosed
      let isLate = deadline.map { $0 <= .now } == true
      if !isThere, !isLate { parkers[side].wait(until: deadline) }
      unsafe wakeIndex(side).pointee.store(.max, ordering: .relaxed)
      if isLate, !isThere { return false }
    }
    return true
  }

  /// Lets nothing more in, and wakes the other half.
  func close(by side: RingSide, _ parkers: RingParkers) {
    unsafe closed.pointee.store(true, ordering: .releasing)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    wake(side.other, parkers)
  }

  /// Ends a half: closes the ring, and frees it with the packets in it if the other has left.
  func leave(_ side: RingSide, _ parkers: RingParkers) {
    close(by: side, parkers)
    // What either half did is seen by the one that is the second here.
    guard unsafe halves.pointee.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else {
      return
    }
    for index in progress(of: .consumer)..<progress(of: .producer) { take(at: index).freeChain() }
    unsafe base.deallocate()
  }
}
