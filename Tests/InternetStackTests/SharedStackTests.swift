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
  private static let soon: Duration = .seconds(60)

  private static func stack(
    _ address: IPv4Address, _ change: (inout InternetStack.Policy) -> Void = { _ in }
  ) -> InternetStack {
    var policy = InternetStack.Policy()
    change(&policy)
    return InternetStack(
      addresses: [InterfaceAddress(address, prefixBitCount: 24)], policy: policy, seed: 1)
  }

  private static func bytes(_ number: Int) -> [UInt8] {
    (0..<64).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }
  }

  /// Answers until the stack ends; how many it answered.
  @Sendable private static func echo(_ socket: DatagramSocket) -> Int {
    var count = 0
    while true {
      do throws(SocketError) {
        let datagram = try socket.receive()
        let source = datagram.source
        try socket.waitUntilWritable()
        try socket.send(datagram.packet, to: source)
        count += 1
      } catch {
        switch error {
        case .ended, .cannotSend: return count
        case .queueFull: break
        default: Issue.record("\(error)")
        }
      }
    }
  }

  @Test(arguments: [1, 256])
  func twoStacksOnThreadsServeSocketsOnOthers(cableLimit: Int) throws {
    let pool = MbufPool()
    let cable = Cable(limit: cableLimit)
    let (us, them) = (IPv4Address(10, 0, 0, 1), IPv4Address(10, 0, 0, 2))
    var server = Self.stack(us)
    var client = Self.stack(them) { $0.sendQueueLimitInDatagrams = 3 }
    let service = server.share(try server.bind(port: 7), pool: pool)
    var sockets: [DatagramSocket] = []
    for _ in 0..<4 { sockets.append(client.share(try client.bind(port: 0), pool: pool)) }
    cable.left.wakes(server.sendQueue)
    cable.right.wakes(client.sendQueue)
    let hosts = [
      HostThread(Host(stack: server, link: cable.left)),
      HostThread(Host(stack: client, link: cable.right)),
    ]
    let owners = startThreads(2) { hosts[$0].run() }
    let answered = Stage()
    let services = startThreads(1) { _ in
      for _ in 0..<Self.echo(service) { answered.advance() }
    }
    let clients = sockets
    onThreads(4) { index in
      let socket = clients[index]
      for number in 0..<100 {
        do {
          let sent = Self.bytes(index * 1_000 + number)
          while true {
            do throws(SocketError) {
              try socket.waitUntilWritable(until: .now + Self.soon)
              try unsafe socket.send(copying: sent.span.bytes, to: Endpoint(us, 7))
              break
            } catch {
              guard case .queueFull = error else { throw error }
            }
          }
          let datagram = try socket.receive(until: .now + Self.soon)
          #expect(datagram.source == Endpoint(us, 7))
          #expect(InternetStackTests.bytes(of: datagram.packet) == sent)
        } catch {
          Issue.record("\(error)")
          return
        }
      }
    }
    for host in hosts { host.end() }
    join(owners)
    join(services)
    #expect(answered.value == 400)
    for socket in sockets {
      #expect(throws: SocketError.ended) { _ = try socket.receive().packet.byteCount }
      #expect(throws: SocketError.cannotSend) { try socket.waitUntilWritable() }
      socket.checkInvariants()
    }
    #expect(pool.outstanding == 0)
  }

  @Test func twoStacksInActorsServeSocketsOfTasks() async throws {
    let pool = MbufPool()
    let cable = Cable(limit: 2)
    let (us, them) = (IPv4Address(10, 0, 0, 1), IPv4Address(10, 0, 0, 2))
    let server = Self.stack(us)
    let client = Self.stack(them) { $0.sendQueueLimitInDatagrams = 2 }
    cable.left.wakes(server.sendQueue)
    cable.right.wakes(client.sendQueue)
    let serving = HostActor(Host(stack: server, link: cable.left), pool)
    let asking = HostActor(Host(stack: client, link: cable.right), pool)
    let loops = [Task { await serving.run() }, Task { await asking.run() }]
    let service = try await serving.bind(port: 7)
    let echo = Task {
      while let datagram = try? await service.receiveWhenAvailable() {
        let source = datagram.source
        try? service.send(datagram.packet, to: source)
      }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<4 {
        let socket = try await asking.bind(port: 0)
        group.addTask {
          for number in 0..<50 {
            let sent = Self.bytes(index * 1_000 + number)
            while true {
              do throws(SocketError) {
                try await socket.becomesWritable(until: .now + Self.soon)
                try unsafe socket.send(copying: sent.span.bytes, to: Endpoint(us, 7))
                break
              } catch {
                guard case .queueFull = error else { throw error }
              }
            }
            let datagram = try await socket.receiveWhenAvailable(until: .now + Self.soon)
            let same = InternetStackTests.bytes(of: datagram.packet) == sent
            #expect(same)
          }
          socket.close()
        }
      }
      try await group.waitForAll()
    }
    // Cancellation ends an owner as well.
    loops[0].cancel()
    await asking.end()
    for loop in loops { await loop.value }
    echo.cancel()
    await echo.value
    #expect(service.waitingCount == 0)
    service.close()
    #expect(pool.outstanding == 0)
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

  private func pooled(_ pool: MbufPool) throws(SocketError) -> Packet {
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
      (Endpoint(them, 0), EADDRNOTAVAIL), (Endpoint(.v6(.loopback), 9), EAFNOSUPPORT),
    ] {
      try socket.send(try pooled(pool), to: destination)
      stack.sendQueued()
      #expect(throws: SocketError.pending(errorNumber: errorNumber)) {
        _ = try socket.tryReceive()?.packet.byteCount
      }
      #expect(try socket.tryReceive()?.packet.byteCount == nil)
    }
    let longest = stack.payloadByteLimit
    #expect(throws: SocketError.messageTooLong(wanted: longest + 1, available: longest)) {
      let bytes = [UInt8](repeating: 0, count: longest + 1)
      try unsafe socket.send(copying: bytes.span.bytes, to: Endpoint(them, 9))
    }
    #expect(stack.statistics.refused == 2)
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func theArticleShowsTheCodeThatTheseTestsRun() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let root = folder.deletingLastPathComponent().deletingLastPathComponent()
    let code = String(
      decoding: try readFile(folder.appendingPathComponent("SharedStackExample.swift").path),
      as: UTF8.self)
    let article = String(
      decoding: try readFile(
        root.appendingPathComponent(
          "Sources/InternetStack/InternetStack.docc/SharingAStack.md"
        ).path), as: UTF8.self)
    let shown = article.components(separatedBy: "```swift\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }
    let run = code.components(separatedBy: "// example: ").dropFirst().map { part in
      let lines = part.components(separatedBy: "// end")[0].split(
        separator: "\n", omittingEmptySubsequences: false)
      return lines.dropFirst().joined(separator: "\n")
    }
    #expect(shown.count == 3 && shown == run)
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
