// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import UMA
import Wire

@testable import InternetStack

/// Two stacks on one Ethernet, and what the link between them does to frames.
@Suite struct ExchangeTests {
  private static let hosts: (IPv4Address, IPv6Address) = (
    IPv4Address(192, 0, 2, 2), IPv6Address(high: 0x2001_0db8_0000_0000, low: 2)
  )

  private static func payload(_ byteCount: Int, _ number: Int) -> [UInt8] {
    (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number &* 7 &+ $0 >> 8) }
  }

  /// Lengths about those where the number of fragments changes, and the longest.
  private static func lengths(_ mtu: Int) -> [Int] {
    var lengths: Set<Int> = [0, 1, 65_507]
    for count in 1...3 {
      for change in -9...9 {
        lengths.insert(max(0, count * (mtu - 20) - 8 + change))
        lengths.insert(max(0, count * (mtu - 48) - 8 + change))
      }
    }
    return lengths.filter { $0 <= 65_507 }.sorted()
  }

  @Test(arguments: [576, 1_280, 1_500, 9_000])
  func datagramsOfEveryLengthArriveAsTheyWereSent(mtu: Int) throws {
    let pool = MbufPool()
    var left = makeEthernetStack(pool, mtu: mtu)
    var right = makeEthernetStack(pool, themLink, host: 2, mtu: mtu)
    carry(&left, &right)
    let client = try left.bind(port: 5_000)
    let server = try right.bind(port: 7, limit: 1 << 20)
    for remote in [IPAddress.v4(Self.hosts.0), .v6(Self.hosts.1)] {
      // The least MTU of IPv6 (RFC 8200, 5).
      if case .v6 = remote, mtu < 1_280 { continue }
      for byteCount in Self.lengths(mtu) {
        let payload = Self.payload(byteCount, mtu)
        try left.send(try packet(pool, payload), from: client, to: Endpoint(remote, 7))
        carry(&left, &right)
        expectDatagram(&right, server, payload: payload)
      }
    }
    // What is asked about addresses of its own goes to a group that the other does not listen to.
    #expect(right.statistics.dropped.total == right.statistics.dropped[.notForUs])
    #expect(right.statistics.held == 0)
    #expect(left.statistics.own.fragments > 100)
    left.checkInvariants()
    right.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  /// Frames between two stacks on a link that loses, doubles and reorders them.
  private struct BadLink: ~Copyable {
    var left: InternetStack
    var right: InternetStack
    var random: SeededRandom
    private(set) var log: UInt64 = 14_695_981_039_346_656_037
    private var waiting = PacketQueue()

    init(
      _ left: consuming InternetStack, _ right: consuming InternetStack, seed: UInt64
    ) {
      self.left = left
      self.right = right
      random = SeededRandom(seed: seed)
    }

    /// Moves all frames there are from left to right, badly.
    mutating func moveRight() throws {
      while var packet = left.transmit() {
        for byte in bytes(of: packet).prefix(60) { log = (log ^ UInt64(byte)) &* 1_099_511_628_211 }
        if random.chance(10) { continue }
        if random.chance(10) { right.input(try packet.sharedCopy(), linkType: .ethernet) }
        if random.chance(10) {
          waiting.enqueue(packet)
          continue
        }
        right.input(packet, linkType: .ethernet)
        if random.chance(30), let late = waiting.dequeue() {
          right.input(late, linkType: .ethernet)
        }
      }
      while let packet = right.transmit() { left.input(packet, linkType: .ethernet) }
    }

    mutating func end() {
      while let late = waiting.dequeue() { right.input(late, linkType: .ethernet) }
    }
  }

  /// Sends datagrams over a bad link; how many arrived, and what was on the link.
  private static func run(
    _ count: Int, mtu: Int, seed: UInt64, _ pool: MbufPool
  ) throws -> (delivered: Int, log: UInt64) {
    var left = makeEthernetStack(pool, mtu: mtu, seed: seed)
    var right = makeEthernetStack(pool, themLink, host: 2, mtu: mtu, seed: seed &+ 1)
    carry(&left, &right)
    let client = try left.bind(port: 5_000)
    let server = try right.bind(port: 7, limit: 1 << 20)
    var link = BadLink(left, right, seed: seed)
    var delivered = 0
    for number in 0..<count {
      let isSix = mtu >= 1_280 && number % 2 == 1
      let longest = number % 16 == 0 ? 65_507 : 3 * mtu
      let byteCount = Int.random(in: 2...longest, using: &link.random)
      var bytes = Self.payload(byteCount, number)
      bytes.replaceSubrange(0..<2, with: words(UInt16(truncatingIfNeeded: number)))
      let now = Int64(number) * 50_000_000 + 2_000_000_000
      link.left.poll(now: now)
      link.right.poll(now: now)
      do throws(SendError) {
        guard let payload = try? packet(pool, bytes) else { continue }
        try link.left.send(
          payload, from: client, to: Endpoint(isSix ? .v6(hosts.1) : .v4(hosts.0), 7))
      } catch {
        // A neighbour whose answers were lost.
        if case .noNeighbour = error { continue }
        Issue.record("\(error)")
      }
      try link.moveRight()
      while let datagram = link.right.receive(server) {
        let got = InternetStackTests.bytes(of: datagram.packet)
        let number = Int(got[0]) << 8 | Int(got[1])
        var wanted = Self.payload(got.count, number)
        wanted.replaceSubrange(0..<2, with: got[..<2])
        let isRight = got == wanted
        #expect(isRight, "datagram \(number), \(got.count) bytes, seed \(seed)")
        delivered += 1
      }
      #expect(link.right.reassembler.storageByteCount <= 4 << 20)
    }
    link.end()
    while let _ = link.right.receive(server) {}
    link.right.checkInvariants()
    link.left.checkInvariants()
    // All that never became whole is given up in time.
    link.right.poll(now: .max / 2)
    link.left.poll(now: .max / 2)
    #expect(link.right.statistics.held == 0)
    link.right.checkInvariants()
    let log = link.log
    _ = consume link
    #expect(pool.outstanding == 0)
    return (delivered, log)
  }

  @Test(arguments: [576, 1_280, 1_500, 9_000])
  func overABadLinkWhatArrivesIsRightAndMemoryIsBounded(mtu: Int) throws {
    let pool = MbufPool()
    var random = SeededRandom()
    let seed = random.next()
    let first = try Self.run(400, mtu: mtu, seed: seed, pool)
    let second = try Self.run(400, mtu: mtu, seed: seed, pool)
    #expect(first.delivered > 40, "\(first.delivered) of 400, seed \(seed)")
    #expect(first == second, "two runs of one seed differ: \(seed)")
  }

  @Test func noDeniedAllocationOfAWholeExchangeLeaksOrTraps() throws {
    let pool = MbufPool()
    var completed = 0
    for remote in [IPAddress.v4(Self.hosts.0), .v6(Self.hosts.1)] {
      _ = try pool.sweepFailures {
        var left = makeEthernetStack(pool)
        var right = makeEthernetStack(pool, themLink, host: 2)
        carry(&left, &right)
        let client = try left.bind(port: 5_000)
        let server = try right.bind(port: 7, limit: 1 << 20)
        for byteCount in [10, 4_000] {
          guard let payload = try? packet(pool, Self.payload(byteCount, 1)) else { continue }
          try? left.send(payload, from: client, to: Endpoint(remote, 7))
          carry(&left, &right)
          var echo = UDPService(.echo, on: server)
          echo.serve(&right)
          carry(&left, &right)
          if let answer = left.receive(client) {
            #expect(bytes(of: answer.packet) == Self.payload(byteCount, 1))
            completed += 1
          }
        }
        left.poll(now: .max / 2)
        right.poll(now: .max / 2)
        left.checkInvariants()
        right.checkInvariants()
      }
      #expect(pool.outstanding == 0)
    }
    #expect(completed > 10)
  }

  @Test func aPingOfEveryLengthIsAnsweredOverSmallLinks() throws {
    let pool = MbufPool()
    for mtu in [576, 1_280, 1_500] {
      var left = makeEthernetStack(pool, mtu: mtu)
      var right = makeEthernetStack(pool, themLink, host: 2, mtu: mtu)
      carry(&left, &right)
      let raw = try left.openRaw(protocol: .icmp, limit: 1 << 20)
      for byteCount in [0, 8, 56, mtu - 28, mtu - 27, 4_000, 65_507] {
        let request = icmp(8, rest: 7, Self.payload(byteCount, 3))
        try left.send(try packet(pool, request), protocol: .icmp, to: Self.hosts.0)
        carry(&left, &right)
        guard let answer = left.receive(raw) else {
          Issue.record("no answer to \(byteCount) bytes")
          continue
        }
        let message = Array(bytes(of: answer.packet)[20...])
        let isRight = message == icmp(0, rest: 7, Self.payload(byteCount, 3))
        #expect(isRight, "\(byteCount) bytes over \(mtu)")
      }
      left.checkInvariants()
      right.checkInvariants()
    }
    #expect(pool.outstanding == 0)
  }

  @Test func whatNeverBecomesWholeIsToldToItsSenderIfTheFirstFragmentCame() throws {
    let pool = MbufPool()
    var stack = makeTalkingStack()
    let whole = TestDatagram(payload: Self.payload(100, 1)).bytes
    let first = ipv4(Array(whole[20..<84]), protocol: 17, fragment: 0x2000)
    let second = ipv4(Array(whole[84...]), protocol: 17, fragment: 8, identification: 9)
    expect(stack.input(try packet(pool, first), linkType: .raw), is: nil)
    expect(stack.input(try packet(pool, second), linkType: .raw), is: nil)
    #expect(stack.statistics.held == 2)
    expect(stack.poll(now: 0), is: 30_000_000_000)
    expect(stack.poll(now: 30_000_000_000), is: nil)
    let errors = transmitted(&stack)
    #expect(errors.count == 1)
    // Time exceeded, in reassembly (RFC 792), and what came of it.
    #expect(errors.first.map { Array($0[20..<22]) } == [11, 1])
    #expect(errors.first.map { Array($0[28...]) } == first)
    #expect(stack.statistics.held == 0 && stack.statistics.dropped[.fragmentTimeout] == 2)
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }
}
