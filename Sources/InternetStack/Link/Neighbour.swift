// SPDX-License-Identifier: BSD-2-Clause
//
//                 hold                answered                  time is up
//     (no entry) -----> incomplete ------------> reachable <--------------.---> stale
//                          |   ^                     ^                          |
//               no answer  |   | hold                | confirmed                | sent to
//                          v   | after a while       |                          v
//                        failed'                     '--- probe <--- delay <----'
//                                                           |   5 s
//                                            no answer      v
//                                                       (no entry)
//
//     state == incomplete  <=>  packets wait
//     state in { incomplete, failed }  <=>  the link address is not known
//
// A reachable neighbour becomes stale by the clock alone: nothing is done until it is sent to.

import Mbufs
import Wire

/// A neighbour that is looked for, known, or known not to answer (RFC 4861 section 7.3.2).
///
/// BSD: `struct llentry`.
struct Neighbour: ~Copyable, Sendable {
  /// What is known of it.
  enum State: UInt8, Equatable {
    /// It has been asked for its link address, and packets wait for the answer.
    case incomplete
    /// It has been heard to hear us a short while ago.
    case reachable
    /// Its link address is known, but nothing tells that it is still there.
    case stale
    /// It has been sent to since; perhaps what is above hears from it.
    case delay
    /// It is asked whether it is still there.
    case probe
    /// It did not answer a short while ago.
    case failed
    /// Its link address was set by hand and stays.
    case permanent
  }

  /// Who it is: an address on an interface, or on a VLAN of one.
  struct Key: Equatable, BitwiseCopyable {
    var address = IPv6Address.any
    var interface: UInt32 = 0
  }

  var key = Key()
  var link = MACAddress(0)
  var state = State.failed
  var isRouter = false
  /// Whether it was sent to since it was last put at the end of the list of ages.
  var isUsed = false
  /// Whether this is an entry and not a free slot.
  var isPresent = false
  /// How often it was asked since anything was heard.
  var tries: UInt8 = 0
  /// When it is no longer reachable, or when it may be asked again after it failed.
  var until: Int64 = 0
  var hash: UInt32 = 0
  /// The next free slot, while this is one.
  var nextFree = SlotLists.none
  var packets = PacketQueue()

  var hasLink: Bool {
    switch state {
    case .incomplete, .failed: false
    case .reachable, .stale, .delay, .probe, .permanent: true
    }
  }
}

/// What a report tells of a neighbour.
struct NeighbourReport: Equatable, Sendable {
  let address: IPv6Address
  let interface: UInt32
  /// Its link address, if it is known.
  let link: MACAddress?
  let state: Neighbour.State
  let isRouter: Bool
  /// Until when an answer is believed, while one is.
  let reachableUntil: Int64?
  let heldPacketCount: Int
}

/// Where a link address was heard.
enum NeighbourEvidence: Equatable, Sendable {
  /// An ARP request from the neighbour, for one of our addresses or for that of another.
  ///
  /// So is an announcement (RFC 5227), which asks for the sender's own address.
  case arpRequest(isForUs: Bool)
  /// An ARP reply, to us or to everyone.
  case arpReply(isForUs: Bool)
  /// The source link-layer address of a neighbour or router solicitation, or of a redirect.
  case solicitation
  /// A neighbour advertisement, with its flags.
  case advertisement(isSolicited: Bool, isOverride: Bool, isRouter: Bool)
}

/// What becomes of a packet for a neighbour whose link address is not known.
enum HoldResult: Equatable, Sendable {
  /// It waits; whoever gave it sends a solicitation if it must.
  case held(mustSolicit: Bool)
  /// It is gone: the neighbour did not answer just now.
  case refusedUnreachable
  /// It is gone: too many wait already for others.
  case refusedFull
}

/// Something that is due.
enum NeighbourAction: ~Copyable {
  /// Asks for the address, of everyone or of the one station that had it.
  case solicit(IPv6Address, interface: UInt32, unicastTo: MACAddress?)
  /// Gives up; whoever sent the packets is told, and there are none if nothing waited.
  case failed(IPv6Address, interface: UInt32, packets: PacketQueue)
}

/// What the cache has done so far.
struct NeighbourStatistics: Equatable, Sendable {
  /// Packets that asked for a link address.
  var lookups = 0
  /// Those that got one.
  var hits = 0
  /// Solicitations that were to be sent.
  var solicits = 0
  /// Answers that told the link address of a neighbour that had been asked.
  var replies = 0
  /// Link addresses that came in place of another.
  var changes = 0
  /// What was heard and not believed, or of no use.
  var ignored = 0
  /// Neighbours that did not answer.
  var failures = 0
  /// Entries that made room for others.
  var evictions = 0
  /// Packets that were given to be held.
  var offeredPackets = 0
  /// Those that went on to their neighbour.
  var releasedPackets = 0
  /// Those that were given back because it did not answer.
  var failedPackets = 0
  /// Those that were dropped for want of room, or refused.
  var droppedPackets = 0
}
