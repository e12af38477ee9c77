// SPDX-License-Identifier: BSD-2-Clause
import InternetStack
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import UMA
import Wire

@Suite struct EchoTests {
  @Test(arguments: [0, 1, 2, 55, 56, 57, 1_452])
  func aPingIsAnsweredWithItsBytesHoweverItIsCut(byteCount: Int) throws {
    let pool = MbufPool()
    var stack = makeTalkingStack()
    let payload = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let four = ipv4(icmp(8, rest: 0x1234_0001, payload), protocol: 1)
    let six = ipv6(icmpv6(128, rest: 0x1234_0001, payload), nextHeader: 58)
    for (request, header, type) in [(four, 20, UInt8(0)), (six, 40, 129)] {
      for cut in 0...min(request.count, 80) {
        expect(stack.input(try packet(pool, request, cutAt: [cut]), linkType: .raw), is: nil)
        let answers = transmitted(&stack)
        #expect(answers.count == 1)
        guard let answer = answers.first else { continue }
        #expect(fault(in: answer) == nil, "cut at \(cut)")
        #expect(answer[header] == type)
        #expect(Array(answer[(header + 4)...]) == Array(request[(header + 4)...]))
        // From whom it was sent to, to whom it came from.
        let addresses = header == 20 ? 12..<20 : 8..<40
        let half = addresses.count / 2
        let wanted = Array(request[addresses])
        #expect(Array(answer[addresses]) == Array(wanted[half...] + wanted[..<half]))
      }
    }
    #expect(stack.statistics.handled == stack.statistics.received)
    #expect(stack.statistics.own.echoReplies == stack.statistics.received)
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  /// What is no ping for this host alone, and why it has no answer.
  static let unanswered: [(DropReason, [UInt8], String)] = [
    (.unusedICMP, ipv4(icmp(8), protocol: 1, to: .broadcast), "to all (RFC 1122, 3.2.2.6)"),
    (
      .unusedICMP, ipv4(icmp(8), protocol: 1, to: IPv4Address(192, 0, 2, 255)),
      "to all of a network"
    ),
    (.unusedICMP, ipv4(icmp(0), protocol: 1), "an answer that nobody waits for"),
    (.unusedICMP, ipv4(icmp(5, code: 1), protocol: 1), "a redirect"),
    (.unusedICMP, ipv4(icmp(13), protocol: 1), "a time stamp request"),
    (.unusedICMP, ipv6(icmpv6(137), nextHeader: 58), "a redirect of IPv6"),
    (.badChecksum, ipv4([8, 0, 1, 2, 0, 0, 0, 0], protocol: 1), "a wrong checksum"),
    (.badChecksum, ipv6([128, 0, 1, 2, 0, 0, 0, 0], nextHeader: 58), "a wrong checksum"),
    (.badChecksum, ipv6([128, 0, 0, 0, 0, 0, 0, 0], nextHeader: 58), "none at all"),
    (.short, ipv4([8, 0, 0xf7, 0xff, 0, 0, 0], protocol: 1), "seven bytes"),
    (.short, ipv6([128, 0, 0], nextHeader: 58), "three bytes"),
    (.martianSource, ipv4(icmp(8), protocol: 1, from: us), "from us"),
    (.martianSource, ipv4(icmp(8), protocol: 1, from: .broadcast), "from all"),
    (.martianSource, ipv4(icmp(8), protocol: 1, from: .loopback), "from ourselves"),
    (
      .martianSource,
      ipv6(icmpv6(128, from: us6), nextHeader: 58, from: us6), "from us over IPv6"
    ),
    (
      .martianSource,
      ipv6(icmpv6(128, from: .loopback), nextHeader: 58, from: .loopback), "from ::1"
    ),
    (
      .martianSource,
      ipv6(
        icmpv6(128, from: IPv6Address(high: 0xff02 << 48, low: 1)), nextHeader: 58,
        from: IPv6Address(high: 0xff02 << 48, low: 1)), "from a group"
    ),
    (.notForUs, ipv4(icmp(8), protocol: 1, to: IPv4Address(192, 0, 2, 2)), "to another"),
    (.notForUs, ipv6(icmpv6(128, to: them6), nextHeader: 58, to: them6), "to another"),
  ]

  @Test(arguments: unanswered)
  func whatIsNoPingForUsAloneHasNoAnswer(
    reason: DropReason, datagram: [UInt8], why: String
  ) throws {
    let pool = MbufPool()
    var stack = makeTalkingStack()
    expect(stack.input(try packet(pool, datagram), linkType: .raw), is: reason)
    #expect(transmitted(&stack).isEmpty)
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func noDeniedAllocationLeaksAPingOrTrapsOverIt() throws {
    let pool = MbufPool()
    let request = ipv4(icmp(8, rest: 1, [UInt8](repeating: 3, count: 300)), protocol: 1)
    var answered = 0
    _ = try pool.sweepFailures {
      var stack = makeTalkingStack()
      // Shared, so that the answer needs a header of its own.
      guard var original = try? packet(pool, request, cutAt: [20, 24]),
        let copy = try? original.sharedCopy()
      else { return }
      let reason = stack.input(copy, linkType: .raw)
      #expect(reason == nil || reason == .noMemory)
      let answers = transmitted(&stack)
      answered += answers.count
      for answer in answers { #expect(fault(in: answer) == nil) }
      #expect(bytes(of: original) == request, "what others share stays as it is")
      stack.checkInvariants()
    }
    #expect(answered > 0)
    #expect(pool.outstanding == 0)
  }

  @Test func aStackMayBeToldNotToAnswer() throws {
    let pool = MbufPool()
    for change in [{ $0.answersEcho = false }, { $0.isSilent = true }]
      as [(inout InternetStack.Policy) -> Void]
    {
      var stack = makeTalkingStack(change)
      expect(
        stack.input(try packet(pool, ipv4(icmp(8), protocol: 1)), linkType: .raw),
        is: .unusedICMP)
      #expect(transmitted(&stack).isEmpty)
    }
    #expect(pool.outstanding == 0)
  }
}
