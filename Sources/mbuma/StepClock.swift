// SPDX-License-Identifier: BSD-2-Clause
//
// A clock that goes on when somebody presses Enter: packet n is due at n, and
//
//     now == packets let go         + 1 for an empty line, + n for the number n, none for other words

import Interfaces

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Lets packets go one at a time, or as many as a number says that is typed on the terminal.
///
/// tcpreplay: `--oneatatime`.
struct StepClock: PacketClock {
  private(set) var now: Int64 = 0
  private let terminal: Int32

  /// Reads from the terminal, which standard input need not be; nil if there is none.
  init?() {
    terminal = unsafe open("/dev/tty", O_RDONLY | O_CLOEXEC)
    if terminal < 0 { return nil }
  }

  /// Reads from a descriptor.
  init(readingFrom descriptor: Int32) { terminal = descriptor }

  var tellsTime: Bool { false }

  mutating func wait(until due: Int64) -> Int64 {
    Terminal.warn("mbuma: packet \(due) is next: Enter sends it, a number so many, q none")
    switch line() {
    case nil: break
    case "q"?: _ = raise(SIGINT)
    case let typed?:
      now += typed.isEmpty ? 1 : Int64(clamping: Quantity(argument: typed)?.value ?? 0)
    }
    return now
  }

  /// The next line, without its end; nil if a signal came first, and at the end of all "q".
  private func line() -> String? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while true {
      let count = unsafe read(terminal, &byte, 1)
      if count < 0 { return errno == EINTR ? nil : "q" }
      if count == 0 { return "q" }
      if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
      if bytes.count < 32 { bytes.append(byte) }
    }
  }
}
