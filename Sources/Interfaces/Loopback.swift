// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs

/// An interface that gives back what it takes, in order.
///
/// BSD: lo(4), `looutput`.
public struct Loopback: PacketSource, PacketSink, ~Copyable {
  private var lane: Lane
  /// What may pass.
  public let traits: LinkTraits

  /// A loopback with nothing in it.
  ///
  /// - Parameters:
  ///   - traits: what may pass.
  ///   - limitInPackets: the most packets that wait to be received, at least 1.
  public init(_ traits: LinkTraits = LinkTraits(), limitInPackets: Int = 1_024) {
    self.traits = traits
    lane = Lane(limitInPackets: limitInPackets)
  }

  /// Packets that went in and came out.
  public var statistics: InterfaceStatistics { lane.statistics }

  /// Packets that wait to be received.
  package var waitingPacketCount: Int { lane.packetCount }

  /// Takes packets while there is room.
  ///
  /// - Throws: `InterfaceError` of kind `.wrongLinkType`, `.tooLong` or `.closed`.
  public mutating func transmit(
    _ packets: inout PacketQueue, due: Int64
  ) throws(InterfaceError) {
    try lane.put(&packets, traits, "the loopback")
  }

  /// Gives packets back; the end follows the last one after `finish()`.
  public mutating func receive(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
  ) -> SourceState {
    lane.take(upTo: packetLimit, into: &queue)
  }

  /// Ends the output; what waits can still be received.
  public mutating func finish() { lane.close() }

  /// Traps if a packet is missing.
  package borrowing func checkInvariants() { lane.checkInvariants() }
}
