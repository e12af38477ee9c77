// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import SocketBuffers
import Synchronization
import TestSupport
import Testing
import UMA
import Wire

@testable import InternetStack

// Stacks on threads and in actors, on a link between them.
extension SharedStackTests {
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
    let pair = InterfacePair(LinkTraits(linkType: .raw, mtu: 1_500), limitInPackets: cableLimit)
    let (us, them) = (IPv4Address(10, 0, 0, 1), IPv4Address(10, 0, 0, 2))
    var server = Self.stack(us)
    var client = Self.stack(them) { $0.sendQueueLimitInDatagrams = 3 }
    let service = server.share(try server.bind(port: 7), pool: pool)
    var sockets: [DatagramSocket] = []
    for _ in 0..<4 { sockets.append(client.share(try client.bind(port: 0), pool: pool)) }
    let hosts = [
      HostThread(StackHost(server, on: pair.left, pool: pool)),
      HostThread(StackHost(client, on: pair.right, pool: pool)),
    ]
    let owners = startThreads(2) { index in
      do { try hosts[index].run() } catch { Issue.record("\(error)") }
    }
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
    pair.checkInvariants()
    for socket in sockets {
      #expect(throws: SocketError.ended) { _ = try socket.receive().packet.byteCount }
      #expect(throws: SocketError.cannotSend) { try socket.waitUntilWritable() }
      socket.checkInvariants()
    }
    #expect(pool.outstanding == 0)
  }

  @Test func whatWasAcceptedLeavesAfterTheEndHoweverSlowTheLink() async throws {
    let pool = MbufPool()
    let pair = InterfacePair(LinkTraits(linkType: .raw, mtu: 1_500), limitInPackets: 2)
    let host = HostActor(
      StackHost(Self.stack(IPv4Address(10, 0, 0, 2)), on: pair.right, pool: pool), pool)
    let socket = try await host.bind(port: 9)
    for number in 0..<5 {
      let sent = Self.bytes(number)
      try unsafe socket.send(copying: sent.span.bytes, to: Endpoint(IPv4Address(10, 0, 0, 1), 7))
    }
    await host.end()
    let loop = Task { try await host.run() }
    // The link holds two; each is taken off it only when the owner had time to end.
    let link = pair.left
    var arrived = PacketQueue()
    let deadline = ContinuousClock.now + Self.soon
    while arrived.packetCount < 5, ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(5))
      _ = link.receive(upTo: 1, into: &arrived, from: pool)
    }
    #expect(arrived.packetCount == 5)
    if arrived.packetCount < 5 { loop.cancel() }
    try await loop.value
  }

  @Test func twoStacksInActorsServeSocketsOfTasks() async throws {
    let pool = MbufPool()
    let pair = InterfacePair(LinkTraits(linkType: .raw, mtu: 1_500), limitInPackets: 2)
    let (us, them) = (IPv4Address(10, 0, 0, 1), IPv4Address(10, 0, 0, 2))
    let server = Self.stack(us)
    let client = Self.stack(them) { $0.sendQueueLimitInDatagrams = 2 }
    let serving = HostActor(StackHost(server, on: pair.left, pool: pool), pool)
    let asking = HostActor(StackHost(client, on: pair.right, pool: pool), pool)
    let loops = [Task { try await serving.run() }, Task { try await asking.run() }]
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
    let cancelled = await loops[0].result
    #expect(throws: CancellationError.self) { try cancelled.get() }
    try await loops[1].value
    echo.cancel()
    await echo.value
    #expect(service.waitingCount == 0)
    service.close()
    #expect(pool.outstanding == 0)
  }

  @Test func aSlowLinkHoldsPacketsBackAndWhatDoesNotSuitItIsDropped() throws {
    let pool = MbufPool()
    let pair = InterfacePair(LinkTraits(linkType: .raw, mtu: 100), limitInPackets: 2)
    var stack = Self.stack(us) {
      $0.sendQueueLimitInDatagrams = 8
      $0.outputLimitInPackets = 3
    }
    let socket = stack.share(try stack.bind(port: 7), pool: pool)
    let long = [UInt8](repeating: 0, count: 200)
    var host = StackHost(stack, on: pair.left, pool: pool)
    try unsafe socket.send(copying: long.span.bytes, to: Endpoint(them, 9))
    for _ in 0..<7 { try socket.send(try pooled(pool), to: Endpoint(them, 9)) }
    // Two are on the link, one was for it, and the rest waits to be taken.
    expect(try host.turn(), is: false)
    let isBlocked = host.isBlocked
    let counts = (host.refusedPacketCount, host.stack.outputPacketCount, host.stack.sendQueue.count)
    #expect(isBlocked && counts.0 == 1)
    #expect(counts.1 == 1 && counts.2 == 4)
    host.stack.checkInvariants()
    var received = 0
    while received < 7 {
      var queue = PacketQueue()
      _ = pair.right.receive(upTo: 1, into: &queue, from: pool)
      received += queue.packetCount
      #expect(pair.right.waitingPacketCount <= 2)
      expect(try host.turn(), is: false)
    }
    let isStillBlocked = host.isBlocked
    #expect(!isStillBlocked && socket.drops == 0)
    // An input that has ended does not end the stack.
    pair.right.finish()
    expect(try host.turn(), is: false)
    expect(try host.turn(), is: false)
    host.stack.sendQueue.end()
    try host.run()
    host.stack.checkInvariants()
    _ = consume host
    #expect(throws: SocketError.ended) { _ = try socket.receive().packet.byteCount }
    #expect(pool.outstanding == 0)
  }

  @Test func theArticleShowsTheCodeThatTheseTestsRun() throws {
    let file = #filePath.replacing("SharedStackTests+Hosts", with: "SharedStackExample")
    let run = try shownCode(in: file)
    let article = "Sources/InternetStack/InternetStack.docc/SharingAStack.md"
    #expect(try codeBlocks(of: article) == run && run.count == 2)
  }
}
