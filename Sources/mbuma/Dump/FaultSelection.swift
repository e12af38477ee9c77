// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Inspection

/// What must be wrong with a frame on the command line: `bad-checksum,undecodable,cut`, any of them.
struct FaultSelection: ExpressibleByArgument {
  let faults: FrameFaults

  static var allValueStrings: [String] { ["bad-checksum", "undecodable", "cut"] }

  init?(argument: String) {
    var faults: FrameFaults = []
    for name in argument.split(separator: ",", omittingEmptySubsequences: false) {
      switch name {
      case "bad-checksum": faults.insert(.badChecksum)
      case "undecodable": faults.insert(.undecodable)
      case "cut": faults.insert(.cut)
      default: return nil
      }
    }
    self.faults = faults
  }
}
