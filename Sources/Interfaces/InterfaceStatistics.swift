// SPDX-License-Identifier: BSD-2-Clause

/// Packets at one end of a link so far.
///
///     arrived  == input.packets + input.drops + input.errors
///     accepted == output.packets + output.drops + output.errors + queued
///
/// BSD: a line of `netstat -i`.
@frozen
public struct InterfaceStatistics: Equatable, Sendable, BitwiseCopyable {
  /// One direction.
  @frozen
  public struct Direction: Equatable, Sendable, BitwiseCopyable {
    /// Packets given on or sent.
    public var packets = 0
    /// Bytes of them.
    public var bytes = 0
    /// Packets lost because something failed.
    public var errors = 0
    /// Packets given up: for want of memory or room, or on purpose.
    public var drops = 0
    /// Bytes of those lost and given up, where the end of the link knows them.
    public var lostBytes = 0

    /// Nothing yet.
    @inlinable
    public init() {}

    /// Counts what another counted too.
    package mutating func add(_ other: Direction) {
      packets += other.packets
      bytes += other.bytes
      errors += other.errors
      drops += other.drops
      lostBytes += other.lostBytes
    }

    /// Packets that went through, were lost or were dropped.
    package var total: Int { packets + errors + drops }

    /// Counts packets that went through, with their bytes.
    @inlinable
    public mutating func count(packets packetCount: Int = 1, bytes byteCount: Int) {
      packets += packetCount
      bytes += byteCount
    }
  }

  /// What came in.
  public var input = Direction()
  /// What went out.
  public var output = Direction()

  /// Nothing yet.
  @inlinable
  public init() {}
}
