// SPDX-License-Identifier: BSD-2-Clause
import Synchronization

/// One line on the terminal that says how far a job is, renewed five times a second at most.
final class ProgressLine: Sendable {
  private let isShown: Bool
  private let start = ContinuousClock.now
  private let shownAt = Mutex<ContinuousClock.Instant?>(nil)

  private let showsRate: Bool

  init(isShown: Bool, showsRate: Bool = true) {
    self.isShown = isShown
    self.showsRate = showsRate
  }

  /// Shows how many packets are done, if it is time.
  func show(_ packets: Int) {
    guard isShown else { return }
    let now = ContinuousClock.now
    let isDue = shownAt.withLock { shownAt in
      if let shownAt, now - shownAt < .milliseconds(200) { return false }
      shownAt = now
      return true
    }
    guard isDue, now - start >= .milliseconds(200) else { return }
    guard showsRate else { return Terminal.progress("\(packets) packets") }
    let rate = Double(packets) / Bench.nanoseconds(now - start) * 1e3
    let tenths = Int(rate * 10)
    Terminal.progress("\(packets) packets, \(tenths / 10).\(tenths % 10) Mpps")
  }

  /// Takes the line away.
  func clear() {
    if isShown, shownAt.withLock({ $0 != nil }) { Terminal.clearProgress() }
  }
}
