// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Pcap

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Standard error: warnings, errors, and progress where a person watches; and the report, which
/// is the data of standard output.
enum Terminal {
  private static let descriptor: Int32 = 2

  /// Whether standard error is a terminal.
  static var isInteractive: Bool { isatty(descriptor) == 1 }

  /// Whether standard output is a terminal.
  static var isOutput: Bool { isatty(1) == 1 }

  /// Writes one line.
  static func warn(_ line: String) { write(line + "\n") }

  /// Writes the report to standard output, or to standard error where data has taken that.
  ///
  /// - Parameter isJSON: whether it must stay UTF-8, whatever bytes the names in it are.
  /// - Returns: false, and says why, if it cannot be written. A reader that has had enough and
  ///   closed the pipe is no failure.
  static func report(_ text: String, isJSON: Bool, toStandardError: Bool = false) -> Bool {
    let bytes = isJSON ? Array(text.utf8) : FileName.bytes(of: text)
    let reason = write(bytes, to: toStandardError ? descriptor : 1)
    if reason == 0 || reason == EPIPE { return true }
    warn(
      "mbuma: standard output: cannot write the report: \(systemMessage(reason)); "
        + "check the space left")
    return false
  }

  /// Writes data to standard output.
  ///
  /// - Returns: the error number, 0 if all was written.
  static func write(_ data: Span<UInt8>) -> Int32 {
    // Of bytes, which have no padding.
    unsafe writeAll(data.bytes, to: 1).reason
  }

  /// Writes a line that the next one overwrites.
  static func progress(_ line: String) { write("\r\u{1b}[K" + line) }

  /// Takes the progress line away.
  static func clearProgress() { write("\r\u{1b}[K") }

  /// Writes to standard error, names of files as they are; a diagnostic that cannot be written has
  /// nobody to be told.
  private static func write(_ text: String) { _ = write(FileName.bytes(of: text), to: descriptor) }

  /// Returns the error number, 0 if all was written.
  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    unsafe writeAll(bytes.span.bytes, to: descriptor).reason
  }
}
