// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Interfaces
import Reports

/// `mbuma doctor`: what works on this machine, and the command that fixes what does not.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Tell what works here, and the command that fixes what does not.",
    usage: "mbuma doctor [<interface>] [--json]",
    discussion: """
      A line for each thing looked at: ok; note, for what is worth knowing before a capture or a \
      replay; fail, for what they cannot do without. Below it is the command that fixes it. \
      Nothing is changed. Exit status: 0 if nothing failed, 77 if only permissions are missing, \
      else 1.
      """)

  @Argument(help: "An interface to look at too.")
  var interface: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  /// The interface, with or without the word that stands before it among files.
  private var name: String? { interface.map { CaptureArguments.link($0) ?? $0 } }

  func validate() throws {
    #if !os(Linux)
      throw ValidationError("this system has no link to replay to, so there is nothing to look at")
    #endif
    if name?.isEmpty == true { throw ValidationError("say which interface: mbuma doctor eth0") }
  }

  func run() throws {
    #if os(Linux)
      let facts = name.map(InterfaceFacts.ofInterface)
      if let facts, facts.error != 0 {
        Terminal.warn(
          "mbuma: cannot look at \(facts.name): \(systemMessage(facts.error)); "
            + "see which interfaces there are: ip link")
        if !json { throw ExitStatus.failed.code }
      }
      let report = DoctorReport(
        interface: name, findings: HostFacts.ofThisProcess().findings + (facts?.findings ?? []))
      let isReported = Terminal.report(
        json ? report.json.prettyText + "\n" : report.text, isJSON: json)
      if report.status != .done { throw report.status.code }
      if !isReported { throw ExitStatus.failed.code }
    #endif
  }
}
