// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct LoopbackHeaderTests {
  @Test func readsWhatIsDrawn() throws {
    try checkView("00000002", LoopbackHeader.self) {
      #expect($0.family == 2 && $0.etherType == .ipv4 && $0.etherTypeInAnyOrder == .ipv4)
    }
  }

  @Test(arguments: ["0000001e", "1e000000"])
  func aFamilyInEitherOrder(text: String) throws {
    let bytes = [UInt8](hex: text)
    let type = try LoopbackHeader(bytes.raw).etherTypeInAnyOrder
    #expect(type == .ipv6)
  }

  @Test(arguments: [0, 1, 3, 11, 0x0200_0000, .max] as [UInt32])
  func otherFamiliesAreNotIP(family: UInt32) throws {
    let bytes = [UInt8](count: 4) { $0.store(family, at: 0) }
    let type = try LoopbackHeader(bytes.raw).etherType
    #expect(type == EtherType(rawValue: 0))
  }
}
