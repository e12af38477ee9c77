// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser

/// The `mbuma` command.
@main
struct MbumaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mbuma",
    abstract:
      "Look into captures, replay them through mbufs, make them, and measure what that costs.",
    discussion: """
      Exit status: 0 all done; 1 failed while running; 2 some packets failed; 3 input cut short or \
      corrupt; 4 nothing was done; 5 verification found a difference; 6 a frame is not sane, with --strict; 64 usage; \
      77 permission.
      """,
    version: "0.1.0",
    subcommands: [
      InfoCommand.self, DumpCommand.self, ReplayCommand.self, CaptureCommand.self,
      EchoCommand.self, MergeReportsCommand.self, DoctorCommand.self, BenchCommand.self,
    ])

  static func main() { exit(withError: ExitCode(status())) }

  /// Runs the command; what it and its error held is freed before the process ends.
  @inline(never)
  private static func status() -> Int32 {
    let arguments = CaptureArguments.ofProcess
    if arguments.first == ReplayCommand._commandName, TcpreplayOptions.answer(arguments.dropFirst())
    {
      return ExitStatus.usage.rawValue
    }
    do {
      var command = try parseAsRoot(CaptureArguments.keepingSeparator(arguments))
      try command.run()
      return ExitStatus.done.rawValue
    } catch {
      let (code, text) = (exitCode(for: error), fullMessage(for: error))
      if !text.isEmpty {
        if code.isSuccess { print(text) } else { Terminal.warn(text) }
      }
      return code.rawValue
    }
  }
}
