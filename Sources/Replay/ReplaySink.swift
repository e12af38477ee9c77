// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import InternetStack
internal import Mbufs
import Wire

/// A sink as a replay uses it, which has decoded every packet by the time that it sends it.
protocol ReplaySink: PacketSink, ~Copyable {
  /// Learns what the packets of the next input are.
  ///
  /// - Throws: `InterfaceError` if they cannot go where the earlier ones went.
  mutating func begin(_ traits: LinkTraits, from name: String) throws(InterfaceError)

  /// Whether it is told what each packet's headers say.
  static var looksAtFrames: Bool { get }

  /// Accepts a packet that it would decode itself, or puts it behind those to be transmitted next.
  mutating func take(
    _ packet: consuming Packet, _ frame: DecodedFrame, _ leaving: inout PacketQueue)
}

extension ReplaySink where Self: ~Copyable {
  mutating func begin(_ traits: LinkTraits, from name: String) {}

  @inline(__always)
  static var looksAtFrames: Bool { false }

  @inline(__always)
  mutating func take(
    _ packet: consuming Packet, _ frame: DecodedFrame, _ leaving: inout PacketQueue
  ) {
    leaving.enqueue(packet)
  }
}

extension NullSink: ReplaySink {}

extension StackSink: ReplaySink {
  @inline(__always)
  static var looksAtFrames: Bool { true }

  @inline(__always)
  mutating func take(
    _ packet: consuming Packet, _ frame: DecodedFrame, _ leaving: inout PacketQueue
  ) {
    take(packet, frame)
  }
}

/// An output, which is opened when the first input is.
struct OutputSink: ReplaySink, ~Copyable {
  private let output: any PacketOutput
  private var sink: (any PacketSink & ~Copyable)?

  init(_ output: any PacketOutput) {
    self.output = output
  }

  mutating func begin(_ traits: LinkTraits, from name: String) throws(InterfaceError) {
    guard let first = self.traits.linkType else {
      if sink == nil { sink = try output.open(traits) }
      return
    }
    if let next = traits.linkType, next != first {
      throw InterfaceError(
        .unsupported, "\(name): the interfaces have different link types",
        why: "\(next.name) after \(first.name)",
        advice: "keep the packets of one link type in the file")
    }
  }

  var traits: LinkTraits { asked(LinkTraits()) { $0.traits } }
  var statistics: InterfaceStatistics { asked(InterfaceStatistics()) { $0.statistics } }
  var queuedPacketCount: Int { asked(0) { $0.queuedPacketCount } }
  var dropsByReason: [(reason: String, count: Int)] { asked([]) { $0.dropsByReason } }

  /// What the sink says, or this if it is not open.
  private func asked<Answer>(
    _ none: Answer, _ body: (borrowing any PacketSink & ~Copyable) -> Answer
  ) -> Answer {
    switch sink {
    case .some(let sink): body(sink)
    case .none: none
    }
  }

  mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
    try sink?.transmit(&packets, due: due)
  }

  mutating func transmit(
    _ packets: inout PacketQueue, keeping sent: inout PacketQueue
  ) throws(InterfaceError) {
    try sink?.transmit(&packets, keeping: &sent)
  }

  mutating func push() throws(InterfaceError) { try sink?.push() }
  mutating func finish() throws(InterfaceError) { try sink?.finish() }
}
