// SPDX-License-Identifier: BSD-2-Clause

/// What the far end of a link heard of the frames that were sent onto it.
///
///     sent == inOrder + reordered + lost
public struct LinkVerification: Equatable, Sendable {
  /// Frames sent.
  public package(set) var sentCount = 0
  /// Frames that arrived byte for byte, behind the one sent before them.
  public package(set) var inOrderCount = 0
  /// Frames that arrived byte for byte, but behind one sent later.
  public package(set) var reorderedCount = 0
  /// Frames that did not arrive, or not with their bytes.
  public package(set) var lostCount = 0
  /// The numbers of the first of those, in the order sent, from 1; no more than `listLimit`.
  public package(set) var lostFrames: [Int] = []
  /// Frames that arrived and were not sent here: a neighbour's, a second copy, or one with other bytes.
  public package(set) var foreignCount = 0
  /// Frames that the far end had no room for; they count as lost, and may have arrived.
  public package(set) var unheardCount = 0
  /// Why the far end could not be listened to until the end; nil if it could.
  public package(set) var error: InterfaceError?

  /// The most lost frames that are listed.
  public static var listLimit: Int { 100 }

  /// Nothing yet.
  public init() {}

  /// Whether all frames arrived, byte for byte and in order.
  public var isWhole: Bool { inOrderCount == sentCount }
}
