// SPDX-License-Identifier: BSD-2-Clause
//
// Who talks most, in bounded memory: Space-Saving with its Stream-Summary (Metwally, Agrawal and El
// Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT 2005). There are
// `capacity` counters. An address that has none takes over the one with the least count and goes on from
// that, so that a count is never too low; how much it may be too high is kept beside it:
//
//     packets - error <= true count <= packets,    error <= total / capacity
//     every address with more than total / capacity packets has a counter
//     no error at all while there are no more addresses than counters
//
// Which counter is the least matters only once an address must take it over; until then counters are in
// no order. From then on those of equal count are a group, and groups stand in order, so that one more is
// a swap with the first of the group, and the least is the last:
//
//     order    [ 9 | 7 7 7 | 2 2 ]       one more for the last 7: it changes places with the first 7,
//                  first  last            leaves the group, and is the group 8, or joins it
//
//     order is empty, or order[counter.place] == counter, groups partition order, and a group's counters
//     have its count

import BasicContainers
public import Wire

/// An address and how many packets it sent and received.
public struct Talker: Equatable, Sendable {
  /// The address.
  public let address: IPAddress
  /// Packets to and from it, at most `error` more than there were.
  public let packets: Int
  /// By how many packets `packets` may be too high.
  public let error: Int
  /// Of the packets counted since it has a counter, those that it sent.
  public let sent: Int
  /// Bytes on the wire of the packets counted since it has a counter: all, if `error` is 0.
  public let bytes: Int
}

/// The addresses with the most packets, with a bound on memory and on the error.
public struct Talkers: ~Copyable {
  private var counters: UniqueArray<Counter>
  /// Counters by descending count; empty while every address has one.
  private var order = UniqueArray<Int32>()
  private var groups = UniqueArray<Group>()
  private var freeGroups = UniqueArray<Int32>()
  /// Counters by the hash of their address, with linear probing; -1 is none.
  ///
  /// At most half of it is taken, and it is no longer than that asks for, so that it stays in the cache.
  private var table = UniqueArray<Int32>(repeating: -1, count: 64)
  private var tableMask = 63
  private let seeds: (UInt64, UInt64)

  /// Counters there may be.
  public let capacity: Int
  /// Packets counted, once for each end.
  public private(set) var total = 0

  struct Key: Equatable, BitwiseCopyable {
    let bits: IPv6Address
    let isIPv6: Bool

    @inline(__always)
    init(bits: IPv6Address, isIPv6: Bool) {
      self.bits = bits
      self.isIPv6 = isIPv6
    }

    @inline(__always)
    init(_ address: IPv4Address) {
      self.init(bits: IPv6Address(high: 0, low: UInt64(address.bits)), isIPv6: false)
    }

    var address: IPAddress {
      isIPv6 ? .v6(bits) : .v4(IPv4Address(UInt32(truncatingIfNeeded: bits.low)))
    }
  }

  struct Counter: BitwiseCopyable {
    var key: Key
    var packets = 1
    var error = 0
    var sent: Int
    var bytes: Int
    var place: Int32 = 0
    var group: Int32 = 0
  }

  struct Group: BitwiseCopyable {
    var count: Int
    var first: Int32
    var last: Int32
  }

  /// Counts nothing yet.
  ///
  /// - Parameter capacity: addresses that have a counter at a time, 1...1,048,576.
  init(capacity: Int = 4_096) {
    precondition(1...1_048_576 ~= capacity, "\(capacity) counters")
    self.capacity = capacity
    counters = UniqueArray(minimumCapacity: Swift.min(capacity, 64))
    seeds = (.random(in: .min ... .max), .random(in: .min ... .max))
  }

  /// The addresses with the most packets, most first; of equals the one that came first.
  public func top(_ limit: Int) -> [Talker] {
    // A sort that keeps the order of equals.
    let ranked = counters.indices.sorted { counters[$0].packets > counters[$1].packets }
    return ranked.prefix(Swift.max(limit, 0)).map { index in
      let counter = counters[index]
      return Talker(
        address: counter.key.address, packets: counter.packets, error: counter.error,
        sent: counter.sent, bytes: counter.bytes)
    }
  }

  /// Addresses that have a counter now.
  public var addressCount: Int { counters.count }

  /// Whether every count is exact: no address ever lost its counter.
  public var isExact: Bool { order.isEmpty }

  /// Counts a packet of an address.
  @inline(__always)
  mutating func note(_ key: Key, isSender: Bool, byteCount: Int) {
    total &+= 1
    var index = place(of: key)
    var counter = Int(table[index])
    while counter >= 0 {
      if counters[counter].key == key {
        // Counters of 64 bits cannot wrap in the lifetime of a machine.
        counters[counter].packets &+= 1
        counters[counter].sent &+= isSender ? 1 : 0
        counters[counter].bytes &+= byteCount
        if !order.isEmpty { moveUp(counter) }
        return
      }
      index = (index &+ 1) & tableMask
      counter = Int(table[index])
    }
    noteNew(key, isSender: isSender, byteCount: byteCount, at: index)
  }

  @inline(__always)
  private func place(of key: Key) -> Int {
    // Each half with a number that nobody outside knows, and both halves of their product: one step of
    // wyhash.
    let high = key.bits.high &+ (key.isIPv6 ? 1 : 0)
    let product = (key.bits.low ^ seeds.0).multipliedFullWidth(by: high ^ seeds.1)
    return Int(truncatingIfNeeded: product.high ^ product.low) & tableMask
  }

  // MARK: - Groups

  /// Moves a counter that has one more into the group of that count.
  @inline(never)
  private mutating func moveUp(_ counter: Int) {
    let group = Int(counters[counter].group)
    let first = groups[group].first
    let more = counters[counter].packets
    // To the front of its group.
    let place = counters[counter].place
    if place != first {
      let other = order[Int(first)]
      order[Int(place)] = other
      counters[Int(other)].place = place
      order[Int(first)] = Int32(truncatingIfNeeded: counter)
      counters[counter].place = first
    }
    let isAlone = first == groups[group].last
    let before = first > 0 ? Int(counters[Int(order[Int(first) &- 1])].group) : -1
    if before >= 0, groups[before].count == more {
      groups[before].last = first
      counters[counter].group = Int32(truncatingIfNeeded: before)
      if isAlone {
        freeGroups.append(Int32(truncatingIfNeeded: group))
      } else {
        groups[group].first = first &+ 1
      }
    } else if isAlone {
      groups[group].count = more
    } else {
      groups[group].first = first &+ 1
      counters[counter].group = makeGroup(count: more, at: first)
    }
  }

  private mutating func makeGroup(count: Int, at place: Int32) -> Int32 {
    let group = freeGroups.removeLast()
    groups[Int(group)] = Group(count: count, first: place, last: place)
    return group
  }

  /// Puts the counters in order and equal ones into groups, for the first address that finds none free.
  private mutating func rank() {
    order = UniqueArray(minimumCapacity: capacity)
    // One more than counters: a counter's new group may be made before its old one ends.
    groups = UniqueArray(repeating: Group(count: 0, first: 0, last: 0), count: capacity + 1)
    freeGroups = UniqueArray(minimumCapacity: capacity + 1)
    for group in 0...capacity { freeGroups.append(Int32(group)) }
    var group: Int32 = -1
    for counter in counters.indices.sorted(by: { counters[$0].packets > counters[$1].packets }) {
      let place = Int32(order.count)
      if group >= 0, groups[Int(group)].count == counters[counter].packets {
        groups[Int(group)].last = place
      } else {
        group = makeGroup(count: counters[counter].packets, at: place)
      }
      counters[counter].place = place
      counters[counter].group = group
      order.append(Int32(counter))
    }
  }

  // MARK: - Addresses without a counter

  @inline(never)
  private mutating func noteNew(_ key: Key, isSender: Bool, byteCount: Int, at free: Int) {
    let sent = isSender ? 1 : 0
    if counters.count < capacity {
      table[free] = Int32(counters.count)
      counters.append(Counter(key: key, sent: sent, bytes: byteCount))
      if 2 * counters.count > table.count { growTable() }
      return
    }
    if order.isEmpty { rank() }
    let counter = Int(order[order.count - 1])
    remove(counters[counter].key)
    counters[counter].key = key
    counters[counter].error = counters[counter].packets
    counters[counter].packets += 1
    counters[counter].sent = sent
    counters[counter].bytes = byteCount
    enter(counter)
    moveUp(counter)
  }

  private mutating func growTable() {
    tableMask = 2 * table.count - 1
    table = UniqueArray(repeating: -1, count: tableMask + 1)
    for counter in counters.indices { enter(counter) }
  }

  /// Puts a counter whose address is new into the table.
  private mutating func enter(_ counter: Int) {
    var index = place(of: counters[counter].key)
    while table[index] >= 0 { index = (index + 1) & tableMask }
    table[index] = Int32(counter)
  }

  /// Takes an address out of the table; those that it kept from their place move up.
  private mutating func remove(_ key: Key) {
    var hole = place(of: key)
    while table[hole] < 0 || counters[Int(table[hole])].key != key { hole = (hole + 1) & tableMask }
    var index = hole
    while true {
      index = (index + 1) & tableMask
      guard table[index] >= 0 else { break }
      let home = place(of: counters[Int(table[index])].key)
      // Whether the hole lies between its home and where it is.
      if (index - home) & tableMask >= (index - hole) & tableMask {
        table[hole] = table[index]
        hole = index
      }
    }
    table[hole] = -1
  }

  /// Checks the equations above.
  func checkInvariants() {
    var counted = 0
    for counter in counters.indices {
      let (packets, error) = (counters[counter].packets, counters[counter].error)
      assert(error < packets, "error \(error) of \(packets)")
      counted += packets
    }
    assert(counted == total, "\(counted) packets in counters, \(total) counted")
    assert(order.isEmpty || order.count == counters.count)
    var place = 0
    while place < order.count {
      let group = groups[Int(counters[Int(order[place])].group)]
      assert(Int(group.first) == place, "a group begins at \(group.first), not at \(place)")
      if place > 0 {
        let above = groups[Int(counters[Int(order[place - 1])].group)].count
        assert(above > group.count, "a group of \(group.count) behind one of \(above)")
      }
      for index in Int(group.first)...Int(group.last) {
        let counter = counters[Int(order[index])]
        assert(Int(counter.place) == index && counter.packets == group.count)
        assert(groups[Int(counter.group)].first == group.first)
      }
      place = Int(group.last) + 1
    }
  }
}
