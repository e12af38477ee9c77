// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Inspection

/// The hash of FIPS 180-4, by its examples and by parts.
@Suite struct SHA256Tests {
  private static func hex(_ parts: [UInt8]...) -> String {
    var hash = SHA256()
    for part in parts {
      let span = part.span
      hash.update(unsafe span.bytes)
    }
    return hash.hex
  }

  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
        + "mnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func theExamplesOfTheStandardHaveTheirHashes(_ text: String, _ digits: String) {
    #expect(Self.hex(Array(text.utf8)) == digits)
  }

  @Test func aMillionBytesHaveTheirHash() {
    let part = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000)
    var hash = SHA256()
    let span = part.span
    for _ in 0..<1_000 { hash.update(unsafe span.bytes) }
    #expect(hash.hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func itIsTheSameInWhateverPartsBytesCome() {
    var random = SeededRandom()
    for count in 0...200 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let (a, b) = (
        Int.random(in: 0...count, using: &random), Int.random(in: 0...count, using: &random)
      )
      let (first, second) = (min(a, b), max(a, b))
      let parts = (
        Array(bytes[..<first]), Array(bytes[first..<second]), Array(bytes[second...])
      )
      #expect(Self.hex(parts.0, parts.1, parts.2) == Self.hex(bytes), "\(count)")
    }
  }

  @Test func itCanBeAskedOnTheWay() {
    var hash = SHA256()
    let (first, rest) = (Array("abc".utf8), Array("def".utf8))
    let span = first.span
    hash.update(unsafe span.bytes)
    #expect(hash.hex == Self.hex(first))
    let more = rest.span
    hash.update(unsafe more.bytes)
    #expect(hash.hex == Self.hex(first + rest))
  }
}
