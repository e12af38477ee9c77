// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@Suite struct NeighborFaultTests {
  static let here = IPv6Address(high: 0xfe80 << 48, low: 0x0a)
  static let there = IPv6Address(high: 0xfe80 << 48, low: 0x0b)
  static let global = IPv6Address(high: 0x2001_0db8_0000_0000, low: 1)
  static let hereHex = "fe80000000000000 000000000000000a"
  static let globalHex = "20010db800000000 0000000000000001"
  static let groupHex = "ff02000000000000 0000000000000001"
  static let source = "01 01 02005e100001"
  static let target = "02 01 02005e100001"
  static let rs = "85 00 0000 00000000"
  static let ra = "86 00 0000 40 00 0708 00000000 00000000"
  static let ns = "87 00 0000 00000000" + hereHex
  static let na = "88 00 0000 20000000" + hereHex
  static let redirect = "89 00 0000 00000000" + hereHex + globalHex

  func fault(
    _ bytes: [UInt8], from source: IPv6Address = there, to destination: IPv6Address = here,
    hopLimit: UInt8 = 255
  ) -> NeighborFault? {
    do throws(NeighborFault) {
      try NeighborFault.check(bytes.raw, from: source, to: destination, hopLimit: hopLimit)
      return nil
    } catch {
      return error
    }
  }

  func fault(
    _ text: String, from source: IPv6Address = there, to destination: IPv6Address = here
  ) -> NeighborFault? {
    fault([UInt8](hex: text), from: source, to: destination)
  }

  @Test(arguments: [rs, ra, ns, na, redirect])
  func theRulesOfAll(text: String) {
    let bytes = [UInt8](hex: text)
    #expect(fault(bytes) == nil)
    for hopLimit in UInt8.min..<255 {
      #expect(fault(bytes, hopLimit: hopLimit) == .hopLimit)
    }
    for count in 0..<bytes.count {
      #expect(fault(Array(bytes[..<count])) == .tooShort)
    }
    for code in UInt8(1)...255 {
      #expect(fault([bytes[0], code] + bytes[2...]) == .code)
    }
    #expect(fault(bytes + [UInt8](hex: Self.source + "fe 01 000000000000")) == nil)
    #expect(fault(bytes + [UInt8](hex: Self.source + "fe 00 000000000000")) == .badOption)
    #expect(fault(bytes + [UInt8](hex: "fe 02 000000000000")) == .badOption)
    #expect(fault(bytes + [1]) == .badOption)
    #expect(fault([128] + bytes[1...]) == .notNeighborDiscovery)
  }

  @Test func theRulesOfRouters() {
    #expect(fault(Self.rs, from: .any) == nil)
    #expect(fault(Self.rs + Self.source, from: .any) == .sourceLinkAddressWithoutSource)
    #expect(fault(Self.rs + Self.source, from: Self.global) == nil)
    #expect(fault(Self.ra, from: Self.global) == .sourceNotLinkLocal)
    #expect(fault(Self.ra, from: .any) == .sourceNotLinkLocal)
  }

  @Test func theRulesOfNeighbors() {
    let group = Self.here.solicitedNodeGroup
    #expect(fault(Self.ns, from: .any, to: group) == nil)
    #expect(fault(Self.ns, from: .any, to: Self.here) == .destinationNotSolicitedNode)
    #expect(fault(Self.ns, from: .any, to: .allNodes) == .destinationNotSolicitedNode)
    let withSource = Self.ns + Self.source
    #expect(fault(withSource, from: .any, to: group) == .sourceLinkAddressWithoutSource)
    #expect(fault(withSource, from: Self.global, to: group) == nil)
    #expect(fault("87 00 0000 00000000" + Self.groupHex) == .multicastTarget)
    #expect(fault("88 00 0000 20000000" + Self.groupHex) == .multicastTarget)
    #expect(fault(Self.na + Self.target, to: .allNodes) == nil)
    let solicited = "88 00 0000 60000000" + Self.hereHex
    #expect(fault(solicited) == nil)
    #expect(fault(solicited, to: .allNodes) == .solicitedByMulticast)
  }

  @Test func theRulesOfRedirects() {
    let head = "89 00 0000 00000000"
    #expect(fault(Self.redirect, from: Self.global) == .sourceNotLinkLocal)
    #expect(fault(head + Self.hereHex + Self.groupHex) == .multicastDestination)
    #expect(fault(head + Self.globalHex + Self.globalHex) == nil)
    #expect(fault(head + Self.globalHex + Self.hereHex) == .targetNotLinkLocal)
  }

  @Test func anyBytesAreCheckedWithoutHarm() {
    var random = SeededRandom()
    var found: Set<NeighborFault> = []
    for _ in 0..<20_000 {
      var bytes = random.bytes(random.below(80))
      if bytes.count > 1, !random.oneIn(8) {
        bytes[0] = UInt8(133 + random.below(5))
        bytes[1] = random.oneIn(8) ? 1 : 0
      }
      let source = random.oneIn(2) ? .any : Self.there
      if let fault = fault(bytes, from: source, to: random.ipv6Address()) { found.insert(fault) }
    }
    #expect(found.isSuperset(of: [.notNeighborDiscovery, .code, .tooShort, .badOption]))
  }
}
