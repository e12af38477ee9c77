// SPDX-License-Identifier: BSD-2-Clause

/// What a stack has seen so far.
///
///     received == delivered + handled + held + joined + dropped.total
///
/// A packet counts once, however many raw sockets had a copy: it is delivered if any socket took
/// it, else what its own protocol made of it. Of the fragments of a datagram that became whole the last
/// one counts for the datagram, and the others are joined.
///
/// BSD: `netstat -s`.
public struct StackStatistics: Sendable {
  /// Packets that came in.
  public internal(set) var received: UInt64 = 0
  /// Packets that a socket took.
  public internal(set) var delivered: UInt64 = 0
  /// Packets that were for the stack itself: answered, learned from, or passed on to their next hop.
  public internal(set) var handled: UInt64 = 0
  /// Fragments that wait for the rest of their datagram.
  public internal(set) var held: UInt64 = 0
  /// Fragments that became part of a whole datagram.
  public internal(set) var joined: UInt64 = 0
  /// Packets that nobody took.
  public internal(set) var dropped = DropCounts()
  /// Copies that raw sockets took.
  public internal(set) var rawCopies: UInt64 = 0
  /// Datagrams of sockets put on the way.
  public internal(set) var sent: UInt64 = 0
  /// Datagrams of sockets refused on their way out.
  public internal(set) var refused: UInt64 = 0
  /// What the stack said of its own.
  public internal(set) var own = OwnMessages()

  /// Messages that the stack sent of its own accord.
  ///
  /// BSD: `struct icmpstat`, `struct arpstat`.
  public struct OwnMessages: Equatable, Sendable {
    /// Answers to ICMP echo.
    public internal(set) var echoReplies: UInt64 = 0
    /// ICMP errors.
    public internal(set) var errors: UInt64 = 0
    /// ICMP errors that were not sent since too many were.
    public internal(set) var errorsLimited: UInt64 = 0
    /// Questions for a neighbour's link address.
    public internal(set) var solicitations: UInt64 = 0
    /// Answers to such, and announcements.
    public internal(set) var advertisements: UInt64 = 0
    /// Packets that waited for a neighbour which did not answer, or beyond what may wait.
    public internal(set) var neighbourDrops: UInt64 = 0
    /// Datagrams sent in fragments.
    public internal(set) var fragmented: UInt64 = 0
    /// Fragments sent.
    public internal(set) var fragments: UInt64 = 0
  }

  /// Nothing yet.
  public init() {}

  @inline(__always)
  mutating func count(_ outcome: Outcome) {
    received += 1
    switch outcome {
    case .delivered: delivered += 1
    case .handled: handled += 1
    case .held: held += 1
    case .dropped(let reason): dropped.count(reason)
    }
  }

  /// Traps if a packet is missing.
  func checkInvariants() {
    precondition(
      received == delivered + handled + held + joined + dropped.total,
      "\(received) received, \(delivered) delivered, \(handled) handled, \(held) held, "
        + "\(joined) joined, \(dropped.total) dropped")
  }
}
