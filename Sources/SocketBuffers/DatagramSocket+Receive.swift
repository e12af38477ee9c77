// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import UMA

extension DatagramSocket {
  // MARK: Without waiting

  /// Takes the first datagram, whole; nil if there is none now.
  ///
  /// Readers that wait have been served before.
  ///
  /// - Throws: `SocketError.pending` or `.ended`, if there is none.
  ///
  /// BSD: `soreceive_dgram` with MSG_DONTWAIT.
  public func tryReceive() throws(SocketError) -> Datagram? {
    try state.withLock { state throws(SocketError) in try state.takeAtOnce() }
  }

  /// Copies the first bytes of the first datagram, which stays; nil if there is none now.
  ///
  /// - Throws: `SocketError.ended`, if there is none and none will come.
  ///
  /// BSD: MSG_PEEK.
  public func peek(into destination: inout MutableRawSpan) throws(SocketError) -> ReceivedBytes? {
    try state.withLock { state throws(SocketError) in
      let received = state.buffer.peek(into: &destination)
      if received == nil, state.cannotReceive { throw .ended }
      return received
    }
  }

  // MARK: Waiting

  /// Takes the first datagram, whole; the thread sleeps until there is one, and as many bytes as
  /// `lowWater` demands.
  ///
  /// Those who wait are served in the order they came.
  ///
  /// - Parameter deadline: when to give up; nil for never.
  /// - Throws: `SocketError.deadlinePassed`, `.pending` or `.ended`.
  ///
  /// BSD: `soreceive_dgram`, `sbwait`, SO_RCVTIMEO.
  public func receive(until deadline: ContinuousClock.Instant? = nil) throws(SocketError)
    -> Datagram
  {
    try wait(for: .datagram, until: deadline).datagram()
  }

  /// Takes the first datagram, whole; the task is suspended until there is one.
  ///
  /// A datagram that was given to it at the moment of cancellation is returned all the same.
  ///
  /// - Parameter deadline: when to give up; nil for never.
  /// - Throws: `SocketError.deadlinePassed`, `.cancelled`, `.pending` or `.ended`.
  public func receiveWhenAvailable(
    until deadline: ContinuousClock.Instant? = nil
  ) async throws(SocketError) -> Datagram {
    try await suspend(for: .datagram, until: deadline).datagram()
  }

  /// Sleeps until a datagram, an error or the end is there for whoever asks next.
  ///
  /// - Throws: `SocketError.deadlinePassed`.
  ///
  /// BSD: `select`, `soreadable`.
  public func waitUntilReadable(
    until deadline: ContinuousClock.Instant? = nil
  ) throws(SocketError) {
    _ = try wait(for: .news, until: deadline)
  }

  /// Suspends the task until a datagram, an error or the end is there for whoever asks next.
  ///
  /// - Throws: `SocketError.deadlinePassed` or `.cancelled`.
  public func becomesReadable(
    until deadline: ContinuousClock.Instant? = nil
  ) async throws(SocketError) {
    _ = try await suspend(for: .news, until: deadline)
  }

  private func wait(
    for want: DatagramWant, until deadline: ContinuousClock.Instant?
  ) throws(SocketError) -> DatagramOutcome {
    try DatagramReader.blockThread(for: want, until: deadline) {
      (reader, givingUp) throws(SocketError) in try turn(reader, for: want, givingUp)
    }
  }

  private func suspend(
    for want: DatagramWant, until deadline: ContinuousClock.Instant?
  ) async throws(SocketError) -> DatagramOutcome {
    try await DatagramReader.suspendTask(for: want, until: deadline) {
      (reader, givingUp) throws(SocketError) in try turn(reader, for: want, givingUp)
    }
  }

  private func turn(
    _ reader: DatagramReader?, for want: DatagramWant, _ givingUp: GivingUp?
  ) throws(SocketError) -> WaiterTurn<DatagramOutcome> {
    try state.withLock { state throws(SocketError) in
      try state.turn(reader, for: want, givingUp: givingUp)
    }
  }
}

extension DatagramOutcome {
  fileprivate consuming func datagram() throws(SocketError) -> Datagram {
    switch consume self {
    case .datagram(let datagram): return datagram
    case .failed(let error): throw error
    case .readable: preconditionFailure("a reader that takes was only told")
    }
  }
}
