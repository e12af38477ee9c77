// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Interfaces
import Pcap
import Reports

/// `mbuma merge-reports`: several reports as one.
struct MergeReportsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge-reports",
    abstract: "Merge JSON reports of info, or of replay, into one of the same schema.",
    usage: "mbuma merge-reports <file> ... [--json | --text] [--top <n>]",
    discussion: """
      Reads what info --json or replay --json printed, of many files and many runs, and prints what one \
      run would have told of all of them: counts are sums, times the first and the last, quantiles those \
      of the added histograms, and each kind of fault has the first packet in each file. Several reports \
      may stand behind one another in a file. The report of info A B is that of merged reports of A and \
      of B, byte for byte. What only one run can tell is null in a merged report of replay: the threads \
      of zones, lost frames, and limits and sizes where they differ.
      """)

  @Argument(help: "Files with reports, - for standard input.")
  var files: [String]

  @Flag(help: "Print one JSON object, as if left out.")
  var json = false

  @Flag(help: "Print what all files come to together, for people.")
  var text = false

  @Option(help: "How many addresses and ports to list of all files together: 0...1024.")
  var top = Quantity(5)

  mutating func validate() throws {
    // Behind it stand files, whatever they are called.
    if let separator = files.firstIndex(of: "--") { files.remove(at: separator) }
    if json, text {
      throw ValidationError("--json and --text are two kinds of output: choose one")
    }
    guard 0...1_024 ~= top.value else { throw ValidationError("--top must be within 0...1024") }
    if files.filter({ $0 == "-" }).count > 1 {
      throw ValidationError("standard input can be read only once")
    }
  }

  func run() throws {
    var merge = ReportMerge()
    for file in files {
      do throws(InterfaceError) {
        try merge.read(file)
      } catch {
        Terminal.warn("mbuma: \(error)")
        throw (ExitStatus(rawValue: error.exitCode) ?? .failed).code
      }
    }
    for name in merge.namedTwice {
      Terminal.warn(
        "mbuma: \(name.printable) is in the reports more than once, and counted as often")
    }
    let isReported =
      text
      ? Terminal.report(merge.text(top: top.value), isJSON: false)
      : Terminal.report(merge.json(top: top.value).prettyText + "\n", isJSON: true)
    if !isReported { throw ExitStatus.failed.code }
  }
}
