// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Inspection
import Interfaces
import Pcap
import Replay
import Reports

/// `mbuma info`: what is in captures, and whether they are sane.
struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Tell what is in captures, and whether every frame is sane.",
    usage: "mbuma info <file> ... [-c] [--json | --table] [--inner] [--strict] [--top <n>]",
    discussion: """
      The facts of capinfos under its names, then sizes, protocols, checksums, what is wrong with \
      which frames, and who talks most. Sizes and rates are of bytes on the wire. Checksums are \
      valid, invalid, absent (a UDP datagram over IPv4 sent without one), partial (left to the \
      sender's network card, as in captures taken on the sender) or unverifiable (fragments and \
      frames that the capture cut). Of what is wrong, the first ten frame numbers are given. Of each frame the outermost packet \
      is looked at, and with --inner those inside of VXLAN, GENEVE, GRE and IP in IP by themselves.
      """)

  @Argument(help: "Capture files, - for standard input; compressed by gzip, zstd or lz4, or not.")
  var files: [String]

  @Flag(help: "Print one JSON object.")
  var json = false

  @Flag(help: "Print one line for each file.")
  var table = false

  @Flag(
    name: [.customShort("c"), .customLong("count")],
    help: "Tell the number of packets and no more: they are not looked at.")
  var isCount = false

  @Flag(help: "Print the SHA-256 of each file's bytes too.")
  var hash = false

  @Flag(help: "Look at the packets inside of tunnels too.")
  var inner = false

  @Flag(
    help: """
      Exit with 6 if a frame is undecodable or cut, has a wrong checksum, or goes back in time; with \
      --inner, a packet inside of it too.
      """)
  var strict = false

  @Option(help: "How many addresses and ports to list, those with the most packets: 0...1024.")
  var top = Quantity(5)

  @Flag(name: .customLong("no-progress"), help: "Show no progress on a terminal.")
  var hidesProgress = false

  mutating func validate() throws {
    // Behind it stand files, whatever they are called.
    if let separator = files.firstIndex(of: "--") { files.remove(at: separator) }
    if json, table {
      throw ValidationError("--json and --table are two kinds of output: choose one")
    }
    if isCount, strict {
      throw ValidationError("-c looks at no packet, so --strict would find nothing")
    }
    if isCount, inner {
      throw ValidationError("-c looks at no packet, so --inner would find nothing")
    }
    guard 0...1_024 ~= top.value else { throw ValidationError("--top must be within 0...1024") }
    if files.filter({ $0 == "-" }).count > 1 {
      throw ValidationError("standard input can be read only once")
    }
  }

  func run() throws {
    let conflictless = CaptureFiles(files)
    if let conflict = StandardStreams.conflict(with: conflictless) {
      StandardStreams.refuse(conflict, beside: conflictless)
      throw ExitStatus.usage.code
    }
    let control = ReplayControl()
    Interrupts.stop(control)
    let progress = ProgressLine(isShown: !hidesProgress && Terminal.isInteractive)
    var status = ExitStatus.done
    var isReported = true
    var reports: [JSONValue] = []
    let wants = InfoReport.Wants(
      top: top.value, isCount: isCount, isHash: hash, isInner: inner)
    if table { isReported = Terminal.report(InfoReport.tableHead(wants), isJSON: false) }
    for (index, file) in files.enumerated() where !control.isStopped {
      let report = InfoReport(
        of: file, wants: wants, onProgress: progress.show, isStopped: { control.isStopped })
      progress.clear()
      if let error = report.error {
        Terminal.warn("mbuma: \(error)")
        if status == .done || status == .insane {
          status = ExitStatus(rawValue: error.exitCode) ?? .failed
        }
      } else if strict, !report.isSane, status == .done {
        status = .insane
      }
      if json {
        reports.append(report.json)
      } else if table {
        isReported = Terminal.report(report.tableLine, isJSON: false) && isReported
      } else if let text = report.text {
        let space = index > 0 ? "\n" : ""
        isReported = Terminal.report(space + text, isJSON: false) && isReported
      }
    }
    if json {
      let report = Self.json(reports, top: top.value, wasInterrupted: control.isStopped)
      isReported = Terminal.report(report.prettyText + "\n", isJSON: true)
    }
    if control.isStopped { Terminal.warn("mbuma: interrupted; what is above was read") }
    if status == .insane {
      Terminal.warn("mbuma: --strict: not every frame is sane; the report says which are not")
    }
    if status != .done { throw status.code }
    if !isReported { throw ExitStatus.failed.code }
  }

  /// The report of schema `mbuma.info/1` about some files.
  static func json(_ files: [JSONValue], top: Int, wasInterrupted: Bool) -> JSONValue {
    [
      "schema": "mbuma.info/1", "files": .array(files),
      "total": InfoTotal(of: files, top: top).json, "interrupted": .bool(wasInterrupted),
    ]
  }
}
