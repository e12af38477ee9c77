// SPDX-License-Identifier: BSD-2-Clause
import HostInterfaces
import Interfaces
import Mbufs
import Synchronization
import TestSupport
import Testing
import Wire

#if os(Linux)
  import Glibc

  /// Several sockets that share what arrives at one interface.
  @Suite struct FanOutTests {
    /// A datagram of a flow, which its source port tells: 46 bytes, the number in the last four.
    private static func datagram(flow: Int, _ number: Int) -> [UInt8] {
      var bytes: [UInt8] = [2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa, 8, 0]
      bytes += [0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 17, 0x26, 0xcb, 10, 0, 0, 1, 10, 0, 0, 2]
      bytes += [UInt8(0x40 + flow >> 8), UInt8(flow & 0xff), 0, 7, 0, 12, 0, 0]
      return bytes + (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    private static func flow(_ bytes: [UInt8]) -> Int {
      Int(bytes[34] - 0x40) << 8 | Int(bytes[35])
    }

    private static func number(_ bytes: [UInt8]) -> Int {
      (0..<4).reduce(0) { $0 | Int(bytes[42 + $1]) << (8 * $1) }
    }

    /// What one of several receivers got.
    private struct Share {
      var frames: [[UInt8]] = []
      var drops = 0
    }

    /// Receives on so many threads until all of `count` frames are there, while the caller's thread sends.
    private static func share(
      _ count: Int, among threads: Int, _ fanOut: PacketSocket.FanOut, slotCount: Int = 4_096,
      send: () throws -> Void
    ) throws -> [Share] {
      let shares = Mutex([Share](repeating: Share(), count: threads))
      let opened = Stage()
      let arrived = Atomic(0)
      let deadline = ContinuousClock.now + .seconds(20)
      // Threads begin in the network of the one that starts them.
      let running = startThreads(threads) { thread in
        let pool = MbufPool()
        var share = Share()
        do {
          var socket = try PacketSocket("vb0", slotCount: slotCount, fanOut: fanOut)
          opened.advance()
          var packets = PacketQueue()
          while arrived.load(ordering: .relaxed) < count, ContinuousClock.now < deadline {
            let before = socket.statistics.input.total
            if try socket.receive(upTo: 32, into: &packets, from: pool) == .idle {
              _ = socket.wait(milliseconds: 5)
            }
            while let packet = packets.dequeue() { share.frames.append([UInt8](copying: packet)) }
            arrived.add(socket.statistics.input.total - before, ordering: .relaxed)
          }
          share.drops = socket.statistics.input.drops
        } catch {
          Issue.record("\(error)")
          opened.advance()
        }
        let mine = share
        shares.withLock { $0[thread] = mine }
      }
      opened.wait(for: threads)
      try send()
      join(running)
      return shares.withLock { $0 }
    }

    @Test(arguments: [1, 2, 4]) func everyFlowComesToOneSocketInOrder(threads: Int) throws {
      try Network.with {
        let pool = MbufPool()
        let flows = 64
        let perFlow = 50
        var left = try PacketSocket("va0", .sending)
        let shares = try Self.share(flows * perFlow, among: threads, .init(group: 11)) {
          for number in 0..<perFlow {
            var packets = try queue((0..<flows).map { Self.datagram(flow: $0, number) }, pool)
            try left.transmit(&packets)
          }
        }
        #expect(shares.reduce(0) { $0 + $1.frames.count } == flows * perFlow)
        #expect(shares.allSatisfy { $0.drops == 0 })
        var owners = [Int?](repeating: nil, count: flows)
        var next = [Int](repeating: 0, count: flows)
        for (owner, share) in shares.enumerated() {
          for bytes in share.frames {
            let flow = Self.flow(bytes)
            #expect(owners[flow] ?? owner == owner, "flow \(flow) is on two sockets")
            owners[flow] = owner
            #expect(Self.number(bytes) == next[flow])
            next[flow] += 1
          }
        }
        #expect(next == [Int](repeating: perFlow, count: flows))
        // 64 flows that all come to one of two by chance: 1 in 2^63.
        #expect(shares.filter { !$0.frames.isEmpty }.count > (threads == 1 ? 0 : 1))
      }
    }

    @Test func aFrameRollsOverWhereThereIsRoom() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        let fanOut = PacketSocket.FanOut(group: 12, rollsOver: true)
        var first = try PacketSocket("vb0", slotCount: 64, fanOut: fanOut)
        var second = try PacketSocket("vb0", slotCount: 64, fanOut: fanOut)
        // One flow, and more of it than one ring holds; nobody reads meanwhile.
        var packets = try queue((0..<90).map { Self.datagram(flow: 0, $0) }, pool)
        try left.transmit(&packets)
        var numbers: [Int] = []
        var counts = [0, 0]
        let deadline = ContinuousClock.now + .seconds(10)
        while counts[0] + counts[1] < 90, ContinuousClock.now < deadline {
          for index in 0..<2 {
            let state =
              index == 0
              ? try first.receive(upTo: 32, into: &packets, from: pool)
              : try second.receive(upTo: 32, into: &packets, from: pool)
            counts[index] += packets.packetCount
            while let packet = packets.dequeue() {
              numbers.append(Self.number([UInt8](copying: packet)))
            }
            if state == .idle { usleep(500) }
          }
        }
        #expect(numbers.sorted() == Array(0..<90))
        #expect(counts[0] > 0 && counts[1] > 0)
        #expect(first.statistics.input.drops + second.statistics.input.drops == 0)
      }
    }

    @Test func whatThisHostSendsComesToListenersAlone() throws {
      try Network.with {
        let pool = MbufPool()
        var deaf = try PacketSocket("va0", fanOut: .init(group: 13))
        var listener = try PacketSocket("va0", .listening, fanOut: .init(group: 14))
        Network.run("ip addr add 10.9.0.1/24 dev va0")
        Network.run("ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:0b dev va0 nud permanent")
        #expect(Network.run("bash -c 'printf hello > /dev/udp/10.9.0.2/9'"))
        var packets = PacketQueue()
        let deadline = ContinuousClock.now + .seconds(5)
        while packets.isEmpty, ContinuousClock.now < deadline {
          _ = try listener.receive(upTo: 1, into: &packets, from: pool)
        }
        #expect(packets.packetCount == 1)
        #expect(try deaf.receive(upTo: 1, into: &packets, from: pool) == .idle)
      }
    }

    @Test func aGroupOfAnotherMakeIsRefused() throws {
      try Network.with {
        let first = try PacketSocket("vb0", fanOut: .init(group: 15))
        let error = #expect(throws: InterfaceError.self) {
          _ = try PacketSocket("vb0", fanOut: .init(group: 15, rollsOver: true))
        }
        #expect(
          error?.kind == .system(call: "join group 15 of sockets on vb0", errno: EINVAL))
        #expect(first.name == "vb0")
      }
    }
  }
#endif
