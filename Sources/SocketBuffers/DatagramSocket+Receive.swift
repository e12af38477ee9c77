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
    let parker = ThreadParker()
    let reader = DatagramReader(parker: parker, takes: true)
    wait(reader, parker, until: deadline)
    return try reader.datagram()
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
    let parker = TaskParker()
    let reader = DatagramReader(parker: parker, takes: true)
    await wait(reader, parker, until: deadline)
    return try reader.datagram()
  }

  /// Sleeps until a datagram, an error or the end is there for whoever asks next.
  ///
  /// - Throws: `SocketError.deadlinePassed`.
  ///
  /// BSD: `select`, `soreadable`.
  public func waitUntilReadable(
    until deadline: ContinuousClock.Instant? = nil
  ) throws(SocketError) {
    let parker = ThreadParker()
    let reader = DatagramReader(parker: parker, takes: false)
    wait(reader, parker, until: deadline)
    try reader.readable()
  }

  /// Suspends the task until a datagram, an error or the end is there for whoever asks next.
  ///
  /// - Throws: `SocketError.deadlinePassed` or `.cancelled`.
  public func becomesReadable(
    until deadline: ContinuousClock.Instant? = nil
  ) async throws(SocketError) {
    let parker = TaskParker()
    let reader = DatagramReader(parker: parker, takes: false)
    await wait(reader, parker, until: deadline)
    try reader.readable()
  }

  private func wait(
    _ reader: DatagramReader, _ parker: ThreadParker, until deadline: ContinuousClock.Instant?
  ) {
    while !turn(reader, deadline, isCancelled: false) { parker.wait(until: deadline) }
  }

  private func wait(
    _ reader: DatagramReader, _ parker: TaskParker, until deadline: ContinuousClock.Instant?
  ) async {
    await withTaskCancellationHandler {
      while !turn(reader, deadline, isCancelled: Task.isCancelled) {
        await parker.wait(until: deadline)
      }
    } onCancel: {
      parker.unpark()
    }
  }

  private func turn(
    _ reader: DatagramReader, _ deadline: ContinuousClock.Instant?, isCancelled: Bool
  ) -> Bool {
    let isLate = deadline.map { $0 <= .now } ?? false
    let error: SocketError? = isCancelled ? .cancelled : isLate ? .deadlinePassed : nil
    return state.withLock { $0.turn(reader, givingUp: error) }
  }
}

extension DatagramReader {
  fileprivate func datagram() throws(SocketError) -> Datagram {
    switch takeOutcome() {
    case .datagram(let datagram): return datagram
    case .failed(let error): throw error
    case .readable: preconditionFailure("a reader that takes was only told")
    }
  }

  fileprivate func readable() throws(SocketError) {
    switch takeOutcome() {
    case .readable: return
    case .failed(let error): throw error
    case .datagram: preconditionFailure("a reader that only looks was given a datagram")
    }
  }
}
