// SPDX-License-Identifier: BSD-2-Clause
//
// One cache for ARP (RFC 826, 1122 section 2.3.2) and neighbour discovery (RFC 4861 section 7.3):
// an IPv4 address is in it as ::ffff:192.0.2.1.
//
//     index     hash -> slot                                              SlotIndex.swift
//     slots     [ 192.0.2.9 on 0: reachable ][ free ][ fe80::1 on 2: stale ] ...
//     ages      failed   |  resolved  |  waiting       oldest first       SlotLists.swift
//     timers    retransmit (incomplete, probe)  |  delay (delay)          soonest first
//
//     entryCount + free slots == slots.count == index.count + free slots
//     an entry is in the list of ages that its state says; a permanent one is in none
//     sum of ages == entryCount - permanent <= entryLimit
//     heldPacketCount == packets in incomplete entries <= packetLimit
//     offered == released + failed + dropped + heldPacketCount
//
// What comes from outside fills it with entries up to the limit and no further. Then one goes: a
// failed one, else the oldest that was not sent to since it was last looked at, else the oldest that
// waits. Only packets of our own make an entry wait, each such entry has one at least, and those are
// limited, so a storm of addresses pushes out no more neighbours that answered than that limit.

import BasicContainers
import Mbufs
import UMA
import Wire

/// Who has which link address, and the packets that wait to know.
///
/// BSD: `struct lltable`.
struct NeighbourCache: ~Copyable, Sendable {
  /// How long things take, in nanoseconds (RFC 4861 section 10).
  enum Times {
    /// For how long an answer is believed, on average.
    static var reachable: Int64 { 30_000_000_000 }
    /// How long what is above may take to hear from a neighbour before that is asked.
    static var delay: Int64 { 5_000_000_000 }
    /// From one question to the next.
    static var retransmit: Int64 { 1_000_000_000 }
    /// For how long one that did not answer is not asked again.
    static var failed: Int64 { 1_000_000_000 }
  }

  /// How often everyone is asked for an address before it is given up.
  static var multicastTryLimit: UInt8 { 3 }
  /// How often the one who had it is asked.
  static var unicastTryLimit: UInt8 { 3 }

  /// The lists of ages.
  enum Age {
    static var failed: Int { 0 }
    static var resolved: Int { 1 }
    static var waiting: Int { 2 }
  }

  /// The lists of timers.
  enum Timer {
    static var retransmit: Int { 0 }
    static var delay: Int { 1 }
  }

  /// Entries that may be there beside the permanent ones.
  let entryLimit: Int
  /// Packets that may wait for one neighbour.
  let packetLimitOfEntry: Int
  /// Packets that may wait in all.
  let packetLimit: Int

  var slots = UniqueArray<Neighbour>()
  var index = SlotIndex()
  var ages = SlotLists(listCount: 3)
  var timers = SlotLists(listCount: 2)
  var random: SplitMix64
  var statistics = NeighbourStatistics()
  /// Packets that wait.
  var heldPacketCount = 0
  private let hash: AddressHash
  private var firstFree = SlotLists.none

  /// An empty cache; the seed makes its hash and its times.
  init(
    seed: UInt64, entryLimit: Int = 4_096, packetLimitOfEntry: Int = 16, packetLimit: Int = 256
  ) {
    precondition(entryLimit > 0, "\(entryLimit) neighbours")
    precondition(
      packetLimitOfEntry > 0 && packetLimit > 0, "\(packetLimitOfEntry), \(packetLimit) packets")
    self.entryLimit = entryLimit
    self.packetLimitOfEntry = packetLimitOfEntry
    self.packetLimit = packetLimit
    random = SplitMix64(seed: seed)
    // What is kept secret is not what the times show.
    hash = AddressHash(seed: random.next())
  }

  /// Neighbours in the cache.
  var entryCount: Int { index.count }

  /// Slots for them, most of which there ever were.
  var slotCount: Int { slots.count }

  // MARK: Finding

  @inline(__always)
  func slot(of key: Neighbour.Key) -> Int? {
    let hash = hash(key.address, key.interface)
    var position = index.home(hash)
    while let slot = index.next(hash, &position) {
      if slots[slot].key == key { return slot }
    }
    return nil
  }

  /// The link address of a neighbour, or nil if a packet for it must be held.
  ///
  /// A stale one is asked in a while whether it is still there.
  ///
  /// - Complexity: O(1).
  ///
  /// BSD: `arpresolve`, `nd6_resolve`.
  @inline(__always)
  mutating func linkAddress(
    for address: IPv6Address, on interface: UInt32, now: Int64
  ) -> MACAddress? {
    // Cannot wrap: 2^63 packets take centuries.
    statistics.lookups &+= 1
    guard let slot = slot(of: Neighbour.Key(address: address, interface: interface)) else {
      return nil
    }
    switch slots[slot].state {
    case .incomplete, .failed: return nil
    case .permanent, .delay, .probe: break
    case .reachable: if now >= slots[slot].until { become(.delay, slot, now) }
    case .stale: become(.delay, slot, now)
    }
    slots[slot].isUsed = true
    statistics.hits &+= 1
    return slots[slot].link
  }

  // MARK: Holding packets

  /// Keeps a packet until its neighbour answers.
  ///
  /// One entry keeps the latest packets (RFC 1122 section 2.3.2.2), and each neighbour is asked once
  /// in a second at most (section 2.3.2.1), however many packets there are for it.
  ///
  /// - Precondition: `linkAddress(for:on:now:)` has just returned nil.
  mutating func hold(
    _ packet: consuming Packet, for address: IPv6Address, on interface: UInt32, now: Int64
  ) -> HoldResult {
    statistics.offeredPackets += 1
    let key = Neighbour.Key(address: address, interface: interface)
    let known = slot(of: key)
    if let known {
      precondition(!slots[known].hasLink, "a packet is held for \(address), which is known")
      if slots[known].state == .incomplete {
        enqueue(packet, known)
        if slots[known].packets.packetCount > packetLimitOfEntry || heldPacketCount > packetLimit {
          dropOldest(known)
        }
        return .held(mustSolicit: askAgain(known, now))
      }
      if isShut(known, now) {
        statistics.droppedPackets += 1
        return .refusedUnreachable
      }
    }
    // Who was asked for first has had the most time to answer: its oldest packet makes room, or a few
    // forged sources would keep everybody else's neighbours from being asked for.
    if heldPacketCount >= packetLimit, let oldest = ages.first(of: Age.waiting) {
      if slots[oldest].packets.packetCount > 1 { dropOldest(oldest) } else { remove(oldest) }
    }
    guard let slot = known ?? add(key, mayDropPackets: true) else {
      statistics.droppedPackets += 1
      return .refusedFull
    }
    enqueue(packet, slot)
    slots[slot].tries = 1
    statistics.solicits += 1
    become(.incomplete, slot, now)
    return .held(mustSolicit: true)
  }

  /// Asks at once where the clock was set back, and the next question would come only when it is again
  /// as late as it was.
  private mutating func askAgain(_ slot: Int, _ now: Int64) -> Bool {
    guard timers.order(of: slot) > Self.time(now, after: Times.retransmit) else { return false }
    slots[slot].tries = 1
    statistics.solicits += 1
    become(.incomplete, slot, now)
    return true
  }

  /// Whether a neighbour failed so short a while ago that it is not asked; not if the clock was set
  /// back since.
  private func isShut(_ slot: Int, _ now: Int64) -> Bool {
    now < slots[slot].until && slots[slot].until <= Self.time(now, after: Times.failed)
  }

  private mutating func enqueue(_ packet: consuming Packet, _ slot: Int) {
    slots[slot].packets.enqueue(packet)
    heldPacketCount += 1
  }

  private mutating func dropOldest(_ slot: Int) {
    guard let oldest = slots[slot].packets.dequeue() else { return }
    _ = consume oldest
    heldPacketCount -= 1
    statistics.droppedPackets += 1
  }

  // MARK: Entries

  /// Moves an entry to a state, and into the lists where that belongs.
  @inline(never)
  mutating func become(_ state: Neighbour.State, _ slot: Int, _ now: Int64) {
    slots[slot].state = state
    let age: Int?
    switch state {
    case .permanent: age = nil
    case .failed: age = Age.failed
    case .incomplete: age = Age.waiting
    case .reachable, .stale, .delay, .probe: age = Age.resolved
    }
    if let age {
      if ages.list(of: slot) != age { ages.insert(slot, in: age) }
    } else {
      ages.remove(slot)
    }
    switch state {
    case .incomplete, .probe:
      timers.insert(slot, in: Timer.retransmit, order: Self.time(now, after: Times.retransmit))
    case .delay:
      timers.insert(slot, in: Timer.delay, order: Self.time(now, after: Times.delay))
    case .reachable, .stale, .failed, .permanent: timers.remove(slot)
    }
    switch state {
    case .reachable:
      // Between a half and one and a half of it, so that neighbours are not asked all at once.
      let time = Int64.random(in: Times.reachable / 2...Times.reachable / 2 * 3, using: &random)
      slots[slot].until = Self.time(now, after: time)
    case .failed: slots[slot].until = Self.time(now, after: Times.failed)
    case .incomplete, .stale, .delay, .probe, .permanent: break
    }
  }

  /// A time to come; the last that there is where it would lie behind that.
  private static func time(_ now: Int64, after nanoseconds: Int64) -> Int64 {
    let (time, isLast) = now.addingReportingOverflow(nanoseconds)
    return isLast ? .max : time
  }

  /// Makes an entry, if there is room or can be made; its state is to be set.
  ///
  /// - Parameter mayDropPackets: whether one that waits may go when all do.
  mutating func add(_ key: Neighbour.Key, mayDropPackets: Bool, isPermanent: Bool = false) -> Int? {
    if !isPermanent, !makeRoom(mayDropPackets) { return nil }
    let slot: Int
    if firstFree == SlotLists.none {
      slot = slots.count
      slots.append(Neighbour())
      ages.addSlot()
      timers.addSlot()
    } else {
      slot = Int(firstFree)
      firstFree = slots[slot].nextFree
    }
    let hash = hash(key.address, key.interface)
    slots[slot].key = key
    slots[slot].hash = hash
    slots[slot].isPresent = true
    slots[slot].isRouter = false
    slots[slot].isUsed = false
    slots[slot].tries = 0
    index.insert(hash, slot: slot)
    return slot
  }

  /// Entries beside the permanent ones.
  private var limitedCount: Int {
    ages.count(of: Age.failed) + ages.count(of: Age.resolved) + ages.count(of: Age.waiting)
  }

  private mutating func makeRoom(_ mayDropPackets: Bool) -> Bool {
    if limitedCount < entryLimit { return true }
    var victim = ages.first(of: Age.failed)
    // Ends: an entry that is passed over is passed over once.
    while victim == nil, let oldest = ages.first(of: Age.resolved) {
      if slots[oldest].isUsed {
        slots[oldest].isUsed = false
        ages.insert(oldest, in: Age.resolved)
      } else {
        victim = oldest
      }
    }
    if victim == nil, mayDropPackets { victim = ages.first(of: Age.waiting) }
    guard let victim else { return false }
    remove(victim)
    statistics.evictions += 1
    return true
  }

  /// Takes an entry out; packets that wait in it are dropped.
  mutating func remove(_ slot: Int) {
    while !slots[slot].packets.isEmpty { dropOldest(slot) }
    index.remove(slots[slot].hash, slot: slot)
    ages.remove(slot)
    timers.remove(slot)
    slots[slot].isPresent = false
    slots[slot].state = .failed
    slots[slot].nextFree = firstFree
    firstFree = UInt32(slot)
  }

  /// Free slots, for `checkInvariants()`.
  var freeCount: Int {
    var count = 0
    var place = firstFree
    while place != SlotLists.none, count <= slots.count {
      count += 1
      place = slots[Int(place)].nextFree
    }
    return count
  }
}
