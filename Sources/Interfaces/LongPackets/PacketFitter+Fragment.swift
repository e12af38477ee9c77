// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Wire

// Where the parts of a packet are that is sent in fragments:
//
//     | link, tags | IPv4 header                            | data ...      |
//     | link, tags | IPv6 header, hop-by-hop, up to routing | data ...      |
//     0            start                                    dataStart       end
//
//     data of each fragment but the last: a multiple of 8 bytes
//     a fragment of a fragment goes on where that began, and has its "more fragments" at the end

extension PacketFitter {
  mutating func fragment(
    _ packet: inout Packet, _ frame: DecodedFrame, _ rest: inout PacketQueue
  ) throws(MbufError) -> LongPacketOutcome {
    guard Self.isWhole(frame, packet), frame.ipTotalByteCount <= 0xffff + 40 else {
      return .dropped(.unfit)
    }
    // Nothing but bytes behind the IP packet is too long.
    let end = frame.networkOffset + frame.ipTotalByteCount
    if frame.ipTotalByteCount <= limit(frame, packet) {
      packet.trimBack(packet.byteCount - end)
      packet.header.wireByteCount = nil
      return .fitted(added: 0)
    }
    return frame.network == .ipv4
      ? try fragmentIPv4(&packet, frame, &rest) : try fragmentIPv6(&packet, frame, &rest)
  }

  private func fragmentIPv4(
    _ packet: inout Packet, _ frame: DecodedFrame, _ rest: inout PacketQueue
  ) throws(MbufError) -> LongPacketOutcome {
    let start = frame.networkOffset
    let dataStart = start + frame.ipHeaderByteCount
    let end = start + frame.ipTotalByteCount
    // Nothing but options is too long.
    guard dataStart < end else { return .dropped(.unfit) }
    let flags = try packet.uint16(at: start + 6)
    if flags & 0x4000 != 0 { return .dropped(.mustNotFragment) }
    let limit = limit(frame, packet)
    var difference: UInt16 = 0
    if frame.ipv4HeaderChecksum == .invalid {
      difference =
        packet.internetChecksum(from: start, byteCount: frame.ipHeaderByteCount).folded
    }
    let completion = Completion(packet, frame)
    let transportByteCount = Self.copiedByteCount(frame, completion)
    var pieces = PacketQueue()
    var place = dataStart
    while place < end {
      let extra = place == dataStart ? transportByteCount : 0
      var piece = try Self.headers(of: &packet, dataStart + extra)
      var bytes = piece.mutableBytes
      if let completion, place == dataStart { completion.write(into: &bytes, at: dataStart) }
      var headerByteCount = frame.ipHeaderByteCount
      if place > dataStart { headerByteCount = Self.dropOptions(&bytes, start, headerByteCount) }
      let room = limit - headerByteCount
      let count = end - place <= room ? end - place : room & ~7
      guard count >= Swift.max(8, extra) || place + count == end else { return .dropped(.unfit) }
      let offset = (frame.fragmentOffset + place - dataStart) / 8
      guard offset <= 0x1fff else { return .dropped(.unfit) }
      let isLast = place + count == end && flags & 0x2000 == 0
      bytes.setFragment(
        start, headerByteCount, headerByteCount + count,
        flags & 0x8000 | (isLast ? 0 : 0x2000) | UInt16(offset), wrongBy: difference)
      piece.trimBack(frame.ipHeaderByteCount - headerByteCount)
      piece.checksumState = .unknown
      piece.join(try packet.sharedCopy(place + extra..<place + count))
      pieces.enqueue(piece)
      place += count
    }
    return Self.replace(&packet, by: &pieces, &rest)
  }

  /// Bytes behind the IP headers that are copied into the first fragment with them: the header of the
  /// transport, so that it is in one piece, and its checksum if that is to be filled in.
  static func copiedByteCount(_ frame: DecodedFrame, _ completion: Completion?) -> Int {
    Swift.max(
      completion?.headerByteCount ?? 0,
      frame.hasTransportHeader ? Swift.min(8, frame.transportByteCount) : 0)
  }

  /// Keeps the options that every fragment has, those with the highest bit; returns the header's bytes.
  @_lifetime(bytes: copy bytes)
  private static func dropOptions(
    _ bytes: inout MutableRawSpan, _ start: Int, _ byteCount: Int
  ) -> Int {
    let end = start + byteCount
    var (from, to) = (start + 20, start + 20)
    while from < end, bytes.uint8(at: from) != 0 {
      let isSingle = bytes.uint8(at: from) == 1
      let count =
        isSingle ? 1 : from + 1 < end ? Swift.max(2, Int(bytes.uint8(at: from + 1))) : end - from
      if bytes.uint8(at: from) & 0x80 != 0, from + count <= end {
        for index in 0..<count { bytes.store(bytes.uint8(at: from + index), at: to + index) }
        to += count
      }
      from += count
    }
    while (to - start) % 4 != 0 {
      bytes.store(0 as UInt8, at: to)
      to += 1
    }
    return to - start
  }
}

/// A transport checksum that was left to a device, filled in for the datagram that is sent in pieces.
struct Completion {
  let offset: Int
  let value: UInt16

  /// Bytes of the transport header up to and with the checksum.
  var headerByteCount: Int { offset + 2 }

  /// Nil if there is nothing to fill in.
  init?(_ packet: borrowing Packet, _ frame: DecodedFrame) {
    switch frame.transport {
    case .udp: offset = 6
    case .tcp: offset = TCPHeader.checksumOffset
    default: return nil
    }
    guard frame.isVerifiable, !frame.isFragment,
      packet.checksumState == .partial
        || packet.checksumState == .unknown && packet.transportChecksumResult(frame) == .partial
    else { return nil }
    let sum = packet.internetChecksum(
      from: frame.transportOffset, byteCount: frame.transportByteCount)
    value = frame.transport == .udp ? UDPHeader.checksumToSend(sum) : sum.complement
  }

  @_lifetime(bytes: copy bytes)
  func write(into bytes: inout MutableRawSpan, at start: Int) {
    bytes.store(value, at: start + offset)
  }
}

extension MutableRawSpan {
  /// Makes an IPv4 header that of a fragment.
  @_lifetime(self: copy self)
  fileprivate mutating func setFragment(
    _ start: Int, _ headerByteCount: Int, _ byteCount: Int, _ flagsAndOffset: UInt16,
    wrongBy difference: UInt16
  ) {
    store(0x40 | UInt8(headerByteCount / 4), at: start)
    store(UInt16(truncatingIfNeeded: byteCount), at: start + 2)
    store(flagsAndOffset, at: start + 6)
    store(0 as UInt16, at: start + 10)
    var sum = InternetChecksum()
    sum.add(bytes.extracting(start..<start + headerByteCount))
    store(sum.complement.adding(difference), at: start + 10)
  }
}
