// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import Pcap

@Suite struct FileBytesTests {
  @Test(arguments: [0, 1, 262_143, 262_144, 262_145, 1_000_000])
  func allBytesComeInOrder(_ count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    let file = try TemporaryFile(bytes)
    #expect(try FileBytes.all(of: file.path) == bytes)
    var parts = try FileBytes(path: file.path)
    var sum = 0
    while try parts.next() {
      let span = parts.bytes
      #expect(span.byteCount > 0)
      sum += span.byteCount
    }
    #expect(sum == count)
    let isMore = try parts.next()
    #expect(!isMore)
  }

  @Test func whatCannotBeReadIsRefused() {
    #expect(throws: PcapError.self) { try FileBytes.all(of: "/nowhere/at/all") }
    #expect(throws: PcapError.self) { try FileBytes.all(of: "/tmp") }
  }
}
