// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Wire

// Headers in front of 1,400 bytes, as output writes them: into bytes that `prepend(_:)` zeroed, or
// where `prepend(_:initializingWith:)` leaves room.

extension Operation {
  static let ofHeaders = [
    Operation(
      name: "header/8/zeroed", shape: "UDP over zeroes", base: roomy, ours: zeroedUDP),
    Operation(name: "header/8/inPlace", shape: "UDP in place", base: roomy, ours: placedUDP),
    Operation(
      name: "header/28/zeroed", shape: "UDP, then IPv4, over zeroes", base: roomy,
      ours: zeroedDatagram),
    Operation(
      name: "header/28/inPlace", shape: "UDP, then IPv4, in place", base: roomy,
      ours: placedDatagram),
  ]

  @inline(__always)
  private static func udp(_ index: Int) -> UDPHeader.Fields {
    UDPHeader.Fields(
      sourcePort: UInt16(truncatingIfNeeded: index), destinationPort: 53, length: 1_408,
      checksum: 0)
  }

  @inline(__always)
  private static func ipv4(_ index: Int) -> IPv4Header.Fields {
    IPv4Header.Fields(
      totalLength: 1_428, identification: UInt16(truncatingIfNeeded: index),
      flags: .dontFragment, timeToLive: 64, protocol: .udp, source: IPv4Address(0x0a00_0001),
      destination: IPv4Address(0x0a00_0002))
  }

  @inline(never)
  static func zeroedUDP(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for index in 0..<count {
      var packet = try pool.frame(1_400, headroom: 64)
      try packet.prepend(UDPHeader.byteCount)
      var bytes = packet.mutableBytes
      udp(index).emit(into: &bytes)
      escape(packet)
    }
  }

  @inline(never)
  static func placedUDP(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for index in 0..<count {
      var packet = try pool.frame(1_400, headroom: 64)
      let header = udp(index)
      try packet.prepend(UDPHeader.byteCount) { output in header.emit(into: &output) }
      escape(packet)
    }
  }

  @inline(never)
  static func zeroedDatagram(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for index in 0..<count {
      var packet = try pool.frame(1_400, headroom: 64)
      try packet.prepend(UDPHeader.byteCount)
      var bytes = packet.mutableBytes
      udp(index).emit(into: &bytes)
      try packet.prepend(IPv4Header.byteCount)
      bytes = packet.mutableBytes
      ipv4(index).emitWithChecksum(into: &bytes)
      escape(packet)
    }
  }

  @inline(never)
  static func placedDatagram(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for index in 0..<count {
      var packet = try pool.frame(1_400, headroom: 64)
      let inner = udp(index)
      try packet.prepend(UDPHeader.byteCount) { output in inner.emit(into: &output) }
      let outer = ipv4(index)
      try packet.prepend(IPv4Header.byteCount) { output in outer.emitWithChecksum(into: &output) }
      escape(packet)
    }
  }
}
