// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
internal import Mbufs

/// What an output would do with packets, as far as its link type and MTU tell; sends none.
struct DryRunSink: ReplaySink, ~Copyable {
  let traits: LinkTraits
  var statistics = InterfaceStatistics()
  private var tooLong = 0

  init(_ traits: LinkTraits) { self.traits = traits }

  func begin(_ source: LinkTraits, from name: String) throws(InterfaceError) {
    try traits.check(source: source, at: "the output")
  }

  mutating func transmit(_ packets: inout PacketQueue, due: Int64) {
    while let packet = packets.dequeue() { look(at: packet) }
  }

  mutating func transmit(_ packets: inout PacketQueue, keeping sent: inout PacketQueue) {
    while let packet = packets.dequeue() {
      look(at: packet)
      sent.enqueue(packet)
    }
  }

  private mutating func look(at packet: borrowing Packet) {
    do throws(InterfaceError) {
      try traits.check(packet, at: "the output")
      statistics.output.count(bytes: packet.byteCount)
    } catch {
      if case .tooLong = error.kind { tooLong += 1 }
      statistics.output.errors += 1
    }
  }

  var dropsByReason: [(reason: String, count: Int)] {
    [("over_mtu", tooLong), ("other_link_type", statistics.output.errors - tooLong)]
      .filter { $0.1 > 0 }
  }
}

/// A clock whose every moment has come.
struct SkippingClock: PacketClock {
  private(set) var now: Int64 = 0

  var tellsTime: Bool { false }

  mutating func wait(until due: Int64) -> Int64 {
    now = due
    return due
  }
}
