// SPDX-License-Identifier: BSD-2-Clause
//
//     link.receive ------------------------------------> stack.input --> sockets
//     send queue --sendQueued--> output queue --> [ leaving ] --> link.transmit
//
//     leaving != []  =>  the link took no more: until it does, no more is taken out of the stack
//
// One turn does what there is to do and never waits. An owner that sleeps between turns looks again
// after a while, since few links wake it; one that can calls `stack.sendQueue.wake()`.

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
/// The interface carries IP datagrams without a link header: link type raw.
public struct StackHost<Link: PacketSource & PacketSink & ~Copyable>: ~Copyable {
  /// The stack.
  public var stack: InternetStack
  /// The interface.
  public var link: Link
  /// Packets that the interface refused for good, since they do not suit it.
  public private(set) var refusedPacketCount = 0
  private let pool: MbufPool
  private var leaving = PacketQueue()
  private var isInputEnded = false

  private static var batchCount: Int { 32 }

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
  }

  /// Whether the interface took not all of what there was to send.
  public var isBlocked: Bool { !leaving.isEmpty }

  /// Takes in what came, at most a batch, and sends what there is to send, as far as the interface
  /// takes it; never waits.
  ///
  /// - Returns: whether more may have come.
  /// - Throws: `InterfaceError`: of the output, why the input ended, or why nothing comes for now. The
  ///   next turn goes on from there.
  public mutating func turn() throws(InterfaceError) -> Bool {
    let mayHaveMore = try takeIn()
    repeat {
      stack.sendQueued()
      if leaving.isEmpty {
        while let packet = stack.transmit() { leaving.enqueue(packet) }
        if leaving.isEmpty { break }
      }
      try sendOut()
    } while leaving.isEmpty
    return mayHaveMore
  }

  private mutating func takeIn() throws(InterfaceError) -> Bool {
    if isInputEnded { return false }
    var arrived = PacketQueue()
    let result: Result<SourceState, InterfaceError>
    do throws(InterfaceError) {
      result = .success(
        try link.receive(upTo: Self.batchCount, into: &arrived, from: pool))
    } catch {
      result = .failure(error)
    }
    while let packet = arrived.dequeue() {
      let linkType = LinkType(rawValue: packet.header.linkType)
      stack.input(packet, linkType: linkType)
    }
    switch try result.get() {
    case .more: return true
    case .idle: return false
    case .ended(let error):
      isInputEnded = true
      if let error { throw error }
      return false
    }
  }

  private mutating func sendOut() throws(InterfaceError) {
    while !leaving.isEmpty {
      do throws(InterfaceError) {
        return try link.transmit(&leaving)
      } catch {
        guard error.isAboutPacket else { throw error }
        _ = leaving.dequeue()
        refusedPacketCount += 1
      }
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
    lookingEvery interval: Duration = .milliseconds(1), patience: Duration = .seconds(1)
  ) throws(InterfaceError) {
    var deadline = ContinuousClock.now
    while stack.sendQueue.waitUntilReady(until: deadline, isSending: !isBlocked) {
      deadline = try turn() ? .now : .now + interval
    }
    let end = ContinuousClock.now + patience
    while isBlocked || stack.outputPacketCount > 0, .now < end {
      _ = try turn()
      if isBlocked { ThreadParker().wait(until: .now + interval) }
    }
    try link.finish()
  }

  /// Traps if a packet is missing.
  public mutating func checkInvariants() {
    stack.checkInvariants()
    leaving.checkInvariants()
  }
}

extension StackHost: Sendable where Link: Sendable & ~Copyable {}
