// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
public import Wire

/// An input whose packets get another link header (`Packet.convert(to:)`).
///
/// What has none of the kind wanted, such as ARP as raw IP, is dropped and counted: `no_link_header`.
public struct ConvertedInput: PacketInput {
  private let input: any PacketInput
  private let linkType: LinkType

  /// Converts the packets of an input.
  ///
  /// - Parameters:
  ///   - input: where they come from.
  ///   - linkType: what they become: raw IP or Ethernet.
  public init(_ input: any PacketInput, to linkType: LinkType) {
    precondition(linkType.isRaw || linkType == .ethernet, "cannot convert to \(linkType)")
    self.input = input
    self.linkType = linkType
  }

  /// That of the input.
  public var name: String { input.name }

  /// Opens the input.
  ///
  /// - Throws: `InterfaceError` as the input does.
  public func open() throws(InterfaceError) -> any PacketSource & ~Copyable {
    SteppedSource(try input.open(), Conversion(linkType))
  }
}

private struct Conversion: PacketStep {
  let linkType: LinkType
  private var impossible = 0
  private var denied = 0

  init(_ linkType: LinkType) { self.linkType = linkType }

  func traits(behind traits: LinkTraits) -> LinkTraits {
    var traits = traits
    traits.linkType = linkType
    return traits
  }

  mutating func pass(_ packet: inout Packet) -> PacketStepResult {
    do throws(MbufError) {
      if try packet.convert(to: linkType) == .done { return .given }
      impossible += 1
    } catch {
      denied += 1
    }
    return .dropped
  }

  var dropsByReason: [(reason: String, count: Int)] {
    [("no_link_header", impossible), ("pool_exhausted", denied)].filter { $0.1 > 0 }
  }
}
