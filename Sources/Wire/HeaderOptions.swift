// SPDX-License-Identifier: BSD-2-Clause

/// The options behind a 20-byte IPv4 or TCP header: 0 to 40 bytes, a multiple of 4.
///
///     +---------+---------+-----------------+
///     |  kind   | length  |  length - 2 bytes of data ...      kinds 0 (end) and 1 (nothing)
///     +---------+---------+-----------------+                  are one byte and have no length
@frozen
public struct HeaderOptions: Sendable, BitwiseCopyable {
  // Invariant: bytes at byteCount and beyond are zero.
  @usableFromInline var storage: InlineArray<40, UInt8>
  /// Bytes of options.
  public let byteCount: Int

  /// No options.
  @inlinable
  public init() {
    storage = InlineArray(repeating: 0)
    byteCount = 0
  }

  /// Copies options.
  ///
  /// - Precondition: 0 to 40 bytes, a multiple of 4.
  @inlinable
  public init(copying bytes: RawSpan) {
    let count = bytes.byteCount
    precondition(count <= 40 && count & 3 == 0, "\(count) bytes of options")
    byteCount = count
    storage = InlineArray(repeating: 0)
    for index in 0..<count {
      storage[index] = FixedBytes<1>(bytes, at: index).uint8(at: 0)
    }
  }

  /// The byte at `index`, 0..<`byteCount`.
  @inlinable
  public subscript(index: Int) -> UInt8 {
    precondition(0..<byteCount ~= index, "option byte \(index) of \(byteCount)")
    return storage[index]
  }

  /// Adds the bytes, an even number of them, to a sum.
  @inlinable
  func add(to sum: inout InternetChecksum) {
    for index in stride(from: 0, to: byteCount, by: 2) {
      sum.add(UInt16(storage[index]) << 8 | UInt16(storage[index + 1]))
    }
  }

  @inlinable
  func emit(into bytes: inout MutableRawSpan, at offset: Int) {
    for index in 0..<byteCount {
      bytes.store(storage[index], at: offset + index)
    }
  }
}

extension HeaderOptions: Hashable {
  /// Whether both hold the same bytes.
  public static func == (left: HeaderOptions, right: HeaderOptions) -> Bool {
    guard left.byteCount == right.byteCount else { return false }
    return (0..<left.byteCount).allSatisfy { left.storage[$0] == right.storage[$0] }
  }

  /// Feeds the bytes that count.
  public func hash(into hasher: inout Hasher) {
    for index in 0..<byteCount {
      hasher.combine(storage[index])
    }
  }
}

// MARK: - One by one

/// One option: where it lies among the options, whole.
@frozen
public struct HeaderOption: Hashable, Sendable, BitwiseCopyable {
  /// The kind; 1 does nothing.
  public let kind: UInt8
  /// Where the option begins, in bytes from the start of the options.
  public let offset: Int
  /// Bytes of the option, kind and length included.
  public let byteCount: Int

  @inlinable
  init(kind: UInt8, offset: Int, byteCount: Int) {
    self.kind = kind
    self.offset = offset
    self.byteCount = byteCount
  }
}

/// Steps through options and never leaves them, whatever their lengths claim.
@frozen
public struct HeaderOptionWalk: ~Escapable, BitwiseCopyable {
  @usableFromInline let bytes: RawSpan
  @usableFromInline var offset = 0
  /// Whether the walk ended at a length below 2 or beyond the options.
  public private(set) var isMalformed = false

  /// Begins before the first option.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) {
    self.bytes = bytes
  }

  /// The next option; nil after the last, at kind 0, and at one that makes no sense.
  @_lifetime(self: copy self)
  public mutating func next() -> HeaderOption? {
    guard offset < bytes.byteCount, !isMalformed else { return nil }
    let kind = FixedBytes<1>(bytes, at: offset).uint8(at: 0)
    if kind == 0 {
      offset = bytes.byteCount
      return nil
    }
    var count = 1
    if kind != 1 {
      let left = bytes.byteCount - offset
      count = left >= 2 ? Int(FixedBytes<2>(bytes, at: offset).uint8(at: 1)) : 0
      guard 2...max(left, 2) ~= count else {
        isMalformed = true
        return nil
      }
    }
    defer { offset += count }
    return HeaderOption(kind: kind, offset: offset, byteCount: count)
  }
}
