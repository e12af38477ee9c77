// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Interfaces
import Wire

/// Who is a server, on the command line: `server=NET,...`, `client=NET,...` or `port`.
struct SplitRule: ExpressibleByArgument {
  let rule: SideRule

  init?(argument: String) {
    if argument == "port" {
      rule = .byPort
      return
    }
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let networks = parts[1].split(separator: ",", omittingEmptySubsequences: false)
    let prefixes = networks.compactMap { IPPrefix($0) }
    guard prefixes.count == networks.count else { return nil }
    switch parts[0] {
    case "server": rule = .servers(prefixes)
    case "client": rule = .clients(prefixes)
    default: return nil
    }
  }
}
