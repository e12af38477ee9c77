// SPDX-License-Identifier: BSD-2-Clause
import TestSupport

@testable import Mbufs

extension Failure {
  /// A finding in these words.
  init(_ description: String) { self.init(description: description) }
}

/// A packet that sees the whole storage of an mbuf under test; no operation may change it.
final class OutsideView {
  private let packet: Packet
  private let bytes: [UInt8]

  init(_ packet: consuming Packet) {
    bytes = Self.bytes(of: packet)
    self.packet = packet
  }

  private static func bytes(of packet: borrowing Packet) -> [UInt8] {
    unsafe packet.bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }

  func check() throws {
    if Self.bytes(of: packet) != bytes { throw Failure("storage was written that others see") }
  }
}
