// SPDX-License-Identifier: BSD-2-Clause
//
// Two sinks, each for one side of the conversations:
//
//     packet --sender's side--> client: first sink       server: second sink
//
//     accepted == first's accepted + second's accepted
//
// Packets go in runs of one side, so what is left when a sink has no room is left in order, and the
// first one left is the one at fault. Both sinks are finished, whatever the first says.

public import Mbufs
public import Wire

/// Who of two parties has sent a packet.
public struct SideRule: Equatable, Sendable {
  /// A party of a conversation.
  public enum Side: Sendable {
    /// Who asks.
    case client
    /// Who answers.
    case server
  }

  /// Senders that are servers, or clients.
  private let prefixes: [IPPrefix]
  private let prefixSide: Side
  private let isByPort: Bool
  /// The bit of a flow's hash that tells, if that does.
  private let flowBit: Int?

  private init(_ prefixes: [IPPrefix], _ side: Side, isByPort: Bool = false, flowBit: Int? = nil) {
    self.prefixes = prefixes
    prefixSide = side
    self.isByPort = isByPort
    self.flowBit = flowBit
  }

  /// Servers are those that send from one of these prefixes; clients all others.
  public static func servers(_ prefixes: [IPPrefix]) -> SideRule {
    SideRule(prefixes, .server)
  }

  /// Clients are those that send from one of these prefixes; servers all others.
  public static func clients(_ prefixes: [IPPrefix]) -> SideRule {
    SideRule(prefixes, .client)
  }

  /// Servers are those that send from a port below 1,024 to one that is not.
  public static var byPort: SideRule {
    SideRule([], .server, isByPort: true)
  }

  /// The first half of all flows, or the second: for the load to be shared, whoever asks or answers.
  ///
  /// - Parameter bit: the bit of `DecodedFrame.flowHash` that tells, 0 to 31, so that halves can be
  ///   halved again.
  public static func flows(bit: Int) -> SideRule {
    precondition((0..<32).contains(bit), "bit \(bit) of a flow's hash")
    return SideRule([], .server, flowBit: bit)
  }

  /// The sender's side; what has no address, or no ports, counts as a client's.
  func side(of packet: borrowing Packet) -> Side {
    let frame = packet.decoded()
    if let flowBit { return frame.flowHash >> UInt32(flowBit) & 1 == 0 ? .client : .server }
    if isByPort {
      return frame.sourcePort != 0 && frame.sourcePort < 1_024 && frame.destinationPort >= 1_024
        ? .server : .client
    }
    guard let source = frame.source ?? Self.arpSender(packet, frame) else { return .client }
    for prefix in prefixes where prefix.contains(source) { return prefixSide }
    return prefixSide == .server ? .client : .server
  }

  private static func arpSender(_ packet: borrowing Packet, _ frame: DecodedFrame) -> IPAddress? {
    guard frame.network == .arp, frame.hasNetworkHeader,
      packet.bytes.byteCount >= frame.networkOffset + ARPHeader.byteCount
    else { return nil }
    return .v4(ARPHeader(packet.bytes, at: frame.networkOffset).senderProtocol)
  }
}

/// A sink that sends what clients sent by one link and what servers sent by another.
///
/// tcpreplay: `--intf1` and `--intf2`.
public struct SplitSink: PacketSink, ~Copyable {
  private var client: any PacketSink & ~Copyable
  private var server: any PacketSink & ~Copyable
  private let rule: SideRule

  /// Puts two sinks together.
  public init(
    client: consuming any PacketSink & ~Copyable, server: consuming any PacketSink & ~Copyable,
    by rule: SideRule
  ) {
    self.client = client
    self.server = server
    self.rule = rule
  }

  /// What a sink says, which is lent for that.
  private static func asked<Answer>(
    _ sink: borrowing any PacketSink & ~Copyable,
    _ body: (borrowing any PacketSink & ~Copyable) -> Answer
  ) -> Answer { body(sink) }

  /// What is true of packets at both.
  public var traits: LinkTraits {
    Self.asked(client) { $0.traits }.common(with: Self.asked(server) { $0.traits })
  }

  /// Those of both together.
  public var statistics: InterfaceStatistics {
    var sum = Self.asked(client) { $0.statistics }
    sum.output.add(Self.asked(server) { $0.statistics.output })
    return sum
  }

  /// Packets queued at both.
  public var queuedPacketCount: Int {
    Self.asked(client) { $0.queuedPacketCount } + Self.asked(server) { $0.queuedPacketCount }
  }

  /// Those of both, one behind the other.
  public var dropsByReason: [(reason: String, count: Int)] {
    Self.asked(client) { $0.dropsByReason } + Self.asked(server) { $0.dropsByReason }
  }

  /// Accepts packets, each by its sender's side.
  ///
  /// - Throws: `InterfaceError` as the sink of the first one left does.
  public mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
    try eachRun(of: &packets) { sink, run throws(InterfaceError) in
      try sink.transmit(&run, due: due)
    }
  }

  /// Accepts packets, each by its sender's side, and does not free them.
  ///
  /// - Throws: `InterfaceError` as the sink of the first one left does.
  public mutating func transmit(
    _ packets: inout PacketQueue, keeping sent: inout PacketQueue
  ) throws(InterfaceError) {
    try eachRun(of: &packets) { sink, run throws(InterfaceError) in
      try sink.transmit(&run, keeping: &sent)
    }
  }

  private mutating func eachRun(
    of packets: inout PacketQueue,
    _ send: (inout any PacketSink & ~Copyable, inout PacketQueue) throws(InterfaceError) -> Void
  ) throws(InterfaceError) {
    while !packets.isEmpty {
      var (count, side) = (0, SideRule.Side.client)
      packets.forEach { packet in
        let own = rule.side(of: packet)
        if count == 0 { side = own }
        if own == side { count += 1 }
        return own == side
      }
      var run = PacketQueue()
      packets.moveFirst(count, to: &run)
      defer { packets.putBack(&run) }
      switch side {
      case .client: try send(&client, &run)
      case .server: try send(&server, &run)
      }
      if !run.isEmpty { return }
    }
  }

  /// Puts out what is queued at both.
  public mutating func push() throws(InterfaceError) {
    try client.push()
    try server.push()
  }

  /// Ends both; the first error is thrown.
  public mutating func finish() throws(InterfaceError) {
    var failure: InterfaceError?
    do throws(InterfaceError) { try client.finish() } catch { failure = error }
    try server.finish()
    if let failure { throw failure }
  }
}
