// SPDX-License-Identifier: BSD-2-Clause
//
// The options of a block of a pcapng:
//
//     0 code (16)   2 length (16)   4 value, padded to four bytes   ...   code 0 ends them
//
// A list that ends in the middle of an option, or of nothing, has those before it.
//
// draft-ietf-opsawg-pcapng, section 3.5.

/// The options of a frame, or of another block, in the file's bytes.
@frozen
public struct CaptureOptions: ~Escapable {
  /// The options as they stand in the file, the mark of their end included if there is one.
  public let bytes: RawSpan
  /// Whether their numbers are in the other byte order than this machine's.
  public let isByteSwapped: Bool

  /// Options in some bytes.
  @inlinable
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, isByteSwapped: Bool) {
    self.bytes = bytes
    self.isByteSwapped = isByteSwapped
  }

  /// Whether there is none.
  public var isEmpty: Bool {
    var isEmpty = true
    forEach { _, _ in isEmpty = false }
    return isEmpty
  }

  /// Gives each option in order: its code, its value without padding.
  public func forEach(_ body: (_ code: Int, _ value: RawSpan) -> Void) {
    var offset = 0
    while bytes.byteCount - offset >= 4 {
      let (code, count) = (half(at: offset), half(at: offset + 2))
      if code == 0 || count > bytes.byteCount - offset - 4 { return }
      body(code, bytes.extracting(offset + 4..<offset + 4 + count))
      offset += 4 + (count + 3) & ~3
    }
  }

  /// Whether there is a comment.
  var hasComment: Bool {
    var isThere = false
    forEach { code, _ in if code == 1 { isThere = true } }
    return isThere
  }

  /// The comments (`opt_comment`), in order.
  public var comments: [String] {
    var comments: [String] = []
    forEach { code, value in if code == 1 { comments.append(value.text) } }
    return comments
  }

  /// A number of 32 bits, of the first option that has the code and such a value.
  func word(_ wanted: Int) -> UInt32? {
    var found: UInt32?
    forEach { code, value in
      guard code == wanted, value.byteCount == 4, found == nil else { return }
      let (low, high) = (Self.half(value, 0, isByteSwapped), Self.half(value, 2, isByteSwapped))
      let isLittle = (UInt16(littleEndian: 1) == 1) != isByteSwapped
      found = isLittle ? UInt32(high) << 16 | UInt32(low) : UInt32(low) << 16 | UInt32(high)
    }
    return found
  }

  /// A number of 64 bits, of the first option that has the code and such a value.
  func long(_ wanted: Int) -> UInt64? {
    var found: UInt64?
    forEach { code, value in
      guard code == wanted, value.byteCount == 8, found == nil else { return }
      // In bounds: eight bytes are there, and any of them are a number.
      let number = unsafe value.unsafeLoadUnaligned(as: UInt64.self)
      found = isByteSwapped ? number.byteSwapped : number
    }
    return found
  }

  private func half(at offset: Int) -> Int { Self.half(bytes, offset, isByteSwapped) }

  private static func half(_ bytes: RawSpan, _ offset: Int, _ isByteSwapped: Bool) -> Int {
    // In bounds: the span checks, and any 16 bits are a number.
    let half = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)
    return Int(isByteSwapped ? half.byteSwapped : half)
  }
}

extension RawSpan {
  /// The bytes as text; what is no UTF-8 becomes U+FFFD.
  var text: String {
    unsafe withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}
