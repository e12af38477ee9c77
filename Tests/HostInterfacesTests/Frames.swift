// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Wire

/// An Ethernet frame with a numbered payload: `byteCount` bytes in all, at least 18.
func frame(_ number: Int, byteCount: Int = 60, type: [UInt8] = [0x88, 0xb5]) -> [UInt8] {
  var bytes: [UInt8] = [2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa] + type
  bytes += (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  while bytes.count < byteCount { bytes.append(UInt8(truncatingIfNeeded: bytes.count &* 7)) }
  return bytes
}

/// A packet with the bytes, as a sender of Ethernet frames has it.
func framed(_ bytes: some Sequence<UInt8>, _ pool: MbufPool) throws -> Packet {
  let bytes = Array(bytes)
  var packet = unsafe try pool.packet(copying: bytes.span.bytes)
  packet.header.linkType = LinkType.ethernet.rawValue
  return packet
}

/// A UDP datagram in a frame, whose checksum is its pseudo-header's sum, as a sender on a host with
/// offloads leaves it.
let unfinishedDatagram: [UInt8] = {
  var bytes: [UInt8] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]
  bytes += [0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0x66, 0xcb, 10, 0, 0, 1, 10, 0, 0, 2]
  // 0x0a00 + 1 + 0x0a00 + 2 + 17 + 12.
  bytes += [0x13, 0x88, 0x00, 0x07, 0, 12, 0x14, 0x20, 1, 2, 3, 4]
  return bytes
}()

/// Frames in a queue, to be sent.
func queue(_ frames: [[UInt8]], _ pool: MbufPool) throws -> PacketQueue {
  var queue = PacketQueue()
  for bytes in frames { queue.enqueue(try framed(bytes, pool)) }
  return queue
}
