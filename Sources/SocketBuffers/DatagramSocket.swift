// SPDX-License-Identifier: BSD-2-Clause
//
//     protocol --deliver--> [ DatagramBuffer ] --receive--> readers, first come first served
//     writers  --send-----> output closure     (nothing ever waits to be sent)
//
// One lock guards all of it. No mbuf is allocated or freed and nobody called with the lock held:
// datagrams are framed before it is taken; discarded ones end and waiters are unparked after it is let go.

public import Mbufs
import UMA

/// A datagram socket that threads and tasks share: its reader may wait for what is delivered.
///
///     let socket = DatagramSocket(local: here, pool: pool) { datagram throws(SocketError) in
///       … hands it to the protocol …
///     }
///     socket.deliver(packet, from: source, to: here)          // the protocol, on any thread
///     let datagram = try socket.receive(until: .now + .seconds(1))
///     let next = try await socket.receiveWhenAvailable()
///
/// BSD: `struct socket` of type SOCK_DGRAM, `sosend_dgram`, `soreceive_dgram`.
public final class DatagramSocket: Sendable {
  /// Where what is sent goes; called without a lock, on the thread that sends.
  public typealias Output = @Sendable (consuming Datagram) throws(SocketError) -> Void

  /// Bytes kept free in front of what `send(copying:)` copies, for the headers.
  ///
  /// Ethernet, IPv6 and UDP headers are 62 bytes.
  ///
  /// BSD: `max_hdr`.
  public static var headroom: Int { 64 }

  /// The name of the lock to the lock checker.
  private static let lockClass = LockClass("datagram socket")

  let state: Guarded<DatagramSocketState>
  let pool: MbufPool
  let output: Output
  /// The send queue of its stack, and the stack's number for it; nil without a stack.
  let stack: (queue: SendQueue, socket: UInt64)?
  /// Whether `send` demands that the socket is connected.
  let requiresConnection: Bool
  /// Its own address, the source of what it sends.
  public let local: Endpoint
  /// The most bytes of one datagram sent, control information included.
  ///
  /// BSD: `sb_hiwat` of the send buffer, which never holds a datagram.
  public let sendLimit: Int

  /// Makes a socket that nothing has been delivered to.
  ///
  /// - Parameters:
  ///   - local: its own address.
  ///   - pool: where packets for `send(copying:to:)` and mbufs for addresses come from.
  ///   - receiveLimit: bytes that may wait for readers, addresses included; by default forty
  ///     datagrams of 1,024 bytes with 16 bytes of addresses each.
  ///   - sendLimit: the most bytes of one datagram sent; by default those of
  ///     `net.inet.udp.maxdgram`.
  ///   - requiresConnection: sending demands that the socket is connected.
  ///   - output: hands what is sent to the protocol.
  public init(
    local: Endpoint, pool: MbufPool, receiveLimit: Int = 40 * (1_024 + 16), sendLimit: Int = 9_216,
    requiresConnection: Bool = false, output: @escaping Output
  ) {
    self.local = local
    self.pool = pool
    self.sendLimit = sendLimit
    self.requiresConnection = requiresConnection
    self.output = output
    stack = nil
    state = Self.state(receiveLimit)
  }

  /// Makes a socket on top of one of a stack's.
  ///
  /// - Parameters:
  ///   - local: the address of the stack's socket.
  ///   - pool: where packets and mbufs for addresses come from.
  ///   - receiveLimit: bytes that may wait for readers, addresses included.
  ///   - sendLimit: the most bytes of one datagram sent.
  ///   - queue: the stack's.
  ///   - socket: what the stack calls its socket.
  package init(
    local: Endpoint, pool: MbufPool, receiveLimit: Int, sendLimit: Int, queue: SendQueue,
    socket: UInt64
  ) {
    self.local = local
    self.pool = pool
    self.sendLimit = sendLimit
    requiresConnection = false
    output = { datagram throws(SocketError) in try queue.put(datagram, from: socket) }
    stack = (queue, socket)
    state = Self.state(receiveLimit)
  }

  private static func state(_ receiveLimit: Int) -> Guarded<DatagramSocketState> {
    var buffer = DatagramBuffer(limit: receiveLimit)
    buffer.lowWater = 1
    return Guarded(DatagramSocketState(buffer), class: lockClass)
  }

  // MARK: The protocol's side

  /// What became of a datagram that the protocol delivered.
  public enum Delivery: UInt8, Sendable {
    /// It waits for a reader or was given to one.
    case delivered
    /// There was no space for it; it ended and was counted.
    case full
    /// There was no mbuf for its addresses; it ended and was counted.
    case noMemory
    /// Receiving was shut down; it ended and was counted.
    case closed
  }

  /// Gives a datagram to the first reader that waits, or keeps it for the next.
  ///
  /// - Parameters:
  ///   - packet: the datagram.
  ///   - source: who sent it.
  ///   - destination: to whom it was sent; the socket's own address if left out.
  ///   - control: what else is known of it.
  ///
  /// BSD: `sbappendaddr` and `sorwakeup`.
  @discardableResult
  public func deliver(
    _ packet: consuming Packet, from source: Endpoint, to destination: Endpoint? = nil,
    control: consuming Packet? = nil
  ) -> Delivery {
    var framed: Packet?
    do throws(MbufError) {
      try packet.prepend(source, destination ?? local)
      framed = consume packet
    } catch {
      state.withLock { $0.buffer.drops += 1 }
      return .noMemory
    }
    var control = control.take()
    return state.withLockThenWake { state, wakes in
      if state.cannotReceive {
        state.buffer.drops += 1
        return .closed
      }
      let result = state.append(&framed, control: &control)
      state.serve(&wakes)
      return result == .appended ? .delivered : .full
    }
  }

  /// Tells the next call of `send` or `receive`, and it alone, that an earlier send failed.
  ///
  /// - Parameter errorNumber: a system error, such as ECONNREFUSED; 0 takes back what was reported.
  ///
  /// BSD: `so_error`.
  public func report(errorNumber: Int32) {
    change { $0.pendingError = errorNumber == 0 ? nil : errorNumber }
  }

  /// Tells readers that nothing will come any more; what is there may still be received.
  ///
  /// BSD: `socantrcvmore`.
  public func endInput() { change { $0.cannotReceive = true } }

  /// Changes the state, and serves readers that need wait no longer.
  func change(_ body: (inout DatagramSocketState) -> Void) {
    state.withLockThenWake { state, wakes in
      body(&state)
      state.serve(&wakes)
    }
  }

  // MARK: The user's side

  /// A direction that can be shut down.
  ///
  /// BSD: SHUT_RD, SHUT_WR, SHUT_RDWR.
  public enum Direction: Sendable {
    /// Nothing is received any more; what waits is discarded.
    case receiving
    /// Nothing is sent any more.
    case sending
    /// Neither.
    case both
  }

  /// Shuts a direction down, which cannot be undone; whoever waits is told that it ended.
  ///
  /// BSD: `soshutdown`, `sorflush`.
  public func shutdown(_ direction: Direction) {
    var discarded = RecordQueue()
    change { state in
      if direction != .receiving { state.cannotSend = true }
      if direction != .sending {
        state.cannotReceive = true
        discarded = state.buffer.buffer.records.takeAll()
      }
    }
    // The discarded datagrams end here, after the lock was released.
    discarded.flush()
  }

  /// Bytes from which on a waiting reader is woken; 1 at first, at most the receive limit.
  ///
  /// A full buffer and an end of input wake it as well. Who does not wait gets what there is.
  ///
  /// BSD: SO_RCVLOWAT.
  public var lowWater: Int {
    get { state.withLock { $0.buffer.lowWater } }
    set { change { $0.buffer.lowWater = newValue } }
  }

  /// Datagrams that wait to be received.
  public var recordCount: Int { state.withLock { $0.buffer.recordCount } }

  /// Delivered datagrams that were refused.
  public var drops: UInt64 { state.withLock { $0.buffer.drops } }

  /// Readers that wait.
  package var waitingCount: Int { state.withLock { $0.waitingCount } }

  /// Traps if the counts do not match, or a reader waits although there is something for it.
  public func checkInvariants() { state.withLock { $0.checkInvariants() } }
}
