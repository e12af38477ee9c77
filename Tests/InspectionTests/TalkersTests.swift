// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@testable import Inspection

@Suite struct TalkersTests {
  private func key(_ number: Int) -> Talkers.Key {
    Talkers.Key(bits: IPv6Address(high: 0, low: UInt64(number)), isIPv6: number % 2 == 0)
  }

  @Test func countsAreExactWhileEveryAddressHasACounter() {
    var random = SeededRandom()
    var talkers = Talkers(capacity: 16)
    var packets = [Int](repeating: 0, count: 16)
    var bytes = packets
    for _ in 0..<2_000 {
      let number = min(
        Int.random(in: 0..<16, using: &random), Int.random(in: 0..<16, using: &random))
      talkers.note(key(number), isSender: number < 8, byteCount: number)
      packets[number] += 1
      bytes[number] += number
      talkers.checkInvariants()
    }
    #expect(talkers.isExact && talkers.total == 2_000)
    let top = talkers.top(100)
    #expect(top.map(\.packets) == packets.filter { $0 > 0 }.sorted(by: >))
    for talker in top {
      let number = (0..<16).first { key($0).address == talker.address }
      #expect(number.map { packets[$0] } == talker.packets)
      #expect(number.map { bytes[$0] } == talker.bytes)
      #expect(talker.error == 0)
      #expect(talker.sent == (number.map { $0 < 8 } == true ? talker.packets : 0))
    }
    #expect(talkers.top(3) == Array(top.prefix(3)))
    #expect(talkers.top(0) == [])
  }

  // Space-Saving's promises, against a table of every address.
  @Test(arguments: [1, 2, 7, 64])
  func withMoreAddressesThanCountersNoCountIsTooLowAndTheErrorIsBounded(_ capacity: Int) {
    var random = SeededRandom()
    var talkers = Talkers(capacity: capacity)
    var truth: [IPAddress: Int] = [:]
    for step in 1...5_000 {
      // A few that talk much, and many that do not.
      let number =
        random.chance(50)
        ? Int.random(in: 0..<5, using: &random) : Int.random(in: 5..<500, using: &random)
      talkers.note(key(number), isSender: true, byteCount: 1)
      truth[key(number).address, default: 0] += 1
      if step % 100 == 0 { talkers.checkInvariants() }
    }
    let top = talkers.top(.max)
    #expect(top.count == capacity)
    #expect(talkers.isExact == false)
    for talker in top {
      let count = truth[talker.address] ?? 0
      #expect(talker.packets - talker.error <= count && count <= talker.packets)
      #expect(talker.error <= 5_000 / capacity)
    }
    let named = Set(top.map(\.address))
    for (address, count) in truth where count > 5_000 / capacity {
      #expect(named.contains(address), "\(address) with \(count)")
    }
  }

  @Test func anAddressOfBothFamiliesIsTwoAddresses() {
    var talkers = Talkers(capacity: 4)
    let bits = IPv6Address(high: 0, low: 0x0a00_0001)
    talkers.note(Talkers.Key(bits: bits, isIPv6: false), isSender: true, byteCount: 1)
    talkers.note(Talkers.Key(bits: bits, isIPv6: true), isSender: true, byteCount: 1)
    #expect(Set(talkers.top(4).map(\.address)) == [.v4(IPv4Address(10, 0, 0, 1)), .v6(bits)])
  }

  @Test func portsAreCountedOnceEvenIfBothEndsHaveTheSame() {
    var summary = CaptureSummary()
    summary.count(Frames.udp(ports: (53, 53)))
    summary.count(Frames.udp(ports: (4_000, 53)))
    summary.count(Frames.tcp())
    let ports = summary.ports.top(10)
    #expect(ports.map(\.port) == [53, 4_000, 80, 4_660])
    #expect(ports.map(\.packets) == [2, 1, 1, 1])
    #expect(ports.map(\.transport) == [.udp, .udp, .tcp, .tcp])
    #expect(ports[0].bytes == 2 * Frames.udp().count)
    #expect(summary.ports.top(1) == Array(ports.prefix(1)))
    #expect(summary.talkers.top(1).first?.packets == 3)
  }
}
