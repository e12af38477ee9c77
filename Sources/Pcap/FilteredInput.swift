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
      return SteppedSource(source, FilterStep(filter: filter))
    } catch {
      throw InterfaceError(error)
    }
  }
}

private struct FilterStep: PacketStep, ~Copyable {
  let filter: PacketFilter

  init(filter: consuming PacketFilter) { self.filter = filter }

  mutating func pass(_ packet: inout Packet) -> PacketStepResult {
    filter.matches(packet) ? .given : .leftOut
  }
}
