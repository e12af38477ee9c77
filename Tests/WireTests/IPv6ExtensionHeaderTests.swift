// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct IPv6ExtensionHeaderTests {
  struct Found: Equatable {
    var kinds: [IPProtocol] = []
    var end = 0
    var next = IPProtocol(rawValue: 0)
    var error: ParseError?
  }

  func walk(_ bytes: [UInt8], from first: IPProtocol) -> Found {
    var found = Found()
    var walk = IPv6ExtensionWalk(bytes.raw, nextHeader: first)
    do throws(ParseError) {
      while let header = try walk.next() {
        found.kinds.append(header.kind)
      }
    } catch {
      found.error = error
    }
    found.end = walk.offset
    found.next = walk.nextHeader
    return found
  }

  @Test func eachKindHasItsOwnLength() {
    // Hop-by-hop of 8, routing of 16, AH of 24, destination options of 8, fragment of 8.
    let bytes =
      [UInt8](hex: "2b00010400000000")
      + [UInt8](hex: "3301 0000") + [UInt8](repeating: 0, count: 12)
      + [UInt8](hex: "3c04 0000") + [UInt8](repeating: 0, count: 20)
      + [UInt8](hex: "2c00010400000000") + [UInt8](hex: "11ff0000 00000001") + [1, 2]
    #expect(
      walk(bytes, from: .hopByHop)
        == Found(
          kinds: [.hopByHop, .routing, .authentication, .destinationOptions, .fragment], end: 64,
          next: .udp))
    for count in 0..<64 {
      let found = walk(Array(bytes[..<count]), from: .hopByHop)
      #expect(found.error?.reason == .tooShort)
      #expect(found.error?.available == count - found.end)
      #expect((found.error?.wanted ?? 0) > count - found.end)
    }
  }

  @Test func whatFollowsALaterFragmentIsNoHeader() {
    let bytes = [UInt8](hex: "3c00 0008 00000001 3c00000000000000")
    #expect(
      walk(bytes, from: .fragment)
        == Found(kinds: [.fragment], end: 8, next: .destinationOptions))
  }

  @Test func headersAreFollowedHoweverManyThereAre() {
    let bytes = [UInt8](repeating: 0, count: 8 * 8_000)
    let found = walk(bytes, from: .hopByHop)
    #expect(found.kinds.count == 8_000)
    #expect(
      found.error
        == ParseError(.ipv6Extension, .tooShort, wanted: 8, available: 0, offset: 64_000))
  }
}
