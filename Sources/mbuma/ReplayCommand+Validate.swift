// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Pcap

// What of a replay's options does not go together, each with what to type instead.

extension ReplayCommand {
  /// Refuses what does not go together.
  func refuse() throws {
    if target != nil, interface != nil {
      throw ValidationError("--to and -i both say where packets go")
    }
    if let farEnd {
      if destination.link == nil { throw ValidationError("--verify-on needs --to link:IF") }
      if farEnd.isEmpty || destination == .link(farEnd) {
        throw ValidationError("--verify-on needs the interface at the other end of the link")
      }
    }
    if (serverInterface == nil) != (split == nil) {
      throw ValidationError(
        "--intf2 and --split go together: -i eth0 -I eth1 --split server=10.0.0.0/8")
    }
    if let serverInterface {
      guard let first = destination.link, first != serverInterface, !serverInterface.isEmpty else {
        throw ValidationError("--intf2 is a second interface: the first is -i IF")
      }
      if farEnd != nil { throw ValidationError("--verify-on hears one link: not with --intf2") }
    }
    if isXDP, destination.link == nil, link == nil {
      throw ValidationError("--xdp needs --to link:IF")
    }
    try validateThreads()
    #if !os(Linux)
      if destination.isLive {
        throw ValidationError("this system has no link to replay onto: --to file:OUT")
      }
    #endif
    if filter != nil, CaptureArguments.hasSeparator(arguments) {
      throw ValidationError("--filter and -- are one filter too many")
    }
    if let limit, limit.value < 1 { throw ValidationError("--limit must be at least 1") }
    if let limitBytes, limitBytes.value < 1 {
      throw ValidationError("--limit-bytes must be at least 1")
    }
    if verify || farEnd != nil, isDryRun {
      throw ValidationError("--dry-run sends nothing to verify")
    }
    if isDryRun, loop.value == .max, limit == nil, limitBytes == nil, duration == nil {
      throw ValidationError("--dry-run of a loop for ever has no end: give --limit or --duration")
    }
    if verify, !selection.isEmpty {
      throw ValidationError("--verify compares whole captures: not with --frames, --start or --dlt")
    }
    if merges { try validateMerge() }
    if duration?.nanoseconds == 0 { throw ValidationError("--duration must be above 0") }
    let inputs = named.inputs
    if let link = inputs.compactMap(CaptureArguments.link).first {
      try validate(link, inputs.count)
    }
    if inputs.filter({ $0 == "-" }).count > 1 {
      throw ValidationError("standard input can be read only once")
    }
    let readOnce = inputs.first { name in
      name == "-" || CaptureArguments.link(name) != nil
        || FileIdentity(input: name)?.isRegular == false
    }
    if loop.value > 1, let readOnce {
      throw ValidationError("--loop reads inputs again, which \(readOnce) does not allow")
    }
    try rewriting.validate(verifies: verify, hasMTU: destination.link != nil)
    guard let output = files.outputPath else {
      if verify { throw ValidationError("--verify needs --to file:OUT") }
      if compress != nil { throw ValidationError("--compress needs --to file:OUT") }
      return
    }
    let writtenOnce = output == "-" || FileIdentity(output: output)?.isRegular == false
    if verify, let name = writtenOnce ? output : readOnce {
      throw ValidationError("--verify reads input and output again, which \(name) does not allow")
    }
    if output == "-", json { throw ValidationError("--json and --to file:- both want stdout") }
  }

  /// Refuses what cannot be done with inputs that are merged.
  private func validateMerge() throws {
    if isPreloaded { throw ValidationError("--merge reads as it goes: leave out --preload") }
    if verify {
      throw ValidationError("--verify compares file by file: leave out --merge, or compare later")
    }
    guard case .file = destination, !isLossy else { return }
    for name in named.inputs where isPcapng(name) {
      // What cannot be read to its end has nothing to lose behind that.
      guard let lost = try? BlockReader.lost(of: name) else { continue }
      throw ValidationError(
        "--merge writes the packets alone, and \(name) has \(lost): add --lossy")
    }
  }

  /// Whether an input is known to be a pcapng.
  func isPcapng(_ name: String) -> Bool {
    guard name != "-", FileIdentity(input: name)?.isRegular == true else { return false }
    return (try? CaptureReader(path: name))?.format == .pcapng
  }

  /// Refuses what threads that send cannot do.
  private func validateThreads() throws {
    guard let threads else { return }
    if timing.pacing(isLive: destination.isLive && link == nil) != nil {
      throw ValidationError("--threads sends as fast as it goes: add --topspeed")
    }
    if destination == .null || destination == .stack {
      throw ValidationError("--threads needs an output: --to link:IF, raw or file:OUT")
    }
    if threads.areSeveral {
      let isShared = destination.link != nil && !isXDP || destination == .raw
      if !isShared {
        throw ValidationError("several threads send by packet(7) or raw only: --threads 1")
      }
      if farEnd != nil {
        throw ValidationError(
          "--verify-on compares the order, which several threads keep only of each flow: --threads 1"
        )
      }
    }
  }

  /// Refuses what cannot be done with an interface that is listened to.
  private func validate(_ link: String, _ inputCount: Int) throws {
    #if !os(Linux)
      throw ValidationError("this system has no link to listen to: capture it with tcpdump")
    #endif
    if link.isEmpty { throw ValidationError("link: names no interface") }
    if inputCount > 1 {
      throw ValidationError("link:\(link) has no end: it must be the only input")
    }
    if isPreloaded { throw ValidationError("link:\(link) has no end: --preload needs files") }
    if destination == .link(link) {
      throw ValidationError("what comes from link:\(link) cannot go onto it again")
    }
  }
}
