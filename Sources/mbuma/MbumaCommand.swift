// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser

/// The `mbuma` command.
@main
struct MbumaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mbuma",
    abstract: "Replay captures through mbufs, make them, and measure what that costs.",
    discussion: """
      Exit status: 0 all done; 1 failed while running; 2 some packets failed; 3 input cut short or \
      corrupt; 4 nothing was done; 5 verification found a difference; 64 usage; 77 permission.
      """,
    version: "0.1.0",
    subcommands: [ReplayCommand.self, CaptureCommand.self, DoctorCommand.self, BenchCommand.self])

  static func main() {
    let arguments = CaptureArguments.ofProcess
    if arguments.first == ReplayCommand._commandName, TcpreplayOptions.answer(arguments.dropFirst())
    {
      exit(withError: ExitStatus.usage.code)
    }
    main(CaptureArguments.keepingSeparator(arguments))
  }
}
