// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs
import Wire

/// What becomes of packets that are longer than a link's MTU.
public enum LongPacketPolicy: String, CaseIterable, Sendable {
  /// The first one is an error.
  case refuse
  /// They are dropped.
  case skip
  /// Their end is cut off; lengths and checksums say so.
  case truncate
  /// IPv4 and IPv6 packets are sent in fragments; IPv4 packets that must not be, are dropped.
  case fragment
  /// TCP's are sent in several segments, as a sender's hardware would; others in fragments.
  case segment
}

/// What a policy made of one packet.
public enum LongPacketOutcome: Equatable, Sendable {
  /// It is no longer than the MTU, and unchanged.
  case fits
  /// It was made to fit, with so many packets more behind it.
  case fitted(added: Int)
  /// It is to be dropped; unchanged.
  case dropped(LongPacketDrop)
  /// It is an error; unchanged.
  case refused
}

/// Why a packet that is longer than the MTU is dropped.
public enum LongPacketDrop: Equatable, Sendable {
  /// The policy says so.
  case skipped
  /// IPv4 forbids fragments of it.
  case mustNotFragment
  /// It is not IP, or cut by its capture, or its headers leave no room or make no sense.
  case unfit
}

/// Packets that were longer than the MTU, by what became of them.
///
///     long == fitted + skipped + mustNotFragment + unfit + refused + those without memory
public struct LongPacketCounts: Equatable, Sendable {
  /// Packets that were longer.
  public var long = 0
  /// Bytes behind the link header of the longest packet of all.
  public var longest = 0
  /// Packets that were made to fit.
  public var fitted = 0
  /// Packets made of those, beyond one of each.
  public var added = 0
  /// Packets dropped as the policy says.
  public var skipped = 0
  /// Packets dropped because IPv4 forbids fragments of them.
  public var mustNotFragment = 0
  /// Packets dropped because they cannot be made to fit.
  public var unfit = 0

  /// None yet.
  public init() {}

  /// Packets dropped.
  public var dropped: Int { skipped + mustNotFragment + unfit }

  /// Packets dropped, by reason.
  public var dropsByReason: [(reason: String, count: Int)] {
    [("over_mtu", skipped), ("over_mtu_df", mustNotFragment), ("over_mtu_unfit", unfit)]
      .filter { $0.1 > 0 }
  }

  /// Counts a packet as longer than an MTU or not, and whether it is the longest.
  ///
  /// - Returns: whether it is longer.
  @inline(__always)
  public mutating func note(_ packet: borrowing Packet, mtu: Int) -> Bool {
    let byteCount = packet.linkPayloadByteCount
    longest = Swift.max(longest, byteCount)
    guard byteCount > mtu else { return false }
    long += 1
    return true
  }

  /// Counts what became of a packet that is longer.
  public mutating func count(_ outcome: LongPacketOutcome) {
    switch outcome {
    case .fits, .refused: break
    case .fitted(let count):
      fitted += 1
      added += count
    case .dropped(.skipped): skipped += 1
    case .dropped(.mustNotFragment): mustNotFragment += 1
    case .dropped(.unfit): unfit += 1
    }
  }
}

extension Packet {
  /// Bytes behind the link header, which an MTU limits.
  ///
  /// VLAN tags are among them; so are all bytes if the link type is not known.
  public var linkPayloadByteCount: Int {
    Swift.max(0, byteCount - (LinkType(rawValue: linkType).headerByteCount ?? 0))
  }
}
