// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

/// Checksums made from a header's values, before it is written.
@Suite struct HeaderFieldsTests {
  @Test func aHeaderWithItsChecksumSumsTo0xffff() throws {
    for count in stride(from: 20, through: 60, by: 4) {
      let header =
        [0x40 | UInt8(count / 4), 9, 0, 60] + (4..<UInt8(count)).map { $0 == 6 ? 0 : $0 }
      let fields = try IPv4Header.Fields(parsing: header.raw)
      let written = writtenBytes(count) { output in fields.emitWithChecksum(into: &output) }
      #expect(written == [UInt8](count: count) { fields.emitWithChecksum(into: &$0) })
      var sum = InternetChecksum()
      sum.add(written.raw)
      #expect(sum.folded == 0xffff)
      #expect(written[..<10] == header[..<10] && written[12...] == header[12...])
    }
  }

  @Test func aHeaderAddsToASumWhatItsBytesAdd() throws {
    let fields = UDPHeader.Fields(
      sourcePort: 0xfedc, destinationPort: 0x8001, length: 0x7003, checksum: 0)
    for before in [[], [UInt8(9)]] {
      var (sum, expected) = (InternetChecksum(), InternetChecksum())
      sum.add(before.raw)
      fields.add(to: &sum)
      expected.add((before + fields.emitted()).raw)
      #expect(sum.folded == expected.folded)
    }
  }

  @Test func tooLittleRoomTraps() async {
    await #expect(processExitsWith: .failure) {
      var output = OutputRawSpan()
      UDPHeader.Fields(sourcePort: 1, destinationPort: 2, length: 8, checksum: 0)
        .emit(into: &output)
    }
  }
}
