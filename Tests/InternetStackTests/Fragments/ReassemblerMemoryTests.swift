// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import UMA
import Wire

@testable import InternetStack

@Suite struct ReassemblerMemoryTests {
  private func pieces(isIPv6: Bool) -> (pieces: [TestFragment], whole: [UInt8]) {
    let payload = (0..<600).map { UInt8(truncatingIfNeeded: $0) }
    var whole = TestFragment(isIPv6: isIPv6, payload: payload)
    whole.options = [0x94, 4, 0, 0]
    whole.extensions = [0, 0, 1, 4, 0, 0, 0, 0]
    return (whole.cut(200), whole.whole(payload).bytes)
  }

  @Test(arguments: [false, true]) func noDeniedAllocationLeaksOrGoesUncounted(
    isIPv6: Bool
  ) throws {
    let (pieces, whole) = pieces(isIPv6: isIPv6)
    var denied = 0
    for isShared in [false, true] {
      for cuts in [[], [1], [24], [50], [10, 41, 45], [150]] as [[Int]] {
        try FailurePlan.forEachAttempt { plan in
          let pool = MbufPool()
          var test = TestReassembler()
          var holders = PacketQueue()
          var outcomes: [TestOutcome] = []
          for index in [2, 0, 1] {
            var arrived = try packet(pool, pieces[index].bytes, cutAt: cuts)
            // A second holder makes clusters read-only; what is inside mbufs is marked.
            if isShared { holders.enqueue(try arrived.sharedCopy()) }
            if isShared { arrived.markReadOnly() }
            pool.inject(plan)
            outcomes.append(test.input(arrived))
            pool.inject(nil)
            test.checkInvariants()
          }
          #expect(outcomes[..<2] == [.held, .held])
          if plan.failureCount > 0 {
            denied += 1
            #expect(outcomes[2] == .dropped(.noMemory))
            #expect(test.freedByReason == [.noMemory: 2])
          } else {
            #expect(outcomes[2] == .whole(whole))
          }
          #expect(test.reassembler.datagramCount == 0)
          for index in [2, 0, 1] {
            guard let holder = holders.dequeue() else { break }
            #expect(bytes(of: holder) == pieces[index].bytes, "another's bytes were written")
          }
          _ = consume test
          #expect(pool.outstanding == 0)
          pool.checkInvariants()
        }
      }
    }
    #expect(denied >= 12)
  }

  /// Cut at every byte of its headers, and in several pieces at once.
  @Test(arguments: [false, true]) func fragmentsMayLieInPiecesOfAnyKind(isIPv6: Bool) throws {
    let (pieces, whole) = pieces(isIPv6: isIPv6)
    try leakChecked { pool in
      for cut in 0...70 {
        for cuts in [[cut], [cut, cut], [cut, cut + 1], [0, cut, 70], [cut, 120, 200]] {
          var test = TestReassembler()
          expect(test.input(try packet(pool, pieces[1].bytes, cutAt: cuts)), is: .held)
          expect(test.input(try packet(pool, pieces[0].bytes, cutAt: cuts)), is: .held)
          test.checkInvariants()
          expect(test.input(try packet(pool, pieces[2].bytes, cutAt: cuts)), is: .whole(whole))
          test.checkInvariants()
        }
      }
    }
  }

  @Test func paddingAndLinkHeadersAreNoneOfIt() throws {
    try leakChecked { pool in
      for isIPv6 in [false, true] {
        let (pieces, whole) = pieces(isIPv6: isIPv6)
        var test = TestReassembler()
        for (index, piece) in pieces.enumerated() {
          let type: [UInt8] = isIPv6 ? [0x86, 0xdd] : [8, 0]
          let link = [UInt8](repeating: 2, count: 12) + type
          var arrived = try packet(pool, link + piece.bytes + [1, 2, 3])
          let frame = arrived.decoded(.ethernet)
          guard let fragment = Fragment(arrived, frame) else {
            Issue.record("no fragment")
            return
          }
          arrived.trimBack(3)
          arrived.trimFront(14)
          let outcome = test.input(arrived, fragment)
          #expect(outcome == (index == 2 ? .whole(whole) : .held))
        }
      }
    }
  }

  @Test func aReassemblerThatEndsFreesWhatItHolds() throws {
    try leakChecked { pool in
      var test = TestReassembler()
      for isIPv6 in [false, true] {
        let (pieces, _) = pieces(isIPv6: isIPv6)
        expect(test.input(try packet(pool, pieces[0].bytes)), is: .held)
        expect(test.input(try packet(pool, pieces[2].bytes)), is: .held)
      }
      #expect(pool.outstanding > 0)
      _ = consume test
      #expect(pool.outstanding == 0)
    }
  }

  // MARK: Random

  /// Fragments of many datagrams, some of them damaged, under tight limits.
  @Test func noFragmentIsLostWhateverComes() throws {
    var random = SeededRandom()
    var limits = Reassembler.Limits()
    limits.datagramCount = 12
    limits.datagramsPerSource = 5
    limits.fragmentsPerDatagram = 6
    limits.storageByteCount = 24 * 2_304
    limits.storageBytesPerSource = 10 * 2_304
    try leakChecked { pool in
      var test = TestReassembler(limits)
      var now: Int64 = 0
      for step in 0..<Steps.of(200_000) {
        var fragment = TestFragment(isIPv6: random.chance(50))
        // Some datagrams are given up, since others begin.
        fragment.identification = UInt32(step / 100) & 0xffff
        if random.chance(10) { fragment.identification = .random(in: 0..<4, using: &random) }
        fragment.source = .random(in: 0..<4, using: &random) << (fragment.isIPv6 ? 32 : 0)
        // Most are one of the four of a datagram of eight units; the others contradict them.
        fragment.offset = 16 * Int.random(in: 0..<4, using: &random)
        fragment.more = fragment.offset < 48
        fragment.payload = [UInt8](repeating: 1, count: 16)
        if random.chance(4) {
          let units = Int.random(in: 0...6, using: &random)
          fragment.payload = [UInt8](repeating: 2, count: 8 * units)
          fragment.offset = 8 * Int.random(in: 0...8, using: &random)
          fragment.more = random.chance(50)
        }
        if random.chance(2) { fragment.payload = [UInt8](repeating: 3, count: 1_400) }
        var bytes = fragment.bytes
        for _ in 0..<Int.random(in: 0...4, using: &random) where random.chance(10) {
          let place = Int.random(in: 0..<min(bytes.count, 56), using: &random)
          bytes[place] = .random(in: 0...255, using: &random)
        }
        let cuts = random.chance(70) ? [] : [Int.random(in: 0...bytes.count, using: &random)]
        _ = test.input(try packet(pool, bytes, cutAt: cuts), now: now)
        now &+= .random(in: 0..<500_000_000, using: &random)
        if random.chance(1) { now -= 100_000_000_000 }
        if random.chance(10) { _ = test.expire(now: now) }
        if step < 2_000 || step % 100 == 0 { test.checkInvariants() }
      }
      test.checkInvariants()
      #expect(test.wholeCount > 100 && test.merged > 50, "\(test.wholeCount), \(test.merged)")
      for reason in [.overlap, .limit, .timedOut] as [FragmentDrop] {
        #expect(test.freedByReason[reason, default: 0] > 20, "\(reason)")
      }
      // Far enough from all times there were, some of which lie ahead.
      _ = test.expire(now: .max / 2)
      test.checkInvariants()
      #expect(test.reassembler.heldFragmentCount == 0 && test.reassembler.datagramCount == 0)
    }
  }
}
