// SPDX-License-Identifier: BSD-2-Clause
public import Interfaces
import Mbufs
import Wire

/// An input of which only the packets that match a filter are given; the others do not count as read.
public struct FilteredInput: PacketInput {
  private let input: any PacketInput
  private let expression: String

  /// Puts a filter in the language of tcpdump behind an input.
  public init(_ input: any PacketInput, _ expression: String) {
    self.input = input
    self.expression = expression
  }

  /// That of the input.
  public var name: String { input.name }

  /// Opens the input and compiles the filter for its link type.
  ///
  /// - Throws: `InterfaceError` as the input does, or of kind `.misuse` about the filter.
  public func open() throws(InterfaceError) -> any PacketSource & ~Copyable {
    let source = try input.open()
    do throws(PcapError) {
      let filter = try PacketFilter(
        expression, linkType: source.traits.linkType ?? .ethernet, of: name)
      return FilteredSource(source: source, filter: filter)
    } catch {
      throw InterfaceError(error)
    }
  }
}

/// A source of which some packets are left out.
private struct FilteredSource: PacketSource, ~Copyable {
  var source: any PacketSource & ~Copyable
  let filter: PacketFilter
  /// Packets left out, and their bytes.
  var leftOut = (packets: 0, bytes: 0)

  init(source: consuming any PacketSource & ~Copyable, filter: consuming PacketFilter) {
    self.source = source
    self.filter = filter
  }

  /// What the source says, which is lent for that.
  private func asked<Answer>(
    _ body: (borrowing any PacketSource & ~Copyable) -> Answer
  ) -> Answer { body(source) }

  var traits: LinkTraits { asked { $0.traits } }
  var descriptor: Int32? { asked { $0.descriptor } }
  var formatName: String? { asked { $0.formatName } }
  var inputDropsByReason: [(reason: String, count: Int)] { asked { $0.inputDropsByReason } }

  /// Those of the source, without the packets left out.
  var statistics: InterfaceStatistics {
    var statistics = asked { $0.statistics }
    statistics.input.packets -= leftOut.packets
    statistics.input.bytes -= leftOut.bytes
    return statistics
  }

  mutating func receive(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
  ) throws(InterfaceError) -> SourceState {
    var fresh = PacketQueue()
    defer {
      while let packet = fresh.dequeue() {
        if filter.matches(packet) {
          queue.enqueue(packet)
        } else {
          leftOut.packets += 1
          leftOut.bytes += packet.byteCount
        }
      }
    }
    return try source.receive(upTo: packetLimit, into: &fresh, from: pool)
  }

  mutating func wait(milliseconds: Int32) -> Bool { source.wait(milliseconds: milliseconds) }
  mutating func stopArrivals() -> Bool { source.stopArrivals() }
}
