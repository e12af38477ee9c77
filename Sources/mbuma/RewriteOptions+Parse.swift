// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Interfaces
import Wire

// How the values of the options are read. Each refusal says what to type.

extension RewriteOptions {
  @Sendable
  static func linkAddress(_ argument: String) throws -> MACAddress {
    guard let address = MACAddress(argument) else {
      throw ValidationError("\(argument) is no Ethernet address: try 02:00:5e:10:00:01")
    }
    return address
  }

  @Sendable
  static func linkMap(_ argument: String) throws -> LinkMap {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw ValidationError("\(argument): type the old address, a comma and the new one")
    }
    return LinkMap(try linkAddress(String(parts[0])), to: try linkAddress(String(parts[1])))
  }

  /// `10.0.0.0/8:192.168.0.0/16`, and with brackets around IPv6 `[2001:db8::/32]:[fd00::/32]`; more
  /// behind commas.
  @Sendable
  static func prefixMaps(_ argument: String) throws -> [PrefixMap] {
    try argument.split(separator: ",", omittingEmptySubsequences: false).map { entry in
      let sides =
        entry.hasPrefix("[")
        ? entry.dropFirst().split(separator: "]:[", maxSplits: 1).map { side in
          side.last == "]" ? side.dropLast() : side
        } : entry.split(separator: ":", omittingEmptySubsequences: false)
      guard sides.count == 2, let old = IPPrefix(sides[0]), let new = IPPrefix(sides[1]),
        let map = PrefixMap(old, to: new)
      else {
        throw ValidationError(
          "\(entry) puts no prefix in the place of another: try 10.0.0.0/8:192.168.0.0/16, or "
            + "[2001:db8::/32]:[fd00::/32]")
      }
      return map
    }
  }

  /// `80:8080`, `1024-65535:5000`; more behind commas, and `80,81:8080` for two with one new port.
  @Sendable
  static func portMaps(_ argument: String) throws -> [PortMap] {
    var maps: [PortMap] = []
    var old: [ClosedRange<UInt16>] = []
    for entry in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = entry.split(separator: ":", omittingEmptySubsequences: false)
      guard let range = portRange(sides[0]), sides.count <= 2 else { throw portError(argument) }
      old.append(range)
      if sides.count == 1 { continue }
      guard let new = port(sides[1]) else { throw portError(argument) }
      maps += old.map { PortMap($0, to: new) }
      old = []
    }
    guard old.isEmpty else { throw portError(argument) }
    return maps
  }

  private static func portError(_ argument: String) -> ValidationError {
    ValidationError("\(argument) maps no ports: try 80:8080, or 1024-65535:5000,80:8080")
  }

  private static func portRange(_ text: Substring) -> ClosedRange<UInt16>? {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false)
    guard let first = port(ends[0]), ends.count <= 2 else { return nil }
    guard ends.count == 2 else { return first...first }
    guard let last = port(ends[1]), first <= last else { return nil }
    return first...last
  }

  private static func port(_ text: Substring) -> UInt16? {
    text.first == "+" ? nil : UInt16(text)
  }

  @Sendable
  static func hops(_ argument: String) throws -> HopRule {
    let digits =
      argument.first == "+" || argument.first == "-" ? argument.dropFirst() : argument[...]
    guard digits.first != "+", digits.first != "-", let count = UInt8(digits),
      count > 0 || digits.count < argument.count
    else { throw ValidationError("\(argument) says no hops: try 64, +5 or -5, within 1...255") }
    return switch argument.first {
    case "+": .raise(count)
    case "-": .lower(count)
    default: .set(count)
    }
  }
}
