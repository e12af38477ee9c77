// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import TestSupport
import Testing
import UMA
import Wire

@testable import InternetStack

@Suite struct ReassemblerLimitTests {
  private static let second: Int64 = 1_000_000_000

  private func first(_ identification: Int, from source: UInt64) -> TestFragment {
    TestFragment(
      payload: [1, 2, 3, 4, 5, 6, 7, 8], more: true, identification: UInt32(identification),
      source: source)
  }

  private func last(_ identification: Int, from source: UInt64) -> TestFragment {
    TestFragment(
      offset: 8, payload: [9], identification: UInt32(identification), source: source)
  }

  private func isWhole(_ outcome: TestOutcome) -> Bool {
    if case .whole = outcome { return true }
    return false
  }

  @Test func anOverlapEndsTheDatagramUntilItsTimeIsOver() throws {
    try leakChecked { pool in
      for isIPv6 in [false, true] {
        var test = TestReassembler()
        let pieces = TestFragment(isIPv6: isIPv6, payload: [UInt8](0..<40)).cut(8)
        var wide = pieces[1]
        wide.payload = [UInt8](0..<16)
        expect(test.input(try packet(pool, pieces[1].bytes)), is: .held)
        expect(test.input(try packet(pool, pieces[0].bytes)), is: .held)
        expect(test.input(try packet(pool, pieces[1].bytes)), is: .dropped(.duplicate))
        #expect(test.reassembler.heldFragmentCount == 2)
        expect(test.input(try packet(pool, wide.bytes)), is: .dropped(.overlap))
        test.checkInvariants()
        #expect(test.freedByReason == [.overlap: 2])
        #expect(test.reassembler.storageByteCount == 0 && test.reassembler.datagramCount == 1)
        for piece in pieces {
          expect(test.input(try packet(pool, piece.bytes), now: 29), is: .dropped(.overlap))
        }
        // Nobody is told of it.
        #expect(test.reassembler.nextDeadline == (isIPv6 ? 60 : 30) * Self.second)
        expect(test.expire(now: 60 * Self.second), is: [])
        #expect(test.reassembler.datagramCount == 0)
        for piece in pieces.dropLast() {
          expect(test.input(try packet(pool, piece.bytes)), is: .held)
        }
        #expect(isWhole(test.input(try packet(pool, pieces[4].bytes))))
        test.checkInvariants()
      }
    }
  }

  @Test func aDatagramOfTooManyFragmentsIsRefused() throws {
    try leakChecked { pool in
      let pieces = TestFragment(payload: [UInt8](repeating: 5, count: 8 * 130)).cut(8)
      for count in 128...129 {
        var test = TestReassembler()
        var outcome = TestOutcome.none
        for index in 0..<count {
          var piece = pieces[index]
          piece.more = index < count - 1
          outcome = test.input(try packet(pool, piece.bytes))
        }
        #expect(isWhole(outcome) == (count == 128))
        if count == 129 {
          #expect(outcome == .dropped(.limit))
          expect(test.input(try packet(pool, pieces[0].bytes)), is: .dropped(.limit))
        }
        test.checkInvariants()
        #expect(test.freed == (count == 128 ? 0 : 128) && test.merged == (count == 128 ? 127 : 0))
      }
    }
  }

  @Test func ofASourceWithAllItsDatagramsTheOldestGoes() throws {
    try leakChecked { pool in
      var limits = Reassembler.Limits()
      (limits.datagramCount, limits.datagramsPerSource) = (8, 4)
      var test = TestReassembler(limits)
      for number in 0..<6 {
        expect(test.input(try packet(pool, first(number, from: 1).bytes)), is: .held)
        test.checkInvariants()
      }
      #expect(test.reassembler.datagramCount == 4 && test.freedByReason == [.limit: 2])
      for number in (0..<6).reversed() {
        let outcome = test.input(try packet(pool, last(number, from: 1).bytes))
        #expect(isWhole(outcome) == (number > 1), "\(number)")
        test.checkInvariants()
      }
    }
  }

  @Test func ofASourceWithAllItsStorageTheOldestDatagramGoes() throws {
    try leakChecked { pool in
      var limits = Reassembler.Limits()
      // A small packet holds one mbuf.
      (limits.storageByteCount, limits.storageBytesPerSource) = (256 * 8, 256 * 4)
      var test = TestReassembler(limits)
      for number in 0..<4 {
        expect(test.input(try packet(pool, first(number, from: 1).bytes)), is: .held)
      }
      #expect(test.reassembler.storageByteCount == 1_024)
      var more = first(3, from: 1)
      more.offset = 16
      expect(test.input(try packet(pool, more.bytes)), is: .held)
      test.checkInvariants()
      #expect(test.reassembler.storageByteCount == 1_024 && test.reassembler.datagramCount == 3)
      // The oldest is the one that wants more.
      more = first(1, from: 1)
      more.offset = 16
      expect(test.input(try packet(pool, more.bytes)), is: .dropped(.limit))
      test.checkInvariants()
      #expect(test.reassembler.datagramCount == 2 && test.freedByReason == [.limit: 2])
      // The last one that is missing needs no room.
      expect(test.input(try packet(pool, first(4, from: 1).bytes)), is: .held)
      #expect(isWhole(test.input(try packet(pool, last(4, from: 1).bytes))))
      // More than a source may have at all.
      var large = first(9, from: 1)
      large.payload = [UInt8](repeating: 1, count: 1_400)
      expect(test.input(try packet(pool, large.bytes)), is: .dropped(.limit))
      test.checkInvariants()
      #expect(test.reassembler.datagramCount == 2)
    }
  }

  @Test(arguments: [8, 1_400]) func aFloodFromOneSourceStarvesNoOther(byteCount: Int) throws {
    try leakChecked { pool in
      var test = TestReassembler()
      var random = SeededRandom()
      for round in 0..<40 {
        // Seven others, each with three datagrams on their way, while one sends without end.
        for other in 2..<9 as Range<UInt64> {
          for number in 0..<3 {
            expect(
              test.input(try packet(pool, first(3 * round + number, from: other).bytes)), is: .held)
          }
        }
        for _ in 0..<300 {
          var flood = first(Int.random(in: 0..<60_000, using: &random), from: 1)
          flood.payload = [UInt8](repeating: 0, count: byteCount)
          flood.offset = 8 * Int.random(in: 0..<5, using: &random)
          _ = test.input(try packet(pool, flood.bytes))
        }
        for other in 2..<9 as Range<UInt64> {
          for number in 0..<3 {
            let outcome = test.input(
              try packet(pool, last(3 * round + number, from: other).bytes))
            #expect(isWhole(outcome), "\(round), \(other), \(number)")
          }
        }
        test.checkInvariants()
      }
      #expect(test.freedByReason[.limit, default: 0] > 5_000)
    }
  }

  @Test func ofManySourcesTheOneThatHoldsMostLoses() throws {
    try leakChecked { pool in
      var limits = Reassembler.Limits()
      (limits.datagramCount, limits.datagramsPerSource) = (10, 5)
      var test = TestReassembler(limits)
      // Five of source 1, three of 2, two of 3.
      for (source, count) in [(1, 5), (2, 3), (3, 2)] {
        for number in 0..<count {
          expect(
            test.input(try packet(pool, first(number, from: UInt64(source)).bytes)), is: .held)
        }
      }
      // Others come: 1 loses two, then 1 and 2 have three each and the older is 1's, then 2's.
      var lost: [Int] = []
      for source in 4..<8 as Range<UInt64> {
        expect(test.input(try packet(pool, first(0, from: source).bytes)), is: .held)
        test.checkInvariants()
        lost.append(test.freed)
      }
      #expect(lost == [1, 2, 3, 4])
      for (source, number, isThere) in [
        (1, 4, true), (1, 3, true), (2, 1, true), (2, 2, true), (3, 0, true), (3, 1, true),
      ] {
        let outcome = test.input(try packet(pool, last(number, from: UInt64(source)).bytes))
        #expect(isWhole(outcome) == isThere, "\(source), \(number)")
      }
    }
  }

  @Test func forgedSourcesTakeOneAnothersPlaces() throws {
    try leakChecked { pool in
      var test = TestReassembler()
      for round in 0..<20 {
        expect(test.input(try packet(pool, first(round, from: 1).bytes)), is: .held)
        for forged in 0..<255 {
          let source = UInt64(1_000 + round * 255 + forged)
          _ = test.input(try packet(pool, first(round, from: source).bytes))
        }
        #expect(isWhole(test.input(try packet(pool, last(round, from: 1).bytes))))
        test.checkInvariants()
      }
      // One more beginning, and it is the oldest.
      expect(test.input(try packet(pool, first(0, from: 1).bytes)), is: .held)
      for forged in 0..<256 as Range<UInt64> {
        _ = test.input(try packet(pool, first(0, from: 100_000 + forged).bytes))
      }
      #expect(!isWhole(test.input(try packet(pool, last(0, from: 1).bytes))))
      test.checkInvariants()
    }
  }

  @Test func aNetworkOfIPv6IsOneSource() throws {
    try leakChecked { pool in
      var limits = Reassembler.Limits()
      (limits.datagramCount, limits.datagramsPerSource) = (8, 4)
      var test = TestReassembler(limits)
      for number in 0..<6 as Range<UInt32> {
        var bytes = TestFragment(
          isIPv6: true, payload: [UInt8](0..<8), more: true, identification: number
        ).bytes
        bytes[23] = UInt8(number)
        expect(test.input(try packet(pool, bytes)), is: .held)
      }
      test.checkInvariants()
      #expect(test.reassembler.datagramCount == 4)
    }
  }

  // MARK: Time

  @Test func timesOverAreThoseOfTheFamilies() throws {
    try leakChecked { pool in
      for isIPv6 in [false, true] {
        let timeout = (isIPv6 ? 60 : 30) * Self.second
        var test = TestReassembler()
        #expect(test.reassembler.nextDeadline == nil)
        var pieces: [TestFragment] = []
        for number in 0..<4 as Range<UInt32> {
          let cut = TestFragment(
            isIPv6: isIPv6, payload: [UInt8](0..<24), identification: number
          ).cut(8)
          // Of one the first fragment does not come.
          pieces.append(cut[number == 1 ? 1 : 0])
          _ = test.input(try packet(pool, pieces[Int(number)].bytes), now: Int64(number) * 10)
          // What comes later does not give it more time.
          if number == 0 { _ = test.input(try packet(pool, cut[2].bytes), now: 25) }
        }
        #expect(test.reassembler.nextDeadline == timeout)
        expect(test.expire(now: timeout - 1), is: [])
        expect(test.expire(now: timeout), is: [pieces[0].bytes])
        #expect(test.reassembler.nextDeadline == timeout + 10)
        expect(test.expire(now: timeout + 29), is: [pieces[2].bytes])
        test.checkInvariants()
        #expect(test.freedByReason == [.timedOut: 4])
        expect(test.expire(now: timeout + 30), is: [pieces[3].bytes])
        #expect(test.reassembler.nextDeadline == nil)
        test.checkInvariants()
      }
    }
  }

  @Test func theEarlierDeadlineOfTheFamiliesIsNext() throws {
    try leakChecked { pool in
      var test = TestReassembler()
      let ipv6 = TestFragment(isIPv6: true, payload: [UInt8](0..<8), more: true)
      _ = test.input(try packet(pool, ipv6.bytes), now: 0)
      #expect(test.reassembler.nextDeadline == 60 * Self.second)
      _ = test.input(try packet(pool, first(0, from: 1).bytes), now: 31 * Self.second)
      #expect(test.reassembler.nextDeadline == 60 * Self.second)
      _ = test.input(try packet(pool, first(1, from: 1).bytes), now: 31 * Self.second)
      expect(test.expire(now: 60 * Self.second), is: [ipv6.bytes])
      #expect(test.reassembler.nextDeadline == 61 * Self.second)
      expect(test.expire(now: 200 * Self.second).count, is: 2)
      test.checkInvariants()
    }
  }

  @Test func timeMayGoBackAndBeAnyNumber() throws {
    try leakChecked { pool in
      let times: [Int64] = [.min, -1, 0, 1, .max]
      for began in times {
        for now in times {
          var test = TestReassembler()
          _ = test.input(try packet(pool, first(0, from: 1).bytes), now: began)
          #expect(test.reassembler.nextDeadline != nil)
          let isFar = began.magnitude > 1 || now.magnitude > 1
          let ended = test.expire(now: now).count
          #expect(ended == (isFar && began != now ? 1 : 0), "\(began), \(now)")
          test.checkInvariants()
        }
      }
    }
  }
}
