// SPDX-License-Identifier: BSD-2-Clause

/// What is known of a packet as a whole; it stands in the first mbuf.
///
/// A value to read, change and write back: `packet.header.vlanTag = 5`. The packet's length
/// is not among the fields that can be changed, because the chain decides it; nor are its tags. The offsets are as
/// they were set: prepending and trimming do not move them.
///
/// BSD: `struct pkthdr` (sys/sys/mbuf.h).
@frozen
public struct PacketHeader: Equatable, Sendable {
  @usableFromInline var packetByteCount: Int32 = 0
  @usableFromInline var wireBytes: UInt32 = .max
  /// When the packet was seen, in nanoseconds since 1970; the source says how exact it is.
  public var timestampInNanoseconds: Int64 = 0
  /// The interface it came from, as its owner numbers them.
  public var interfaceIndex: UInt32 = 0
  /// The link type of its first byte, as libpcap numbers them; `UInt32.max` if nobody said.
  public var linkType: UInt32 = .max
  /// What is known of its checksums.
  public var checksumState: ChecksumState = .unknown
  /// Whether its source has no time for it; its timestamp is 0 then, and does not say 1970.
  public var isTimeless = false
  /// A VLAN tag that the interface took off the frame; 0 is none.
  public var vlanTag: UInt16 = 0
  /// A hash of the packet's flow; 0 is none.
  public var flowHash: UInt32 = 0
  /// Bytes from the packet's start to its network header.
  public var networkOffset: UInt16 = 0
  /// Bytes from the packet's start to its transport header.
  public var transportOffset: UInt16 = 0
  /// The number of the record that it came in, as its source counts them; 0 if nobody said.
  public var recordNumber: UInt32 = 0
  /// The first tag's mbuf; 0 in any copy of the header that is not in an mbuf.
  @usableFromInline var tags: UInt = 0

  /// A header about which nothing is known.
  @inlinable
  public init() {}

  /// Bytes the frame had on the wire, as its source said; nil if it said nothing.
  ///
  /// More than the packet holds if the capture cut it; less only if the source was wrong. At
  /// most 4,294,967,294.
  @inlinable
  public var wireByteCount: Int? {
    get { wireBytes == .max ? nil : Int(wireBytes) }
    set { wireBytes = newValue.map { Swift.min(UInt32(clamping: $0), .max - 1) } ?? .max }
  }

  /// What an interface says of a packet's transport checksum.
  ///
  /// BSD: `csum_flags`.
  public enum ChecksumState: UInt16, Sendable {
    /// Nothing: verify in software.
    case unknown
    /// The interface verified it.
    case verified
    /// It is not filled in yet: the field holds the pseudo-header's sum.
    case partial
  }
}
