// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import UMA
import Wire

@testable import InternetStack

/// A stack on an Ethernet link, with an address of each family in the networks that `neighbour` is in.
func makeEthernetStack(
  _ pool: MbufPool, _ link: MACAddress = usLink, host: UInt8 = 1, mtu: Int = 1_500,
  seed: UInt64 = 0x2a
) -> InternetStack {
  var stack = InternetStack(pool: pool, seed: seed)
  stack.add(
    StackInterface(
      hardwareAddress: link, mtu: mtu,
      addresses: [
        InterfaceAddress(IPv4Address(192, 0, 2, host), prefixBitCount: 24),
        InterfaceAddress(
          IPv6Address(high: 0x2001_0db8_0000_0000, low: UInt64(host)), prefixBitCount: 64),
      ]))
  // Nobody claims the addresses.
  stack.poll(now: 0)
  stack.poll(now: 1_000_000_000)
  return stack
}

/// Carries what waits at either of two stacks to the other, until nothing does; how many frames.
@discardableResult
func carry(_ left: inout InternetStack, _ right: inout InternetStack) -> Int {
  var count = 0
  while true {
    let before = count
    while let packet = left.transmit() {
      right.input(packet, linkType: .ethernet)
      count += 1
    }
    while let packet = right.transmit() {
      left.input(packet, linkType: .ethernet)
      count += 1
    }
    if count == before { return count }
    precondition(count < 10_000, "two stacks go on and on")
  }
}

@Suite struct EthernetTests {
  @Test func theFirstDatagramIsNotLostWhileTheNeighbourIsAskedFor() throws {
    let pool = MbufPool()
    var left = makeEthernetStack(pool)
    var right = makeEthernetStack(pool, themLink, host: 2)
    // What both said of themselves as they began.
    while left.transmit() != nil {}
    while right.transmit() != nil {}
    let client = try left.bind(port: 5_000)
    let server = try right.bind(port: 7)
    for remote in [
      IPAddress.v4(IPv4Address(192, 0, 2, 2)),
      .v6(IPv6Address(high: 0x2001_0db8_0000_0000, low: 2)),
    ] {
      // A few at once: all of them wait, in order.
      for index in 0..<5 {
        try left.send(try packet(pool, [UInt8(index)]), from: client, to: Endpoint(remote, 7))
      }
      // One question, whatever waits, and one answer; then the five.
      #expect(carry(&left, &right) == 7)
      for index in 0..<5 { expectDatagram(&right, server, payload: [UInt8(index)]) }
      // The answer needs no question: who asked has told its own address.
      try right.send(
        try packet(pool, [9]), from: server,
        to: Endpoint(
          remote == .v4(IPv4Address(192, 0, 2, 2)) ? .v4(us) : .v6(us6), 5_000))
      #expect(carry(&left, &right) == 1)
      expectDatagram(&left, client, payload: [9])
    }
    left.checkInvariants()
    right.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func aNeighbourThatIsSilentIsAskedThreeTimesAndGivenUp() throws {
    let pool = MbufPool()
    var stack = makeEthernetStack(pool)
    while stack.transmit() != nil {}
    for remote in [
      Endpoint(IPv4Address(192, 0, 2, 9), 7),
      Endpoint(.v6(IPv6Address(high: 0x2001_0db8_0000_0000, low: 9)), 7),
    ] {
      let start = stack.nowInNanoseconds
      let socket = try stack.bind(port: 5_000)
      try stack.connect(socket, to: remote)
      for index in 0..<20 { try stack.send(try packet(pool, [UInt8(index)]), from: socket) }
      var questions = transmitted(&stack).count
      #expect(questions == 1)
      var next = stack.poll(now: start)
      var times: [Int64] = []
      while let time = next, times.count < 10 {
        times.append((time - start) / 1_000_000_000)
        next = stack.poll(now: time)
        questions += transmitted(&stack).count
      }
      #expect(questions == 3 && times == [1, 2, 3])
      // All were kept; the socket learns of it now.
      expect(stack.takeFault(of: socket), is: .unreachable)
      #expect(pool.outstanding == 0)
      do throws(SendError) {
        guard let payload = try? packet(pool, [1]) else { return }
        try stack.send(payload, from: socket)
        Issue.record("sent to who did not answer just now")
      } catch {
        #expect(error == .noNeighbour(remote.address))
      }
      stack.close(socket)
    }
    #expect(stack.statistics.own.neighbourDrops == 2 * 20)
    stack.checkInvariants()
  }

  /// An ARP message in a frame to `destination`.
  private static func arp(
    _ operation: UInt16, from link: MACAddress = themLink, _ sender: IPv4Address,
    for target: IPv4Address, to destination: MACAddress = .broadcast, type: UInt16 = 1
  ) -> [UInt8] {
    func six(_ address: MACAddress) -> [UInt8] {
      words(UInt16(address.bits >> 32)) + words(UInt32(truncatingIfNeeded: address.bits))
    }
    let header = six(destination) + six(link) + [8, 6]
    let message = words(type) + [8, 0, 6, 4] + words(operation) + six(link) + words(sender.bits)
    return header + message + [0, 0, 0, 0, 0, 0] + words(target.bits)
  }

  private static let other = IPv4Address(192, 0, 2, 2)

  /// Frames, why they are dropped (nil for handled), how many frames answer, and whether their sender is
  /// known afterwards.
  static let messages: [(String, [UInt8], DropReason?, Int, Bool)] = [
    ("a request for us (RFC 826)", arp(1, other, for: us), nil, 1, true),
    (
      "padded, as Ethernet does", arp(1, other, for: us) + [UInt8](repeating: 0, count: 18), nil, 1,
      true
    ),
    ("a probe for ours (RFC 5227, 2.1.1)", arp(1, .any, for: us), nil, 1, false),
    ("a request for another", arp(1, other, for: IPv4Address(192, 0, 2, 3)), nil, 0, false),
    ("an announcement (RFC 5227, 2.3)", arp(1, other, for: other), nil, 0, false),
    ("a reply that nobody asked for", arp(2, other, for: us, to: usLink), nil, 0, false),
    ("somebody with our address (RFC 5227, 2.4)", arp(1, us, for: other), nil, 1, false),
    ("a sender that is all hosts", arp(1, IPv4Address(192, 0, 2, 255), for: us), .badARP, 0, false),
    ("a sender that is a group", arp(1, IPv4Address(224, 0, 0, 1), for: us), .badARP, 0, false),
    ("a sender that is loopback", arp(1, .loopback, for: us), .badARP, 0, false),
    (
      "a link address of a group (RFC 1812, 3.3.2)",
      arp(1, from: MACAddress(3, 0, 0, 0, 0, 1), other, for: us), .badARP, 0, false
    ),
    ("our own, given back", arp(1, from: usLink, us, for: us), .badARP, 0, false),
    ("another operation", arp(3, other, for: us), .unsupportedARP, 0, false),
    ("another kind of link", arp(1, other, for: us, type: 6), .unsupportedARP, 0, false),
    ("cut short", Array(arp(1, other, for: us).dropLast()), .malformedLink, 0, false),
    (
      "for another host of the link", arp(1, other, for: us, to: MACAddress(2, 0, 0, 0, 0, 7)),
      .otherHost, 0, false
    ),
  ]

  @Test(arguments: messages)
  func eachARPMessageIsTakenForWhatItIs(
    why: String, frame: [UInt8], reason: DropReason?, answers: Int, isKnown: Bool
  ) throws {
    let pool = MbufPool()
    var stack = makeEthernetStack(pool)
    while stack.transmit() != nil {}
    for cut in 0...min(frame.count, 42) {
      var copy = makeEthernetStack(pool)
      while copy.transmit() != nil {}
      let got = copy.input(try packet(pool, frame, cutAt: [cut]), linkType: .ethernet)
      #expect(
        got == reason || (got == .badARP && reason == .malformedLink), "\(String(describing: got))")
      #expect(transmitted(&copy).count == answers)
      let known = copy.neighbours.linkAddress(
        for: IPv6Address(mapping: Self.other), on: 0, now: copy.nowInNanoseconds)
      #expect((known == themLink) == isKnown)
      copy.checkInvariants()
    }
    #expect(pool.outstanding == 0)
  }

  @Test func anAnswerIsARightARPReplyToItsSenderAlone() throws {
    let pool = MbufPool()
    var stack = makeEthernetStack(pool)
    while stack.transmit() != nil {}
    let frame = Self.arp(1, Self.other, for: us)
    expect(stack.input(try packet(pool, frame), linkType: .ethernet), is: nil)
    let answers = transmitted(&stack)
    let expected =
      [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 1]
      + words(us.bits) + [2, 0, 0, 0, 0, 2] + words(Self.other.bits)
    #expect(answers == [expected])
    #expect(pool.outstanding == 0)
  }

  @Test func aStormOfNeighboursIsBoundedAndOurPacketsGoOn() throws {
    let pool = MbufPool()
    var stack = makeEthernetStack(pool)
    while stack.transmit() != nil {}
    for index in 0..<30_000 {
      let sender = IPv4Address(0xc000_0200 | UInt32(2 + index % 250))
      let link = MACAddress(0x0200_0000_0000 | UInt64(index))
      stack.input(
        try packet(pool, Self.arp(1, from: link, sender, for: us)), linkType: .ethernet)
      if index % 100 == 0 { while stack.transmit() != nil {} }
    }
    #expect(stack.neighbours.entryCount <= 4_096)
    while stack.transmit() != nil {}
    let client = try stack.bind(port: 5_000)
    try stack.send(
      try packet(pool, [1]), from: client, to: Endpoint(IPv4Address(192, 0, 2, 9), 7))
    #expect(transmitted(&stack).count == 1)
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func whatCameByAVLANIsAnsweredByIt() throws {
    let pool = MbufPool()
    var stack = makeEthernetStack(pool)
    while stack.transmit() != nil {}
    let link: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]
    let tag: [UInt8] = [0x81, 0, 0xa0, 5]
    let arp = Self.arp(1, Self.other, for: us)
    let tagged = Array(arp[..<12]) + tag + Array(arp[12...])
    expect(stack.input(try packet(pool, tagged), linkType: .ethernet), is: nil)
    let ping = ipv4(icmp(8, rest: 1, [1, 2, 3]), protocol: 1, from: Self.other)
    expect(
      stack.input(try packet(pool, link + tag + [8, 0] + ping), linkType: .ethernet), is: nil)
    _ = try stack.bind(port: 7)
    let datagram = TestDatagram(source: Self.other, destinationPort: 9).bytes
    expect(
      stack.input(try packet(pool, link + tag + [8, 0] + datagram), linkType: .ethernet),
      is: .noSocket)
    let answers = transmitted(&stack)
    #expect(answers.count == 3)
    for answer in answers { #expect(Array(answer[12..<16]) == tag) }
    #expect(pool.outstanding == 0)
  }

  @Test func anAddressThatAnotherHostHasIsNotTaken() throws {
    let pool = MbufPool()
    var right = makeEthernetStack(pool, themLink, host: 1)
    while right.transmit() != nil {}
    var left = InternetStack(pool: pool, seed: 1)
    left.add(
      StackInterface(
        hardwareAddress: usLink, addresses: [InterfaceAddress(us6, prefixBitCount: 64)]))
    let socket = try left.bind(port: 5_000)
    left.poll(now: 0)
    #expect(carry(&left, &right) == 2)
    left.poll(now: 2_000_000_000)
    do throws(SendError) {
      guard let payload = try? packet(pool, [1]) else { return }
      try left.send(payload, from: socket, to: Endpoint(.v6(them6), 7))
      Issue.record("sent from an address that another host has")
    } catch {
      #expect(error == .noRoute(.v6(them6)) || error == .notLocal(.v6(.any)))
    }
    #expect(left.addresses.v6[0].state == .duplicated)
    #expect(pool.outstanding == 0)
  }

  @Test func neighbourMessagesThatCameOverARouterAreForged() throws {
    let pool = MbufPool()
    let target = words(us6)
    let source = IPv6Address(high: 0xfe80 << 48, low: 9)
    let option: [UInt8] = [1, 1, 2, 0, 0, 0, 0, 9]
    func solicitation(
      hopLimit: UInt8 = 255, code: UInt8 = 0, target: [UInt8], options: [UInt8],
      from source: IPv6Address, to destination: IPv6Address = us6
    ) -> [UInt8] {
      [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x86, 0xdd]
        + ipv6(
          icmpv6(135, code: code, target + options, from: source, to: destination), nextHeader: 58,
          from: source, to: destination, hopLimit: hopLimit)
    }
    let cases: [(String, [UInt8], DropReason?, Int)] = [
      ("right", solicitation(target: target, options: option, from: source), nil, 1),
      ("without its link address", solicitation(target: target, options: [], from: source), nil, 1),
      (
        "over a router (RFC 4861, 7.1.1)",
        solicitation(hopLimit: 254, target: target, options: option, from: source), .badICMP, 0
      ),
      ("a code", solicitation(code: 1, target: target, options: option, from: source), .badICMP, 0),
      (
        "an option of no length",
        solicitation(target: target, options: [1, 0, 0, 0, 0, 0, 0, 0], from: source), .badICMP, 0
      ),
      (
        "too short", solicitation(target: Array(target.dropLast()), options: [], from: source),
        .badICMP, 0
      ),
      (
        "for a group", solicitation(target: words(IPv6Address.allNodes), options: [], from: source),
        .badICMP, 0
      ),
      (
        "of no address, with a link address",
        solicitation(
          target: target, options: option, from: .any, to: us6.solicitedNodeGroup), .badICMP, 0
      ),
      (
        "of no address, to all who might have it",
        solicitation(target: target, options: [], from: .any, to: us6.solicitedNodeGroup), nil, 1
      ),
      (
        "for another", solicitation(target: words(them6), options: option, from: source),
        .notForUs, 0
      ),
    ]
    for (why, frame, reason, answers) in cases {
      var stack = makeEthernetStack(pool)
      while stack.transmit() != nil {}
      expect(stack.input(try packet(pool, frame), linkType: .ethernet), is: reason, "\(why)")
      let sent = transmitted(&stack)
      // One without a link address has to be asked for it, and its answer waits meanwhile.
      #expect(sent.count == answers, "\(why)")
      for answer in sent { #expect(fault(in: Array(answer[14...])) == nil, "\(why)") }
      stack.checkInvariants()
    }
    #expect(pool.outstanding == 0)
  }
}
