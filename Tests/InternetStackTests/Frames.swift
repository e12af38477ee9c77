// SPDX-License-Identifier: BSD-2-Clause
import InternetStack
import Mbufs
import SocketBuffers
import Testing
import Wire

let us = IPv4Address(192, 0, 2, 1)
let them = IPv4Address(198, 51, 100, 7)

/// A UDP datagram over IPv4, made the naive way, with any field wrong on purpose.
///
/// What is nil is made right.
struct TestDatagram {
  var version: UInt8 = 4
  var headerWords: UInt8?
  var options: [UInt8] = []
  var totalLength: Int?
  var fragment: UInt16 = 0
  var `protocol`: UInt8 = 17
  var headerChecksum: UInt16?
  var source = them
  var destination = us
  var sourcePort: UInt16 = 5_000
  var destinationPort: UInt16 = 7
  var udpLength: Int?
  var checksum: UInt16?
  var payload: [UInt8] = Array("a payload of odd length".utf8)
  var padding = 0

  var headerByteCount: Int { 20 + options.count }

  /// The sum of the pseudo-header, which is what a partial checksum holds.
  var partialChecksum: UInt16 { onesSum(pseudoHeader) }

  private var pseudoHeader: [UInt8] {
    words(source.bits) + words(destination.bits) + [0, 17]
      + words(UInt16(truncatingIfNeeded: udpLength ?? payload.count + 8))
  }

  /// The datagram from its IP header on.
  var bytes: [UInt8] {
    var udp = words(sourcePort) + words(destinationPort)
    udp += words(UInt16(truncatingIfNeeded: udpLength ?? payload.count + 8))
    let made = ~onesSum(pseudoHeader + udp + [0, 0] + payload)
    udp += words(checksum ?? (made == 0 ? 0xffff : made)) + payload
    var ip: [UInt8] = [version << 4 | (headerWords ?? UInt8(headerByteCount / 4)), 0]
    ip += words(UInt16(truncatingIfNeeded: totalLength ?? headerByteCount + udp.count))
    ip += [0x12, 0x34] + words(fragment) + [64, self.protocol]
    let rest = words(source.bits) + words(destination.bits) + options
    ip += words(headerChecksum ?? ~onesSum(ip + [0, 0] + rest)) + rest
    return ip + udp + [UInt8](repeating: 0xee, count: padding)
  }
}

func words(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }

func words(_ value: UInt32) -> [UInt8] {
  words(UInt16(value >> 16)) + words(UInt16(value & 0xffff))
}

/// The ones' complement sum as RFC 1071 has it, a word at a time.
func onesSum(_ bytes: [UInt8]) -> UInt16 {
  var sum: UInt32 = 0
  for index in stride(from: 0, to: bytes.count, by: 2) {
    sum += UInt32(bytes[index]) << 8 | UInt32(index + 1 < bytes.count ? bytes[index + 1] : 0)
    sum = (sum & 0xffff) + (sum >> 16)
  }
  return UInt16(sum)
}

/// A packet of these bytes, cut into segments at the given places, with no room between them.
func packet(
  _ pool: MbufPool, _ bytes: [UInt8], cutAt cuts: [Int] = []
) throws(MbufError) -> Packet {
  if cuts.isEmpty { return try unsafe pool.packet(copying: bytes.span.bytes) }
  let ends = cuts.sorted() + [bytes.count]
  var whole = try piece(pool, bytes[..<ends[0]])
  for index in ends.indices.dropFirst() {
    whole.join(try piece(pool, bytes[ends[index - 1]..<ends[index]]))
  }
  return whole
}

private func piece(_ pool: MbufPool, _ bytes: ArraySlice<UInt8>) throws(MbufError) -> Packet {
  let copy = Array(bytes)
  let capacity = MbufLayout.packetDataByteCount
  var packet =
    copy.count <= capacity
    ? try pool.smallPacket(headroom: capacity - copy.count)
    : try pool.packet(headroom: max(MbufLayout.clusterByteCount - copy.count, 0))
  unsafe try packet.append(copy.span.bytes)
  return packet
}

func bytes(of packet: borrowing Packet) -> [UInt8] {
  var bytes: [UInt8] = []
  packet.forEachSegment { segment in
    unsafe segment.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }
  return bytes
}

/// A stack at one raw link that says nothing of its own accord, so that what is to be transmitted is what
/// was sent.
func makeStack(_ change: (inout InternetStack.Policy) -> Void = { _ in }) -> InternetStack {
  var policy = InternetStack.Policy()
  policy.isSilent = true
  change(&policy)
  return InternetStack(
    addresses: [InterfaceAddress(us, prefixBitCount: 24)], policy: policy, seed: 0x2a)
}

/// Compares what an operation that mutates returns, which `#expect` cannot look into.
func expect<Value: Equatable>(
  _ value: Value, is expected: Value, _ comment: Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(value == expected, comment, sourceLocation: sourceLocation)
}

/// Takes a datagram from a socket and compares it.
func expectDatagram(
  _ stack: inout InternetStack, _ socket: SocketID, payload: [UInt8],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard let datagram = stack.receive(socket) else {
    Issue.record("nothing received", sourceLocation: sourceLocation)
    return
  }
  datagram.packet.checkInvariants()
  #expect(bytes(of: datagram.packet) == payload, sourceLocation: sourceLocation)
}
