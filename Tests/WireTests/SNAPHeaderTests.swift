// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct SNAPHeaderTests {
  @Test func readsWhatIsDrawn() throws {
    try checkView("aaaa03 000000 0800", SNAPHeader.self) { #expect($0.etherType == .ipv4) }
  }

  @Test(arguments: [
    ("aaaa030000000800", true), ("aaaa0300000c2000", false), ("aaaa0301000c2000", false),
    ("424203000000 0800", false),
  ])
  func onlyTheRightOrganizationNamesEtherTypes(text: String, isEtherType: Bool) throws {
    let bytes = [UInt8](hex: text)
    let found = try SNAPHeader(bytes.raw).isEtherType
    #expect(found == isEtherType)
  }
}
