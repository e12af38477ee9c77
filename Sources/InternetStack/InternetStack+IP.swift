// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import Wire

/// What the layers above need to know of an IPv4 header, by value; nothing is checked.
struct IPFacts: BitwiseCopyable {
  let version: UInt8
  let headerByteCount: Int
  let totalLength: Int
  let isFragment: Bool
  let source: IPv4Address
  let destination: IPv4Address
  let `protocol`: IPProtocol
  /// Whether the first 20 bytes sum to what a header without options must.
  let hasValidChecksum: Bool

  /// - Precondition: there are 20 bytes from `start` on.
  @inline(__always)
  init(_ bytes: RawSpan, at start: Int) {
    let header = FixedBytes<20>(bytes, at: start)
    let first = header.uint8(at: 0)
    version = first >> 4
    // Cannot wrap: four bits.
    headerByteCount = Int(first & 0xf) &* 4
    totalLength = Int(header.uint16(at: 2))
    isFragment = header.uint16(at: 6) & 0x3fff != 0
    `protocol` = IPProtocol(rawValue: header.uint8(at: 9))
    source = header.ipv4Address(at: 12)
    destination = header.ipv4Address(at: 16)
    // Cannot wrap: five numbers of 32 bits. A sum of 16-bit words folds to 0xffff if it is a
    // multiple of that and not 0, in whichever order the bytes are and however wide the words.
    let sum =
      UInt64(header.load(UInt32.self, at: 0)) &+ UInt64(header.load(UInt32.self, at: 4))
      &+ UInt64(header.load(UInt32.self, at: 8)) &+ UInt64(header.load(UInt32.self, at: 12))
      &+ UInt64(header.load(UInt32.self, at: 16))
    hasValidChecksum = sum != 0 && sum % 0xffff == 0
  }
}

extension InternetStack {
  /// Checks an IPv4 header and gives the datagram to raw sockets and to its protocol.
  ///
  ///     | link | header | options | payload ................. | padding |
  ///            0        20   headerByteCount              totalLength    end
  ///          start
  ///
  ///     20 <= headerByteCount <= totalLength <= byteCount - start
  ///
  /// BSD: `ip_input`.
  mutating func ipInput(_ packet: consuming Packet, at start: Int) -> DropReason? {
    if let reason = packet.take(start + IPv4Header.byteCount) { return reason }
    let ip = IPFacts(packet.bytes, at: start)
    guard ip.version == 4 else { return .badVersion }
    if ip.headerByteCount == IPv4Header.byteCount {
      guard ip.hasValidChecksum else { return .badHeaderChecksum }
    } else {
      guard ip.headerByteCount > IPv4Header.byteCount else { return .badHeaderLength }
      if let reason = packet.take(start + ip.headerByteCount) { return reason }
      guard Self.isValid(packet.bytes, start..<start + ip.headerByteCount) else {
        return .badHeaderChecksum
      }
    }
    guard ip.totalLength >= ip.headerByteCount else { return .badLength }
    let excess = packet.byteCount - start - ip.totalLength
    guard excess >= 0 else { return .short }
    guard !isMartian(ip.source, to: ip.destination) else { return .martianSource }
    guard policy.acceptsAnyDestination || isOurs(ip.destination) else { return .notForUs }
    guard !ip.isFragment else { return .fragment }
    if excess > 0 { packet.trimBack(excess) }

    if sockets.rawCount > 0 { return rawThenTransport(packet, ip, at: start) }
    guard ip.protocol == .udp else { return .noProtocol }
    return udpInput(packet, ip, at: start + ip.headerByteCount)
  }

  /// Whether the checksum of a header with options is right.
  @inline(never)
  private static func isValid(_ bytes: RawSpan, _ header: Range<Int>) -> Bool {
    var sum = InternetChecksum()
    sum.add(bytes.extracting(header))
    return sum.folded == 0xffff
  }

  /// Gives a copy to each raw socket that wants the datagram, then the datagram to its protocol.
  private mutating func rawThenTransport(
    _ packet: consuming Packet, _ ip: IPFacts, at start: Int
  ) -> DropReason? {
    packet.trimFront(start)
    var isTaken = false
    var lacksMemory = false
    var isRefused = false
    for index in 0..<sockets.rawCount {
      let slot = sockets.rawSlot(at: index)
      guard sockets[slot].wants(ip.protocol) else { continue }
      do throws(MbufError) {
        let reason = sockets[slot].deliver(
          try packet.sharedCopy(), from: Endpoint(ip.source, 0), to: Endpoint(ip.destination, 0))
        switch reason {
        case nil:
          isTaken = true
          statistics.rawCopies += 1
        case .noMemory: lacksMemory = true
        default: isRefused = true
        }
      } catch {
        lacksMemory = true
      }
    }
    if ip.protocol == .udp {
      let reason = udpInput(packet, ip, at: ip.headerByteCount)
      return isTaken ? nil : reason
    }
    if isTaken { return nil }
    return isRefused ? .fullSocketBuffer : lacksMemory ? .noMemory : .noProtocol
  }
}
