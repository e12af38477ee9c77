// SPDX-License-Identifier: BSD-2-Clause
//
// What a slot for a datagram is:
//
//     free --first fragment--> held --last one missing--> free, and the datagram goes on      whole
//                               |----------time out-----> free                               timedOut
//                               |----------others need the room--> free                      limit
//                               '--overlap, too many----> refused --time out--> free
//
// A refused datagram holds no memory but its key, so that no later fragment of it begins another
// (RFC 5722, 9099). What begins again after an eviction is freed by its own time out.
//
//     chains     hash of a key --> slots          families   slots by age, IPv4's and IPv6's
//     sources    who sends     --> its datagrams, its storage, its slots by age
//
//     datagramCount     == slots in the two families == sum of the sources' datagrams
//     storageByteCount  == sum of the datagrams' == sum of the sources'
//     heldFragmentCount == sum of the datagrams' pieces
//     fragments in == dropped on return + whole + freed.dropped + freed.merged + held
//
// Room. A source may hold so much; all may hold so much. Where a source would hold more than its share,
// its own oldest datagrams go. Where all would, the oldest of the source that holds most of what is
// short goes, and of several such that of the oldest. So:
//
//     A datagram goes for the sake of another source only if no source holds more than its own does.
//
// However much one source sends, another that holds less than it keeps all it has. Sources are IPv4
// addresses and, since hosts take as many as they like there, IPv6 networks of 64 bits. Who forges many
// sources makes all equal: then the oldest datagram goes, and one lasts for as many beginnings of others
// as there are slots.
//
// The memory for the pieces of a datagram stays with its slot, 24 bytes each, so that after a while only
// whole datagrams with headers in pieces allocate.
//
// Time may go back, as it does between the packets of captures. A datagram ends once the time is as far
// away from its beginning as its time out, before or behind.

import BasicContainers
import Mbufs
import Wire

/// Makes datagrams of fragments, of both IP families.
///
/// BSD: `ip_reass`, `frag6_input`.
struct Reassembler: ~Copyable, Sendable {
  /// What became of a fragment.
  enum Outcome: ~Copyable {
    /// It waits for others.
    case held
    /// It was the last one missing: here is the datagram, from its IP header on.
    case whole(Packet)
    /// It is gone.
    case dropped(FragmentDrop)
  }

  /// How much may be held.
  struct Limits: Sendable {
    /// Datagrams: a server that waits for 8 answers in fragments each from 32 peers.
    var datagramCount = 256
    /// Fragments of a datagram: 119 for 65,515 bytes of data over the least MTU of IPv4 hosts, which
    /// leaves 552 for each, and the next power of two.
    var fragmentsPerDatagram = 128
    /// Bytes of memory, as `Packet.storageByteCount` counts them: 16 datagrams of the longest, with 45
    /// fragments of 2,304 each, are 1.7 MB; 240 of two fragments are 1.1 MB; and the next power of two.
    var storageByteCount = 4 << 20
    /// Datagrams of one source: half, so that one alone cannot fill the table.
    var datagramsPerSource = 128
    /// Bytes of memory for one source: half.
    var storageBytesPerSource = 2 << 20
  }

  /// One who sends fragments.
  struct Source: Sendable, BitwiseCopyable {
    var bits: UInt64
    var isIPv6: Bool
    var hash: UInt64
    var datagramCount = 0
    var storageByteCount = 0
    /// Its datagrams, by age.
    var slots = SlotList()
  }

  /// Nanoseconds for which an IPv4 datagram waits for its fragments: RFC 791 has 15 s as the least,
  /// and RFC 1122 up to 120 s; others take 30.
  static let ipv4Timeout: UInt64 = 30_000_000_000
  /// The same for IPv6: RFC 8200, 4.5.
  static let ipv6Timeout: UInt64 = 60_000_000_000

  let limits: Limits
  private let hashKey: SipHash.Key

  // Not private: other files of this type free and check them.
  var datagrams = UniqueArray<HeldDatagram>()
  var freeDatagrams = UniqueArray<Int32>()
  var chains: HashChains
  var sourceLinks = SlotLinks()
  var familyLinks = SlotLinks()
  var ipv4Slots = SlotList()
  var ipv6Slots = SlotList()
  var sources = UniqueArray<Source>()
  var freeSources = UniqueArray<Int32>()
  var sourceChains: HashChains
  var freed = FreedFragments()
  private var serial: UInt64 = 0

  /// Datagrams that are held or refused.
  var datagramCount = 0
  /// Bytes of memory that fragments hold.
  var storageByteCount = 0
  /// Fragments that wait for others.
  var heldFragmentCount = 0

  /// Holds nothing.
  ///
  /// - Parameters:
  ///   - limits: how much it may hold, each at least 1.
  ///   - hashKey: numbers that nobody outside knows.
  init(limits: Limits = Limits(), hashKey: SipHash.Key) {
    precondition(
      limits.datagramCount >= 1 && limits.datagramsPerSource >= 1
        && limits.fragmentsPerDatagram >= 1, "\(limits)")
    precondition(
      limits.storageBytesPerSource <= limits.storageByteCount,
      "\(limits.storageBytesPerSource) bytes for one source of \(limits.storageByteCount)")
    self.limits = limits
    self.hashKey = hashKey
    chains = HashChains(slotLimit: limits.datagramCount)
    sourceChains = HashChains(slotLimit: limits.datagramCount)
  }

  // MARK: Input

  /// Takes a fragment in.
  ///
  /// - Parameters:
  ///   - packet: from its IP header on, and no more than the datagram.
  ///   - fragment: what `Fragment` read of it.
  ///   - now: the time in nanoseconds; datagrams that timed out before are to be freed first.
  /// - Complexity: O(pieces of the datagram) words moved, and O(segments) once it is whole; O(sources)
  ///   where a limit is reached.
  mutating func input(
    _ packet: consuming Packet, _ fragment: Fragment, now: Int64
  ) -> Outcome {
    precondition(
      packet.byteCount == fragment.headerByteCount + fragment.payloadByteCount,
      "a fragment of \(fragment) in \(packet.byteCount) bytes")
    if let fault = fragment.fault { return .dropped(fault) }
    if fragment.isWhole {
      return packet.becomeWhole(fragment, byteCount: fragment.payloadByteCount, marks: 0)
    }
    let hash = fragment.key.hash(hashKey)
    guard let slot = slot(of: fragment.key, hash) else {
      return begin(packet, fragment, hash, now: now)
    }
    if let refusal = datagrams[slot].refusal { return .dropped(refusal) }
    switch datagrams[slot].place(of: fragment) {
    case .duplicate: return .dropped(.duplicate)
    case .overlap:
      refuse(slot, .overlap)
      return .dropped(.overlap)
    case .at(let index):
      guard datagrams[slot].pieces.count < limits.fragmentsPerDatagram else {
        refuse(slot, .limit)
        return .dropped(.limit)
      }
      if datagrams[slot].isWhole(with: fragment) { return finish(packet, fragment, slot, index) }
      return add(packet, fragment, slot, index)
    }
  }

  /// Holds the first fragment of a datagram.
  private mutating func begin(
    _ packet: consuming Packet, _ fragment: Fragment, _ hash: UInt64, now: Int64
  ) -> Outcome {
    packet.trimToHeld(fragment)
    let charge = packet.storageByteCount
    let sender = Source(fragment.key, hashKey)
    guard makeRoom(charge, from: sender) else { return .dropped(.limit) }
    // Cannot wrap in the life of a machine.
    serial &+= 1
    let slot = allocateSlot(fragment.key, hash, now: now, serial, from: sender)
    hold(packet, fragment, slot, 0, charge)
    return .held
  }

  /// Holds another one.
  private mutating func add(
    _ packet: consuming Packet, _ fragment: Fragment, _ slot: Int, _ index: Int
  ) -> Outcome {
    packet.trimToHeld(fragment)
    let charge = packet.storageByteCount
    guard makeRoom(charge, for: slot) else { return .dropped(.limit) }
    hold(packet, fragment, slot, index, charge)
    return .held
  }

  private mutating func hold(
    _ packet: consuming Packet, _ fragment: Fragment, _ slot: Int, _ index: Int, _ charge: Int
  ) {
    storageByteCount += charge
    sources[Int(datagrams[slot].source)].storageByteCount += charge
    heldFragmentCount += 1
    datagrams[slot].insert(packet, fragment, at: index, storageByteCount: charge)
  }

  /// Takes the last fragment that was missing, which needs no room.
  private mutating func finish(
    _ packet: consuming Packet, _ fragment: Fragment, _ slot: Int, _ index: Int
  ) -> Outcome {
    packet.trimToHeld(fragment)
    let others = datagrams[slot].pieces.count
    hold(packet, fragment, slot, index, packet.storageByteCount)
    let first = datagrams[slot].first
    let (byteCount, marks) = (datagrams[slot].receivedByteCount, datagrams[slot].marks)
    unlink(slot)
    let joined = datagrams[slot].join()
    guard let first else { preconditionFailure("\(byteCount) bytes without the first") }
    let outcome = joined.becomeWhole(first, byteCount: byteCount, marks: marks)
    switch consume outcome {
    case .dropped(let reason):
      freed.count(reason, others)
      return .dropped(reason)
    case .whole(let packet):
      freed.countMerged(others)
      return .whole(packet)
    case .held: preconditionFailure("a whole datagram is held")
    }
  }

  private func slot(of key: Fragment.Key, _ hash: UInt64) -> Int? {
    var slot = chains.first(hash)
    while slot != noSlot {
      let index = Int(slot)
      if datagrams[index].hash == hash, datagrams[index].key == key { return index }
      slot = chains.next(slot)
    }
    return nil
  }

  // MARK: Counts

  /// Fragments that were held and are no more, since the last call: the caller counts them.
  mutating func takeFreed() -> FreedFragments {
    defer { freed = FreedFragments() }
    return freed
  }
}

extension Fragment {
  /// Why it cannot be part of any datagram; nil if it can.
  var fault: FragmentDrop? {
    if payloadByteCount == 0, !isWhole { return .malformed }
    if moreFragments, payloadByteCount % 8 != 0 { return .malformed }
    if lengthField(end: end) > 65_535 { return .malformed }
    return holdsHeaders ? nil : .cutHeaders
  }
}

extension Packet {
  /// Takes the headers off a fragment, unless it is the first.
  fileprivate mutating func trimToHeld(_ fragment: Fragment) {
    if fragment.offset > 0 { trimFront(fragment.headerByteCount) }
  }
}
