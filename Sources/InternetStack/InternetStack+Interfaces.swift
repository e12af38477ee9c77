// SPDX-License-Identifier: BSD-2-Clause
public import Interfaces
public import Mbufs
import Wire

// A stack at an interface: what is received goes in, what waits to be transmitted goes out.

extension InternetStack {
  /// Takes in what an interface has received, one batch.
  ///
  /// - Parameters:
  ///   - source: gives packets with their link types.
  ///   - pool: where they come from.
  ///   - packetLimit: the most packets of the batch.
  /// - Returns: whether the source has more.
  /// - Throws: what the source throws; packets that it gave before are taken in.
  public mutating func input<Source: PacketSource & ~Copyable>(
    from source: inout Source, _ pool: MbufPool, upTo packetLimit: Int = 32
  ) throws(InterfaceError) -> SourceState {
    var packets = PacketQueue()
    defer {
      while let packet = packets.dequeue() {
        let linkType = LinkType(rawValue: packet.header.linkType)
        input(packet, linkType: linkType)
      }
    }
    return try source.receive(upTo: packetLimit, into: &packets, from: pool)
  }

  /// Gives an interface what waits to be transmitted; what it has no room for waits on.
  ///
  /// - Throws: what the sink throws; a packet that it refuses stays the first that waits.
  public mutating func output<Sink: PacketSink & ~Copyable>(
    to sink: inout Sink
  ) throws(InterfaceError) {
    try sink.transmit(&output)
  }
}
