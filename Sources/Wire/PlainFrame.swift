// SPDX-License-Identifier: BSD-2-Clause
//
// Most frames are alike: Ethernet, IPv4 without options, UDP or TCP, whole, in one piece, with nothing
// wrong about them. Whoever only counts frames need not take such a one apart:
//
//     0 addresses   12 0800   14 45   16 total length   20 flags   23 6 or 17   24 sum   26 addresses   34 transport
//
//     PlainFrame(...) == p  =>  what is counted of DecodedFrame(...) is what p says, and it has no stop
//
// Of the UDP datagrams those with a sum that is right are plain; TCP's sum is not looked at.

/// What a frame is that has nothing to it but what counts count.
@frozen
@usableFromInline
package enum PlainFrame: UInt8, BitwiseCopyable {
  /// A datagram of UDP; its checksum and IPv4's are right.
  case udp
  /// A segment of TCP; IPv4's checksum is right.
  case tcp

  /// Bytes of the headers of a datagram of UDP.
  @inlinable @inline(__always)
  static var leastByteCount: Int { EthernetHeader.byteCount &+ DecodedFrame.plainUDPByteCount }

  /// Looks at a frame; nil if it has to be taken apart.
  ///
  /// - Parameters:
  ///   - bytes: the first contiguous bytes of the frame.
  ///   - linkType: how it begins.
  @inlinable @inline(__always)
  package init?(_ bytes: RawSpan, linkType: LinkType) {
    let (start, count) = (EthernetHeader.byteCount, bytes.byteCount)
    guard linkType == .ethernet, count >= Self.leastByteCount,
      EthernetHeader(bytes, at: 0).etherType == .ipv4
    else { return nil }
    let ip = IPv4Header(bytes, at: start)
    let totalLength = Int(ip.totalLength)
    guard ip.isPlain, !ip.isFragment, start &+ totalLength <= count, ip.hasPlainChecksum else {
      return nil
    }
    let transport = start &+ IPv4Header.byteCount
    if ip.protocol == .udp {
      let udp = UDPHeader(bytes, at: transport)
      let length = Int(udp.length)
      guard length >= UDPHeader.byteCount, length &+ IPv4Header.byteCount <= totalLength,
        udp.checksum != 0
      else { return nil }
      let sum = InternetChecksum.wordSum(bytes.extracting(transport..<transport &+ length))
      guard InternetChecksum.isMultiple(sum, withAddressesOf: ip, length: udp.length) else {
        return nil
      }
      self = .udp
    } else if ip.protocol == .tcp, totalLength >= IPv4Header.byteCount &+ TCPHeader.byteCount {
      let header = TCPHeader(bytes, at: transport).headerByteCount
      guard header >= TCPHeader.byteCount, IPv4Header.byteCount &+ header <= totalLength else {
        return nil
      }
      self = .tcp
    } else {
      return nil
    }
  }
}

extension InternetChecksum {
  /// Whether the sum of a datagram of UDP, with that of its pseudo-header, is that of bytes that hold
  /// their own checksum.
  @inlinable @inline(__always)
  static func isMultiple(
    _ sum: UInt64, withAddressesOf ip: borrowing IPv4Header, length: UInt16
  ) -> Bool {
    // Cannot wrap: both are 16 bits. In the order of this machine, as the rest is.
    let rest = UInt64(UInt16(IPProtocol.udp.rawValue).bigEndian) &+ UInt64(length.bigEndian)
    let total = addWithCarry(addWithCarry(sum, ip.addressWord), rest)
    // Not 0: the protocol is among it.
    return total % 0xffff == 0
  }
}
