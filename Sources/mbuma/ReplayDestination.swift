// SPDX-License-Identifier: BSD-2-Clause
//
// Where packets of `mbuma replay` go. A new destination is a word here, a case, what it opens in
// `output`, and what it is in `isLive`; the compiler asks for the last two. What is read in place of a
// file is named in CaptureArguments.swift.

import ArgumentParser
import HostInterfaces
import Interfaces

/// `null`, `file:OUT`, `stack`, `link:IF`, `raw`, `tun:NAME` or `tap:NAME`.
enum ReplayDestination: ExpressibleByArgument, Equatable {
  case null
  case file(String)
  case stack
  case link(String)
  case raw
  case tun(String)
  case tap(String)

  /// How they are written, for help.
  static let forms = "null, file:OUT, stack, link:IF, raw, tun:NAME or tap:NAME"

  init?(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = parts.count == 2 ? String(parts[1]) : nil
    switch (parts[0], name) {
    case ("null", nil): self = .null
    case ("stack", nil): self = .stack
    case ("raw", nil): self = .raw
    case ("file", let name?) where !name.isEmpty: self = .file(name)
    case ("link", let name?) where !name.isEmpty: self = .link(name)
    case ("tun", let name?) where !name.isEmpty: self = .tun(name)
    case ("tap", let name?) where !name.isEmpty: self = .tap(name)
    default: return nil
    }
  }

  /// Whether packets leave for a network, where they keep their times unless told otherwise.
  var isLive: Bool {
    switch self {
    case .null, .file, .stack: false
    case .link, .raw, .tun, .tap: true
    }
  }

  /// The interface that frames are sent onto, if they are.
  var link: String? {
    if case .link(let name) = self { name } else { nil }
  }

  /// What opens the destination; nil for what is no network of this host.
  ///
  /// - Parameters:
  ///   - isXDP: frames go onto an interface by AF_XDP.
  ///   - farEnd: the interface at which they are heard.
  func output(isXDP: Bool, heardOn farEnd: String?) -> (any PacketOutput)? {
    #if os(Linux)
      switch self {
      case .null, .file, .stack: nil
      case .link(let name): LinkOutput(name, by: isXDP ? .xdp : .packet, heardOn: farEnd)
      case .raw: RawOutput()
      case .tun(let name): TunOutput(name, .tun)
      case .tap(let name): TunOutput(name, .tap)
      }
    #else
      nil
    #endif
  }
}
