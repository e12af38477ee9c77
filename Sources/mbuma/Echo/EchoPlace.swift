// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Wire

/// Where `mbuma echo` answers: `raw:ADDRESS`, `link:INTERFACE`, `tap:NAME`, `tun:NAME`.
enum EchoPlace: ExpressibleByArgument, Equatable {
  /// On an address of this host, by a raw IPv4 socket, for one UDP port.
  case raw(IPv4Address)
  /// On a network interface, beside the host's own stack, with addresses of its own.
  case link(String)
  /// On an Ethernet device that is made for it.
  case tap(String)
  /// On a device that is made for it, and that carries IP datagrams.
  case tun(String)

  init?(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].isEmpty else { return nil }
    let name = String(parts[1])
    switch parts[0] {
    case "raw":
      guard let address = IPv4Address(name), !address.isAny else { return nil }
      self = .raw(address)
    case "link": self = .link(name)
    case "tap": self = .tap(name)
    case "tun": self = .tun(name)
    default: return nil
    }
  }

  /// As it is typed.
  var description: String {
    switch self {
    case .raw(let address): "raw:\(address)"
    case .link(let name): "link:\(name)"
    case .tap(let name): "tap:\(name)"
    case .tun(let name): "tun:\(name)"
    }
  }

  /// Whether the stack needs addresses that the place does not name.
  var needsAddresses: Bool {
    if case .raw = self { false } else { true }
  }
}
