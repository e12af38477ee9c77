// SPDX-License-Identifier: BSD-2-Clause

/// Why a fragment did not become part of a datagram.
enum FragmentDrop: UInt8, CaseIterable, Sendable {
  /// It has no bytes, or not a multiple of eight while more follow; it would make a datagram of more
  /// than 65,535 bytes; or the congestion marks of a datagram's fragments cannot be made one.
  case malformed
  /// The first fragment of an IPv6 datagram does not hold all of its headers (RFC 7112).
  case cutHeaders
  /// Others of its datagram have some of its bytes, or contradict where the datagram ends.
  case overlap
  /// One with just its bytes is held.
  case duplicate
  /// Its datagram has too many, or others needed the room.
  case limit
  /// The others did not come in time.
  case timedOut
  /// An mbuf for the header of the whole datagram was denied.
  case noMemory
}

/// Fragments that were held and are no more, since somebody asked last.
struct FreedFragments: Sendable {
  private var counts = InlineArray<7, UInt64>(repeating: 0)
  /// Those that went into a whole datagram, less the one that stands for it.
  private(set) var merged: UInt64 = 0

  init() {
    precondition(FragmentDrop.allCases.count == counts.count, "a count for each reason")
  }

  /// Fragments dropped for a reason.
  subscript(reason: FragmentDrop) -> UInt64 { counts[Int(reason.rawValue)] }

  /// Fragments dropped for any reason.
  var dropped: UInt64 {
    var sum: UInt64 = 0
    for index in counts.indices { sum += counts[index] }
    return sum
  }

  mutating func count(_ reason: FragmentDrop, _ fragmentCount: Int) {
    counts[Int(reason.rawValue)] += UInt64(fragmentCount)
  }

  mutating func countMerged(_ fragmentCount: Int) { merged += UInt64(fragmentCount) }
}
