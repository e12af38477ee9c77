// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import UMA
import Wire

@testable import InternetStack

/// Bytes and a mask of those that came.
private struct NaiveReassembly {
  var data: [UInt8]
  var mask: [Bool]
  var total: Int?
  var taken: [(Range<Int>, Bool)] = []
  var isRefused = false

  init(byteLimit: Int) {
    data = [UInt8](repeating: 0, count: byteLimit)
    mask = [Bool](repeating: false, count: byteLimit)
  }

  mutating func input(_ fragment: TestFragment) -> TestOutcome {
    let range = fragment.offset..<fragment.offset + fragment.payload.count
    if range.lowerBound == 0, !fragment.more {
      return .whole(fragment.whole(fragment.payload).bytes)
    }
    if isRefused { return .dropped(.overlap) }
    if taken.contains(where: { $0.0 == range && $0.1 == fragment.more }) {
      return .dropped(.duplicate)
    }
    let end = total ?? (fragment.more ? nil : range.upperBound) ?? mask.count
    let isBeyond = range.upperBound > end || mask[end...].contains(true)
    let isSecondLast = total != nil && !fragment.more
    if isBeyond || isSecondLast || mask[range].contains(true) {
      isRefused = true
      return .dropped(.overlap)
    }
    if !fragment.more { total = range.upperBound }
    taken.append((range, fragment.more))
    for index in range {
      mask[index] = true
      data[index] = fragment.payload[index - range.lowerBound]
    }
    guard let total, !mask[..<total].contains(false) else { return .held }
    let whole = Array(data[..<total])
    self = NaiveReassembly(byteLimit: data.count)
    return .whole(fragment.whole(whole).bytes)
  }
}

@Suite struct ReassemblerTests {
  /// Every sequence of `count` fragments of a datagram of up to `units` times eight bytes.
  private func compareAll(count: Int, units: Int, isIPv6: Bool, everyFlag: Bool) throws {
    var limits = Reassembler.Limits()
    limits.datagramCount = 2
    var choices: [TestFragment] = []
    for start in 0..<units {
      for end in start + 1...units {
        for more in everyFlag ? [true, false] : [end < units] where more || start > 0 || isIPv6 {
          let payload = (0..<8 * (end - start)).map {
            UInt8(truncatingIfNeeded: choices.count * 8 + $0 / 8)
          }
          choices.append(
            TestFragment(isIPv6: isIPv6, offset: 8 * start, payload: payload, more: more))
        }
      }
    }
    try leakChecked { pool in
      let packets = choices.map(\.bytes)
      var sequence = [Int](repeating: 0, count: count)
      while true {
        var test = TestReassembler(limits)
        var model = NaiveReassembly(byteLimit: 8 * units)
        var refusedAt: Int?
        for (index, chosen) in sequence.enumerated() {
          let outcome = test.input(try packet(pool, packets[chosen]))
          let expected = model.input(choices[chosen])
          guard outcome == expected else {
            Issue.record("\(sequence.map { choices[$0] }): \(outcome), not \(expected)")
            return
          }
          if model.isRefused, refusedAt == nil { refusedAt = index }
        }
        test.checkInvariants()
        // Whatever comes behind a refusal is refused: one of those sequences is enough.
        var place = refusedAt ?? count - 1
        while sequence[place] == choices.count - 1 {
          sequence[place] = 0
          if place == 0 { return }
          place -= 1
        }
        sequence[place] += 1
        for index in place + 1..<max(count, place + 1) { sequence[index] = 0 }
      }
    }
  }

  @Test(arguments: [false, true]) func everySetOfFragmentsIsTakenAsByBytesAndAMask(
    isIPv6: Bool
  ) throws {
    try compareAll(count: 1, units: 6, isIPv6: isIPv6, everyFlag: true)
    try compareAll(count: 2, units: 6, isIPv6: isIPv6, everyFlag: true)
    try compareAll(count: 3, units: 4, isIPv6: isIPv6, everyFlag: true)
    try compareAll(count: 3, units: 6, isIPv6: isIPv6, everyFlag: false)
    try compareAll(count: 4, units: 4, isIPv6: isIPv6, everyFlag: false)
  }

  @Test(arguments: [false, true]) func moreSetsOfFragmentsWhereThereIsTime(
    isIPv6: Bool
  ) throws {
    guard Steps.of(10) == 10 else { return }
    try compareAll(count: 3, units: 6, isIPv6: isIPv6, everyFlag: true)
    try compareAll(count: 4, units: 6, isIPv6: isIPv6, everyFlag: true)
  }

  @Test(arguments: [false, true]) func headersAreTheFirstsInAnyOrder(isIPv6: Bool) throws {
    try leakChecked { pool in
      let payload = (0..<101).map { UInt8($0) }
      for long in [false, true] {
        var whole = TestFragment(isIPv6: isIPv6, payload: payload)
        if long { whole.options = [0x94, 4, 0, 0, 1, 1, 1, 0] }
        // Hop-by-hop options, which say that destination options follow, and these.
        if long {
          whole.extensions =
            [60, 0, 1, 4, 0, 0, 0, 0] + [0, 1] + [UInt8](repeating: 0, count: 14)
        }
        var pieces = whole.cut(40)
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
          var test = TestReassembler()
          // Later fragments may have other options.
          pieces[1].options = [1, 1, 1, 0]
          for index in order.dropLast() {
            expect(test.input(try packet(pool, pieces[index].bytes)), is: .held)
          }
          let outcome = test.input(try packet(pool, pieces[order[2]].bytes))
          expect(outcome, is: .whole(whole.whole(payload).bytes))
          test.checkInvariants()
          #expect(test.merged == 2 && test.reassembler.datagramCount == 0)
        }
      }
    }
  }

  @Test func whatIsKnownOfTheFirstIsKnownOfTheWhole() throws {
    try leakChecked { pool in
      for order in [[0, 1], [1, 0]] {
        var test = TestReassembler()
        for index in order {
          var piece = try packet(
            pool, TestFragment(payload: [UInt8](0..<24)).cut(16)[index].bytes)
          piece.timestampInNanoseconds = Int64(100 + index)
          piece.header.interfaceIndex = UInt32(7 + index)
          piece.header.networkOffset = 14
          piece.checksumState = .verified
          let frame = piece.decoded(.raw)
          guard let fragment = Fragment(piece, frame) else {
            Issue.record("no fragment")
            return
          }
          switch test.reassembler.input(piece, fragment, now: 0) {
          case .whole(let packet):
            #expect(index == order[1])
            #expect(packet.timestampInNanoseconds == 100 && packet.header.interfaceIndex == 7)
            #expect(packet.header.networkOffset == 0 && packet.header.transportOffset == 20)
            #expect(packet.checksumState == .unknown && packet.wireByteCount == 44)
          case .held: #expect(index == order[0])
          case .dropped(let reason): Issue.record("dropped: \(reason)")
          }
        }
      }
    }
  }

  @Test func fragmentsOfOthersAreOthers() throws {
    try leakChecked { pool in
      let first = TestFragment(payload: [UInt8](0..<16)).cut(8)[0]
      let last = TestFragment(payload: [UInt8](0..<16)).cut(8)[1]
      var others: [TestFragment] = [last, last, last]
      others[0].identification += 1
      others[1].protocol = 17
      others[2].source += 1
      var test = TestReassembler()
      expect(test.input(try packet(pool, first.bytes)), is: .held)
      for other in others { expect(test.input(try packet(pool, other.bytes)), is: .held) }
      #expect(test.reassembler.datagramCount == 4)
      guard case .whole = test.input(try packet(pool, last.bytes)) else {
        Issue.record("not whole")
        return
      }
      // In IPv6 the first fragment alone tells what follows: RFC 8200, 4.5.
      var pieces = TestFragment(isIPv6: true, payload: [UInt8](0..<16)).cut(8)
      pieces[1].protocol = 17
      expect(test.input(try packet(pool, pieces[1].bytes)), is: .held)
      expect(
        test.input(try packet(pool, pieces[0].bytes)),
        is: .whole(pieces[0].whole([UInt8](0..<16)).bytes))
      test.checkInvariants()
    }
  }

  @Test(arguments: [false, true]) func malformedFragmentsGoAlone(isIPv6: Bool) throws {
    try leakChecked { pool in
      var test = TestReassembler()
      let payload = [UInt8](0..<24)
      var pieces = TestFragment(isIPv6: isIPv6, payload: payload).cut(16)
      expect(test.input(try packet(pool, pieces[0].bytes)), is: .held)
      var wrong: [TestFragment] = [pieces[0], pieces[0], pieces[1], pieces[1]]
      wrong[0].payload = []
      wrong[1].payload = [UInt8](0..<15)
      wrong[2].payload = []
      (wrong[3].offset, wrong[3].payload) = (65_528, [UInt8](0..<8))
      for fragment in wrong {
        expect(test.input(try packet(pool, fragment.bytes)), is: .dropped(.malformed))
      }
      expect(
        test.input(try packet(pool, pieces[1].bytes)), is: .whole(pieces[0].whole(payload).bytes))
      test.checkInvariants()
      #expect(test.droppedCount == 4)
      pieces[0].more = false
      if isIPv6 {
        // A fragment header of a whole datagram: RFC 6946.
        let alone = pieces[0].whole(pieces[0].payload).bytes
        expect(test.input(try packet(pool, pieces[0].bytes)), is: .whole(alone))
      } else {
        expect(test.input(try packet(pool, pieces[0].bytes)), is: .none)
      }
    }
  }

  @Test func theFirstFragmentOfIPv6HoldsAllHeaders() throws {
    try leakChecked { pool in
      var test = TestReassembler()
      let udp: [UInt8] = [0, 1, 0, 2, 0, 32, 0, 0] + [UInt8](0..<24)
      var pieces = TestFragment(isIPv6: true, payload: udp, protocol: 17).cut(8)
      expect(test.input(try packet(pool, pieces[0].bytes)), is: .held)
      pieces[0].protocol = 6
      pieces[0].identification += 1
      expect(test.input(try packet(pool, pieces[0].bytes)), is: .dropped(.cutHeaders))
      // Destination options that go on in the next.
      pieces[0].protocol = 60
      pieces[0].payload = [17, 1, 1, 4, 0, 0, 0, 0]
      expect(test.input(try packet(pool, pieces[0].bytes)), is: .dropped(.cutHeaders))
      test.checkInvariants()
    }
  }

  @Test(arguments: [false, true]) func congestionThatOneMetIsToldOfTheWhole(
    isIPv6: Bool
  ) throws {
    try leakChecked { pool in
      // Not capable, ECT(1), ECT(0), met.
      for first in 0..<4 as Range<UInt8> {
        for second in 0..<4 as Range<UInt8> {
          var test = TestReassembler()
          let payload = [UInt8](0..<16)
          var pieces = TestFragment(isIPv6: isIPv6, payload: payload).cut(8)
          (pieces[0].marks, pieces[1].marks) = (first, second)
          expect(test.input(try packet(pool, pieces[1].bytes)), is: .held)
          let outcome = test.input(try packet(pool, pieces[0].bytes))
          if [first, second].contains(3), [first, second].contains(0) {
            #expect(outcome == .dropped(.malformed))
          } else {
            var whole = pieces[0].whole(payload)
            if second == 3 { whole.marks = 3 }
            #expect(outcome == .whole(whole.bytes))
          }
          test.checkInvariants()
        }
      }
    }
  }

  @Test(arguments: [false, true]) func theLongestDatagramIsWholeAndOneMoreByteIsNot(
    isIPv6: Bool
  ) throws {
    try leakChecked { pool in
      for extra in 0...1 {
        // IPv4 counts its header, IPv6 the extensions.
        let headerByteCount = isIPv6 ? 8 : 24
        let payload = (0..<65_535 - headerByteCount + extra).map { UInt8(truncatingIfNeeded: $0) }
        var whole = TestFragment(isIPv6: isIPv6, payload: payload)
        whole.options = [1, 1, 1, 0]
        whole.extensions = [0, 0, 1, 4, 0, 0, 0, 0]
        var pieces = whole.cut(1_440)
        // Only the first has the option.
        for index in pieces.indices.dropFirst() where !isIPv6 { pieces[index].options = [] }
        var test = TestReassembler()
        var last = TestOutcome.none
        for piece in pieces { last = test.input(try packet(pool, piece.bytes)) }
        if extra == 0 {
          #expect(last == .whole(whole.whole(payload).bytes))
        } else {
          #expect(last == .dropped(.malformed))
        }
        test.checkInvariants()
        // In IPv6 the last says so itself, and goes alone.
        #expect(test.reassembler.heldFragmentCount == (extra == 1 && isIPv6 ? 45 : 0))
      }
    }
  }
}
