// SPDX-License-Identifier: BSD-2-Clause
import InternetStack
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import UMA
import Wire

@Suite struct DropReasonTests {
  private static let link: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]
  private static let other = IPv4Address(192, 0, 2, 2)

  private static func frame(_ type: UInt16, _ rest: [UInt8]) -> [UInt8] {
    link + words(type) + rest
  }

  private static func fragment(_ field: UInt16, _ byteCount: Int) -> [UInt8] {
    frame(0x800, ipv4([UInt8](repeating: 1, count: byteCount), protocol: 17, fragment: field))
  }

  /// For each reason a frame that meets it, behind frames that prepare it.
  private static func provocation(_ reason: DropReason) -> (before: [[UInt8]], [UInt8])? {
    switch reason {
    case .unsupportedLinkType, .noMemory, .noRoom, .fragmentTimeout, .fullSocketBuffer: nil
    case .malformedLink: ([], Array(link.dropLast()))
    case .otherHost: ([], [2, 0, 0, 0, 0, 9] + frame(0x800, TestDatagram().bytes).dropFirst(6))
    case .unsupportedARP: ([], frame(0x8035, []))
    case .badARP:
      (
        [],
        frame(
          0x806,
          [0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9] + words(IPv4Address.loopback.bits)
            + [0, 0, 0, 0, 0, 0] + words(us.bits))
      )
    case .unsupportedNetwork: ([], frame(0x88cc, [1, 2, 3]))
    case .short: ([], frame(0x800, Array(TestDatagram().bytes.prefix(30))))
    case .badVersion: ([], frame(0x800, TestDatagram(version: 6).bytes))
    case .badHeaderLength: ([], frame(0x800, TestDatagram(headerWords: 3).bytes))
    case .badLength: ([], frame(0x800, TestDatagram(totalLength: 19).bytes))
    case .badHeaderChecksum: ([], frame(0x800, TestDatagram(headerChecksum: 1).bytes))
    case .badOption: ([], frame(0x800, TestDatagram(options: [7, 0, 4, 0]).bytes))
    case .sourceRoute:
      ([], frame(0x800, TestDatagram(options: [0x83, 7, 4, 10, 0, 0, 9, 0]).bytes))
    case .martianSource: ([], frame(0x800, TestDatagram(source: .loopback).bytes))
    case .notForUs: ([], frame(0x800, TestDatagram(destination: them).bytes))
    case .badFragment: ([], fragment(0x2000, 7))
    case .fragmentOverlap: ([fragment(0x2000, 16)], fragment(0x2001, 16))
    case .fragmentDuplicate: ([fragment(0x2000, 16)], fragment(0x2000, 16))
    case .fragmentLimit:
      ((0..<128).map { fragment(0x2000 | UInt16(2 * $0), 8) }, fragment(0x2000 | 256, 8))
    case .noProtocol: ([], frame(0x800, ipv4([1, 2, 3], protocol: 89)))
    case .badChecksum: ([], frame(0x800, TestDatagram(checksum: 1).bytes))
    case .badICMP: ([], frame(0x800, ipv4(icmp(3, code: 3, [1, 2, 3]), protocol: 1)))
    case .unusedICMP: ([], frame(0x800, ipv4(icmp(13), protocol: 1)))
    case .badPort: ([], frame(0x800, TestDatagram(destinationPort: 0).bytes))
    case .noSocket: ([], frame(0x800, TestDatagram().bytes))
    }
  }

  @Test(arguments: DropReason.allCases)
  func eachReasonIsMetAndCountedOnce(reason: DropReason) throws {
    let pool = MbufPool()
    var stack = makeEthernetStack(pool)
    while stack.transmit() != nil {}
    guard let (before, frame) = Self.provocation(reason) else {
      try meetByOtherMeans(reason, &stack, pool)
      while stack.transmit() != nil {}
      #expect(stack.statistics.dropped[reason] == 1)
      stack.checkInvariants()
      return
    }
    for frame in before { stack.input(try packet(pool, frame), linkType: .ethernet) }
    expect(stack.input(try packet(pool, frame), linkType: .ethernet), is: reason)
    #expect(stack.statistics.dropped[reason] >= 1)
    stack.checkInvariants()
  }

  /// What bytes alone do not bring about.
  private func meetByOtherMeans(
    _ reason: DropReason, _ stack: inout InternetStack, _ pool: MbufPool
  ) throws {
    let ping = Self.frame(0x800, ipv4(icmp(8), protocol: 1, from: Self.other))
    switch reason {
    case .unsupportedLinkType:
      stack.input(try packet(pool, [1, 2, 3]), linkType: LinkType(rawValue: 147))
    case .fragmentTimeout:
      stack.input(try packet(pool, Self.fragment(0x2000, 8)), linkType: .ethernet)
      stack.poll(now: 40_000_000_000)
    case .fullSocketBuffer:
      _ = try stack.bind(port: 7, limit: 10)
      stack.input(
        try packet(pool, Self.frame(0x800, TestDatagram().bytes)), linkType: .ethernet)
    case .noRoom:
      stack.policy.outputLimitInPackets = 0
      let arp = [0, 1, 8, 0, 6, 4, 0, 1] + Self.link[6...] + words(Self.other.bits)
      stack.input(
        try packet(pool, Self.frame(0x806, arp + [0, 0, 0, 0, 0, 0] + words(us.bits))),
        linkType: .ethernet)
    case .noMemory:
      var original = try packet(pool, ping, cutAt: [14, 34, 36])
      let shared = try original.sharedCopy()
      pool.inject(FailurePlan(failing: 1, andAllLater: true))
      stack.input(shared, linkType: .ethernet)
      pool.inject(nil)
    default: Issue.record("\(reason) is met by no frame")
    }
  }

  @Test func everyReasonHasOneRowWhichTheArticleHasToo() throws {
    #expect(DropReason.rows.map(\.reason).count == DropReason.allCases.count)
    #expect(Set(DropReason.rows.map(\.reason)).count == DropReason.allCases.count)
    for reason in DropReason.allCases { #expect(reason.row.reason == reason) }
    let article = String(
      decoding: try readFile("Sources/InternetStack/InternetStack.docc/DropReasons.md"),
      as: UTF8.self)
    let rows = article.split(separator: "\n").filter { $0.hasPrefix("| `") }
    #expect(rows.count == DropReason.rows.count)
    for (row, line) in zip(DropReason.rows, rows) {
      #expect(line.hasPrefix("| `\(row.reason.name)` | \(row.layer.rawValue) | "), "\(line)")
      #expect(line.hasSuffix(" | \(row.source) |"), "\(line)")
    }
  }
}
