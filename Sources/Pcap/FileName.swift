// SPDX-License-Identifier: BSD-2-Clause

/// Names of files, which are bytes, as strings, which are Unicode: each can be had from the other.
///
/// Names are UTF-8 nearly always. A byte that is not part of such text, `b`, becomes the private
/// scalar U+10FF00 + `b`, and so do the bytes of a name that has one of those scalars in it:
///
///     bytes(of: string(of: bytes)) == bytes
///
/// As Python has it in PEP 383, with scalars that a string may hold.
package enum FileName {
  private static let escapes: ClosedRange<UInt32> = 0x10_ff80...0x10_ffff

  /// The string for a name.
  package static func string(of bytes: [UInt8]) -> String {
    var name = ""
    var rest = bytes[...]
    while let byte = rest.first {
      if let scalar = firstScalar(of: rest) {
        name.unicodeScalars.append(scalar)
        rest = rest.dropFirst(UTF8.width(scalar))
      } else {
        Unicode.Scalar(0x10_ff00 + UInt32(byte)).map { name.unicodeScalars.append($0) }
        rest = rest.dropFirst()
      }
    }
    return name
  }

  /// The bytes that a string stands for.
  package static func bytes(of name: String) -> [UInt8] {
    name.unicodeScalars.flatMap { scalar -> [UInt8] in
      escapes ~= scalar.value ? [UInt8(scalar.value & 0xff)] : Array(UTF8.encode(scalar) ?? .init())
    }
  }

  /// The bytes as the system takes them, with a 0 behind.
  package static func systemName(_ name: String) -> [CChar] {
    bytes(of: name).map { CChar(bitPattern: $0) } + [0]
  }

  /// The scalar whose UTF-8 the bytes begin with, unless it is one that stands for a byte.
  private static func firstScalar(of bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
    for count in 1...4 {
      guard let text = String(validating: bytes.prefix(count), as: UTF8.self) else { continue }
      return text.unicodeScalars.first.flatMap { escapes ~= $0.value ? nil : $0 }
    }
    return nil
  }
}
