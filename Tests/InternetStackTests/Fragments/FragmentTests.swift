// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

@testable import InternetStack

@Suite struct FragmentTests {
  private func fragment(_ pool: MbufPool, _ bytes: [UInt8]) throws -> Fragment? {
    let packet = try packet(pool, bytes)
    let frame = packet.decoded(.raw)
    return Fragment(packet, frame)
  }

  @Test func ofIPv4AllIsInTheHeader() throws {
    try leakChecked { pool in
      // Behind an authentication header is UDP; the field says what all fragments have.
      var test = TestFragment(
        offset: 1_600, payload: [17, 4] + [UInt8](repeating: 0, count: 30), more: true,
        options: [1, 1, 1, 0], protocol: 51, marks: 2)
      for offset in [0, 1_600] {
        test.offset = offset
        guard let fragment = try fragment(pool, test.bytes) else {
          Issue.record("no fragment")
          return
        }
        #expect(fragment.key.source.low == 0xc633_6407 && fragment.key.source.high == 0)
        #expect(fragment.key.destination.low == UInt64(us.bits) && !fragment.key.isIPv6)
        #expect(fragment.key.identification == 0x1234 && fragment.key.protocol == .authentication)
        #expect(fragment.offset == offset && fragment.payloadByteCount == 32)
        #expect(fragment.headerByteCount == 24 && fragment.moreFragments)
        #expect(fragment.congestion == 2 && fragment.holdsHeaders)
      }
    }
  }

  @Test func ofIPv6TheFirstFragmentHeaderCounts() throws {
    try leakChecked { pool in
      // Its data begins with another fragment header, which is of the datagram inside.
      let inner: [UInt8] = [17, 0, 0, 80, 0, 0, 0, 9]
      var test = TestFragment(
        isIPv6: true, payload: inner + [UInt8](repeating: 0, count: 16), more: true,
        identification: 0x89ab_cdef, extensions: [0, 0, 1, 4, 0, 0, 0, 0], protocol: 44,
        source: 0x2001_0db8_0000_0001, marks: 1)
      for offset in [0, 65_000] {
        test.offset = offset
        guard let fragment = try fragment(pool, test.bytes) else {
          Issue.record("no fragment")
          return
        }
        #expect(fragment.key.source == IPv6Address(high: 0x2001_0db8_0000_0001, low: 1))
        #expect(fragment.key.identification == 0x89ab_cdef && fragment.key.isIPv6)
        #expect(fragment.key.protocol.rawValue == 0 && fragment.nextHeader == .fragment)
        #expect(fragment.offset == offset && fragment.payloadByteCount == 24)
        #expect(fragment.headerByteCount == 56 && fragment.nextHeaderOffset == 40)
        #expect(fragment.wholeHeaderByteCount == 48 && fragment.congestion == 1)
      }
    }
  }

  @Test func whatIsNoFragmentOrCutIsNone() throws {
    try leakChecked { pool in
      for isIPv6 in [false, true] {
        let test = TestFragment(isIPv6: isIPv6, payload: [UInt8](0..<40), more: true)
        let right = try fragment(pool, test.bytes)
        #expect(right != nil)
        for count in 0..<test.bytes.count {
          expect(try fragment(pool, Array(test.bytes[..<count])), is: nil, "\(count) bytes")
        }
        expect(try fragment(pool, test.whole(test.payload).bytes), is: nil)
      }
    }
  }
}
