// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

/// Inputs of which a part is given, or given otherwise.
@Suite struct InputStepTests {
  /// Ten packets, numbered from 0, each a second after the one before, the sixth an hour back.
  private struct Input: PacketInput {
    let pool: MbufPool
    var name: String { "ten" }

    func open() throws(InterfaceError) -> any PacketSource & ~Copyable {
      var link = Loopback()
      for number in 0..<10 {
        let bytes = DecodedTests.ethernet(
          number == 3 ? [8, 6] : [8, 0], DecodedTests.ipv4(17, DecodedTests.udp))
        var packet: PacketQueue
        do throws(MbufError) {
          packet = PacketQueue()
          var one = unsafe try pool.packet(copying: bytes.span.bytes)
          one.linkType = LinkType.ethernet.rawValue
          one.timestampInNanoseconds = Int64(number) * 1_000_000_000
          if number == 5 { one.timestampInNanoseconds -= 3_600_000_000_000 }
          packet.enqueue(one)
        } catch {
          preconditionFailure("\(error)")
        }
        try link.transmit(&packet)
      }
      link.finish()
      return link
    }
  }

  private func seconds(_ input: some PacketInput, upTo limit: Int, _ pool: MbufPool) throws -> (
    given: [Int], statistics: InterfaceStatistics.Direction, drops: [String: Int]
  ) {
    var source = try input.open()
    var given: [Int] = []
    while true {
      var packets = PacketQueue()
      let state = try source.receive(upTo: limit, into: &packets, from: pool)
      packets.forEach { given.append(Int($0.timestampInNanoseconds / 1_000_000_000)) }
      if state != .more { break }
    }
    let drops = Dictionary(
      source.inputDropsByReason.map { ($0.reason, $0.count) }, uniquingKeysWith: +)
    return (given, source.statistics.input, drops)
  }

  @Test(arguments: [1, 3, 100])
  func aSliceHasTheNumbersAndTimesAskedFor(limit: Int) throws {
    let pool = MbufPool()
    let input = Input(pool: pool)
    let slices: [(PacketSlice, [Int])] = [
      (PacketSlice(), [0, 1, 2, 3, 4, -3_595, 6, 7, 8, 9]),
      (PacketSlice(frames: 1...1), [0]),
      (PacketSlice(frames: 3...5), [2, 3, 4]),
      (PacketSlice(frames: 10...Int.max), [9]),
      (PacketSlice(frames: 11...20), []),
      (PacketSlice(times: 2_000_000_000...7_000_000_000), [2, 3, 4, 6, 7]),
      (PacketSlice(times: .min...0), [0, -3_595]),
      (PacketSlice(frames: 4...8, times: 4_000_000_000 ... .max), [4, 6, 7]),
    ]
    for (slice, wanted) in slices {
      let found = try seconds(SlicedInput(input, slice), upTo: limit, pool)
      #expect(found.given == wanted, "\(slice)")
      #expect(found.statistics.packets == wanted.count && found.statistics.drops == 0)
      #expect(found.drops == [:])
    }
    #expect(pool.outstanding == 0)
  }

  @Test func whatCannotBeConvertedIsDroppedAndCounted() throws {
    let pool = MbufPool()
    let input = ConvertedInput(Input(pool: pool), to: .raw)
    #expect(input.name == "ten")
    let found = try seconds(input, upTo: 4, pool)
    #expect(found.given == [0, 1, 2, 4, -3_595, 6, 7, 8, 9])
    #expect(found.statistics.packets == 9 && found.statistics.drops == 1)
    #expect(found.drops == ["no_link_header": 1])
    let source = try input.open()
    let linkType = source.traits.linkType
    #expect(linkType == .raw)
  }
}
