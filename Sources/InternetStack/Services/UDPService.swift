// SPDX-License-Identifier: BSD-2-Clause
//
// The small services (RFC 862 to 868), each a datagram in and at most one out:
//
//     service      answer                                          port
//     ---------    --------------------------------------------    ----
//     echo         what came, in the packet that brought it           7
//     discard      none                                               9
//     chargen      as many characters as came bytes                  19
//     time         seconds since 1900, four bytes                    37
//
// An answer is never longer than its cause (but for the four bytes of time), so that a forged source does
// not make this host a lever; and what another service, or this one, may have sent is not answered at all:
// `Datagram.mayLoop`.
//
//     received == answered + discarded + unanswered + refused

import Mbufs
import SocketBuffers
import Wire

/// A service on a socket of a stack.
///
/// BSD: inetd(8), its internal services.
public struct UDPService: Sendable {
  /// What it does with a datagram.
  public enum Kind: String, CaseIterable, Sendable {
    /// Sends it back (RFC 862).
    case echo
    /// Throws it away (RFC 863).
    case discard
    /// Sends as many characters back (RFC 864).
    case chargen
    /// Sends the time (RFC 868).
    case time

    /// The port that is assigned to it.
    public var port: UInt16 {
      switch self {
      case .echo: 7
      case .discard: 9
      case .chargen: 19
      case .time: 37
      }
    }
  }

  /// Datagrams of a service so far.
  public struct Statistics: Equatable, Sendable {
    /// Datagrams that came.
    public fileprivate(set) var received: UInt64 = 0
    /// Answers sent.
    public fileprivate(set) var answered: UInt64 = 0
    /// Datagrams that wanted no answer.
    public fileprivate(set) var discarded: UInt64 = 0
    /// Datagrams not answered, since that might go on forever.
    public fileprivate(set) var unanswered: UInt64 = 0
    /// Answers that could not be sent.
    public fileprivate(set) var refused: UInt64 = 0

    /// Nothing yet.
    public init() {}
  }

  /// What it does with a datagram.
  public let kind: Kind
  /// Where it receives.
  public let socket: SocketID
  /// Datagrams so far.
  public private(set) var statistics = Statistics()

  /// Serves an open socket of a stack.
  public init(_ kind: Kind, on socket: SocketID) {
    self.kind = kind
    self.socket = socket
  }

  /// Answers what waits, up to a number of datagrams.
  ///
  /// - Parameters:
  ///   - stack: the stack that the socket is of.
  ///   - datagramLimit: the most datagrams of this call.
  /// - Returns: whether anything was there.
  /// - Complexity: O(bytes).
  @discardableResult
  public mutating func serve(
    _ stack: inout InternetStack, upTo datagramLimit: Int = 64
  ) -> Bool {
    var count = 0
    while count < datagramLimit, let datagram = stack.receive(socket) {
      count += 1
      statistics.received += 1
      answer(datagram, &stack)
    }
    return count > 0
  }

  private mutating func answer(_ datagram: consuming Datagram, _ stack: inout InternetStack) {
    if kind == .discard {
      statistics.discarded += 1
      return
    }
    // One datagram to all would bring an answer from each.
    let reached = datagram.destination.address
    if datagram.mayLoop || reached.isMulticast || stack.isBroadcast(reached) {
      statistics.unanswered += 1
      return
    }
    let (client, local) = (datagram.source, datagram.destination.address)
    do throws(SendError) {
      try stack.send(
        try payload(datagram.packet, stack.nowInNanoseconds), from: socket, to: client,
        source: local)
      statistics.answered += 1
    } catch {
      statistics.refused += 1
    }
  }

  /// What an answer says, in the packet that asked.
  private func payload(
    _ packet: consuming Packet, _ now: Int64
  ) throws(SendError) -> Packet {
    switch kind {
    case .echo, .discard: return packet
    case .chargen: return try characters(packet)
    case .time:
      packet.trimFront(packet.byteCount)
      // 70 years of seconds; wraps in 2036, as the protocol does.
      let seconds = UInt32(truncatingIfNeeded: now / 1_000_000_000 + 2_208_988_800)
      do throws(MbufError) {
        try packet.prepend(4) { output in
          output.append(4) { bytes in bytes.store(seconds, at: 0) }
        }
      } catch {
        throw .noMemory(error)
      }
      return packet
    }
  }

  /// Overwrites every byte with the next of the 95 characters that print.
  private func characters(_ packet: consuming Packet) throws(SendError) -> Packet {
    do throws(MbufError) {
      try packet.makeWritable(0..<packet.byteCount)
    } catch {
      throw .noMemory(error)
    }
    var next: UInt8 = 32
    packet.forEachMutableSegment { segment in
      for offset in segment.byteOffsets {
        segment.store(next, at: offset)
        next = next == 126 ? 32 : next + 1
      }
    }
    return packet
  }
}
