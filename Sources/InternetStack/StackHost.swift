// SPDX-License-Identifier: BSD-2-Clause
//
//     link --stack.input(from:)--> sockets
//     send queue --sendQueued--> output queue --stack.output(to:)--> link
//
// What the link does not take waits in the stack's output queue. When that is full, datagrams stay in
// the send queue, and when that is full, senders are refused or wait.
//
// One turn does what there is to do and never waits. An owner that sleeps between turns looks again
// after a while, since few links wake it; one that can calls `stack.sendQueue.wake()`.
//
// The stack's time is its owner's: a turn does what is due at `stack.nowInNanoseconds`, and `run` sets that
// to the time of day.

public import Interfaces
public import Mbufs
import SocketBuffers
import UMA
import Wire

/// A stack and the interface that it is on, for the thread or the actor that owns both.
///
///     var host = StackHost(stack, on: link, pool: pool)
///     try host.run()                                 // a thread, until somebody ends the send queue
///
/// The interface is the stack's first: what it transmits begins as that says.
public struct StackHost<Link: PacketSource & PacketSink & ~Copyable>: ~Copyable {
  /// The stack.
  public var stack: InternetStack
  /// The interface.
  public var link: Link
  /// Packets that the interface refused and that were dropped: too long, or of another link type.
  public private(set) var refusedPacketCount = 0
  /// When the stack has something to do without input, in nanoseconds by its own clock; nil for never.
  public private(set) var nextDeadline: Int64?
  private let pool: MbufPool
  private var isInputEnded = false

  /// Puts a stack on an interface.
  ///
  /// - Parameters:
  ///   - stack: with sockets or without.
  ///   - link: which packets come from and go to.
  ///   - pool: where packets that come from it are put.
  public init(_ stack: consuming InternetStack, on link: consuming Link, pool: MbufPool) {
    self.stack = stack
    self.link = link
    self.pool = pool
    if self.stack.pool == nil { self.stack.pool = pool }
  }

  /// Whether the interface left some of what there was to send.
  public var isBlocked: Bool { stack.outputPacketCount > 0 }

  /// Takes in what came, at most a batch, and sends what there is to send, as far as the interface
  /// takes it; never waits.
  ///
  /// - Returns: whether more may have come.
  /// - Throws: `InterfaceError`: of the output, why the input ended, or why nothing comes for now. The
  ///   next turn goes on from there.
  public mutating func turn() throws(InterfaceError) -> Bool {
    let mayHaveMore = try takeIn()
    nextDeadline = stack.poll(now: stack.nowInNanoseconds)
    try send()
    return mayHaveMore
  }

  /// Sends what there is to send, as far as the interface takes it; never waits.
  ///
  /// - Throws: `InterfaceError` of the output; the next call goes on from there.
  public mutating func send() throws(InterfaceError) {
    while true {
      stack.sendQueued()
      if !isBlocked { return }
      do throws(InterfaceError) {
        try stack.output(to: &link)
        if isBlocked { return }
      } catch {
        guard error.isAboutPacket else { throw error }
        _ = stack.transmit()
        refusedPacketCount += 1
      }
    }
  }

  private mutating func takeIn() throws(InterfaceError) -> Bool {
    if isInputEnded { return false }
    switch try stack.input(from: &link, pool) {
    case .more: return true
    case .idle: return false
    case .ended(let error):
      isInputEnded = true
      if let error { throw error }
      return false
    }
  }

  /// Serves the stack on this thread until its send queue has ended, sends the rest, and finishes the
  /// interface's output.
  ///
  /// - Parameters:
  ///   - interval: how long to sleep at most before the interface is looked at again.
  ///   - patience: how long to wait at the end for an interface that takes nothing.
  /// - Throws: `InterfaceError`; the stack is as it was, and `run` may be called again.
  public mutating func run(
    pollInterval interval: Duration = .milliseconds(1), patience: Duration = .seconds(1)
  ) throws(InterfaceError) {
    var deadline = ContinuousClock.now
    while stack.sendQueue.waitUntilReady(until: deadline, isSending: !isBlocked) {
      stack.nowInNanoseconds = WallClock.now
      deadline = try turn() ? .now : .now + interval
    }
    let end = ContinuousClock.now + patience
    _ = try turn()
    while isBlocked, .now < end {
      ThreadParker().wait(until: .now + interval)
      _ = try turn()
    }
    try link.finish()
  }
}

extension StackHost: Sendable where Link: Sendable & ~Copyable {}
