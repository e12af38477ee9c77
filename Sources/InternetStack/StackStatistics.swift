// SPDX-License-Identifier: BSD-2-Clause

/// What a stack has seen so far.
///
///     received == delivered + dropped.total
///
/// A packet counts once, however many raw sockets had a copy: it is delivered if any socket took
/// it, else dropped for the reason its own protocol gave.
///
/// BSD: `netstat -s`.
public struct StackStatistics: Sendable {
  /// Packets that came in.
  public internal(set) var received: UInt64 = 0
  /// Packets that a socket took.
  public internal(set) var delivered: UInt64 = 0
  /// Packets that no socket took.
  public internal(set) var dropped = DropCounts()
  /// Copies that raw sockets took.
  public internal(set) var rawCopies: UInt64 = 0
  /// Datagrams put on the output queue.
  public internal(set) var sent: UInt64 = 0
  /// Datagrams refused on their way out.
  public internal(set) var refused: UInt64 = 0

  mutating func count(_ reason: DropReason?) {
    received += 1
    if let reason { dropped.count(reason) } else { delivered += 1 }
  }

  /// Traps if a packet is missing.
  func checkInvariants() {
    precondition(
      received == delivered + dropped.total,
      "\(received) received, \(delivered) delivered, \(dropped.total) dropped")
  }
}
