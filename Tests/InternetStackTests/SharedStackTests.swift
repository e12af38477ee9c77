// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Mbufs
import SocketBuffers
import Synchronization
import TestSupport
import Testing
import UMA
import Wire

@testable import InternetStack

@Suite(.timeLimit(.minutes(2))) struct SharedStackTests {
  static let soon: Duration = .seconds(60)

  static func stack(
    _ address: IPv4Address, _ change: (inout InternetStack.Policy) -> Void = { _ in }
  ) -> InternetStack {
    var policy = InternetStack.Policy()
    change(&policy)
    return InternetStack(
      addresses: [InterfaceAddress(address, prefixBitCount: 24)], policy: policy, seed: 1)
  }

  static func bytes(_ number: Int) -> [UInt8] {
    (0..<64).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }
  }

  @Test func aFullSendQueueRefusesAndItsRoomComesBackAsTheOutputTakesIt() throws {
    let pool = MbufPool()
    var stack = Self.stack(us) {
      $0.sendQueueLimitInDatagrams = 4
      $0.outputLimitInPackets = 2
    }
    let socket = stack.share(try stack.bind(port: 7), pool: pool)
    func send() throws(SocketError) {
      try socket.send(try pooled(pool), to: Endpoint(them, 9))
    }
    for _ in 0..<4 { try send() }
    #expect(throws: SocketError.queueFull(limitInDatagrams: 4)) { try send() }
    #expect(throws: SocketError.deadlinePassed) { try socket.waitUntilWritable(until: .now) }
    stack.sendQueue.checkInvariants()
    stack.sendQueued()
    #expect(stack.sendQueue.count == 2 && stack.outputPacketCount == 2)
    stack.sendQueued()
    #expect(stack.sendQueue.count == 2 && stack.statistics.refused == 0)
    try socket.waitUntilWritable(until: .now)
    var sent = 0
    while let packet = stack.transmit() {
      sent += packet.byteCount > 28 ? 1 : 0
      stack.sendQueued()
    }
    #expect(sent == 4 && stack.statistics.sent == 4 && stack.sendQueue.count == 0)
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  func pooled(_ pool: MbufPool) throws(SocketError) -> Packet {
    do throws(MbufError) {
      var packet = try pool.packet(headroom: DatagramSocket.headroom)
      try packet.appendZeroes(10)
      return packet
    } catch {
      throw .noMemory(error)
    }
  }

  @Test func whoeverWaitsIsToldOfTheEnd() throws {
    let pool = MbufPool()
    var stack = Self.stack(us) { $0.sendQueueLimitInDatagrams = 1 }
    let socket = stack.share(try stack.bind(port: 7), pool: pool)
    let queue = stack.sendQueue
    try socket.send(try pooled(pool), to: Endpoint(them, 9))
    let outcomes = Mutex<[String]>([])
    @Sendable func note(_ what: String, _ error: SocketError?) {
      outcomes.withLock { $0.append("\(what): \(error.map { "\($0)" } ?? "nothing")") }
    }
    let waiting = startThreads(3) { index in
      do throws(SocketError) {
        switch index {
        case 0: note("read", try socket.receive().packet.byteCount == 0 ? nil : nil)
        case 1:
          try socket.waitUntilWritable()
          note("write", nil)
        default:
          // Does not send, as if the link were full: only the end of the wait counts.
          let goesOn = queue.waitUntilReady(isSending: false)
          note(goesOn ? "goes on" : "owner", nil)
        }
      } catch {
        note(index == 0 ? "read" : "write", error)
      }
    }
    while socket.waitingCount == 0 { letOthersRun() }
    queue.end()
    // The owner is not told yet: something is to be sent still.
    #expect(throws: SocketError.cannotSend) {
      try socket.send(try pooled(pool), to: Endpoint(them, 9))
    }
    #expect(queue.waitUntilReady())
    stack.sendQueued()
    queue.wake()
    #expect(stack.outputPacketCount == 1 && !queue.waitUntilReady())
    _ = consume stack
    join(waiting)
    #expect(
      outcomes.withLock { $0.sorted() } == [
        "owner: nothing", "read: \(SocketError.ended)", "write: \(SocketError.cannotSend)",
      ])
    queue.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func aCancelledTaskThatWaitsForRoomIsToldSo() async throws {
    let pool = MbufPool()
    var stack = Self.stack(us) { $0.sendQueueLimitInDatagrams = 1 }
    let socket = stack.share(try stack.bind(port: 7), pool: pool)
    try socket.send(try pooled(pool), to: Endpoint(them, 9))
    let writer = Task { try await socket.becomesWritable() }
    writer.cancel()
    let result = await writer.result
    #expect(throws: SocketError.cancelled) { try result.get() }
    stack.sendQueue.checkInvariants()
  }

  @Test func whatWasSentBeforeACloseIsSentAndThePortIsFreeBehindIt() throws {
    let pool = MbufPool()
    var stack = Self.stack(us)
    let id = try stack.bind(port: 7)
    let socket = stack.share(id, pool: pool)
    try socket.send(try pooled(pool), to: Endpoint(them, 9))
    socket.close()
    socket.close()
    #expect(throws: SocketError.cannotSend) {
      try socket.send(try pooled(pool), to: Endpoint(them, 9))
    }
    expect(stack.input(try packet(pool, TestDatagram().bytes), linkType: .raw), is: .noSocket)
    expectError(.inUse(Endpoint(.any, 7))) { () throws(BindError) in _ = try stack.bind(port: 7) }
    stack.sendQueued()
    #expect(stack.outputPacketCount == 1 && stack.sendQueue.count == 0)
    let isOpen = stack.isOpen(id)
    #expect(!isOpen)
    let other = try stack.bind(port: 7)
    // A third close is for a socket that is gone, not for the one in its place.
    socket.close()
    stack.sendQueued()
    expect(stack.input(try packet(pool, TestDatagram().bytes), linkType: .raw), is: nil)
    expectDatagram(&stack, other, payload: TestDatagram().payload)
    stack.checkInvariants()
    _ = consume stack
    #expect(pool.outstanding == 0)
  }

  @Test func aSocketThatItsOwnerClosesGivesWhatItHasAndEnds() throws {
    let pool = MbufPool()
    var stack = Self.stack(us)
    let id = try stack.bind(port: 7)
    expect(stack.input(try packet(pool, TestDatagram().bytes), linkType: .raw), is: nil)
    let socket = stack.share(id, pool: pool)
    expect(stack.input(try packet(pool, TestDatagram().bytes), linkType: .raw), is: nil)
    if stack.receive(id) != nil { Issue.record("the owner received what is shared") }
    #expect(stack.statistics(of: id).recordCount == 2)
    try socket.send(try pooled(pool), to: Endpoint(them, 9))
    stack.close(id)
    stack.sendQueued()
    #expect(stack.statistics.refused == 1 && stack.outputPacketCount == 0)
    for _ in 0..<2 { _ = try socket.receive().packet.byteCount }
    #expect(throws: SocketError.ended) { _ = try socket.receive().packet.byteCount }
    #expect(throws: SocketError.cannotSend) {
      try socket.send(try pooled(pool), to: Endpoint(them, 9))
    }
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func aFullSharedBufferIsCountedWhereItBelongs() throws {
    let pool = MbufPool()
    var stack = Self.stack(us)
    let byteCount = TestDatagram().payload.count + 16
    let id = try stack.bind(port: 7, limit: 2 * byteCount)
    let socket = stack.share(id, pool: pool)
    for index in 0..<5 {
      expect(
        stack.input(try packet(pool, TestDatagram().bytes), linkType: .raw),
        is: index < 2 ? nil : .fullSocketBuffer)
    }
    let figures = stack.statistics(of: id)
    #expect(figures.recordCount == 2 && figures.drops == 3 && figures.limit == 2 * byteCount)
    #expect(socket.drops == 3 && socket.local == Endpoint(.any, 7))
    stack.checkInvariants()
    _ = consume stack
    for _ in 0..<2 { _ = try socket.receive().packet.byteCount }
    #expect(pool.outstanding == 0)
  }

  @Test func whatCanNeverBeSentIsReportedToItsSocketOnce() throws {
    let pool = MbufPool()
    var stack = Self.stack(us)
    let socket = stack.share(try stack.bind(port: 7), pool: pool)
    for (destination, errorNumber) in [
      (Endpoint(them, 0), EADDRNOTAVAIL),
      (Endpoint(.v6(IPv6Address(high: 1, low: 2)), 9), EAFNOSUPPORT),
    ] {
      try socket.send(try pooled(pool), to: destination)
      stack.sendQueued()
      #expect(throws: SocketError.pending(errorNumber: errorNumber)) {
        _ = try socket.tryReceive()?.packet.byteCount
      }
      #expect(try socket.tryReceive()?.packet.byteCount == nil)
    }
    let longest = InternetStack.payloadByteLimit
    #expect(throws: SocketError.messageTooLong(wanted: longest + 1, available: longest)) {
      let bytes = [UInt8](repeating: 0, count: longest + 1)
      try unsafe socket.send(copying: bytes.span.bytes, to: Endpoint(them, 9))
    }
    #expect(stack.statistics.refused == 2)
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func anOwnerThatWaitsElsewhereIsCalledWhenThereIsSomethingToDo() throws {
    let pool = MbufPool()
    var stack = Self.stack(us)
    let socket = stack.share(try stack.bind(port: 7), pool: pool)
    let calls = Stage()
    stack.sendQueue.onReady { calls.advance() }
    for _ in 0..<3 { try socket.send(try pooled(pool), to: Endpoint(them, 9)) }
    #expect(calls.value == 1)
    stack.sendQueued()
    try socket.send(try pooled(pool), to: Endpoint(them, 9))
    #expect(calls.value == 2)
    stack.sendQueue.onReady(nil)
    stack.sendQueue.end()
    #expect(calls.value == 2)
    #expect(throws: SocketError.cannotSend) {
      try socket.send(try pooled(pool), to: Endpoint(them, 9))
    }
    stack.sendQueued()
    #expect(stack.outputPacketCount == 4 && !stack.sendQueue.waitUntilReady())
  }
}
