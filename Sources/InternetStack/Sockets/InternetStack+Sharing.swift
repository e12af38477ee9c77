// SPDX-License-Identifier: BSD-2-Clause
//
//     any thread or task          |  the owner of the stack: a thread, or an actor
//                                 |
//     socket.send  --> [ send queue ] --sendQueued--> stack.send --> transmit --> interface
//     socket.receive <-- [ its buffer ] <--deliver--- input <------------------- interface
//                                 |
//     a lock for each queue       |  no lock
//
// The owner alone touches the stack. What it shares are sockets, each with a lock for its buffer, and
// the one queue of what they send. That is taken only as far as the output queue has room, so a slow
// link fills the output queue, then the send queue, and then senders are refused or wait.

public import Mbufs
public import SocketBuffers

extension InternetStack {
  // MARK: Sharing

  /// Lets threads and tasks use a socket, which the stack's owner keeps open for them.
  ///
  /// Datagrams that wait in it already are handed over. From now on datagrams for it wait for their
  /// readers, as many bytes as its limit says; what is sent waits in `sendQueue` until the owner calls `sendQueued()`. The
  /// sharers' `close()`, the owner's `close(_:)` and the end of the stack end it: readers get what is
  /// there, and then `SocketError.ended`.
  ///
  /// - Parameters:
  ///   - socket: an open one.
  ///   - pool: where packets for what is sent come from.
  /// - Precondition: the socket is open and not shared yet.
  ///
  /// BSD: `struct socket` over its `struct inpcb`.
  public mutating func share(_ socket: SocketID, pool: MbufPool) -> DatagramSocket {
    precondition(sockets[socket].shared == nil, "socket \(socket.slot) is shared already")
    let key = sockets[socket].key
    let shared = DatagramSocket(
      local: Endpoint(key.boundAddress, key.port), pool: pool,
      receiveLimit: sockets[socket].buffer.limit, sendLimit: Self.payloadByteLimit,
      queue: sendQueue,
      socket: socket.bits)
    sockets[socket].share(shared)
    return shared
  }

  /// Sends what sharers of sockets have queued, while the output queue has room, and closes the
  /// sockets they have closed.
  ///
  /// What cannot be sent at all is counted as refused, and its socket's next caller gets the error.
  public mutating func sendQueued() {
    while outputPacketCount < policy.outputLimitInPackets, var entry = sendQueue.take() {
      let socket = SocketID(bits: entry.socket)
      guard let datagram = entry.datagram.take() else {
        if isOpen(socket) { close(socket) }
        continue
      }
      // Closed by the owner meanwhile.
      guard isOpen(socket) else {
        statistics.refused += 1
        continue
      }
      let destination = datagram.destination
      do throws(SendError) {
        try send(datagram.packet, from: socket, to: destination)
      } catch {
        if let errorNumber = error.lastingErrorNumber {
          sockets[socket].shared?.report(errorNumber: errorNumber)
        }
      }
    }
  }
}
