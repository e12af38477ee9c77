// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import UMA
import Wire

@testable import InternetStack

@Suite struct InputTests {
  static let wrong: [(DropReason, TestDatagram)] = [
    (.badVersion, TestDatagram(version: 5)),
    (.badHeaderLength, TestDatagram(headerWords: 4)),
    (.badHeaderLength, TestDatagram(headerWords: 0)),
    (.short, TestDatagram(headerWords: 15)),
    (.badLength, TestDatagram(totalLength: 19)),
    (.badLength, TestDatagram(totalLength: 0)),
    (.badLength, TestDatagram(options: [1, 1, 1, 0], totalLength: 23)),
    (.short, TestDatagram(totalLength: 52)),
    (.short, TestDatagram(totalLength: 65_535)),
    (.short, TestDatagram(totalLength: 27)),
    (.noProtocol, TestDatagram(protocol: 6)),
    (.badHeaderChecksum, TestDatagram(headerChecksum: 0x1234)),
    (.badHeaderChecksum, TestDatagram(options: [1, 1, 1, 0], headerChecksum: 0)),
    (.martianSource, TestDatagram(source: IPv4Address(224, 0, 0, 1))),
    (.martianSource, TestDatagram(source: .broadcast)),
    (.notForUs, TestDatagram(destination: them)),
    (.notForUs, TestDatagram(destination: IPv4Address(192, 0, 3, 255))),
    // We are a stop on its way; an authentication header in front of UDP.
    (.sourceRoute, TestDatagram(options: [0x83, 7, 4, 10, 0, 0, 9, 0])),
    (
      .noProtocol,
      TestDatagram(
        protocol: 51, sourcePort: 0x1104, destinationPort: 0,
        payload: [UInt8](repeating: 0, count: 40))
    ),
    (.badPort, TestDatagram(destinationPort: 0)),
    (.noSocket, TestDatagram(destinationPort: 8)),
    (.badLength, TestDatagram(udpLength: 7)),
    (.badLength, TestDatagram(udpLength: 0)),
    (.badLength, TestDatagram(udpLength: 32)),
    (.badLength, TestDatagram(udpLength: 32, padding: 10)),
    (.badChecksum, TestDatagram(checksum: 0x1234)),
    (.badChecksum, TestDatagram(checksum: TestDatagram().partialChecksum)),
  ]

  static let right: [TestDatagram] = [
    TestDatagram(),
    TestDatagram(payload: []),
    TestDatagram(payload: [1]),
    TestDatagram(payload: [UInt8](repeating: 0xff, count: 1_472)),
    TestDatagram(payload: [UInt8](repeating: 3, count: 5_000)),
    TestDatagram(options: [1, 1, 1, 0]),
    TestDatagram(options: [UInt8](repeating: 1, count: 40)),
    // A source route whose last stop we are.
    TestDatagram(options: [0x83, 7, 8, 10, 0, 0, 9, 0]),
    TestDatagram(fragment: 0x4000),
    TestDatagram(destination: .broadcast),
    TestDatagram(destination: IPv4Address(192, 0, 2, 255)),
    TestDatagram(checksum: 0),
    TestDatagram(padding: 18),
    TestDatagram(payload: [1, 2, 3], padding: 1),
  ]

  @Test(arguments: wrong)
  func eachWrongFieldHasItsReason(reason: DropReason, datagram: TestDatagram) throws {
    let pool = MbufPool()
    var stack = makeStack()
    let socket = try stack.bind(port: 7)
    expect(stack.input(try packet(pool, datagram.bytes), linkType: .raw), is: reason)
    #expect(stack.statistics.dropped[reason] == 1 && stack.statistics.received == 1)
    if stack.receive(socket) != nil { Issue.record("delivered what was dropped") }
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test(arguments: right)
  func whatIsRightIsDeliveredWithoutPadding(datagram: TestDatagram) throws {
    let pool = MbufPool()
    var stack = makeStack()
    let socket = try stack.bind(port: 7)
    expect(stack.input(try packet(pool, datagram.bytes), linkType: .raw), is: nil)
    #expect(stack.statistics.delivered == 1)
    stack.checkInvariants()
    guard let received = stack.receive(socket) else {
      Issue.record("nothing received")
      return
    }
    #expect(received.source == Endpoint(them, 5_000))
    #expect(received.destination == Endpoint(datagram.destination, 7))
    #expect(bytes(of: received.packet) == datagram.payload)
    stack.checkInvariants()
  }

  @Test func everyCutOfAFrameGivesWhatTheWholeFrameGives() throws {
    let pool = MbufPool()
    var random = SeededRandom()
    var stack = makeStack()
    let socket = try stack.bind(port: 7)
    var datagrams = Self.right.prefix(3) + Self.right.suffix(7)
    datagrams += Self.wrong.map(\.1)
    for datagram in datagrams {
      let frame = [UInt8](repeating: 2, count: 12) + [8, 0] + datagram.bytes
      let reason = stack.input(try packet(pool, frame), linkType: .ethernet)
      if reason == nil { expectDatagram(&stack, socket, payload: datagram.payload) }
      var cuts = (0...frame.count).map { [$0] }
      for _ in 0..<50 {
        cuts.append([
          Int.random(in: 0...frame.count, using: &random),
          Int.random(in: 0...frame.count, using: &random),
        ])
      }
      for cut in cuts {
        expect(
          stack.input(try packet(pool, frame, cutAt: cut), linkType: .ethernet), is: reason,
          "cut at \(cut)")
        if reason == nil { expectDatagram(&stack, socket, payload: datagram.payload) }
      }
    }
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func aPartialChecksumPassesWhereTheInterfaceOrThePolicySaysSo() throws {
    let pool = MbufPool()
    let partial = TestDatagram(checksum: TestDatagram().partialChecksum)
    let bad = TestDatagram(checksum: 0x1234)
    var stack = makeStack { $0.acceptsPartialChecksums = true }
    let socket = try stack.bind(port: 7)
    expect(stack.input(try packet(pool, partial.bytes), linkType: .raw), is: nil)
    expect(stack.input(try packet(pool, bad.bytes), linkType: .raw), is: .badChecksum)
    stack.policy.acceptsPartialChecksums = false
    for state in [PacketHeader.ChecksumState.partial, .verified] {
      var vouched = try packet(pool, partial.bytes)
      vouched.header.checksumState = state
      expect(stack.input(vouched, linkType: .raw), is: nil)
    }
    for _ in 0..<3 { expectDatagram(&stack, socket, payload: partial.payload) }
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func everyCutOfTheEndIsDroppedForBeingShort() throws {
    let pool = MbufPool()
    var stack = makeStack()
    _ = try stack.bind(port: 7)
    let whole = TestDatagram().bytes
    for byteCount in 0..<whole.count {
      expect(
        stack.input(try packet(pool, Array(whole.prefix(byteCount))), linkType: .ipv4), is: .short)
    }
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func reasonsHaveNamesOfTheirOwn() {
    let names = DropReason.allCases.map(\.name)
    #expect(Set(names).count == names.count)
    for name in names {
      #expect(name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" }, "\(name)")
    }
    #expect(names.contains("fragment_overlap") && names.contains("not_for_us"))
    #expect(DropCounts().total == 0)
  }
}
