// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import UMA

extension DatagramSocket {
  // MARK: On a stack

  /// Blocks the thread until a datagram would not be refused with `SocketError.queueFull`.
  ///
  /// Another sender may be quicker: then `send` throws that error, and the caller waits again. A socket that does
  /// not sit on a stack never waits.
  ///
  /// - Parameter deadline: when to give up; nil for never.
  /// - Throws: `SocketError.deadlinePassed`, or `.cannotSend` if nothing is sent any more.
  ///
  /// BSD: `select`, `sowriteable`.
  public func waitUntilWritable(
    until deadline: ContinuousClock.Instant? = nil
  ) throws(SocketError) {
    try stack?.queue.waitForRoom(until: deadline)
  }

  /// Suspends the task until a datagram would not be refused with `SocketError.queueFull`.
  ///
  /// - Parameter deadline: when to give up; nil for never.
  /// - Throws: `SocketError.deadlinePassed`, `.cancelled`, or `.cannotSend` if nothing is sent any
  ///   more.
  public func becomesWritable(
    until deadline: ContinuousClock.Instant? = nil
  ) async throws(SocketError) {
    try await stack?.queue.getsRoom(until: deadline)
  }

  /// Shuts both directions down, and has the stack close its socket once what was sent is on its way.
  ///
  /// Until the stack's owner gets to that, the port is taken. A second call does nothing.
  ///
  /// BSD: `soclose`.
  public func close() {
    shutdown(.both)
    if let stack { stack.queue.requestClose(of: stack.socket) }
  }

  /// Nothing is sent or received any more, since the stack has closed its socket or ended; what is
  /// there may still be received.
  package func detach() {
    change { state in
      state.cannotSend = true
      state.cannotReceive = true
    }
  }

  /// Shows what waits for readers.
  package func withBuffer<Result>(_ body: (borrowing DatagramBuffer) -> Result) -> Result {
    state.withLock { body($0.buffer) }
  }
}
