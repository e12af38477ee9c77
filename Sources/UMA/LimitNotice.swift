// SPDX-License-Identifier: BSD-2-Clause

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a zone says when its limit is met.
final class LimitNotice: Sendable {
  private static let interval = Duration.seconds(300)

  private let text: String?
  private let action: (@Sendable (ZoneError) -> Void)?
  private let nextText = Guarded(ContinuousClock.Instant?.none)

  init(text: String?, action: (@Sendable (ZoneError) -> Void)?) {
    self.text = text
    self.action = action
  }

  /// Prints the text if it is due, and runs the action.
  func post(_ error: ZoneError) {
    if let text, isDue() {
      var line = "[zone: \(error.zoneName)] \(text) (limit \(error.count))\n"
      line.withUTF8 { bytes in
        // A warning that cannot be written is lost; there is nowhere else to say so.
        _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count)
      }
    }
    action?(error)
  }

  private func isDue() -> Bool {
    nextText.withLock { next in
      let now = ContinuousClock.now
      if let next, now < next { return false }
      next = now + Self.interval
      return true
    }
  }
}
