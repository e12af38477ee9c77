// SPDX-License-Identifier: BSD-2-Clause
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
    var text = text
    let number = text.withUTF8 { bytes in
      unsafe Self.writeAll(bytes, toStandardError ? descriptor : 1) ? 0 : errno
    }
    if number == 0 || number == EPIPE { return true }
    let why = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
    warn("mbuma: standard output: cannot write the report: \(why); check the space left")
    return false
  }

  /// Writes a line that the next one overwrites.
  static func progress(_ line: String) { write("\r\u{1b}[K" + line) }

  /// Takes the progress line away.
  static func clearProgress() { write("\r\u{1b}[K") }

  private static func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      // A diagnostic that cannot be written has nobody to be told.
      _ = unsafe Self.writeAll(bytes, descriptor)
    }
  }

  private static func writeAll(_ bytes: UnsafeBufferPointer<UInt8>, _ descriptor: Int32) -> Bool {
    var done = 0
    while done < bytes.count, let base = bytes.baseAddress {
      let count = unsafe systemWrite(descriptor, base + done, bytes.count - done)
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN {
        // A neighbour in the pipe may have made it non-blocking.
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&wanted, 1, -1)
        continue
      }
      if count <= 0 { return false }
      done += count
    }
    return true
  }

  private static func systemWrite(_ fd: Int32, _ p: UnsafePointer<UInt8>, _ n: Int) -> Int {
    #if canImport(Glibc)
      unsafe Glibc.write(fd, p, n)
    #elseif canImport(Musl)
      unsafe Musl.write(fd, p, n)
    #else
      unsafe Darwin.write(fd, p, n)
    #endif
  }
}
