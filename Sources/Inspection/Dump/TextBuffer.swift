// SPDX-License-Identifier: BSD-2-Clause
//
// Text that grows, as bytes: what is written for each packet of a capture, where a string for each number
// would be an allocation each. Emptied, it keeps its memory, so in a steady state nothing is allocated.

import BasicContainers
import Wire

/// Bytes of text that lines are written into, one after the other.
public struct TextBuffer: ~Copyable {
  // Invariant: what grows it is `growSlow` alone, so that an append is a compare and a store.
  private var storage: RigidArray<UInt8>

  /// An empty one.
  ///
  /// - Parameter capacity: bytes that it holds before it must grow.
  public init(capacity: Int = 4_096) {
    storage = RigidArray(capacity: Swift.max(capacity, 1))
  }

  /// Bytes of text.
  public var byteCount: Int { storage.count }

  /// The text, UTF-8.
  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    get { storage.span }
  }

  /// Makes it empty; the memory stays.
  public mutating func removeAll() { storage.removeAll() }

  // MARK: - Text

  @inline(__always)
  mutating func append(_ byte: UInt8) {
    if storage.isFull { growSlow() }
    storage.append(byte)
  }

  @inline(never)
  private mutating func growSlow() { storage.reallocate(capacity: 2 * storage.capacity) }

  /// Appends a text of the program's own.
  @inline(never)
  mutating func append(_ text: StaticString) {
    // In bounds and alive: the buffer is the literal's own, and is read within the call.
    text.withUTF8Buffer { bytes in
      for index in bytes.indices { append(unsafe bytes[index]) }
    }
  }

  /// Appends a text that was made, which cost an allocation.
  @inline(never)
  mutating func appendSlow(_ text: String) {
    for byte in text.utf8 { append(byte) }
  }

  /// Appends what another buffer holds.
  mutating func append(_ other: borrowing TextBuffer) {
    let bytes = other.storage.span
    for index in bytes.indices { append(bytes[index]) }
  }

  /// Appends a character so often.
  mutating func append(_ byte: UInt8, times count: Int) {
    for _ in 0..<Swift.max(0, count) { append(byte) }
  }

  // MARK: - Numbers

  /// Appends a whole number.
  mutating func append(decimal number: Int) {
    if number < 0 { append(UInt8(ascii: "-")) }
    append(digitsOf: number.magnitude, least: 1)
  }

  /// Appends a number with zeroes in front, up to so many digits.
  mutating func append(decimal number: Int, digits: Int) {
    append(digitsOf: number.magnitude, least: digits)
  }

  private mutating func append(digitsOf number: UInt, least: Int) {
    // 2^64 has 20 digits.
    var digits = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
    var (rest, count) = (number, 0)
    while rest != 0 || count < least {
      digits[count] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
      count += 1
    }
    while count > 0 {
      count -= 1
      append(digits[count])
    }
  }

  /// Appends the lowest digits in hex, with zeroes in front.
  mutating func append(hex number: UInt64, digits: Int) {
    for place in stride(from: digits - 1, through: 0, by: -1) {
      append(hexDigit: UInt8(truncatingIfNeeded: number >> (4 * UInt64(place))) & 0xf)
    }
  }

  /// Appends a number in hex, without zeroes in front.
  mutating func append(hex number: UInt64) {
    append(hex: number, digits: Swift.max(1, (67 - number.leadingZeroBitCount) / 4))
  }

  @inline(__always)
  private mutating func append(hexDigit digit: UInt8) {
    append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
  }

  // MARK: - Addresses

  /// Appends an address of IPv4: `10.0.0.1`.
  mutating func append(_ address: IPv4Address) {
    for place in stride(from: 24, through: 0, by: -8) {
      append(decimal: Int(address.bits >> UInt32(place) & 0xff))
      if place > 0 { append(UInt8(ascii: ".")) }
    }
  }

  /// Appends an address of IPv6 by RFC 5952, as `IPv6Address.description` has it.
  mutating func append(_ address: IPv6Address) {
    if address.high == 0, address.low >> 32 == 0xffff {
      append("::ffff:")
      return append(IPv4Address(UInt32(truncatingIfNeeded: address.low)))
    }
    var best = 0..<0
    var start = 0
    for index in 0..<8 {
      if address.group(index) != 0 { start = index + 1 }
      if index + 1 - start > Swift.max(best.count, 1) { best = start..<(index + 1) }
    }
    for index in 0..<8 {
      if best.contains(index) {
        if index == best.lowerBound { append("::") }
      } else {
        if index > 0, index != best.upperBound { append(UInt8(ascii: ":")) }
        append(hex: UInt64(address.group(index)))
      }
    }
  }

  /// Appends a link address: `02:00:00:00:00:01`.
  mutating func append(_ address: MACAddress) {
    for place in stride(from: 40, through: 0, by: -8) {
      append(hex: address.bits >> UInt64(place) & 0xff, digits: 2)
      if place > 0 { append(UInt8(ascii: ":")) }
    }
  }
}
