// SPDX-License-Identifier: BSD-2-Clause
//
// The code of the article "Sharing a stack", as it stands there.

import Interfaces
import InternetStack
import Mbufs
import SocketBuffers
import Synchronization

// shown: begin
/// A host on a thread of its own, which is the owner for as long as it holds the lock.
final class HostThread: Sendable {
  private let host: Mutex<StackHost<InterfacePair.End>?>
  private let sendQueue: SendQueue

  init(_ host: consuming StackHost<InterfacePair.End>) {
    sendQueue = host.stack.sendQueue
    self.host = Mutex(host)
  }

  /// Runs on the thread until somebody ends it; whoever waits for a socket is told then.
  func run() throws {
    try host.withLock { host in
      defer { host = nil }
      try host?.run()
    }
  }

  func end() { sendQueue.end() }
}
// shown: end

// shown: begin
/// A host in an actor: others call it between two turns.
actor HostActor {
  private var host: StackHost<InterfacePair.End>
  private let pool: MbufPool

  init(_ host: consuming StackHost<InterfacePair.End>, _ pool: MbufPool) {
    self.host = host
    self.pool = pool
  }

  func bind(port: UInt16) throws(BindError) -> DatagramSocket {
    let socket = try host.stack.bind(port: port)
    return host.stack.share(socket, pool: pool)
  }

  func run() async throws {
    let sendQueue = host.stack.sendQueue
    var deadline = ContinuousClock.now
    while await sendQueue.becomesReady(until: deadline, isSending: !host.isBlocked) {
      try Task.checkCancellation()
      deadline = try host.turn() ? .now : .now + .milliseconds(1)
    }
    // What was accepted still leaves, however long the link takes; who cannot wait cancels the task.
    _ = try host.turn()
    while host.isBlocked {
      try await Task.sleep(for: .milliseconds(1))
      _ = try host.turn()
    }
    host.link.finish()
  }

  func end() { host.stack.sendQueue.end() }
}
// shown: end
