// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Wire

extension PacketFitter {
  /// Whether the packet can be sent in several segments of TCP: whole, no fragment, nothing urgent.
  static func canSegment(_ frame: DecodedFrame, _ packet: borrowing Packet) -> Bool {
    guard frame.transport == .tcp, frame.isVerifiable, !frame.isFragment, isWhole(frame, packet),
      let flags = try? packet.uint8(at: frame.transportOffset + 13)
    else { return false }
    return !TCPFlags(rawValue: flags).contains(.urg)
  }

  /// Sends the payload in segments that have the headers of the packet.
  ///
  ///     sequence           goes on by the bytes before
  ///     FIN, PSH           on the last only;  CWR on the first only
  ///     identification     of IPv4, one more for each
  func segment(
    _ packet: inout Packet, _ frame: DecodedFrame, _ rest: inout PacketQueue
  ) throws(MbufError) -> LongPacketOutcome {
    let (start, transport) = (frame.networkOffset, frame.transportOffset)
    let headerEnd = frame.payloadOffset
    let end = start + frame.ipTotalByteCount
    let step = limit(frame, packet) - (headerEnd - start)
    guard step > 0 else { return .dropped(.unfit) }
    let difference = difference(packet, frame)
    var pieces = PacketQueue()
    var place = headerEnd
    repeat {
      let count = Swift.min(step, end - place)
      var piece = try Self.headers(of: &packet, headerEnd)
      let payload = packet.internetChecksum(from: place, byteCount: count)
      var bytes = piece.mutableBytes
      Self.setLength(
        &bytes, frame, headerEnd - start + count, identificationStep: pieces.packetCount)
      let sequence =
        bytes.uint32(at: transport + 4) &+ UInt32(truncatingIfNeeded: place - headerEnd)
      var flags = TCPFlags(rawValue: bytes.uint8(at: transport + 13))
      if place + count < end { flags.subtract([.fin, .psh]) }
      if place > headerEnd { flags.remove(.cwr) }
      bytes.store(sequence, at: transport + 4)
      bytes.store(flags.rawValue, at: transport + 13)
      bytes.store(0 as UInt16, at: transport + TCPHeader.checksumOffset)
      var sum = frame.pseudoHeaderSum(byteCount: headerEnd - transport + count)
      sum.add(bytes.bytes.extracting(transport..<headerEnd))
      sum.add(payload)
      bytes.store(sum.complement.adding(difference), at: transport + TCPHeader.checksumOffset)
      if packet.checksumState == .partial { piece.checksumState = .verified }
      if count > 0 { piece.join(try packet.sharedCopy(place..<place + count)) }
      pieces.enqueue(piece)
      place += count
    } while place < end
    return Self.replace(&packet, by: &pieces, &rest)
  }

  /// By how much the checksum of the packet is wrong, in ones' complement; 0 if it is right or partial.
  private func difference(_ packet: borrowing Packet, _ frame: DecodedFrame) -> UInt16 {
    guard packet.checksumState == .unknown, packet.transportChecksumResult(frame) == .invalid
    else { return 0 }
    var sum = frame.pseudoHeaderSum
    sum.add(
      packet.internetChecksum(from: frame.transportOffset, byteCount: frame.transportByteCount))
    return sum.folded
  }

  /// Has the IP header say another length; of IPv4, also another identification.
  @_lifetime(bytes: copy bytes)
  static func setLength(
    _ bytes: inout MutableRawSpan, _ frame: DecodedFrame, _ byteCount: Int,
    identificationStep: Int = 0
  ) {
    let start = frame.networkOffset
    if frame.network == .ipv6 {
      let length = byteCount - IPv6Header.byteCount
      bytes.store(UInt16(truncatingIfNeeded: length), at: start + 4)
      return
    }
    let length = bytes.uint16(at: start + 2)
    let identification = bytes.uint16(at: start + 4)
    let checksum = bytes.uint16(at: start + 10)
    let next = identification &+ UInt16(truncatingIfNeeded: identificationStep)
    var change = ChecksumChange()
    change.replace(length, by: UInt16(truncatingIfNeeded: byteCount))
    change.replace(identification, by: next)
    bytes.store(UInt16(truncatingIfNeeded: byteCount), at: start + 2)
    bytes.store(next, at: start + 4)
    bytes.store(change.applied(to: checksum), at: start + 10)
  }
}

extension MutableRawSpan {
  /// The byte at an offset.
  func uint8(at offset: Int) -> UInt8 { FixedBytes<1>(bytes, at: offset).uint8(at: 0) }

  /// The 16-bit number at an offset, most significant byte first.
  func uint16(at offset: Int) -> UInt16 { FixedBytes<2>(bytes, at: offset).uint16(at: 0) }

  /// The 32-bit number at an offset, most significant byte first.
  func uint32(at offset: Int) -> UInt32 { FixedBytes<4>(bytes, at: offset).uint32(at: 0) }
}

extension UInt16 {
  /// The sum in ones' complement.
  func adding(_ other: UInt16) -> UInt16 {
    let (sum, isOver) = addingReportingOverflow(other)
    // Cannot wrap: a sum that wrapped is less than both.
    return isOver ? sum &+ 1 : sum
  }
}
