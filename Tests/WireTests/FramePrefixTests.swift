// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@Suite struct FramePrefixTests {
  @Test(arguments: [0, 1, 7, 156, 255, 256, 257, 1_000, 5_000])
  func isTheFirstBytesOfAnyPieces(capacity: Int) {
    var random = SeededRandom()
    for _ in 0..<20 {
      let whole = random.bytes(random.below(2 * capacity + 2))
      var prefix = FramePrefix(capacity: capacity)
      var rest = whole[...]
      while !rest.isEmpty {
        let piece = [UInt8](rest.prefix(1 + random.below(capacity + 3)))
        prefix.append(piece.raw)
        rest = rest.dropFirst(piece.count)
      }
      let bytes = prefix.bytes
      let found = (0..<bytes.byteCount).map { FixedBytes<1>(bytes, at: $0).uint8(at: 0) }
      #expect(found == [UInt8](whole.prefix(capacity)))
    }
  }
}
