// SPDX-License-Identifier: BSD-2-Clause

/// Bytes of a pcapng, block by block, of either byte order.
struct BlockBuilder {
  /// What is there so far.
  private(set) var bytes: [UInt8] = []
  let bigEndian: Bool

  init(bigEndian: Bool = false) {
    self.bigEndian = bigEndian
    block(
      0x0a0d_0d0a,
      words([0x1a2b_3c4d]) + half(1) + half(0) + [UInt8](repeating: 0xff, count: 8))
  }

  func words(_ values: [UInt32]) -> [UInt8] { PcapTests.words(values, bigEndian: bigEndian) }

  func half(_ value: UInt16) -> [UInt8] {
    let (low, high) = (UInt8(value & 0xff), UInt8(value >> 8))
    return bigEndian ? [high, low] : [low, high]
  }

  /// A block: its body is padded, unless its length is given.
  mutating func block(_ type: UInt32, _ body: [UInt8], length: UInt32? = nil) {
    let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
    let count = length ?? UInt32(padded.count + 12)
    bytes += words([type, count]) + padded + words([count])
  }

  /// One option; its value is padded.
  func option(_ code: UInt16, _ value: [UInt8]) -> [UInt8] {
    half(code) + half(UInt16(value.count)) + value
      + [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
  }

  /// The option that says how time is counted.
  func resolution(_ code: UInt8) -> [UInt8] { option(9, [code]) + option(0, []) }

  mutating func interface(
    _ linkType: UInt16 = 1, snapshot: UInt32 = 0, _ options: [UInt8] = []
  ) {
    block(1, half(linkType) + half(0) + words([snapshot]) + options)
  }

  mutating func enhanced(
    _ frame: [UInt8], ticks: UInt64 = 0, interface: UInt32 = 0, wire: UInt32? = nil,
    captured: UInt32? = nil, _ options: [UInt8] = []
  ) {
    let padding = [UInt8](repeating: 0xee, count: (4 - frame.count % 4) % 4)
    let fields = words([
      interface, UInt32(truncatingIfNeeded: ticks >> 32), UInt32(truncatingIfNeeded: ticks),
      captured ?? UInt32(frame.count), wire ?? UInt32(frame.count),
    ])
    block(6, fields + frame + (options.isEmpty ? [] : padding + options))
  }

  mutating func simple(_ frame: [UInt8], wire: UInt32? = nil) {
    block(3, words([wire ?? UInt32(frame.count)]) + frame)
  }

  mutating func obsolete(_ frame: [UInt8], ticks: UInt64, interface: UInt16 = 0) {
    let count = UInt32(frame.count)
    let fields = words([
      UInt32(truncatingIfNeeded: ticks >> 32), UInt32(truncatingIfNeeded: ticks), count, count,
    ])
    block(2, half(interface) + half(0) + fields + frame)
  }
}

/// A pcap in the order of this machine or the other.
func pcap(
  _ records: [(seconds: UInt32, fraction: UInt32, captured: UInt32, wire: UInt32, bytes: [UInt8])],
  magic: UInt32 = 0xa1b2_c3d4, version: (UInt16, UInt16) = (2, 4), snapshot: UInt32 = 262_144,
  linkWord: UInt32 = 1, bigEndian: Bool = false
) -> [UInt8] {
  let halves =
    bigEndian
    ? UInt32(version.0) << 16 | UInt32(version.1) : UInt32(version.1) << 16 | UInt32(version.0)
  return records.reduce(
    words([magic, halves, 0, 0, snapshot, linkWord], bigEndian: bigEndian)
  ) { bytes, record in
    bytes
      + words(
        [record.seconds, record.fraction, record.captured, record.wire], bigEndian: bigEndian)
      + record.bytes
  }
}
