// SPDX-License-Identifier: BSD-2-Clause
import InternetStack
import Mbufs
import SocketBuffers
import Testing
import Wire

@Suite struct LinkTests {
  static let mac = [UInt8](repeating: 2, count: 12)

  static let good: [(LinkType, [UInt8])] = [
    (.ethernet, mac + [8, 0]),
    (.ethernet, mac + [0x81, 0, 0, 5, 8, 0]),
    (.ethernet, mac + [0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]),
    (.raw, []), (LinkType(rawValue: 101), []), (LinkType(rawValue: 14), []), (.ipv4, []),
    (.null, [2, 0, 0, 0]), (.null, [0, 0, 0, 2]), (.loop, [0, 0, 0, 2]),
    (.linuxSLL, [UInt8](repeating: 0, count: 14) + [8, 0]),
    (.linuxSLL2, [8, 0] + [UInt8](repeating: 0, count: 18)),
  ]

  static let bad: [(DropReason, LinkType, [UInt8])] = [
    (.unsupportedARP, .ethernet, mac + [8, 6, 0, 1]),
    (.short, .ethernet, mac + [0x86, 0xdd, 0x60]),
    (.short, .ipv6, []),
    (.short, .raw, [0x60]),
    (.short, .null, [30, 0, 0, 0]),
    (.unsupportedNetwork, .ethernet, mac + [0x88, 0xcc]),
    (.unsupportedNetwork, .ethernet, mac + [5, 0xe0]),
    (.unsupportedNetwork, .ethernet, mac + [0, 3, 0x42, 0x42, 3]),
    (.unsupportedNetwork, .ethernet, mac + [0, 8, 0xaa, 0xaa, 3, 0, 0, 1, 8, 0]),
    (.unsupportedNetwork, .null, [7, 0, 0, 0]),
    (.unsupportedNetwork, .loop, [2, 0, 0, 0]),
    (.malformedLink, .ethernet, Array(mac.prefix(11))),
    (.malformedLink, .ethernet, mac + [0x81, 0, 0]),
    (.malformedLink, .ethernet, mac + [0, 4, 0xaa, 0xaa, 3]),
    (.malformedLink, .null, [2, 0, 0]),
    (.malformedLink, .linuxSLL, [UInt8](repeating: 0, count: 15)),
    (.malformedLink, .linuxSLL2, [UInt8](repeating: 0, count: 19)),
    (.short, .raw, []), (.short, .ipv4, []), (.short, .ethernet, mac + [8, 0]),
    (.badVersion, .raw, [0x50]), (.badVersion, .ipv4, [UInt8](repeating: 0x60, count: 20)),
    (.unsupportedLinkType, LinkType(rawValue: 147), [1, 2, 3]),
  ]

  @Test(arguments: good)
  func everyLinkHeaderComesOff(linkType: LinkType, header: [UInt8]) throws {
    let pool = MbufPool()
    var stack = makeStack()
    let socket = try stack.bind(port: 7)
    let datagram = TestDatagram(padding: 5)
    let frame = header + datagram.bytes
    for cut in 0...frame.count {
      expect(stack.input(try packet(pool, frame, cutAt: [cut]), linkType: linkType), is: nil)
      expectDatagram(&stack, socket, payload: datagram.payload)
    }
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func snapNamesTheNetworkAndItsLengthCutsThePaddingOff() throws {
    let pool = MbufPool()
    var stack = makeStack()
    let socket = try stack.bind(port: 7)
    let inner = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0] + TestDatagram().bytes
    let frame = Self.mac + words(UInt16(inner.count)) + inner + [9, 9, 9]
    expect(stack.input(try packet(pool, frame), linkType: .ethernet), is: nil)
    expectDatagram(&stack, socket, payload: TestDatagram().payload)
    // A length that cuts the datagram off makes it short.
    let cut = Self.mac + words(UInt16(inner.count - 1)) + inner
    expect(stack.input(try packet(pool, cut), linkType: .ethernet), is: .short)
    #expect(pool.outstanding == 0)
  }

  @Test(arguments: bad)
  func whatIsNotIPIsCountedForWhatItIs(
    reason: DropReason, linkType: LinkType, frame: [UInt8]
  ) throws {
    let pool = MbufPool()
    var stack = makeStack()
    expect(stack.input(try packet(pool, frame), linkType: linkType), is: reason)
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func tagsAreFollowedHoweverManyThereAre() throws {
    let pool = MbufPool()
    var stack = makeStack()
    let socket = try stack.bind(port: 7)
    for count in [0, 1, 2, 7, 8, 9, 12, 100, 400] {
      var frame = Self.mac
      for _ in 0..<count { frame += [0x81, 0, 0, 5] }
      frame += [8, 0] + TestDatagram().bytes
      expect(stack.input(try packet(pool, frame), linkType: .ethernet), is: nil)
      expectDatagram(&stack, socket, payload: TestDatagram().payload)
    }
    #expect(pool.outstanding == 0)
  }
}
