// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs

/// A packet, and who sent it to whom.
///
/// The parts may be taken one by one: `stack.send(datagram.packet, …)` uses up the packet and
/// leaves the endpoints.
@frozen
public struct Datagram: ~Copyable, Sendable {
  /// The bytes; the first segment may be empty, so pull up what is to be read in place.
  public var packet: Packet
  /// Who sent it.
  public let source: Endpoint
  /// To whom it was sent, which tells a socket bound to any address where it was reached.
  public let destination: Endpoint
  /// Control information that came with it, if any.
  public var control: Packet?

  /// Puts the parts together.
  @inlinable
  public init(
    packet: consuming Packet, source: Endpoint, destination: Endpoint,
    control: consuming Packet? = nil
  ) {
    self.packet = packet
    self.source = source
    self.destination = destination
    self.control = control
  }
}
