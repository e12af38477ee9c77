// SPDX-License-Identifier: BSD-2-Clause
import Synchronization

/// Stops and pauses a running replay, and reports its progress.
///
/// `stop()` may be called from any thread and from a signal handler; the replay goes on for at most
/// 4,096 packets, closes its output and reports.
public final class ReplayControl: Sendable {
  private let isStopping = Atomic(false)
  private let isHeld = Atomic(false)
  private let onProgress: (@Sendable (_ packets: Int) -> Void)?

  /// Makes the control of one replay.
  ///
  /// - Parameter onProgress: called from time to time with the packets sent so far.
  public init(onProgress: (@Sendable (_ packets: Int) -> Void)? = nil) {
    self.onProgress = onProgress
  }

  /// Asks the replay to end early.
  public func stop() { isStopping.store(true, ordering: .relaxed) }

  /// Whether it was asked to.
  package var isStopped: Bool { isStopping.load(ordering: .relaxed) }

  /// Has nothing more leave until `resume()`; what was due meanwhile is due as much later.
  ///
  /// May be called from any thread and from a signal handler.
  public func pause() { isHeld.store(true, ordering: .relaxed) }

  /// Goes on after `pause()`.
  public func resume() { isHeld.store(false, ordering: .relaxed) }

  /// Whether it is paused.
  package var isPaused: Bool { isHeld.load(ordering: .relaxed) }

  func report(_ packets: Int) { onProgress?(packets) }
}
