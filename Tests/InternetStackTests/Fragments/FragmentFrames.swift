// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import Testing
import Wire

@testable import InternetStack

/// A fragment, or a whole datagram, made the naive way from its IP header on.
struct TestFragment {
  var isIPv6 = false
  var offset = 0
  var payload: [UInt8] = []
  var more = false
  var identification: UInt32 = 0x1234
  /// Of IPv4.
  var options: [UInt8] = []
  /// IPv6 extension headers before the fragment header, whole; the first is a hop-by-hop header.
  var extensions: [UInt8] = []
  var `protocol`: UInt8 = 253
  var source: UInt64 = 0xc633_6407
  var marks: UInt8 = 0
  /// No fragment header in IPv6.
  var isWhole = false

  var bytes: [UInt8] { isIPv6 ? ipv6 : ipv4 }

  private var ipv4: [UInt8] {
    var head: [UInt8] = [0x45 + UInt8(options.count / 4), marks]
    head += words(UInt16(20 + options.count + payload.count))
    head += words(UInt16(identification)) + words(UInt16(offset / 8) | (more ? 0x2000 : 0))
    head += [64, self.protocol]
    let rest = words(UInt32(source)) + words(us.bits) + options
    return head + words(~onesSum(head + [0, 0] + rest)) + rest + payload
  }

  private var ipv6: [UInt8] {
    let last: UInt8 = isWhole ? self.protocol : 44
    let header: [UInt8] =
      isWhole
      ? [] : [self.protocol, 0] + words(UInt16(offset) | (more ? 1 : 0)) + words(identification)
    let length = extensions.count + header.count + payload.count
    var bytes: [UInt8] = [0x60, marks << 4, 0, 0] + words(UInt16(length))
    bytes += [extensions.isEmpty ? last : 0, 64]
    bytes += words(UInt32(source >> 32)) + words(UInt32(truncatingIfNeeded: source))
    bytes += [0, 0, 0, 0, 0, 0, 0, 1]
    bytes += [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    var chain = extensions
    // The last of them says what follows.
    var at = 0
    while at < chain.count {
      let byteCount = (Int(chain[at + 1]) + 1) * 8
      if at + byteCount == chain.count { chain[at] = last }
      at += byteCount
    }
    return bytes + chain + header + payload
  }

  /// The datagram that fragments like this one make, with this one's headers.
  func whole(_ payload: [UInt8]) -> TestFragment {
    var whole = self
    (whole.offset, whole.more, whole.isWhole, whole.payload) = (0, false, true, payload)
    return whole
  }

  /// This datagram in pieces of so many bytes.
  func cut(_ unit: Int) -> [TestFragment] {
    stride(from: 0, to: payload.count, by: unit).map { start in
      var piece = self
      piece.offset = offset + start
      piece.payload = Array(payload[start..<min(start + unit, payload.count)])
      piece.more = start + unit < payload.count || more
      return piece
    }
  }
}

/// What became of a fragment, to compare.
enum TestOutcome: Equatable {
  case held
  case whole([UInt8])
  case dropped(FragmentDrop)
  case none
}

/// A reassembler and what went in and out: nothing is lost.
struct TestReassembler: ~Copyable {
  var reassembler: Reassembler
  var taken = 0
  var wholeCount = 0
  var droppedCount = 0
  var merged = 0
  var freed = 0
  /// Of those that were held and then freed.
  var freedByReason: [FragmentDrop: Int] = [:]

  init(_ limits: Reassembler.Limits = Reassembler.Limits(), key: UInt64 = 7) {
    reassembler = Reassembler(limits: limits, hashKey: SipHash.Key(first: key, second: ~key))
  }

  mutating func input(_ packet: consuming Packet, now: Int64 = 0) -> TestOutcome {
    var packet = packet
    let frame = packet.decoded(.raw)
    guard let fragment = Fragment(packet, frame) else { return .none }
    packet.trimBack(packet.byteCount - frame.ipTotalByteCount)
    return input(packet, fragment, now: now)
  }

  mutating func input(
    _ packet: consuming Packet, _ fragment: Fragment, now: Int64 = 0
  ) -> TestOutcome {
    taken += 1
    let outcome = reassembler.input(packet, fragment, now: now)
    switch consume outcome {
    case .held: return .held
    case .whole(let packet):
      wholeCount += 1
      packet.checkInvariants()
      #expect(packet.linkType == LinkType.raw.rawValue)
      return .whole(bytes(of: packet))
    case .dropped(let reason):
      droppedCount += 1
      return .dropped(reason)
    }
  }

  /// Ends all whose time is over, and returns those to speak of.
  mutating func expire(now: Int64) -> [[UInt8]] {
    var firsts: [[UInt8]] = []
    while let packet = reassembler.expire(now: now) { firsts.append(bytes(of: packet)) }
    return firsts
  }

  mutating func checkInvariants() {
    reassembler.checkInvariants()
    let gone = reassembler.takeFreed()
    merged += Int(gone.merged)
    freed += Int(gone.dropped)
    for reason in FragmentDrop.allCases where gone[reason] > 0 {
      freedByReason[reason, default: 0] += Int(gone[reason])
    }
    let held = reassembler.heldFragmentCount
    #expect(taken == wholeCount + droppedCount + merged + freed + held)
  }
}
