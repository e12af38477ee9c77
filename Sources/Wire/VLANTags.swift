// SPDX-License-Identifier: BSD-2-Clause

/// The VLAN tags of a frame: how many, and the outer two.
///
///     destination | source | type 0x88a8, tag | type 0x8100, tag | EtherType | ...
///                             outer              inner
@frozen
public struct VLANTags: Hashable, Sendable, BitwiseCopyable {
  /// Tags in the frame, 255 for more.
  public var count: UInt8
  /// Whether one of them is a customer's: type 0x8100, or 0x9100 from before 802.1ad.
  public var hasCustomerTag: Bool
  /// The type that announced the outer tag; 0 without one.
  public var outerType: EtherType
  /// Priority, drop-eligible bit and identifier of the outer tag.
  public var outerControl: UInt16
  /// The type that announced the second tag; 0 without one.
  public var innerType: EtherType
  /// Priority, drop-eligible bit and identifier of the second tag.
  public var innerControl: UInt16

  /// No tags.
  @inlinable @inline(__always)
  public init() {
    count = 0
    hasCustomerTag = false
    outerType = EtherType(rawValue: 0)
    outerControl = 0
    innerType = EtherType(rawValue: 0)
    innerControl = 0
  }

  /// The VLAN of the outer tag, 0...4095; nil without one.
  @inlinable
  public var outerIdentifier: UInt16? { count > 0 ? outerControl & 0xfff : nil }

  /// The VLAN of the second tag, 0...4095; nil without one.
  @inlinable
  public var innerIdentifier: UInt16? { count > 1 ? innerControl & 0xfff : nil }

  /// Whether tags are stacked, or the outer one is a service provider's.
  @inlinable
  public var isQinQ: Bool { count > 1 || outerType.isServiceVLANTag }

  mutating func append(_ type: EtherType, control: UInt16) {
    if count == 0 {
      outerType = type
      outerControl = control
    } else if count == 1 {
      innerType = type
      innerControl = control
    }
    if count < .max { count += 1 }
    if type != .serviceVLAN { hasCustomerTag = true }
  }
}
