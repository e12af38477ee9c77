// SPDX-License-Identifier: BSD-2-Clause

extension String {
  /// The text with what would break a line, move a terminal's cursor or turn its direction written as
  /// escapes: a name or a comment from outside on one line, which is all that it changes.
  ///
  ///     a\nb   a\u{1B}[2Jb
  package var printable: String {
    if unicodeScalars.allSatisfy(\.isPrintable) { return self }
    return unicodeScalars.reduce(into: "") { text, scalar in
      text += scalar.isPrintable ? String(scalar) : scalar.escaped(asASCII: true)
    }
  }
}

extension Unicode.Scalar {
  fileprivate var isPrintable: Bool {
    switch value {
    // The two ranges of control characters, line and paragraph, and what overrides the direction.
    case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029, 0x202a...0x202e, 0x2066...0x2069: false
    default: true
    }
  }
}
