// SPDX-License-Identifier: BSD-2-Clause

/// An IPv6 address; each number has the first byte of its half of the wire on top.
@frozen
public struct IPv6Address: Hashable, Sendable, BitwiseCopyable {
  /// The first eight bytes.
  public let high: UInt64
  /// The last eight bytes.
  public let low: UInt64

  /// Makes an address out of its halves.
  @inlinable @inline(__always)
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// `::`, "any".
  @inlinable
  public static var any: IPv6Address { IPv6Address(high: 0, low: 0) }

  /// `::1`.
  @inlinable
  public static var loopback: IPv6Address { IPv6Address(high: 0, low: 1) }

  /// Whether this is `::`.
  @inlinable
  public var isAny: Bool { high | low == 0 }

  /// Whether this is `::1`.
  @inlinable
  public var isLoopback: Bool { self == .loopback }

  /// Whether this lies in ff00::/8.
  @inlinable
  public var isMulticast: Bool { high >> 56 == 0xff }

  /// Whether this lies in fe80::/10.
  @inlinable
  public var isLinkLocal: Bool { high >> 54 == 0x3fa }

  /// The sixteen-bit group `index`, 0...7 from the left.
  @inlinable
  public func group(_ index: Int) -> UInt16 {
    let half = index < 4 ? high : low
    return UInt16(truncatingIfNeeded: half >> (48 - 16 * UInt64(index & 3)))
  }
}

// MARK: - Text (RFC 4291 section 2.2, RFC 5952)

extension IPv6Address: CustomStringConvertible {
  /// Reads any of the three forms: eight groups, `::` for zeros, a dotted IPv4 tail.
  public init?(_ text: some StringProtocol) {
    var groups: [UInt16] = []
    var gap: Int?
    var rest = Substring(text)
    if rest.hasPrefix("::") {
      gap = 0
      rest = rest.dropFirst(2)
    }
    while !rest.isEmpty {
      let part = rest.prefix { $0 != ":" }
      rest = rest.dropFirst(part.count)
      if part.contains(".") {
        guard rest.isEmpty, let tail = IPv4Address(part) else { return nil }
        groups.append(UInt16(truncatingIfNeeded: tail.bits >> 16))
        groups.append(UInt16(truncatingIfNeeded: tail.bits))
        break
      }
      guard (1...4).contains(part.utf8.count), part.first != "+",
        let group = UInt16(part, radix: 16)
      else { return nil }
      groups.append(group)
      if rest.hasPrefix("::") {
        guard gap == nil else { return nil }
        gap = groups.count
        rest = rest.dropFirst(2)
      } else if rest.hasPrefix(":") {
        rest = rest.dropFirst()
        guard !rest.isEmpty else { return nil }
      }
    }
    if let gap {
      guard groups.count < 8 else { return nil }
      groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
    }
    guard groups.count == 8 else { return nil }
    self.init(
      high: groups[..<4].reduce(0) { $0 << 16 | UInt64($1) },
      low: groups[4...].reduce(0) { $0 << 16 | UInt64($1) })
  }

  /// The canonical form: lower case, no leading zeros, `::` for the first longest run of zeros.
  public var description: String {
    var best = 0..<0
    var start = 0
    for index in 0..<8 {
      if group(index) != 0 { start = index + 1 }
      if index + 1 - start > max(best.count, 1) { best = start..<(index + 1) }
    }
    if high == 0, low >> 32 == 0xffff {
      return "::ffff:\(IPv4Address(UInt32(truncatingIfNeeded: low)))"
    }
    func hex(_ range: Range<Int>) -> String {
      range.map { String(group($0), radix: 16) }.joined(separator: ":")
    }
    return best.isEmpty ? hex(0..<8) : hex(0..<best.lowerBound) + "::" + hex(best.upperBound..<8)
  }
}
