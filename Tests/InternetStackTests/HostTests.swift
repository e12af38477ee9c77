// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import UMA
import Wire

@testable import InternetStack

/// What a host must do where its parts meet.
@Suite struct HostTests {
  private static let other = IPv4Address(192, 0, 2, 2)
  private static let link: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]
  private static let tag: [UInt8] = [0x81, 0, 0, 5]

  private static func arp(_ operation: UInt8, for target: IPv4Address) -> [UInt8] {
    [0, 1, 8, 0, 6, 4, 0, operation] + link[6...] + words(other.bits) + [0, 0, 0, 0, 0, 0]
      + words(target.bits)
  }

  @Test func aNeighbourOnAVLANIsAskedThere() throws {
    let pool = MbufPool()
    var stack = makeEthernetStack(pool)
    while stack.transmit() != nil {}
    var echo = UDPService(.echo, on: try stack.bind(port: 7))
    let request = Self.link + Self.tag + [8, 6] + Self.arp(1, for: us)
    stack.input(try packet(pool, request), linkType: .ethernet)
    let ask = Self.link + Self.tag + [8, 0] + TestDatagram(source: Self.other).bytes
    for second in 1..<60 {
      stack.poll(now: Int64(second) * 1_000_000_000)
      stack.input(try packet(pool, ask), linkType: .ethernet)
      echo.serve(&stack)
      let sent = transmitted(&stack)
      #expect(sent.contains { $0.count > 46 }, "no answer at \(second) s")
      for frame in sent { #expect(Array(frame[12..<16]) == Self.tag) }
      // The neighbour answers when it is asked.
      if sent.contains(where: { $0[16] == 8 && $0[17] == 6 }) {
        let reply = Self.link + Self.tag + [8, 6] + Self.arp(2, for: us)
        stack.input(try packet(pool, reply), linkType: .ethernet)
      }
    }
    stack.checkInvariants()
  }

  @Test func aPingInFragmentsIsAnsweredByItsVLAN() throws {
    let pool = MbufPool()
    var stack = makeEthernetStack(pool)
    stack.input(
      try packet(pool, Self.link + Self.tag + [8, 6] + Self.arp(1, for: us)), linkType: .ethernet)
    while stack.transmit() != nil {}
    let ping = icmp(8, rest: 1, [UInt8](repeating: 1, count: 100))
    let front = Self.link + Self.tag + [8, 0]
    let first = ipv4(Array(ping[..<64]), protocol: 1, from: Self.other, fragment: 0x2000)
    let second = ipv4(Array(ping[64...]), protocol: 1, from: Self.other, fragment: 8)
    expect(stack.input(try packet(pool, front + first), linkType: .ethernet), is: nil)
    expect(stack.input(try packet(pool, front + second), linkType: .ethernet), is: nil)
    #expect(transmitted(&stack).map { Array($0[12..<16]) } == [Self.tag])
    #expect(pool.outstanding == 0)
  }

  @Test func aRawSocketLeavesNeighbourDiscoveryItsInterface() throws {
    let pool = MbufPool()
    var stack = makeEthernetStack(pool)
    let second = stack.add(
      StackInterface(
        hardwareAddress: MACAddress(2, 0, 0, 0, 0, 8),
        addresses: [InterfaceAddress(them6, prefixBitCount: 64)]))
    stack.poll(now: 2_000_000_000)
    stack.poll(now: 4_000_000_000)
    _ = try stack.openRaw(protocol: nil)
    while stack.transmit() != nil {}
    while stack.transmit(on: second) != nil {}
    let source = IPv6Address(high: them6.high, low: 9)
    let message = icmpv6(
      135, words(them6) + [1, 1, 2, 0, 0, 0, 0, 9], from: source, to: them6)
    let frame =
      [2, 0, 0, 0, 0, 8, 2, 0, 0, 0, 0, 9, 0x86, 0xdd]
      + ipv6(message, nextHeader: 58, from: source, to: them6, hopLimit: 255)
    expect(stack.input(try packet(pool, frame), linkType: .ethernet, on: second), is: nil)
    #expect(transmitted(&stack, on: second).count == 1)
    #expect(transmitted(&stack).isEmpty)
  }

  @Test func theAnswerToAPingOfZeroesHasARightChecksum() throws {
    let pool = MbufPool()
    var stack = makeTalkingStack()
    for byteCount in [0, 1, 8, 56] {
      let request = ipv4(icmp(8, [UInt8](repeating: 0, count: byteCount)), protocol: 1)
      expect(stack.input(try packet(pool, request), linkType: .raw), is: nil)
      let answer = try #require(transmitted(&stack).first)
      #expect(onesSum(Array(answer[20...])) == 0xffff)
    }
    #expect(pool.outstanding == 0)
  }

  @Test func anAddressThatIsAskedAboutIsNobodysYet() throws {
    let pool = MbufPool()
    var stack = InternetStack(pool: pool, seed: 1)
    stack.add(
      StackInterface(
        hardwareAddress: usLink, addresses: [InterfaceAddress(us6, prefixBitCount: 64)]))
    stack.poll(now: 0)
    _ = try stack.bind(port: 7)
    let frame = Self.link + [0x86, 0xdd] + ipv6(udp6([1]), nextHeader: 17)
    expect(stack.input(try packet(pool, frame), linkType: .ethernet), is: .notForUs)
    stack.poll(now: 2_000_000_000)
    expect(stack.input(try packet(pool, frame), linkType: .ethernet), is: nil)
  }

  @Test func theLongestDatagramWaitsWholeForItsNeighbour() throws {
    let pool = MbufPool()
    for mtu in [576, 1_500] {
      var left = makeEthernetStack(pool, mtu: mtu)
      var right = makeEthernetStack(pool, themLink, host: 2, mtu: mtu)
      while left.transmit() != nil {}
      while right.transmit() != nil {}
      let client = try left.bind(port: 5_000)
      let server = try right.bind(port: 7, limit: 1 << 20)
      let payload = (0..<65_507).map { UInt8(truncatingIfNeeded: $0 &* 13) }
      try left.send(try packet(pool, payload), from: client, to: Endpoint(Self.other, 7))
      carry(&left, &right)
      expectDatagram(&right, server, payload: payload)
      left.checkInvariants()
      right.checkInvariants()
    }
    #expect(pool.outstanding == 0)
  }

  @Test func manyNeighboursThatAreSilentKeepNobodyFromBeingAskedFor() throws {
    let pool = MbufPool()
    var stack = makeEthernetStack(pool)
    while stack.transmit() != nil {}
    let socket = try stack.bind(port: 5_000)
    for host in 0..<2_000 {
      let silent = IPv6Address(high: us6.high, low: UInt64(1_000 + host))
      try stack.send(try packet(pool, [1]), from: socket, to: Endpoint(.v6(silent), 7))
      #expect(transmitted(&stack).count == 1, "host \(host) was not asked for")
    }
    #expect(stack.neighbours.heldPacketCount <= 512)
    stack.checkInvariants()
    stack.poll(now: 100_000_000_000)
    while stack.transmit() != nil {}
    for second in 101..<110 {
      stack.poll(now: Int64(second) * 1_000_000_000)
      while stack.transmit() != nil {}
    }
    #expect(pool.outstanding == 0)
  }

  @Test func aConnectedSocketLeavesOthersToTheSocketOfAnyAddress() throws {
    let pool = MbufPool()
    var stack = makeTalkingStack()
    let connected = try stack.bind(port: 7, address: us)
    let any = try stack.bind(port: 7)
    try stack.connect(connected, to: Endpoint(them, 9_999))
    expect(stack.input(try packet(pool, TestDatagram().bytes), linkType: .raw), is: nil)
    expectDatagram(&stack, any, payload: TestDatagram().payload)
    let peer = TestDatagram(sourcePort: 9_999)
    expect(stack.input(try packet(pool, peer.bytes), linkType: .raw), is: nil)
    expectDatagram(&stack, connected, payload: peer.payload)
    stack.disconnect(connected)
    expect(stack.input(try packet(pool, TestDatagram().bytes), linkType: .raw), is: nil)
    expectDatagram(&stack, connected, payload: TestDatagram().payload)
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func nobodyIsWhereNoHostCanBe() throws {
    let pool = MbufPool()
    var stack = makeTalkingStack()
    let four = try stack.bind(port: 9, address: .v4(.any))
    let both = try stack.bind(port: 10)
    func error(_ socket: SocketID, _ remote: IPAddress) -> SendError? {
      do throws(SendError) {
        guard let payload = try? packet(pool, [1]) else { return nil }
        try stack.send(payload, from: socket, to: Endpoint(remote, 7))
        return nil
      } catch {
        return error
      }
    }
    let six = IPAddress.v6(them6)
    #expect(error(four, six) == .unsupportedAddress(six))
    for remote in [
      IPAddress.v4(.any), .v4(IPv4Address(0, 1, 2, 3)), .v4(.loopback), .v6(.any), .v6(.loopback),
    ] {
      #expect(error(both, remote) == .noRoute(remote))
    }
    #expect(transmitted(&stack).isEmpty)
    #expect(pool.outstanding == 0)
  }

  @Test func aServiceDoesNotAnswerWhatWasSentToAll() throws {
    let pool = MbufPool()
    var stack = makeTalkingStack()
    var echo = UDPService(.echo, on: try stack.bind(port: 7))
    for destination in [IPv4Address.broadcast, IPv4Address(192, 0, 2, 255)] {
      let datagram = TestDatagram(destination: destination)
      expect(stack.input(try packet(pool, datagram.bytes), linkType: .raw), is: nil)
    }
    echo.serve(&stack)
    #expect(echo.statistics.unanswered == 2 && transmitted(&stack).isEmpty)
    #expect(pool.outstanding == 0)
  }

  @Test func onAPathThatIsNarrowerThanHostsMayAskForRoutersCut() throws {
    let pool = MbufPool()
    var stack = makeTalkingStack()
    let socket = try stack.bind(port: 5_000)
    func send() throws -> [UInt8] {
      try stack.send(
        try packet(pool, [UInt8](repeating: 1, count: 400)), from: socket, to: Endpoint(them, 9))
      let all = transmitted(&stack)
      return all.first ?? []
    }
    let sent = try send()
    #expect(sent[6] == 0x40)
    let error = ipv4(icmp(3, code: 4, rest: 296, Array(sent.prefix(28))), protocol: 1)
    expect(stack.input(try packet(pool, error), linkType: .raw), is: nil)
    let again = try send()
    #expect(again[6] == 0 && fault(in: again) == nil)
    #expect(pool.outstanding == 0)
  }

  @Test func noTimeIsTooFar() throws {
    let pool = MbufPool()
    for now in [Int64.max, .min, 0, .max, .min] {
      var stack = InternetStack(pool: pool, seed: 1)
      stack.add(
        StackInterface(
          hardwareAddress: usLink,
          addresses: [InterfaceAddress(us), InterfaceAddress(us6, prefixBitCount: 64)]))
      stack.poll(now: now)
      for next in [Int64.max, .min, 0] {
        stack.poll(now: next)
        let claim = Self.link + [8, 6] + Self.arp(1, for: us)
        stack.input(try packet(pool, claim), linkType: .ethernet)
        stack.input(
          try packet(pool, Self.link + [8, 0] + ipv4([1], protocol: 17, fragment: 0x2000)),
          linkType: .ethernet)
      }
      while stack.transmit() != nil {}
      stack.checkInvariants()
    }
    #expect(pool.outstanding == 0)
  }
}
