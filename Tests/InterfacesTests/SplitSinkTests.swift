// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

/// Two sinks, one for clients and one for servers.
@Suite struct SplitSinkTests {
  /// A sink that notes what it took, and takes so many.
  private struct Noting: PacketSink, ~Copyable {
    final class Notes { var numbers: [Int] = [] }

    let notes: Notes
    var room: Int
    var failsAt: Int?
    var statistics = InterfaceStatistics()

    init(_ notes: Notes, room: Int = .max, failsAt: Int? = nil) {
      self.notes = notes
      self.room = room
      self.failsAt = failsAt
    }

    mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
      while room > 0, let packet = packets.dequeue() {
        let number = Int(packet.timestampInNanoseconds)
        if number == failsAt {
          packets.putBack(packet)
          throw InterfaceError(.unfit, "no")
        }
        notes.numbers.append(number)
        statistics.output.count(bytes: packet.byteCount)
        room -= 1
      }
    }

    func finish() throws(InterfaceError) {
      notes.numbers.append(-1)
      if failsAt == -1 { throw InterfaceError(.failed, "\(room)") }
    }
  }

  /// UDP from 10.0.0.1 or 10.0.0.2 by a number's bit, or ARP for every seventh.
  private func packets(_ pool: MbufPool, _ count: Int) throws -> PacketQueue {
    var queue = PacketQueue()
    for number in 0..<count {
      let host = UInt8(Self.isServer(number) ? 2 : 1)
      var udp = DecodedTests.udp
      // Servers send from 53 to a high port, clients the other way.
      if host == 2 { udp.replaceSubrange(0..<4, with: [0, 53, 0x12, 0x34]) }
      var ip = DecodedTests.ipv4(17, udp)
      ip[15] = host
      ip[19] = 3 - host
      var bytes = DecodedTests.ethernet([8, 0], ip)
      if number % 7 == 6 {
        let addresses: [UInt8] = [2, 0, 0, 0, 0, 1, 10, 0, 0, host, 0, 0, 0, 0, 0, 0, 10, 0, 0, 9]
        bytes = DecodedTests.ethernet([8, 6], [0, 1, 8, 0, 6, 4, 0, 1] + addresses)
      }
      var packet = unsafe try pool.packet(copying: bytes.span.bytes)
      packet.linkType = LinkType.ethernet.rawValue
      packet.timestampInNanoseconds = Int64(number)
      queue.enqueue(packet)
    }
    return queue
  }

  private static func isServer(_ number: Int) -> Bool { number % 3 == 1 || number % 5 == 4 }

  private static let server = IPPrefix("10.0.0.2/32")
  private static let clients = IPPrefix("10.0.0.0/31")

  @Test func eachPacketGoesBySidesOfPrefixes() throws {
    let pool = MbufPool()
    for rule in [SideRule.servers([Self.server!]), .clients([Self.clients!])] {
      for isKept in [false, true] {
        let (first, second) = (Noting.Notes(), Noting.Notes())
        do {
          var sink = SplitSink(client: Noting(first), server: Noting(second), by: rule)
          var packets = try packets(pool, 60)
          var kept = PacketQueue()
          if isKept {
            try sink.transmit(&packets, keeping: &kept)
            #expect(numbers(kept) == Array(0..<60))
          } else {
            try sink.transmit(&packets)
          }
          let (isEmpty, sent) = (packets.isEmpty, sink.statistics.output.packets)
          #expect(isEmpty && sent == 60)
        }
        #expect(first.numbers == (0..<60).filter { !Self.isServer($0) })
        #expect(second.numbers == (0..<60).filter { Self.isServer($0) })
      }
    }
    #expect(pool.outstanding == 0)
  }

  @Test func portsBelow1024AreServers() throws {
    let (first, second) = (Noting.Notes(), Noting.Notes())
    var sink = SplitSink(client: Noting(first), server: Noting(second), by: .byPort)
    var packets = try packets(MbufPool(), 60)
    try sink.transmit(&packets)
    // ARP has no ports.
    #expect(second.numbers == (0..<60).filter { Self.isServer($0) && $0 % 7 != 6 })
    #expect(first.numbers.count + second.numbers.count == 60)
  }

  @Test func whatASideHasNoRoomForStaysInOrder() throws {
    let pool = MbufPool()
    for room in 0...20 {
      let (first, second) = (Noting.Notes(), Noting.Notes())
      do {
        var sink = SplitSink(
          client: Noting(first), server: Noting(second, room: room), by: .servers([Self.server!]))
        var packets = try packets(pool, 60)
        try sink.transmit(&packets)
        let left = numbers(packets)
        #expect(left == Array((60 - left.count)..<60))
        #expect(left.isEmpty || Self.isServer(left[0]))
        #expect((first.numbers + second.numbers).sorted() == Array(0..<(60 - left.count)))
        #expect(second.numbers.count == min(room, second.numbers.count))
      }
    }
    #expect(pool.outstanding == 0)
  }

  @Test func anErrorIsAboutTheFirstOneLeft() throws {
    let (first, second) = (Noting.Notes(), Noting.Notes())
    var sink = SplitSink(
      client: Noting(first), server: Noting(second, failsAt: 13), by: .servers([Self.server!]))
    var packets = try packets(MbufPool(), 60)
    let error = #expect(throws: InterfaceError.self) { try sink.transmit(&packets) }
    #expect(error?.kind == .unfit)
    #expect(numbers(packets) == Array(13..<60))
  }

  @Test func bothAreFinishedWhateverTheFirstSays() {
    let (first, second) = (Noting.Notes(), Noting.Notes())
    var sink = SplitSink(
      client: Noting(first, failsAt: -1), server: Noting(second), by: .byPort)
    let error = #expect(throws: InterfaceError.self) { try sink.finish() }
    #expect(error?.kind == .failed)
    #expect(first.numbers == [-1] && second.numbers == [-1])
  }
}
