// SPDX-License-Identifier: BSD-2-Clause

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
      StandardError.write("[zone: \(error.zoneName)] \(text) (limit \(error.count))")
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
