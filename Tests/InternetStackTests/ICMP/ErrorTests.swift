// SPDX-License-Identifier: BSD-2-Clause
import InternetStack
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import UMA
import Wire

@Suite struct ErrorTests {
  private static let group6 = IPv6Address(high: 0xff02 << 48, low: 1)

  /// A datagram that is refused, and type and code of what its sender is told.
  static let refused: [(DropReason, [UInt8], UInt8, UInt8, String)] = [
    (.noSocket, TestDatagram().bytes, 3, 3, "nobody has the port (RFC 1122, 4.1.3.1)"),
    (.noSocket, ipv6(udp6([1, 2, 3]), nextHeader: 17), 1, 4, "the same (RFC 4443, 3.1)"),
    (.noProtocol, ipv4([1, 2, 3, 4], protocol: 89), 3, 2, "no protocol (RFC 1122, 3.2.2.1)"),
    (.noProtocol, ipv6([1, 2, 3, 4], nextHeader: 89), 4, 1, "the same (RFC 8200, 4)"),
    (
      .sourceRoute, TestDatagram(options: [0x83, 7, 4, 10, 0, 0, 9, 0]).bytes, 3, 5,
      "a source route goes on (RFC 1122, 3.3.5)"
    ),
    (
      .sourceRoute,
      ipv6(
        [17, 2, 0, 1, 0, 0, 0, 0] + words(them6) + udp6([1]), nextHeader: 43), 4, 0,
      "a routing header of kind 0 (RFC 5095)"
    ),
  ]

  @Test(arguments: refused)
  func theSenderIsToldWhy(
    reason: DropReason, datagram: [UInt8], type: UInt8, code: UInt8, why: String
  ) throws {
    let pool = MbufPool()
    var stack = makeTalkingStack()
    expect(stack.input(try packet(pool, datagram), linkType: .raw), is: reason)
    let sent = transmitted(&stack)
    #expect(sent.count == 1)
    let error = try #require(sent.first)
    #expect(fault(in: error) == nil)
    let header = datagram[0] >> 4 == 4 ? 20 : 40
    #expect(error[header] == type && error[header + 1] == code)
    #expect(Array(error[(header + 8)...]) == datagram, "quotes what it is about")
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  /// Options that contradict themselves, and where the parameter problem points (RFC 791, 1122 3.2.1.8).
  static let badOptions: [([UInt8], UInt8)] = [
    ([7, 0, 4, 0], 21), ([7, 1, 4, 0], 21), ([7, 8, 4, 0], 21), ([1, 1, 1, 7], 23),
    ([7, 7, 3, 0, 0, 0, 0, 0], 22), ([0x44, 8, 4, 0, 0, 0, 0, 0], 22),
    ([0x83, 7, 4, 0, 0, 0, 0, 0x83, 7, 4, 0, 0, 0, 0, 0, 0], 27),
  ]

  @Test(arguments: badOptions)
  func anOptionThatContradictsItselfIsToldWithItsPlace(options: [UInt8], pointer: UInt8) throws {
    let pool = MbufPool()
    for cut in 0...24 {
      var stack = makeTalkingStack()
      _ = try stack.bind(port: 7)
      let datagram = TestDatagram(options: options).bytes
      let reason = stack.input(try packet(pool, datagram, cutAt: [cut]), linkType: .raw)
      let errors = transmitted(&stack)
      #expect(reason == .badOption || reason == .sourceRoute)
      #expect(errors.count == 1 && fault(in: errors[0]) == nil)
      if reason == .badOption {
        #expect(Array(errors[0][20..<25]) == [12, 0] + errors[0][22..<24] + [pointer])
      }
    }
    #expect(pool.outstanding == 0)
  }

  @Test(arguments: [
    [1, 1, 1, 0], [7, 7, 4, 0, 0, 0, 0, 0], [0x94, 4, 0, 0], [0x44, 8, 5, 0, 0, 0, 0, 0],
  ])
  func anOptionForRoutersIsLetBe(options: [UInt8]) throws {
    let pool = MbufPool()
    var stack = makeTalkingStack()
    let socket = try stack.bind(port: 7)
    let datagram = TestDatagram(options: options)
    expect(stack.input(try packet(pool, datagram.bytes), linkType: .raw), is: nil)
    expectDatagram(&stack, socket, payload: datagram.payload)
    #expect(transmitted(&stack).isEmpty)
    #expect(pool.outstanding == 0)
  }

  /// What is never answered with an error, though nobody takes it (RFC 1122, 3.2.2; RFC 4443, 2.4 e).
  static let silent: [(DropReason, [UInt8], String)] = [
    (.noSocket, TestDatagram(destination: .broadcast).bytes, "to all"),
    (.noSocket, TestDatagram(destination: IPv4Address(192, 0, 2, 255)).bytes, "to a network"),
    (.martianSource, TestDatagram(source: IPv4Address(224, 0, 0, 1)).bytes, "from a group"),
    (.martianSource, TestDatagram(source: .loopback).bytes, "from ourselves"),
    (
      .noSocket,
      ipv6(
        udp6([1], to: group6), nextHeader: 17, to: group6), "to all nodes"
    ),
    (.badChecksum, TestDatagram(checksum: 1).bytes, "with a wrong checksum"),
    (.noProtocol, ipv6([], nextHeader: 59), "with nothing in it"),
  ]

  @Test(arguments: silent)
  func nobodyIsToldWhereOneDatagramWouldHaveManyAnswers(
    reason: DropReason, datagram: [UInt8], why: String
  ) throws {
    let pool = MbufPool()
    var stack = makeTalkingStack()
    expect(stack.input(try packet(pool, datagram), linkType: .raw), is: reason)
    #expect(transmitted(&stack).isEmpty)
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func aFrameToAllOfALinkIsNotAnsweredWithAnError() throws {
    let pool = MbufPool()
    var stack = makeTalkingStack()
    let frame =
      [UInt8](repeating: 0xff, count: 6) + [2, 0, 0, 0, 0, 9, 8, 0] + TestDatagram().bytes
    expect(stack.input(try packet(pool, frame), linkType: .ethernet), is: .noSocket)
    #expect(transmitted(&stack).isEmpty)
    #expect(pool.outstanding == 0)
  }

  @Test(arguments: [0, 500, 520, 1_400, 9_000])
  func anErrorQuotesNoMoreThanTheRulesAllow(byteCount: Int) throws {
    let pool = MbufPool()
    var stack = makeTalkingStack(mtu: 9_100)
    let payload = [UInt8](repeating: 7, count: byteCount)
    expect(
      stack.input(try packet(pool, TestDatagram(payload: payload).bytes), linkType: .raw),
      is: .noSocket)
    let six = ipv6(udp6(payload), nextHeader: 17)
    expect(stack.input(try packet(pool, six), linkType: .raw), is: .noSocket)
    let errors = transmitted(&stack)
    #expect(errors.map { fault(in: $0) } == [nil, nil])
    // RFC 1812, 4.3.2.3; RFC 4443, 2.4 c.
    #expect(errors[0].count == min(576, byteCount + 28 + 28))
    #expect(errors[1].count == min(1_280, byteCount + 48 + 48))
    #expect(pool.outstanding == 0)
  }

  @Test func aFloodOfErrorsIsBoundedByARateOfTheClock() throws {
    let pool = MbufPool()
    var stack = makeTalkingStack {
      $0.errorsPerSecond = 10
      $0.errorBurst = 5
    }
    var total = 0
    for second in 0..<20 {
      stack.nowInNanoseconds = Int64(second) * 1_000_000_000
      for _ in 0..<100 { stack.input(try packet(pool, TestDatagram().bytes), linkType: .raw) }
      total += transmitted(&stack).count
    }
    // Five at once, and from then on as many as a second refills: five, since no more are kept.
    #expect(total == 20 * 5)
    #expect(stack.statistics.own.errors == 100 && stack.statistics.own.errorsLimited == 1_900)
    #expect(stack.statistics.dropped[.noSocket] == 2_000)
    #expect(pool.outstanding == 0)
  }

  @Test func anErrorIsToldToTheConnectedSocketThatItConcerns() throws {
    let pool = MbufPool()
    for (remote, isSix) in [(Endpoint(them, 9), false), (Endpoint(.v6(them6), 9), true)] {
      var stack = makeTalkingStack()
      let socket = try stack.bind(port: 5_000)
      let other = try stack.bind(port: 5_001)
      try stack.connect(socket, to: remote)
      func error(_ type: UInt8, _ code: UInt8, rest: UInt32 = 0) throws -> [UInt8] {
        try stack.send(try packet(pool, [UInt8](repeating: 1, count: 1_400)), from: socket)
        let sent = try #require(transmitted(&stack).first)
        return isSix
          ? ipv6(icmpv6(type, code: code, rest: rest, Array(sent.prefix(1_200))), nextHeader: 58)
          : ipv4(icmp(type, code: code, rest: rest, Array(sent.prefix(28))), protocol: 1)
      }
      let cases: [(UInt8, UInt8, UInt32, NetworkFault)] =
        isSix
        ? [
          (1, 4, 0, .refused), (1, 0, 0, .unreachable), (3, 0, 0, .unreachable),
          (2, 0, 1_300, .tooLong(limit: 1_300)),
        ]
        : [
          (3, 3, 0, .refused), (3, 1, 0, .unreachable), (11, 0, 0, .unreachable),
          (3, 4, 1_300, .tooLong(limit: 1_300)),
        ]
      for (type, code, rest, expected) in cases {
        let message = try error(type, code, rest: rest)
        expect(stack.input(try packet(pool, message), linkType: .raw), is: nil)
        do throws(SendError) {
          guard let payload = try? packet(pool, [1]) else { return }
          try stack.send(payload, from: socket)
          Issue.record("sent after \(expected)")
        } catch {
          #expect(error == .fault(expected))
        }
        expect(stack.takeFault(of: socket), is: nil)
        expect(stack.takeFault(of: other), is: nil)
      }
      // The path is known to be narrower now.
      try stack.send(try packet(pool, [UInt8](repeating: 1, count: 1_400)), from: socket)
      let pieces = transmitted(&stack)
      #expect(pieces.count == 2 && pieces.allSatisfy { $0.count <= 1_300 && fault(in: $0) == nil })
      stack.checkInvariants()
      #expect(pool.outstanding == 0)
    }
  }

  @Test func aForgedErrorNarrowsNoPathBelowTheLeastMTUAndNoneOfOthers() throws {
    let pool = MbufPool()
    var stack = makeTalkingStack()
    let socket = try stack.bind(port: 5_000)
    let quoted = TestDatagram(source: us, destination: them, sourcePort: 5_000).bytes
    // 20 bytes of MTU: less than any host's (RFC 791).
    let forged = ipv4(icmp(3, code: 4, rest: 20, quoted), protocol: 1)
    expect(stack.input(try packet(pool, forged), linkType: .raw), is: nil)
    // About a datagram that is none of ours.
    let strange = ipv4(icmp(3, code: 4, rest: 600, TestDatagram(source: them).bytes), protocol: 1)
    expect(stack.input(try packet(pool, strange), linkType: .raw), is: .badICMP)
    // Cut before the quoted header ends.
    let cut = ipv4(icmp(3, code: 4, rest: 600, Array(quoted.prefix(19))), protocol: 1)
    expect(stack.input(try packet(pool, cut), linkType: .raw), is: .badICMP)
    try stack.send(
      try packet(pool, [UInt8](repeating: 1, count: 1_400)), from: socket, to: Endpoint(them, 9))
    #expect(transmitted(&stack).allSatisfy { $0.count >= 500 || $0.count > 20 })
    #expect(pool.outstanding == 0)
  }
}
