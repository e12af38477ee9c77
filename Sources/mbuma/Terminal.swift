// SPDX-License-Identifier: BSD-2-Clause
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

  /// Writes one line.
  static func warn(_ line: String) { write(line + "\n") }

  /// Writes the report to standard output, or to standard error where data has taken that.
  ///
  /// - Returns: false, and says why, if it cannot be written. A reader that has had enough and
  ///   closed the pipe is no failure.
  static func report(_ text: String, toStandardError: Bool = false) -> Bool {
    let reason = write(text, to: toStandardError ? descriptor : 1)
    if reason == 0 || reason == EPIPE { return true }
    warn(
      "mbuma: standard output: cannot write the report: \(systemMessage(reason)); "
        + "check the space left")
    return false
  }

  /// Writes a line that the next one overwrites.
  static func progress(_ line: String) { write("\r\u{1b}[K" + line) }

  /// Takes the progress line away.
  static func clearProgress() { write("\r\u{1b}[K") }

  /// Writes to standard error; a diagnostic that cannot be written has nobody to be told.
  private static func write(_ text: String) { _ = write(text, to: descriptor) }

  /// Returns the error number, 0 if all was written.
  private static func write(_ text: String, to descriptor: Int32) -> Int32 {
    let bytes = Array(text.utf8)
    return unsafe writeAll(bytes.span.bytes, to: descriptor).reason
  }
}
