// SPDX-License-Identifier: BSD-2-Clause
//
// One direction of a bad link. Each packet takes the faults in this order, and a copy all but the
// first two:
//
//     enter --> drop? --> duplicate? --> corrupt? --> aside? --> [ line: until its time ] --> ready
//                                                       |  ^
//                                                       '--' overtaken by 1...reorderDepth packets
//
//     held = aside + line + ready
//     counts.entered + counts.duplicated == counts.left + lost + held
//     releaseTimes of the line never fall; as many as packets in it; at most limitInPackets
//
// A packet's time on the line, with all terms from outside or from the seed:
//
//     linkFree = max(linkFree, now) + 8 * bytes * 10^9 / bitsPerSecond
//     release  = max(release of the one before, linkFree + delay + random(0...jitter))
//
// The same seed, packets and times give the same packets out, in the same order at the same times. A
// packet's bytes are changed in storage of its own: what others share is copied first.

import Mbufs
import UMA
import Wire

struct FaultLine: ~Copyable {
  private let faults: Faults
  private var random: SplitMix64
  private(set) var counts = FaultCounts()
  // One packet, or none.
  private var aside = PacketQueue()
  private var overtakersLeft = 0
  private var line = PacketQueue()
  // A ring: the time of the line's first packet is at `first`.
  private var releaseTimes: [Int64]
  private var first = 0
  private var lastRelease = Int64.min
  private var linkFree = Int64.min
  /// Packets that may go out now.
  var ready = PacketQueue()

  init(_ faults: Faults, seed: UInt64) {
    faults.checkRanges()
    self.faults = faults
    random = SplitMix64(seed: seed)
    releaseTimes = [Int64](repeating: 0, count: faults.isTimed ? faults.limitInPackets : 0)
  }

  /// Packets that are in here.
  var heldPacketCount: Int {
    aside.packetCount + line.packetCount + ready.packetCount
  }

  /// When the next packet is released; nil if none is on the line.
  var nextRelease: Int64? { line.isEmpty ? nil : releaseTimes[first] }

  // MARK: In

  /// Takes packets in; chance decides the faults of each.
  mutating func enter(_ packets: inout PacketQueue, now: Int64) {
    while var packet = packets.dequeue() {
      counts.entered += 1
      if happens(faults.dropChance) {
        counts.dropped += 1
      } else if happens(faults.duplicateChance), let copy = duplicate(&packet) {
        counts.duplicated += 1
        pass(packet, now)
        pass(copy, now)
      } else {
        pass(packet, now)
      }
    }
  }

  private mutating func pass(_ packet: consuming Packet, _ now: Int64) {
    if happens(faults.corruptChance) { corrupt(&packet) }
    if !aside.isEmpty {
      hold(packet, now)
      overtakersLeft -= 1
      if overtakersLeft == 0 { stepBackIn(now) }
    } else if happens(faults.reorderChance) {
      counts.reordered += 1
      overtakersLeft = Int.random(in: 1...faults.reorderDepth, using: &random)
      aside.enqueue(packet)
    } else {
      hold(packet, now)
    }
  }

  /// Lets the packet that was overtaken go on, if there is one.
  mutating func stepBackIn(_ now: Int64) {
    if let packet = aside.dequeue() { hold(packet, now) }
  }

  private mutating func hold(_ packet: consuming Packet, _ now: Int64) {
    guard faults.isTimed else { return ready.enqueue(packet) }
    guard line.packetCount < faults.limitInPackets else {
      counts.overflowed += 1
      return
    }
    linkFree = Swift.max(linkFree, now)
    if faults.bitsPerSecond > 0 {
      linkFree += Int64(packet.byteCount) * 8_000_000_000 / faults.bitsPerSecond
    }
    var release = linkFree + faults.delayInNanoseconds
    if faults.jitterInNanoseconds > 0 {
      release += Int64.random(in: 0...faults.jitterInNanoseconds, using: &random)
    }
    lastRelease = Swift.max(lastRelease, release)
    releaseTimes[(first + line.packetCount) % releaseTimes.count] = lastRelease
    line.enqueue(packet)
  }

  private mutating func corrupt(_ packet: inout Packet) {
    guard packet.byteCount > 0 else { return }
    let bit = Int.random(in: 0..<packet.byteCount * 8, using: &random)
    let range = bit / 8..<bit / 8 + 1
    do throws(MbufError) {
      try packet.makeWritable(range)
    } catch {
      counts.denied += 1
      return
    }
    packet.forEachMutableSegment(in: range) { piece in
      piece.store(FixedBytes<1>(piece.bytes, at: 0).uint8(at: 0) ^ 1 << (bit % 8), at: 0)
    }
    counts.corrupted += 1
  }

  private mutating func happens(_ chance: Double) -> Bool {
    // 53 bits of the number are a fraction of 1; a chance of 0 draws none.
    chance > 0 && Double(random.next() >> 11) * 0x1p-53 < chance
  }

  private mutating func duplicate(_ packet: inout Packet) -> Packet? {
    do throws(MbufError) {
      return try packet.sharedCopy()
    } catch {
      counts.denied += 1
      return nil
    }
  }

  // MARK: Out

  /// Makes ready what is due by `now`.
  mutating func release(_ now: Int64) {
    while let time = nextRelease, time <= now, let packet = line.dequeue() {
      first = (first + 1) % releaseTimes.count
      ready.enqueue(packet)
    }
  }

  /// Makes everything ready, due or not.
  mutating func releaseAll(_ now: Int64) {
    stepBackIn(now)
    release(.max)
  }

  /// Counts packets of `ready` that went out.
  mutating func noteLeft(_ packetCount: Int) { counts.left += packetCount }

  /// Frees the first packets of `ready`, which nobody takes.
  mutating func refuse(_ packetCount: Int) {
    for _ in 0..<packetCount where ready.dequeue() != nil { counts.refused += 1 }
  }

  /// Traps if a packet is missing.
  borrowing func checkInvariants() {
    line.checkInvariants()
    ready.checkInvariants()
    precondition(line.packetCount <= faults.limitInPackets, "\(line.packetCount) on the line")
    precondition(
      counts.entered + counts.duplicated == counts.left + counts.lost + heldPacketCount,
      "\(counts), \(heldPacketCount) held")
    for index in 1..<Swift.max(1, line.packetCount) {
      let (earlier, later) = (first + index - 1, first + index)
      let count = releaseTimes.count
      precondition(
        releaseTimes[earlier % count] <= releaseTimes[later % count], "a later packet is due before"
      )
    }
  }
}
