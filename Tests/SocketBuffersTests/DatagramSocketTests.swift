// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import UMA
import Wire

/// What a socket handed to its protocol.
final class SentDatagrams: Sendable {
  struct Sent: Equatable {
    var bytes: [UInt8]
    var headroom: Int
    var source: Endpoint
    var destination: Endpoint
    var controlByteCount: Int
  }

  private let all = Guarded<[Sent]>([])

  var list: [Sent] { all.withLock { $0 } }

  func add(_ datagram: consuming Datagram) {
    let control = datagram.control.take()
    let sent = Sent(
      bytes: bytes(of: datagram.packet), headroom: datagram.packet.headroom,
      source: datagram.source, destination: datagram.destination,
      controlByteCount: control?.byteCount ?? 0)
    all.withLock { $0.append(sent) }
  }
}

func socket(_ pool: MbufPool, receiveLimit: Int = 10_000) -> DatagramSocket {
  DatagramSocket(local: bob, pool: pool, receiveLimit: receiveLimit) { _ throws(SocketError) in }
}

/// The error that `body` throws, or nil.
func error(_ body: () throws(SocketError) -> Void) -> SocketError? {
  do throws(SocketError) {
    try body()
    return nil
  } catch {
    return error
  }
}

@Suite struct DatagramSocketTests {
  @Test func whatIsDeliveredIsReceivedWholeWithItsAddressesAndItsControl() throws {
    try leakChecked { pool in
      let socket = socket(pool)
      for headroom in [0, 40] {
        let first = try packet(pool, 700, seed: 1, headroom: headroom)
        #expect(socket.deliver(first, from: alice) == .delivered)
        let second = try packet(pool, 9, seed: 2, headroom: headroom)
        #expect(
          socket.deliver(second, from: carol, to: alice, control: try packet(pool, 5, seed: 3))
            == .delivered)
        #expect(socket.recordCount == 2)
        guard let datagram = try socket.tryReceive(), var next = try socket.tryReceive() else {
          Issue.record("nothing received")
          return
        }
        #expect(bytes(of: datagram.packet) == payload(700, seed: 1))
        #expect(datagram.source == alice && datagram.destination == bob)
        #expect(bytes(of: next.packet) == payload(9, seed: 2))
        #expect(next.source == carol && next.destination == alice)
        if let control = next.control.take() { #expect(bytes(of: control) == payload(5, seed: 3)) }
        if try socket.tryReceive() != nil { Issue.record("received from an empty buffer") }
        socket.checkInvariants()
      }
    }
  }

  @Test func aReaderWithLittleRoomGetsTheFrontAndIsToldSo() throws {
    try leakChecked { pool in
      let socket = socket(pool)
      var room = [UInt8](repeating: 0, count: 10)
      for byteCount in [0, 9, 10, 11, 500] {
        for _ in 0..<2 {
          socket.deliver(try packet(pool, byteCount, headroom: 0), from: carol)
        }
        for isPeek in [true, false, true, false] {
          var span = room.mutableSpan
          var bytes = unsafe span.mutableBytes
          let received =
            isPeek
            ? try socket.peek(into: &bytes) : try socket.tryReceive()?.copyOut(into: &bytes)
          #expect(received?.byteCount == Swift.min(10, byteCount))
          #expect(received?.datagramByteCount == byteCount)
          #expect(received?.isTruncated == (byteCount > 10))
          #expect(received?.source == carol && received?.destination == bob)
          let count = Swift.min(10, byteCount)
          #expect(Array(room.prefix(count)) == payload(count, seed: 0))
        }
        #expect(socket.recordCount == 0)
      }
      var span = room.mutableSpan
      var bytes = unsafe span.mutableBytes
      #expect(try socket.peek(into: &bytes) == nil)
      #expect(try socket.tryReceive()?.copyOut(into: &bytes) == nil)
    }
  }

  @Test func whatFindsNoSpaceNoMemoryOrNoReaderIsCounted() throws {
    try leakChecked { pool in
      let socket = socket(pool, receiveLimit: 200)
      #expect(socket.deliver(try packet(pool, 100), from: alice) == .delivered)
      #expect(socket.deliver(try packet(pool, 85), from: alice) == .full)
      // Control information counts as well.
      let control = try packet(pool, 1)
      #expect(socket.deliver(try packet(pool, 68), from: alice, control: control) == .full)
      let tight = try packet(pool, 10, headroom: 0)
      pool.inject(FailurePlan(failing: 1, andAllLater: true))
      #expect(socket.deliver(tight, from: alice) == .noMemory)
      pool.inject(nil)
      #expect(socket.recordCount == 1 && socket.drops == 3)
      socket.shutdown(.receiving)
      #expect(socket.recordCount == 0)
      #expect(socket.deliver(try packet(pool, 10), from: alice) == .closed)
      #expect(socket.drops == 4)
      socket.checkInvariants()
    }
  }

  @Test func errorsAreToldOnceAndTheEndForGoodBehindWhatIsThere() throws {
    try leakChecked { pool in
      let socket = socket(pool)
      socket.deliver(try packet(pool, 1), from: alice)
      socket.report(errorNumber: 111)
      socket.endInput()
      #expect(error { () throws(SocketError) in _ = try socket.tryReceive() } == nil)
      #expect(
        error { () throws(SocketError) in _ = try socket.tryReceive() }
          == .pending(errorNumber: 111))
      for _ in 0..<2 {
        #expect(error { () throws(SocketError) in _ = try socket.tryReceive() } == .ended)
        #expect(error { () throws(SocketError) in _ = try socket.receive() } == .ended)
        #expect(error { () throws(SocketError) in try socket.waitUntilReadable() } == nil)
      }
    }
  }

  @Test func sendingIsRefusedInTheOrderOfTheChecks() throws {
    try leakChecked { pool in
      let sent = SentDatagrams()
      let socket = DatagramSocket(local: bob, pool: pool, sendLimit: 100) {
        (datagram: consuming Datagram) throws(SocketError) in sent.add(datagram)
      }
      func send(_ byteCount: Int, to destination: Endpoint?, control: Int = 0) throws
        -> SocketError?
      {
        let packet = try packet(pool, byteCount)
        let information = control == 0 ? nil : try SocketBuffersTests.packet(pool, control)
        do throws(SocketError) {
          try socket.send(packet, to: destination, control: information)
          return nil
        } catch {
          return error
        }
      }
      #expect(try send(200, to: nil) == .destinationRequired)
      #expect(try send(101, to: alice) == .messageTooLong(wanted: 101, available: 100))
      #expect(
        try send(91, to: alice, control: 10) == .messageTooLong(wanted: 91, available: 90))
      #expect(try send(90, to: alice, control: 10) == nil)
      socket.connect(to: carol)
      #expect(socket.peer == carol)
      #expect(try send(100, to: alice) == .alreadyConnected)
      #expect(try send(100, to: nil) == nil)
      socket.disconnect()
      socket.report(errorNumber: 113)
      #expect(try send(1, to: nil) == .pending(errorNumber: 113))
      #expect(try send(0, to: alice) == nil)
      let text = payload(70, seed: 4)
      try unsafe socket.send(copying: text.span.bytes, to: alice)
      pool.inject(FailurePlan(failing: 1, andAllLater: true))
      let denial = error { () throws(SocketError) in
        try unsafe socket.send(copying: text.span.bytes, to: alice)
      }
      pool.inject(nil)
      #expect(denial?.errorNumber == SocketError.noSpace(wanted: 1, available: 0).errorNumber)
      socket.report(errorNumber: 113)
      socket.shutdown(.sending)
      #expect(try send(1, to: nil) == .cannotSend)
      // Receiving goes on, and hears of the error.
      #expect(
        error { () throws(SocketError) in _ = try socket.tryReceive() }
          == .pending(errorNumber: 113))
      #expect(sent.list.map(\.bytes.count) == [90, 100, 0, 70])
      #expect(sent.list.map(\.destination) == [alice, carol, alice, alice])
      #expect(sent.list.allSatisfy { $0.source == bob })
      #expect(sent.list.map(\.controlByteCount) == [10, 0, 0, 0])
      #expect(sent.list.last?.headroom == DatagramSocket.headroom)
    }
  }

  @Test func aProtocolWithConnectionsSaysSo() throws {
    let pool = MbufPool()
    let socket = DatagramSocket(local: bob, pool: pool, requiresConnection: true) {
      _ throws(SocketError) in throw .pending(errorNumber: 1)
    }
    let text = payload(3, seed: 0)
    func send() -> SocketError? {
      error { () throws(SocketError) in try unsafe socket.send(copying: text.span.bytes) }
    }
    #expect(send() == .notConnected)
    socket.connect(to: alice)
    #expect(send() == .pending(errorNumber: 1))
    #expect(pool.outstanding == 0)
  }
}
