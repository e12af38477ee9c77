// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs

/// Accepts every packet and frees it, as the discard device does.
///
/// BSD: disc(4).
public struct NullSink: PacketSink, ~Copyable {
  /// Packets freed; they count as sent.
  public private(set) var statistics = InterfaceStatistics()

  /// Nothing freed yet.
  public init() {}

  /// Frees all packets.
  public mutating func transmit(_ packets: inout PacketQueue, due: Int64) {
    statistics.output.count(packets: packets.packetCount, bytes: packets.byteCount)
    packets = PacketQueue()
  }
}
