// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Wire

/// Packets whose bytes tell them apart: `count` of them, numbered from `first`.
func numbered(
  _ pool: MbufPool, _ count: Int, from first: Int = 0, byteCount: Int = 60,
  linkType: LinkType = .ethernet
) throws -> PacketQueue {
  var queue = PacketQueue()
  for number in first..<first + count {
    var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: byteCount)
    if byteCount > 0 { bytes[0] = UInt8(truncatingIfNeeded: number >> 8) }
    var packet = unsafe try pool.packet(copying: bytes.span.bytes)
    packet.header.linkType = linkType.rawValue
    packet.timestampInNanoseconds = Int64(number)
    queue.enqueue(packet)
  }
  return queue
}

/// The numbers of packets, in order.
func numbers(_ queue: borrowing PacketQueue) -> [Int] {
  var numbers: [Int] = []
  queue.forEach { numbers.append(Int($0.timestampInNanoseconds)) }
  return numbers
}

/// The bytes of packets, in order.
func contents(_ queue: borrowing PacketQueue) -> [[UInt8]] {
  var contents: [[UInt8]] = []
  queue.forEach { contents.append(allBytes($0)) }
  return contents
}

func allBytes(_ packet: borrowing Packet) -> [UInt8] {
  var bytes: [UInt8] = []
  packet.forEachSegment { piece in
    for offset in 0..<piece.byteCount {
      bytes.append(FixedBytes<1>(piece, at: offset).uint8(at: 0))
    }
  }
  return bytes
}

/// Everything that a source gives until it is idle or ends.
func drain<Source: PacketSource & ~Copyable>(
  _ source: inout Source, _ pool: MbufPool, upTo packetLimit: Int = 7
) throws -> (packets: [Int], state: SourceState) {
  var all: [Int] = []
  while true {
    var queue = PacketQueue()
    let state = try source.receive(upTo: packetLimit, into: &queue, from: pool)
    precondition(queue.packetCount <= packetLimit, "\(queue.packetCount) of \(packetLimit)")
    all += numbers(queue)
    if state != .more { return (all, state) }
  }
}

/// A sink that follows a script.
///
/// Each step is for one call: packets to accept, and perhaps an error. After the script it accepts
/// everything.
struct ScriptedSink: PacketSink, ~Copyable {
  var script: [(accepts: Int, error: InterfaceError?)]
  var statistics = InterfaceStatistics()
  var kept = PacketQueue()
  var dues: [Int64] = []
  var finishCount = 0

  init(_ script: [(accepts: Int, error: InterfaceError?)] = []) { self.script = script }

  mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
    let step = script.isEmpty ? (accepts: Int.max, error: nil) : script.removeFirst()
    dues.append(due)
    var left = step.accepts
    while left > 0, let packet = packets.dequeue() {
      statistics.output.count(bytes: packet.byteCount)
      kept.enqueue(packet)
      left -= 1
    }
    if let error = step.error { throw error }
  }

  mutating func finish() { finishCount += 1 }
}

/// A source of numbered packets that ends, after each call of which an error may be thrown.
struct ScriptedSource: PacketSource, ~Copyable {
  var packets: PacketQueue
  var errors: [InterfaceError?] = []
  var end = SourceState.ended(nil)
  var statistics = InterfaceStatistics()

  init(_ packets: consuming PacketQueue) { self.packets = packets }

  mutating func receive(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
  ) throws(InterfaceError) -> SourceState {
    for _ in 0..<packetLimit {
      guard let packet = packets.dequeue() else { break }
      statistics.input.count(bytes: packet.byteCount)
      queue.enqueue(packet)
    }
    if !errors.isEmpty, let error = errors.removeFirst() { throw error }
    return packets.isEmpty ? end : .more
  }
}

extension InterfaceError {
  static let broken = InterfaceError(.system(call: "send", errno: 5), "send")
  static let unfit = InterfaceError(.unfit, "write the packet")
}
