// SPDX-License-Identifier: BSD-2-Clause
public import Interfaces
import Mbufs
import Pcap
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

  /// Opens the input and compiles the filter for its link type; for others, when packets have them.
  ///
  /// - Throws: `InterfaceError` as the input does, or of kind `.misuse` about the filter.
  public func open() throws(InterfaceError) -> any PacketSource & ~Copyable {
    let source = try input.open()
    do throws(PcapError) {
      let linkType = source.traits.linkType ?? .ethernet
      // What has a format comes from a file.
      var filter = PacketFilter(
        unprepared: expression, of: name, isOfFiles: source.formatName != nil)
      try filter.prepare(for: linkType, isByteSwapped: false)
      return SteppedSource(source, FilterStep(filter, linkType))
    } catch {
      throw InterfaceError(error)
    }
  }
}

private struct FilterStep: PacketStep, ~Copyable {
  private var filter: PacketFilter
  private var linkType: UInt32
  private(set) var failure: InterfaceError?

  init(_ filter: consuming PacketFilter, _ linkType: LinkType) {
    self.filter = filter
    self.linkType = linkType.rawValue
  }

  mutating func pass(_ packet: inout Packet) -> PacketStepResult {
    if packet.linkType != linkType, !prepare(for: packet.linkType) { return .leftOut }
    return filter.matches(packet) ? .given : .leftOut
  }

  /// Gets the filter ready for packets of another link type; false, with `failure`, if it means nothing
  /// for them.
  private mutating func prepare(for other: UInt32) -> Bool {
    do throws(PcapError) {
      try filter.prepare(for: LinkType(rawValue: other), isByteSwapped: false)
      linkType = other
      return true
    } catch {
      failure = failure ?? InterfaceError(error)
      return false
    }
  }
}
