// SPDX-License-Identifier: BSD-2-Clause

/// The first bits of an address, as high as they go in 128.
struct RoutePrefix: Hashable, BitwiseCopyable, Sendable {
  let high: UInt64
  let low: UInt64
  let length: Int

  /// The prefix of `length` bits, 0...128, of an address.
  init(high: UInt64, low: UInt64, length: Int) {
    self.high = high & (UInt64.max << UInt64(64 - min(length, 64)))
    self.low = low & (UInt64.max << UInt64(64 - max(length - 64, 0)))
    self.length = length
  }

  /// The node level that it ends in; 0 is the root.
  var level: Int { length <= 16 ? 0 : (length - 1) / 16 }

  func digit(_ level: Int) -> UInt16 {
    UInt16(truncatingIfNeeded: (level < 4 ? high : low) >> UInt64(48 - 16 * (level & 3)))
  }

  /// The digits of its last level that it has.
  var digits: ClosedRange<UInt16> {
    let first = digit(level)
    return first...(first | UInt16(truncatingIfNeeded: 0xffff >> (length - 16 * level)))
  }

  var rank: UInt8 { UInt8(length + 1) }
}
