// SPDX-License-Identifier: BSD-2-Clause
import Pcap
import Testing

/// A capture of three frames as gzip 1.12, zstd 1.5.4 and lz4 1.9.4 compress it: its first 55 bytes, which
/// end inside a record, and then the rest, one stream behind the other.
struct Compressed: CustomStringConvertible, Sendable {
  let compression: CaptureCompression
  let bytes: [UInt8]
  /// Bytes that the first stream takes.
  let firstByteCount: Int

  var description: String { compression.rawValue }

  static let frames = [
    Frame(Array(0..<20), time: 1_700_000_001_000_001_000),
    Frame(
      (0..<5).flatMap { _ in Array("capture".utf8) }, time: 1_700_000_002_000_002_000,
      wireByteCount: 90),
    Frame([], time: 1_700_000_003_000_003_000),
  ]

  /// `gzip -9n`.
  static let gzip = Compressed(
    .gzip, 58,
    """
    1f8b0800000000000203bb7278d342260616060460616004928c1f835341b4081433303231b3b0b2b1737072
    71f3f0f201007a593895370000001f8b0800000000000203e31710141266fa189ccac4c0c0a00cc451409c9c
    5850525a948a8f62066a6166400000ec86c2f748000000
    """)

  /// A skippable frame, `zstd` and `zstd -19`.
  static let zstd = Compressed(
    .zstd, 73,
    """
    532a4d18050000006d62756d6128b52ffd04587d01006402d4c3b2a10200040004000100000001f153650100
    000014000102030405060708090a0b0c0d0e0200bb5c37100722dac26828b52ffd04685d010024020f101112
    1302f1536502000000230000005a0000006361707475726503f1536503000200ee5610539c824ba5d9
    """)

  /// `lz4` and `lz4 -9 -B4`.
  static let lz4 = Compressed(
    .lz4, 64,
    """
    04224d186440a72d00000086d4c3b2a1020004000100a004000100000001f15365080013140400f000000102
    030405060708090a0b0c0d0e000000008dab127304224d186440a733000000ff0d0f1011121302f153650200
    0000230000005a00000063617074757265070009f00103f1536503000000000000000000000000000000b74e
    07cd
    """)

  static let all = [gzip, zstd, lz4]

  private init(_ compression: CaptureCompression, _ firstByteCount: Int, _ hex: String) {
    self.compression = compression
    self.firstByteCount = firstByteCount
    let digits = hex.compactMap(\.hexDigitValue)
    bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
