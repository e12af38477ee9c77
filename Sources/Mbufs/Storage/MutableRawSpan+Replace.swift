// SPDX-License-Identifier: BSD-2-Clause

extension MutableRawSpan {
  /// Overwrites bytes from `offset` on.
  ///
  /// - Precondition: they are inside the span.
  @inline(__always)
  package mutating func replace(at offset: Int, with bytes: RawSpan) {
    precondition(
      offset >= 0 && offset <= byteCount - bytes.byteCount,
      "bytes \(offset)..<\(offset + bytes.byteCount) of \(byteCount)")
    unsafe withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes { source in
        guard let start = target.baseAddress, let from = source.baseAddress else { return }
        // In bounds: compared above.
        unsafe (start + offset).copyMemory(from: from, byteCount: source.count)
      }
    }
  }
}
