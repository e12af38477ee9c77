// SPDX-License-Identifier: BSD-2-Clause

/// What a bad link does to packets; by default nothing.
///
/// BSD: `pipe config` of dummynet(4).
public struct Faults: Equatable, Sendable {
  /// The chance of a packet to be lost, 0...1.
  public var dropChance = 0.0
  /// The chance of a packet to arrive twice, 0...1.
  public var duplicateChance = 0.0
  /// The chance of a packet to arrive with one bit changed, 0...1.
  public var corruptChance = 0.0
  /// The chance of a packet to be overtaken by later ones, 0...1.
  public var reorderChance = 0.0
  /// The most packets that overtake one, at least 1.
  public var reorderDepth = 3
  /// Nanoseconds that a packet is on its way.
  public var delayInNanoseconds: Int64 = 0
  /// The most nanoseconds more, at random; packets keep their order.
  public var jitterInNanoseconds: Int64 = 0
  /// Bits per second that pass, one packet after the other; 0 for no limit.
  public var bitsPerSecond: Int64 = 0
  /// The most packets on their way; more are lost.
  public var limitInPackets = 1_024

  /// A link without faults.
  public init() {}

  /// Whether packets are held until their time has come.
  var isTimed: Bool { delayInNanoseconds > 0 || jitterInNanoseconds > 0 || bitsPerSecond > 0 }

  func checkRanges() {
    for chance in [dropChance, duplicateChance, corruptChance, reorderChance] {
      precondition((0...1).contains(chance), "a chance of \(chance)")
    }
    precondition(reorderDepth > 0, "overtaken by \(reorderDepth)")
    precondition(limitInPackets > 0, "room for \(limitInPackets) packets")
    precondition(
      delayInNanoseconds >= 0 && jitterInNanoseconds >= 0 && bitsPerSecond >= 0,
      "a delay of \(delayInNanoseconds) to \(jitterInNanoseconds) ns more, \(bitsPerSecond) bit/s")
  }
}

/// What a fault line did so far, in packets.
///
///     entered + duplicated == left + dropped + overflowed + refused + held
public struct FaultCounts: Equatable, Sendable {
  /// Came in.
  public internal(set) var entered = 0
  /// Were made as second copies.
  public internal(set) var duplicated = 0
  /// Went out.
  public internal(set) var left = 0
  /// Lost by chance.
  public internal(set) var dropped = 0
  /// Lost because as many were on their way as may.
  public internal(set) var overflowed = 0
  /// Lost because the wrapped end refused them: too long, or finished.
  public internal(set) var refused = 0
  /// Had one bit changed.
  public internal(set) var corrupted = 0
  /// Were held back, to be overtaken.
  public internal(set) var reordered = 0
  /// Copies and changes that were not made for want of an mbuf; the packet passed as it was.
  public internal(set) var denied = 0

  /// All that did not go out.
  var lost: Int { dropped + overflowed + refused }
}
