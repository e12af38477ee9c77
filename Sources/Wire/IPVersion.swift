// SPDX-License-Identifier: BSD-2-Clause

/// The half byte that every IP header begins with, for packets that nothing else names.
struct IPVersion: HeaderView, ~Escapable, BitwiseCopyable {
  private let window: FixedBytes<1>

  static var byteCount: Int { 1 }
  static var layer: ParseError.Layer { .link }

  @_lifetime(copy bytes)
  @inline(__always)
  init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
  }

  /// What the version stands for; 0 for one that is neither 4 nor 6.
  var etherType: EtherType {
    switch window.uint8(at: 0) >> 4 {
    case 4: .ipv4
    case 6: .ipv6
    default: EtherType(rawValue: 0)
    }
  }
}
