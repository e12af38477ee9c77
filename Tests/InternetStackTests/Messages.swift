// SPDX-License-Identifier: BSD-2-Clause
import InternetStack
import Mbufs
import Testing
import Wire

// Datagrams of both families made the naive way, and stacks to give them to.

let usLink = MACAddress(2, 0, 0, 0, 0, 1)
let themLink = MACAddress(2, 0, 0, 0, 0, 2)
let us6 = IPv6Address(high: 0x2001_0db8_0000_0000, low: 1)
let them6 = IPv6Address(high: 0x2001_0db8_ffff_0000, low: 7)

func words(_ value: UInt64) -> [UInt8] {
  words(UInt32(value >> 32)) + words(UInt32(truncatingIfNeeded: value))
}

func words(_ address: IPv6Address) -> [UInt8] { words(address.high) + words(address.low) }

/// A datagram over IPv4 with a header that is right.
func ipv4(
  _ payload: [UInt8], protocol: UInt8, from source: IPv4Address = them,
  to destination: IPv4Address = us,
  fragment: UInt16 = 0, identification: UInt16 = 0x1234, options: [UInt8] = [], ttl: UInt8 = 64
) -> [UInt8] {
  let headerByteCount = 20 + options.count
  var header: [UInt8] = [0x40 | UInt8(headerByteCount / 4), 0]
  header += words(UInt16(headerByteCount + payload.count)) + words(identification)
  header += words(fragment) + [ttl, `protocol`]
  let rest = words(source.bits) + words(destination.bits) + options
  header += words(~onesSum(header + [0, 0] + rest)) + rest
  return header + payload
}

/// A datagram over IPv6.
func ipv6(
  _ payload: [UInt8], nextHeader: UInt8, from source: IPv6Address = them6,
  to destination: IPv6Address = us6, hopLimit: UInt8 = 64
) -> [UInt8] {
  [0x60, 0, 0, 0] + words(UInt16(payload.count)) + [nextHeader, hopLimit] + words(source)
    + words(destination) + payload
}

/// An ICMP message with its checksum.
func icmp(_ type: UInt8, code: UInt8 = 0, rest: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
  let body = words(rest) + payload
  return [type, code] + words(~onesSum([type, code, 0, 0] + body)) + body
}

/// An ICMPv6 message with its checksum.
func icmpv6(
  _ type: UInt8, code: UInt8 = 0, rest: UInt32 = 0, _ payload: [UInt8] = [],
  from source: IPv6Address = them6, to destination: IPv6Address = us6
) -> [UInt8] {
  let body = words(rest) + payload
  let pseudo = pseudoHeader6(source, destination, 58, body.count + 4)
  return [type, code] + words(~onesSum(pseudo + [type, code, 0, 0] + body)) + body
}

/// A UDP datagram over IPv6 with its checksum.
func udp6(
  _ payload: [UInt8], ports: (UInt16, UInt16) = (5_000, 7), from source: IPv6Address = them6,
  to destination: IPv6Address = us6
) -> [UInt8] {
  let length = payload.count + 8
  let head = words(ports.0) + words(ports.1) + words(UInt16(length))
  let pseudo = pseudoHeader6(source, destination, 17, length)
  let sum = ~onesSum(pseudo + head + [0, 0] + payload)
  return head + words(sum == 0 ? 0xffff : sum) + payload
}

private func pseudoHeader6(
  _ source: IPv6Address, _ destination: IPv6Address, _ protocol: UInt8, _ byteCount: Int
) -> [UInt8] {
  words(source) + words(destination) + words(UInt32(byteCount)) + [0, 0, 0, `protocol`]
}

/// A stack with an address of each family at one raw link, which answers.
func makeTalkingStack(
  mtu: Int = 1_500, _ change: (inout InternetStack.Policy) -> Void = { _ in }
) -> InternetStack {
  var policy = InternetStack.Policy()
  change(&policy)
  return InternetStack(
    addresses: [
      InterfaceAddress(us, prefixBitCount: 24), InterfaceAddress(us6, prefixBitCount: 64),
    ], mtu: mtu, policy: policy, seed: 0x2a)
}

/// Takes all that a stack has to transmit.
func transmitted(_ stack: inout InternetStack, on interface: InterfaceID = .first) -> [[UInt8]] {
  var all: [[UInt8]] = []
  while let packet = stack.transmit(on: interface) {
    packet.checkInvariants()
    all.append(bytes(of: packet))
  }
  return all
}

/// What is wrong with an IP datagram that was sent, lengths and checksums; nil if nothing is.
func fault(in datagram: [UInt8]) -> String? {
  do throws(ParseError) {
    let frame = try DecodedFrame(
      strict: unsafe datagram.span.bytes, linkType: .raw, capturedByteCount: datagram.count,
      wireByteCount: datagram.count)
    if frame.ipTotalByteCount != datagram.count { return "\(frame.ipTotalByteCount) bytes by IP" }
    if frame.network == .ipv4, frame.ipv4HeaderChecksum != .valid { return "header checksum" }
    if frame.isFragment { return nil }
    let result = unsafe frame.transportChecksumResult(in: datagram.span.bytes)
    return result == .valid || result == nil
      ? nil : "transport checksum: \(String(describing: result))"
  } catch {
    return "\(error)"
  }
}
