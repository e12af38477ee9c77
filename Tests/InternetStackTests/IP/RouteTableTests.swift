// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@testable import InternetStack

/// Longest prefix match in the plainest way: every prefix is looked at.
private struct RouteModel {
  var routes: [IPPrefix: Route] = [:]

  func lookup(_ address: IPAddress) -> Route? {
    var longest = -1
    var way: Route?
    for (prefix, route) in routes where prefix.length > longest && prefix.contains(address) {
      longest = prefix.length
      way = route
    }
    return way
  }
}

@Suite struct RouteTableTests {
  private static func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }

  private static func address(_ text: String) throws -> IPAddress {
    try #require(IPAddress(text))
  }

  private static func way(_ number: Int) -> Route {
    Route(gateway: .v4(IPv4Address(UInt32(number))), interface: UInt16(number % 7))
  }

  @Test func anEmptyTableKnowsNoWay() throws {
    var table = RouteTable()
    expect(table.lookup(us), is: nil)
    expect(table.lookup(IPv6Address.loopback), is: nil)
    expect(table.remove(try Self.prefix("10.0.0.0/8")), is: nil)
    table.checkInvariants()
    #expect(table.byteCount == 0)
  }

  /// Prefixes that lie in each other, their way being their place here, and who belongs to which.
  private static let nested: [(prefixes: [String], addresses: [(String, Int?)])] = [
    (
      ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3", "10.1.2.128/25"],
      [
        ("10.255.255.255", 0), ("10.0.0.0", 0), ("10.1.0.0", 1), ("10.1.3.0", 1), ("10.1.2.0", 2),
        ("10.1.2.3", 3), ("10.1.2.4", 2), ("10.1.2.127", 2), ("10.1.2.128", 4), ("10.1.2.255", 4),
        ("9.255.255.255", nil), ("11.0.0.0", nil), ("::ffff:10.0.0.1", nil),
      ]
    ),
    (
      ["0.0.0.0/0", "255.255.255.255", "0.0.0.0", "128.0.0.0/1", "255.255.0.0/17"],
      [
        ("0.0.0.0", 2), ("0.0.0.1", 0), ("127.255.255.255", 0), ("128.0.0.0", 3),
        ("255.255.255.254", 3), ("255.255.255.255", 1), ("255.255.127.255", 4), ("::", nil),
      ]
    ),
    (
      [
        "::/0", "2001:db8::/32", "2001:db8:1::/48", "2001:db8:1:2::/64", "2001:db8:1:2::3",
        "2001:db8::/33", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::", "2001:db8:1:2::/127",
      ],
      [
        ("::", 7), ("::1", 0), ("2001:db8:8000::", 1), ("2001:db8::", 5), ("2001:db8:1::", 2),
        ("2001:db8:1:2::4", 3), ("2001:db8:1:2::3", 4), ("2001:db8:1:2::1", 8),
        ("2001:db8:1:2::2", 3), ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 6),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 0), ("10.0.0.1", nil),
      ]
    ),
  ]

  @Test(arguments: [0, 1, 2], [0, 20])
  func theLongestPrefixSaysTheWay(row: Int, others: Int) throws {
    let (prefixes, addresses) = Self.nested[row]
    var table = RouteTable()
    // Enough of others make a table of what is a list else.
    for other in 0..<others {
      table.insert(try Self.prefix("198.51.\(other).0/24"), Self.way(99))
      table.insert(try Self.prefix("3fff:\(other)::/32"), Self.way(99))
    }
    for (number, prefix) in prefixes.enumerated() {
      expect(table.insert(try Self.prefix(prefix), Self.way(number)), is: nil)
      table.checkInvariants()
    }
    for (address, number) in addresses {
      expect(
        table.lookup(try Self.address(address)), is: number.map(Self.way), "\(address)")
    }
    // A way that changes is another for those that have the prefix, and for nobody else.
    for (number, prefix) in prefixes.enumerated() {
      expect(
        table.insert(try Self.prefix(prefix), Self.way(number + 50)), is: Self.way(number))
    }
    for (address, number) in addresses {
      expect(
        table.lookup(try Self.address(address)), is: number.map { Self.way($0 + 50) }, "\(address)")
    }
    for (number, prefix) in prefixes.enumerated() {
      expect(table[try Self.prefix(prefix)], is: Self.way(number + 50))
      expect(table.remove(try Self.prefix(prefix)), is: Self.way(number + 50))
      expect(table[try Self.prefix(prefix)], is: nil)
      table.checkInvariants()
    }
    for (address, _) in addresses { expect(table.lookup(try Self.address(address)), is: nil) }
    #expect(table.prefixCount == 2 * others)
  }

  /// An address near the others, so that prefixes lie in each other and end at the same places.
  private static func address(_ isIPv4: Bool, _ random: inout SeededRandom) -> IPAddress {
    let ends: [UInt64] = [0, 1, 0x7f, 0x80, 0xff]
    func end() -> UInt64 { ends[Int.random(in: 0..<5, using: &random)] }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for _ in 0..<8 { (high, low) = (high << 8 | end(), low << 8 | end()) }
    return isIPv4
      ? .v4(IPv4Address(UInt32(truncatingIfNeeded: high)))
      : .v6(IPv6Address(high: high, low: low))
  }

  private static func prefix(_ isIPv4: Bool, _ random: inout SeededRandom) -> IPPrefix? {
    let most = isIPv4 ? 32 : 128
    let length =
      switch random.next() % 4 {
      case 0: Int.random(in: 0...most, using: &random)
      case 1: [0, 1, 8, 15, 16, 17, 24, 31, 32, most][Int.random(in: 0..<10, using: &random)]
      default: most - Int.random(in: 0...24, using: &random)
      }
    return IPPrefix(address(isIPv4, &random), length: length)
  }

  @Test(arguments: [true, false], [6, 12, 150])
  func aTableDoesWhatAListOfAllPrefixesDoes(isIPv4: Bool, most: Int) throws {
    var random = SeededRandom()
    var table = RouteTable()
    var model = RouteModel()
    var prefixes: [IPPrefix] = []
    for step in 0..<Steps.of(5_000) {
      let isGrowing = model.routes.count < most && step / 200 % 2 == 0
      if isGrowing || model.routes.isEmpty || random.chance(10) {
        let prefix = try #require(Self.prefix(isIPv4, &random))
        let way = Self.way(Int.random(in: 0..<20, using: &random))
        let old = model.routes.updateValue(way, forKey: prefix)
        if old == nil { prefixes.append(prefix) }
        expect(table.insert(prefix, way), is: old)
      } else {
        let prefix = prefixes.remove(at: Int.random(in: 0..<prefixes.count, using: &random))
        expect(table.remove(prefix), is: model.routes.removeValue(forKey: prefix))
      }
      for _ in 0..<5 {
        let address = Self.address(isIPv4, &random)
        expect(table.lookup(address), is: model.lookup(address), "step \(step): \(address)")
      }
      #expect(table.prefixCount == model.routes.count)
      if step % 20 == 0 { table.checkInvariants() }
    }
    var seen: [IPPrefix: Route] = [:]
    table.forEach { seen[$0] = $1 }
    #expect(seen == model.routes)
    for prefix in seen.keys { table.remove(prefix) }
    table.checkInvariants()
    #expect(table.prefixCount == 0)
  }

  @Test(arguments: [true, false])
  func aHundredThousandPrefixesAreFoundAndTakenOutAgain(isIPv4: Bool) throws {
    var random = SeededRandom()
    let count = Steps.of(100_000)
    var table = RouteTable()
    var model: [IPPrefix: Route] = [:]
    while model.count < count {
      let prefix = try #require(RouteSamples.prefix(isIPv4, &random))
      let way = Self.way(Int.random(in: 0..<50, using: &random))
      table.insert(prefix, way)
      model[prefix] = way
    }
    table.checkInvariants()
    // What the theory says of memory: the root, and so much for each prefix.
    let limit = 327_680 + count * (isIPv4 ? 220 : 400)
    #expect(table.byteCount <= limit, "\(table.byteCount) bytes of \(limit)")
    func check(_ address: IPAddress) throws {
      var expected: Route?
      for length in 0...(isIPv4 ? 32 : 128) {
        if let prefix = IPPrefix(address, length: length), let way = model[prefix] {
          expected = way
        }
      }
      expect(table.lookup(address), is: expected, "\(address)")
    }
    func checkSome() throws {
      for prefix in model.keys.prefix(500) { try check(prefix.address) }
      for _ in 0..<500 {
        try check(try #require(RouteSamples.prefix(isIPv4, &random)).address)
      }
    }
    try checkSome()
    for prefix in Array(model.keys) where random.chance(50) {
      expect(table.remove(prefix), is: model.removeValue(forKey: prefix))
    }
    table.checkInvariants()
    try checkSome()
  }

  /// Prints what a search takes; it is for whoever changes the table, with `-c release`.
  @Test(arguments: [true, false])
  func aSearchTakesSoLong(isIPv4: Bool) throws {
    for count in [1, 8, 1_000, 100_000] where Steps.of(100_000) >= count {
      var random = SeededRandom(seed: 0x2a)
      var table = RouteTable()
      var prefixes: [IPPrefix] = []
      while table.prefixCount < count {
        prefixes.append(try #require(RouteSamples.prefix(isIPv4, &random)))
        table.insert(prefixes[prefixes.count - 1], Self.way(prefixes.count % 16))
      }
      let anywhere = RouteSamples.nanoseconds(table, isIPv4, [])
      let inside = RouteSamples.nanoseconds(table, isIPv4, prefixes)
      print(
        "\(isIPv4 ? "IPv4" : "IPv6"), \(count) prefixes: \(anywhere) ns to anywhere,",
        "\(inside) ns to a prefix, \(table.byteCount) bytes")
    }
  }
}

/// Prefixes as routers have them.
enum RouteSamples {
  static func prefix(_ isIPv4: Bool, _ random: inout SeededRandom) -> IPPrefix? {
    let address: IPAddress
    let lengths: [Int]
    if isIPv4 {
      address = .v4(IPv4Address(.random(in: 0x0100_0000...0xdfff_ffff, using: &random)))
      lengths = [24, 24, 24, 24, 24, 24, 23, 22, 22, 21, 20, 19, 18, 16, 25, 32]
    } else {
      // Few registries, many providers, some of their customers.
      let registry = [0x2001, 0x2400, 0x2600, 0x2a00][Int(random.next() % 4)] as UInt64
      let provider = (random.next() >> 52) << 32
      address = .v6(
        IPv6Address(high: registry << 48 | provider | random.next() >> 32, low: random.next()))
      lengths = [48, 48, 48, 48, 48, 44, 40, 36, 32, 32, 29, 56, 64, 64, 128, 46]
    }
    let length = lengths[Int(random.next() % 16)]
    return IPPrefix(address, length: length)
  }

  /// The mean of many searches for what a list says, else for any address at all.
  static func nanoseconds(
    _ table: borrowing RouteTable, _ isIPv4: Bool, _ prefixes: [IPPrefix]
  ) -> Double {
    var random = SeededRandom(seed: 1)
    let destinations = (0..<1 << 16).map { _ in
      let (high, low) = (random.next(), random.next())
      guard !prefixes.isEmpty else { return IPv6Address(high: high, low: low) }
      switch prefixes[Int(high % UInt64(prefixes.count))].address {
      case .v4(let address): return IPv6Address(high: UInt64(address.bits) << 32, low: 0)
      case .v6(let address): return address
      }
    }
    var found = 0
    var best = Duration.seconds(1_000)
    for _ in 0..<5 {
      let time = ContinuousClock().measure {
        for address in destinations {
          let way =
            isIPv4
            ? table.lookup(IPv4Address(UInt32(truncatingIfNeeded: address.high >> 32)))
            : table.lookup(address)
          if let way { found += Int(way.interface) }
        }
      }
      best = min(best, time)
    }
    #expect(found >= 0)
    return Double(best.components.attoseconds / 1_000_000_000 / (1 << 14)) / 4
  }
}
