// SPDX-License-Identifier: BSD-2-Clause

/// The bytes of a file or a pipe as they are stored, a window of them at a time.
///
///     var file = try FileBytes(path: "report.json")
///     while try file.next() { use(file.bytes) }
package struct FileBytes: ~Copyable {
  private var input: ByteSource
  private let path: String

  /// Opens a file, or standard input for "-".
  ///
  /// - Throws: `.notFound` or `.unreadable`.
  package init(path: String) throws(PcapError) {
    input = try ByteSource(path: path)
    self.path = path
  }

  /// Goes on to the next bytes, which a pipe is waited for; false at the end.
  ///
  /// - Throws: `.unreadable`.
  package mutating func next() throws(PcapError) -> Bool {
    if case .failed(let reason) = input.fill(1) {
      throw PcapError(.unreadable(errno: reason), file: path)
    }
    input.lend(input.byteCount)
    return input.lentByteCount > 0
  }

  /// The bytes that `next` went on to.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get { input.span(0, input.lentByteCount) }
  }

  /// All of it.
  ///
  /// - Throws: `.notFound` or `.unreadable`.
  package static func all(of path: String) throws(PcapError) -> [UInt8] {
    var file = try FileBytes(path: path)
    var all: [UInt8] = []
    while try file.next() {
      unsafe file.bytes.withUnsafeBytes { unsafe all.append(contentsOf: $0) }
    }
    return all
  }
}
