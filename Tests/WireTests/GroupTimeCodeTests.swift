// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct GroupTimeCodeTests {
  @Test(arguments: [
    (UInt8(0), 0), (127, 127), (0x80, 128), (0x81, 136), (0x8f, 248), (0x90, 256), (0xff, 31_744),
  ])
  func ofEightBits(code: UInt8, value: Int) {
    #expect(GroupTimeCode.value(of: code) == value)
  }

  @Test(arguments: [
    (UInt16(0), 0), (32_767, 32_767), (0x8000, 32_768), (0x8001, 32_776), (0x9000, 65_536),
    (0xffff, 8_387_584),
  ])
  func ofSixteenBits(code: UInt16, value: Int) {
    #expect(GroupTimeCode.value(of: code) == value)
  }

  @Test func codesAndTimesGoUpTogether() {
    let values = (0...255).map { GroupTimeCode.value(of: UInt8($0)) }
    #expect(zip(values, values.dropFirst()).allSatisfy { $0 < $1 })
    for (code, value) in values.enumerated() {
      #expect(Int(GroupTimeCode.code8(for: value)) == code)
      #expect(value == 0 || Int(GroupTimeCode.code8(for: value - 1)) == code - 1)
    }
    #expect(GroupTimeCode.code8(for: .max) == 255)
    for code in 0...65_535 {
      let value = GroupTimeCode.value(of: UInt16(code))
      if Int(GroupTimeCode.code16(for: value)) != code { Issue.record("\(code)") }
      if value > 0, Int(GroupTimeCode.code16(for: value - 1)) != code - 1 {
        Issue.record("below \(code)")
      }
    }
    #expect(GroupTimeCode.code16(for: .max) == 65_535)
  }
}
