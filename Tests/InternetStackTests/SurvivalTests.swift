// SPDX-License-Identifier: BSD-2-Clause
import InternetStack
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import UMA
import Wire

@Suite struct SurvivalTests {
  @Test func twoHundredThousandDamagedFramesAreAllAccountedFor() throws {
    let pool = MbufPool()
    var random = SeededRandom()
    var stack = makeStack { $0.isSilent = false }
    let socket = try stack.bind(port: 7, limit: 2_000)
    let raw = try stack.openRaw(protocol: nil, limit: 2_000)
    let frames = LinkTests.good.flatMap { link, header in
      InputTests.right.filter { $0.payload.count < 100 }.map { (link, header + $0.bytes) }
    }
    let linkTypes: [LinkType] = [
      .ethernet, .raw, .ipv4, .ipv6, .null, .loop, .linuxSLL, .linuxSLL2, LinkType(rawValue: 9),
    ]
    for step in 0..<200_000 {
      var (link, frame) = frames[Int.random(in: 0..<frames.count, using: &random)]
      for _ in 0..<Int.random(in: 0...3, using: &random) where !frame.isEmpty {
        let place = Int.random(in: 0..<frame.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: frame[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: frame[place] = .random(in: 0...255, using: &random)
        case 2: frame.removeSubrange(place...)
        case 3: frame.insert(.random(in: 0...255, using: &random), at: place)
        default: frame = frame.map { _ in .random(in: 0...255, using: &random) }
        }
      }
      if random.chance(5) { link = linkTypes[Int.random(in: 0..<linkTypes.count, using: &random)] }
      let cuts = (0..<Int.random(in: 0...2, using: &random)).map { _ in
        Int.random(in: 0...frame.count, using: &random)
      }
      stack.input(try packet(pool, frame, cutAt: cuts), linkType: link)
      if random.chance(20) { while stack.receive(socket) != nil {} }
      if random.chance(20) { while stack.receive(raw) != nil {} }
      if random.chance(20) { while stack.transmit() != nil {} }
      if random.chance(5) { stack.poll(now: Int64(step) * 10_000_000) }
      if step % 1_000 == 0 { stack.checkInvariants() }
    }
    stack.checkInvariants()
    #expect(stack.statistics.received == 200_000)
    // Fragments are given up in time, and what was answered is sent.
    stack.poll(now: .max / 2)
    #expect(stack.statistics.held == 0)
    while stack.transmit() != nil {}
    stack.checkInvariants()
    #expect(stack.statistics.delivered > 10_000 && stack.statistics.dropped.total > 10_000)
    stack.close(socket)
    stack.close(raw)
    #expect(pool.outstanding == 0)
    pool.checkInvariants()
  }

  @Test func noDeniedAllocationOfAnInputLeaksOrGoesUncounted() throws {
    let datagram = TestDatagram(payload: [UInt8](repeating: 1, count: 400))
    let frame = [UInt8](repeating: 2, count: 12) + [8, 0] + datagram.bytes
    var denied = 0
    for hasRaw in [false, true] {
      for cuts in [[], [1], [20], [36], [200], [10, 30]] {
        try FailurePlan.forEachAttempt { plan in
          let pool = MbufPool()
          var stack = makeStack()
          let socket = try stack.bind(port: 7)
          if hasRaw {
            _ = try stack.openRaw(protocol: nil)
            _ = try stack.openRaw(protocol: .udp)
          }
          var arrived = try packet(pool, frame, cutAt: cuts)
          // A second holder makes the storage read-only, so that headers cannot go into it.
          let holder = try arrived.sharedCopy()
          pool.inject(plan)
          let reason = stack.input(arrived, linkType: .ethernet)
          pool.inject(nil)
          #expect(reason == nil || reason == .noMemory)
          if reason == nil, stack.statistics(of: socket).recordCount > 0 {
            expectDatagram(&stack, socket, payload: datagram.payload)
          }
          if plan.failureCount > 0 { denied += 1 }
          stack.checkInvariants()
          #expect(bytes(of: holder) == frame)
          _ = consume stack
          _ = consume holder
          #expect(pool.outstanding == 0)
        }
      }
    }
    #expect(denied > 12)
  }

  @Test func noDeniedAllocationOfASendLeaksOrGoesUncounted() throws {
    let attempts = try FailurePlan.forEachAttempt { plan in
      let pool = MbufPool()
      var stack = makeStack()
      let socket = try stack.bind(port: 7)
      // A packet without headroom, whose storage somebody else holds too.
      var payload = try packet(pool, [UInt8](repeating: 1, count: 400))
      let holder = try payload.sharedCopy()
      pool.inject(plan)
      do throws(SendError) {
        try stack.send(payload, from: socket, to: Endpoint(them, 9))
        #expect(stack.outputPacketCount == 1 && stack.statistics.sent == 1)
      } catch {
        guard case .noMemory = error else {
          Issue.record("refused: \(error)")
          return
        }
        #expect(stack.outputPacketCount == 0 && stack.statistics.refused == 1)
      }
      pool.inject(nil)
      stack.checkInvariants()
      _ = consume stack
      _ = consume holder
      #expect(pool.outstanding == 0)
    }
    #expect(attempts > 0)
  }

  @Test func aStackThatEndsFreesWhatWaitsInIt() throws {
    let pool = MbufPool()
    do {
      var stack = makeStack()
      let socket = try stack.bind(port: 7)
      _ = try stack.openRaw(protocol: nil)
      expect(stack.input(try packet(pool, TestDatagram().bytes), linkType: .raw), is: nil)
      try stack.send(try packet(pool, [1]), from: socket, to: Endpoint(them, 9))
      #expect(pool.outstanding > 0)
    }
    #expect(pool.outstanding == 0)
  }
}
