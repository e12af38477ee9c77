// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@Suite struct HeaderOptionsTests {
  func walk(_ bytes: [UInt8]) -> (options: [HeaderOption], isMalformed: Bool) {
    var options: [HeaderOption] = []
    var walk = HeaderOptionWalk(bytes.raw)
    while let option = walk.next() {
      options.append(option)
    }
    return (options, walk.isMalformed)
  }

  @Test func stepsOverKindsWithAndWithoutLength() {
    let found = walk([UInt8](hex: "01 94040000 07 03 04 00 ff"))
    #expect(found.options.map(\.kind) == [1, 0x94, 7])
    #expect(found.options.map(\.offset) == [0, 1, 5])
    #expect(found.options.map(\.byteCount) == [1, 4, 3])
    #expect(!found.isMalformed)
  }

  @Test(arguments: ["07", "0700", "0701", "0704 04", "0101 07ff 00"])
  func stopsAtALengthThatLies(text: String) {
    #expect(walk([UInt8](hex: text)).isMalformed)
  }

  @Test func neverLeavesItsBytes() {
    var random = SeededRandom()
    for _ in 0..<20_000 {
      let bytes = random.bytes(random.below(41))
      var end = 0
      for option in walk(bytes).options {
        #expect(option.offset == end)
        end += option.byteCount
        #expect(end <= bytes.count)
      }
    }
  }

  @Test func equalByTheirBytes() {
    let one = HeaderOptions(copying: [UInt8](hex: "01020304").raw)
    #expect(one == HeaderOptions(copying: [UInt8](hex: "01020304").raw))
    #expect(one != HeaderOptions(copying: [UInt8](hex: "01020305").raw))
    #expect(one != HeaderOptions())
    #expect(one[3] == 4)
  }
}
