// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import UMA
import Wire

@testable import InternetStack

@Suite struct FragmentationTests {
  /// The pieces as they would be made the naive way.
  private func naivePieces(_ whole: TestFragment, mtu: Int) -> [[UInt8]] {
    if whole.whole(whole.payload).bytes.count <= mtu, whole.offset == 0, !whole.more {
      return [whole.whole(whole.payload).bytes]
    }
    var pieces: [[UInt8]] = []
    var start = 0
    while true {
      var piece = whole
      if start > 0 { piece.options = copiedOptions(whole.options) }
      let headers = whole.isIPv6 ? 48 + whole.extensions.count : 20 + piece.options.count
      let left = whole.payload.count - start
      let count = left <= mtu - headers ? left : (mtu - headers) / 8 * 8
      piece.payload = Array(whole.payload[start..<start + count])
      piece.offset += start
      piece.more = count < left || whole.more
      pieces.append(piece.bytes)
      start += count
      if count == left { return pieces }
    }
  }

  private func copiedOptions(_ options: [UInt8]) -> [UInt8] {
    var copied: [UInt8] = []
    var rest = options[...]
    while let kind = rest.first, kind != 0 {
      let count = kind == 1 ? 1 : Int(rest[rest.startIndex + 1])
      if kind >= 128 { copied += rest.prefix(count) }
      rest = rest.dropFirst(count)
    }
    while copied.count % 4 != 0 { copied.append(0) }
    return copied
  }

  private func fragmented(
    _ pool: MbufPool, _ bytes: [UInt8], mtu: Int, cutAt cuts: [Int] = []
  ) throws -> [[UInt8]] {
    let datagram = try packet(pool, bytes, cutAt: cuts)
    var queue = try datagram.fragmented(mtu: mtu, identification: 0x1234)
    var pieces: [[UInt8]] = []
    while let piece = queue.dequeue() {
      piece.checkInvariants()
      pieces.append(InternetStackTests.bytes(of: piece))
    }
    return pieces
  }

  private func payload(_ byteCount: Int) -> [UInt8] {
    (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  }

  private func reassembles(
    _ pool: MbufPool, _ pieces: [[UInt8]], to whole: [UInt8], _ random: inout SeededRandom
  ) throws -> Bool {
    if pieces.count == 1 { return pieces[0] == whole }
    var limits = Reassembler.Limits()
    limits.fragmentsPerDatagram = 5_000
    var test = TestReassembler(limits)
    var last = TestOutcome.none
    for piece in pieces.shuffled(using: &random) {
      #expect(last == .none || last == .held)
      last = test.input(try packet(pool, piece))
    }
    test.checkInvariants()
    return last == .whole(whole)
  }

  @Test(arguments: [false, true]) func piecesAreThoseMadeTheNaiveWay(isIPv6: Bool) throws {
    var random = SeededRandom()
    try leakChecked { pool in
      for byteCount in 0...200 {
        for mtu in [68, 69, 70, 76, 80, 100, 200] {
          var whole = TestFragment(isIPv6: isIPv6, payload: payload(byteCount))
          let bytes = whole.whole(whole.payload).bytes
          let pieces = try fragmented(pool, bytes, mtu: mtu)
          #expect(pieces == naivePieces(whole, mtu: mtu), "\(byteCount) over \(mtu)")
          #expect(try reassembles(pool, pieces, to: bytes, &random), "\(byteCount) over \(mtu)")
          // Of a datagram that was cut before, IPv6's 48 bytes of headers leave room in 68.
          (whole.offset, whole.more) = (1_600, byteCount % 8 == 0)
          if byteCount > 0, whole.bytes.count > mtu {
            #expect(
              try fragmented(pool, whole.bytes, mtu: mtu) == naivePieces(whole, mtu: mtu),
              "a fragment of \(byteCount) over \(mtu)")
          }
        }
      }
    }
  }

  @Test(arguments: [false, true]) func longDatagramsAreCutAndJoined(isIPv6: Bool) throws {
    var random = SeededRandom()
    try leakChecked { pool in
      for mtu in [68, 576, 1_280, 1_500, 9_000] {
        var counts = [mtu - 41, mtu - 20, mtu, 65_507]
        for _ in 0..<Steps.of(60) { counts.append(Int.random(in: 200...65_507, using: &random)) }
        for byteCount in counts {
          let whole = TestFragment(isIPv6: isIPv6, payload: payload(byteCount))
          let bytes = whole.whole(whole.payload).bytes
          let cuts = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            Int.random(in: 0...bytes.count, using: &random)
          }
          let pieces = try fragmented(pool, bytes, mtu: mtu, cutAt: cuts)
          #expect(pieces == naivePieces(whole, mtu: mtu), "\(byteCount) over \(mtu)")
          #expect(try reassembles(pool, pieces, to: bytes, &random), "\(byteCount) over \(mtu)")
        }
      }
    }
  }

  @Test func onlyOptionsWithTheCopiedFlagAreInLaterPieces() throws {
    var random = SeededRandom()
    try leakChecked { pool in
      let tables: [[UInt8]] = [
        [0, 0, 0, 0], [1, 1, 1, 1], [7, 4, 4, 0], [0x94, 4, 0, 0], [0x94, 4, 0, 0, 7, 4, 4, 0],
        [7, 7, 4, 0, 0, 0, 0, 0x83, 3, 4, 1, 0x94, 4, 0, 0, 0],
        [1, 0x83, 7, 4, 1, 2, 3, 4] + [7, 31, 4] + [UInt8](repeating: 0, count: 28) + [0],
      ]
      for options in tables {
        var whole = TestFragment(payload: payload(150))
        whole.options = options
        for mtu in [68, 100] {
          let bytes = whole.whole(whole.payload).bytes
          let pieces = try fragmented(pool, bytes, mtu: mtu)
          #expect(pieces == naivePieces(whole, mtu: mtu), "\(options) over \(mtu)")
          #expect(try reassembles(pool, pieces, to: bytes, &random))
        }
      }
      // One that makes no sense ends them, and what follows.
      var whole = TestFragment(payload: payload(100))
      for options in [[0x94, 4, 0, 0, 0x83, 9, 0, 0], [0x94, 4, 0, 0, 1, 1, 1, 0x83]] as [[UInt8]] {
        whole.options = options
        let pieces = try fragmented(pool, whole.whole(whole.payload).bytes, mtu: 68)
        whole.options = [0x94, 4, 0, 0]
        (whole.offset, whole.payload) = (40, Array(payload(100)[40..<80]))
        whole.more = true
        #expect(pieces[1] == whole.bytes)
        whole = TestFragment(payload: payload(100))
      }
    }
  }

  @Test func dontFragmentStaysAsItIs() throws {
    try leakChecked { pool in
      var bytes = TestFragment(payload: payload(100)).bytes
      bytes[6] = 0x40
      for (index, piece) in try fragmented(pool, bytes, mtu: 68).enumerated() {
        #expect(piece[6] == (index < 2 ? 0x60 : 0x40) && onesSum(Array(piece[..<20])) == 0xffff)
      }
    }
  }

  /// Headers that every router reads stand in every piece; what stands behind them is data.
  @Test func theHeadersOfRoutersAreInEveryPieceOfIPv6() throws {
    var random = SeededRandom()
    let hopByHop: [UInt8] = [0, 0, 1, 4, 0, 0, 0, 0]
    let options: [UInt8] = [0, 0, 1, 4, 0, 0, 0, 0]
    let routing: [UInt8] = [0, 2, 253, 0] + [UInt8](repeating: 0, count: 20)
    func chain(_ headers: [(UInt8, [UInt8])], last: UInt8) -> [UInt8] {
      headers.indices.flatMap { index in
        [index + 1 < headers.count ? headers[index + 1].0 : last] + headers[index].1.dropFirst()
      }
    }
    try leakChecked { pool in
      let tables: [(routers: [(UInt8, [UInt8])], hosts: [(UInt8, [UInt8])])] = [
        ([], []), ([(0, hopByHop)], []), ([(0, hopByHop)], [(60, options)]),
        ([], [(60, options)]), ([(43, routing)], []), ([(60, options), (43, routing)], []),
        ([(0, hopByHop), (60, options), (43, routing)], [(60, options)]),
      ]
      for table in tables {
        let first = table.routers.first?.0 ?? table.hosts.first?.0 ?? 253
        let behind = table.hosts.first?.0 ?? 253
        let data = chain(table.hosts, last: 253) + payload(300)
        var whole = TestFragment(isIPv6: true, payload: data).whole(data).bytes
        let routers = chain(table.routers, last: behind)
        // In pieces the last of them says that a fragment header follows.
        let marked = chain(table.routers, last: 44)
        whole.insert(contentsOf: routers, at: 40)
        whole[6] = first
        whole.replaceSubrange(4..<6, with: words(UInt16(whole.count - 40)))
        let pieces = try fragmented(pool, whole, mtu: 160, cutAt: [3, 44])
        #expect(pieces.count > 2)
        for piece in pieces {
          #expect(piece.count <= 160)
          #expect(piece[6] == (marked.isEmpty ? 44 : first))
          #expect(Array(piece[40..<40 + marked.count]) == marked)
          #expect(piece[40 + routers.count] == behind)
        }
        #expect(try reassembles(pool, pieces, to: whole, &random))
      }
    }
  }

  @Test func whatCannotBeCutIsRefused() throws {
    func refusal(_ pool: MbufPool, _ bytes: [UInt8], mtu: Int) throws -> FragmentationError? {
      let datagram = try packet(pool, bytes)
      do throws(FragmentationError) {
        _ = try datagram.fragmented(mtu: mtu, identification: 1)
        return nil
      } catch {
        return error
      }
    }
    try leakChecked { pool in
      let good = TestFragment(payload: payload(100)).bytes
      for (place, byte) in [(0, 0x55), (0, 0x44), (0, 0x4f), (3, 0)] as [(Int, UInt8)] {
        var bytes = good
        bytes[place] = byte
        let expected: FragmentationError? = place == 0 && byte == 0x4f ? nil : .malformed
        expect(try refusal(pool, bytes, mtu: 68), is: expected)
      }
      // The end would lie beyond what an offset can say; a piece that others follow ends within a unit.
      var far = TestFragment(offset: 65_528, payload: payload(100))
      expect(try refusal(pool, far.bytes, mtu: 68), is: .malformed)
      (far.offset, far.more) = (8, true)
      expect(try refusal(pool, far.bytes, mtu: 68), is: .malformed)
      var long = TestFragment(isIPv6: true, payload: payload(100))
      long.extensions = [0, 1] + [UInt8](repeating: 0, count: 14)
      let bytes = long.whole(long.payload).bytes
      expect(try refusal(pool, bytes, mtu: 68), is: .headersTooLong(byteCount: 64, mtu: 68))
      expect(try refusal(pool, bytes, mtu: 72), is: nil)
      var cut = bytes
      cut[41] = 200
      expect(try refusal(pool, cut, mtu: 72), is: .malformed)
    }
  }

  @Test func dataInClustersIsSharedAndEachPieceHasRoomForALinkHeader() throws {
    try leakChecked { pool in
      var datagram = try packet(pool, TestFragment(payload: payload(1_900)).bytes)
      datagram.timestampInNanoseconds = 77
      datagram.header.interfaceIndex = 3
      try datagram.addTag(PacketTag(cookie: 5, id: 6, byteCount: 4))
      let clusters = pool.statistics().clustersInUse
      var pieces = try datagram.fragmented(mtu: 576, identification: 1)
      #expect(pieces.packetCount == 4 && pool.statistics().clustersInUse == clusters)
      while let piece = pieces.dequeue() {
        #expect(piece.headroom >= 48 && piece.segmentCount == 2)
        #expect(piece.timestampInNanoseconds == 77 && piece.header.interfaceIndex == 3)
        #expect(piece.tagIndex(cookie: 5, id: 6) == 0)
        #expect(piece.linkType == LinkType.raw.rawValue && piece.wireByteCount == piece.byteCount)
      }
    }
  }

  @Test(arguments: [false, true]) func noDeniedAllocationLeavesAPiece(isIPv6: Bool) throws {
    var denied = 0
    let attempts = try FailurePlan.forEachAttempt { plan in
      let pool = MbufPool()
      let whole = TestFragment(isIPv6: isIPv6, payload: payload(3_000))
      let datagram = try packet(pool, whole.whole(whole.payload).bytes, cutAt: [30, 100, 1_800])
      pool.inject(plan)
      do throws(FragmentationError) {
        let pieces = try datagram.fragmented(mtu: 1_280, identification: 1)
        #expect(pieces.packetCount == 3 && plan.failureCount == 0)
      } catch {
        guard case .noMemory = error else {
          Issue.record("\(error)")
          return
        }
        denied += 1
      }
      pool.inject(nil)
      #expect(pool.outstanding == 0)
      pool.checkInvariants()
    }
    #expect(attempts > 5 && denied > attempts)
  }

  @Test func damagedDatagramsAreCutOrRefused() throws {
    var random = SeededRandom()
    leakChecked { pool in
      var cutCount = 0
      var refusedCount = 0
      for _ in 0..<Steps.of(40_000) {
        var whole = TestFragment(isIPv6: random.chance(60), payload: payload(300))
        let padded: [UInt8] = [0, 0, 1, 4, 0, 0, 0, 0]
        if random.chance(50) { whole.extensions = [60] + padded[1...] + padded }
        if random.chance(50) { whole.options = [0x94, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0] }
        if random.chance(30) { whole.offset = 8 * Int.random(in: 0...20, using: &random) }
        var bytes = random.chance(50) ? whole.bytes : whole.whole(whole.payload).bytes
        for _ in 0..<Int.random(in: 0...3, using: &random) {
          let place = Int.random(in: 0..<64, using: &random)
          bytes[place] = random.chance(30) ? 44 : .random(in: 0...255, using: &random)
        }
        let mtu = Int.random(in: 68...200, using: &random)
        do throws(FragmentationError) {
          var queue = try datagram(pool, bytes).fragmented(mtu: mtu, identification: 9)
          var dataByteCount = 0
          while let piece = queue.dequeue() {
            piece.checkInvariants()
            #expect(piece.byteCount <= mtu)
            let frame = piece.decoded(.raw)
            guard let fragment = Fragment(piece, frame) else {
              Issue.record("no fragment: \(bytes)")
              return
            }
            let isLast = queue.isEmpty
            #expect(fragment.moreFragments || isLast)
            dataByteCount += fragment.payloadByteCount
          }
          #expect(dataByteCount <= bytes.count - 20)
          cutCount += 1
        } catch {
          refusedCount += 1
        }
      }
      #expect(cutCount > 500 && refusedCount > 100, "\(cutCount), \(refusedCount)")
    }
  }

  private func datagram(_ pool: MbufPool, _ bytes: [UInt8]) -> Packet {
    do {
      return try packet(pool, bytes)
    } catch {
      preconditionFailure("\(error)")
    }
  }
}
