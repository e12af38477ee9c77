// SPDX-License-Identifier: BSD-2-Clause

/// What a comparison of packets, read from two places, found.
///
/// Link types are compared, then packets in order (bytes, times, captured and wire lengths), then
/// how the second ends.
public struct PacketComparison: Equatable, Sendable {
  /// What may differ, by the name that reports have for it.
  public enum Field: String, Sendable, CaseIterable {
    /// How the packets begin.
    case linkType = "link_type"
    /// A packet is there in one and not in the other.
    case packetCount = "count"
    /// When the packet was seen.
    case timestamp
    /// Bytes captured.
    case capturedByteCount = "captured_length"
    /// Bytes on the wire.
    case wireByteCount = "wire_length"
    /// The bytes.
    case bytes
    /// The second is cut or corrupt behind the packets before.
    case end
  }

  /// The first place where the two differ.
  public struct Difference: Equatable, Sendable {
    /// The packet, counted from 1; nil if all packets are concerned.
    public let packet: Int?
    /// The first byte that differs, counted from 0 in the packet; nil for other fields.
    public let offset: Int?
    /// What differs.
    public let field: Field

    /// A place and what differs there.
    package init(packet: Int?, offset: Int? = nil, field: Field) {
      self.packet = packet
      self.offset = offset
      self.field = field
    }
  }

  /// Packets compared and found the same.
  public package(set) var packetCount = 0
  /// Nil if nothing differs.
  public package(set) var firstDifference: Difference?

  /// Whether nothing differs.
  public var isIdentical: Bool { firstDifference == nil }

  /// A comparison that begins.
  package init() {}
}
