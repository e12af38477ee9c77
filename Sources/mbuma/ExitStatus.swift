// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser

/// How the command ends; the numbers are promised.
enum ExitStatus: Int32 {
  /// All done.
  case done = 0
  /// Failed while running.
  case failed = 1
  /// Some packets failed.
  case partial = 2
  /// The input was cut short, corrupt or of an unsupported kind.
  case input = 3
  /// Nothing was done.
  case nothing = 4
  /// Verification found a difference.
  case mismatch = 5
  /// A frame is not sane, where `--strict` asks for that.
  case insane = 6
  /// The command line was wrong.
  case usage = 64
  /// A permission is missing.
  case permission = 77

  var code: ExitCode { ExitCode(rawValue) }
}
