// SPDX-License-Identifier: BSD-2-Clause
import Wire

@testable import Inspection

/// Packets inside of others, with no checksum in the UDP around them.
extension Frames {
  static let outer = (from: IPv4Address(1, 1, 1, 1), to: IPv4Address(2, 2, 2, 2))

  /// The packet of a frame of Ethernet.
  static func packet(_ frame: [UInt8]) -> [UInt8] { Array(frame.dropFirst(14)) }

  static func vxlan(_ frame: [UInt8], network: UInt32 = 66, port: UInt16 = 4_789) -> [UInt8] {
    unsummed(port, [8, 0, 0, 0] + (network << 8).bytes + frame)
  }

  static func geneve(
    _ inside: [UInt8], carrying number: UInt16 = 0x6558, options: [UInt8] = []
  ) -> [UInt8] {
    unsummed(
      6_081, [UInt8(options.count / 4), 0] + number.bytes + [0, 0, 10, 0] + options + inside)
  }

  static func gre(
    _ inside: [UInt8], carrying number: UInt16 = 0x0800, key: UInt32? = nil,
    sequence: UInt32? = nil
  ) -> [UInt8] {
    let flags: UInt16 = (key == nil ? 0 : 0x2000) | (sequence == nil ? 0 : 0x1000)
    let fields = (key?.bytes ?? []) + (sequence?.bytes ?? [])
    return ipv4(47, flags.bytes + number.bytes + fields + inside, from: outer.from, to: outer.to)
  }

  static func ipInIP(_ packet: [UInt8]) -> [UInt8] {
    ipv4((packet.first ?? 0) >> 4 == 6 ? 41 : 4, packet, from: outer.from, to: outer.to)
  }

  private static func unsummed(_ port: UInt16, _ payload: [UInt8]) -> [UInt8] {
    let length = UInt16(8 + payload.count)
    return ipv4(
      17, UInt16(1_234).bytes + port.bytes + length.bytes + [0, 0] + payload, from: outer.from,
      to: outer.to)
  }
}

extension UInt32 {
  var bytes: [UInt8] {
    UInt16(truncatingIfNeeded: self >> 16).bytes + UInt16(truncatingIfNeeded: self).bytes
  }
}
