// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import HostInterfaces
import Interfaces
import Libpcap
import Mbufs
import Pcap
import Replay
import Reports

/// `mbuma replay`: frames through mbufs to a sink.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Read captures into mbufs, decode and count, and send them to a sink.",
    usage: "mbuma replay <file> ... [<filter>] [--to <destination>] [options]",
    discussion: """
      Destinations are \(ReplayDestination.forms). \
      Onto a network packets leave at the capture's own times unless told otherwise; everywhere \
      else as fast as they go. The arguments are capture files, - for standard input, and \
      last, if it names no file, a filter in tcpdump's language: mbuma replay a.pcap udp port 53. \
      Behind -- stands nothing but the filter, and beside --filter nothing but files. In place of \
      files there may be one link:IF: what passes on that interface from now on. Captures may be \
      compressed by gzip, zstd or lz4; OUT is if it ends in .gz, .zst or .lz4.
      """)

  @Argument(help: "Capture files, then a filter.")
  var arguments: [String]

  @Option(help: "Replay only what matches this expression in tcpdump's language.")
  var filter: String?

  @Option(name: .customLong("to"), help: "Where packets go: \(ReplayDestination.forms).")
  var target: ReplayDestination?

  @Option(help: "Compress the file of --to file: by \(CaptureCompression.forms).")
  var compress: CaptureCompression?

  @Option(
    name: [.customShort("i"), .customLong("intf1")], help: "The same as --to link:IF.")
  var interface: String?

  @Option(
    name: [.customShort("I"), .customLong("intf2")],
    help: "The interface for what servers sent; --split tells who they are.")
  var serverInterface: String?

  @Option(
    help: "Who is a server: server=10.0.0.0/8,..., client=10.0.0.0/8,... or port, below 1024.")
  var split: SplitRule?

  @Flag(
    name: .customLong("xdp"),
    help: "Send onto the interface by AF_XDP, or receive by it if packets only come from one.")
  var isXDP = false

  @Option(
    help: "So many threads that send, each its own flows: 1, 2, 4 or 8, beside the one that reads.")
  var threads: SendingThreads?

  @OptionGroup(title: "Timing") var timing: TimingOptions
  @OptionGroup(title: "Rewriting") var rewriting: RewriteOptions

  @OptionGroup(title: "Selection") var selection: SelectionOptions

  @Option(
    name: [.customLong("loop"), .customShort("l")],
    help: "Go through the inputs this often; forever, or 0, until something ends it.")
  var loop = LoopCount(1)

  @Option(
    name: .customLong("loop-times"),
    help: "In a file, have the times of each loop follow those before (shift), or stay (keep).")
  var loopTimes = LoopTimeRule.shift

  /// What becomes of times that are gone through again.
  enum LoopTimeRule: String, ExpressibleByArgument, CaseIterable {
    case shift
    case keep
  }

  @Flag(
    name: .customLong("merge"),
    help: "Go through all captures at once, in the order of their packets' times.")
  var merges = false

  @Flag(
    name: [.customShort("U"), .customLong("packet-buffered")],
    help: "Put packets out as they come, and do not gather them.")
  var isUnbuffered = false

  @Option(
    name: [.customLong("limit"), .customShort("L"), .customShort("c")],
    help: "Stop after this many packets.")
  var limit: Quantity?

  @Option(help: "Stop once so many bytes are sent.")
  var limitBytes: Quantity?

  @Option(
    help: "Stop after this time: seconds, or with a unit, such as 250ms.",
    transform: TimeSpan.seconds)
  var duration: TimeSpan?

  @Option(help: "What reads the captures: own, as the formats say, or libpcap, as it does.")
  var engine = Engine.own

  /// What reads captures.
  enum Engine: String, ExpressibleByArgument, CaseIterable {
    case own
    case libpcap
  }

  @Flag(
    name: .customLong("lossy"),
    help: """
      Write the packets alone, without the comments, names and secrets of a pcapng, which a pcap has no \
      place for.
      """)
  var isLossy = false

  @Flag(help: "Read the output again and compare it with the input.")
  var verify = false

  @Option(
    name: .customLong("verify-on"),
    help:
      "The interface at the far end of the link, where what arrives is compared with what was sent."
  )
  var farEnd: String?

  @Flag(
    name: .customLong("dry-run"),
    help: "Send nothing: tell what would be sent, how long it would take, what would be refused.")
  var isDryRun = false

  @Flag(help: "Print one JSON object.")
  var json = false

  @Flag(
    name: [.customLong("preload"), .customLong("preload-pcap"), .customShort("K")],
    help: "Read all packets into memory before the first leaves.")
  var isPreloaded = false

  @Option(
    help: """
      The most clusters of the pool, 0 for no limit; 65536 unless told otherwise, none with \
      --preload.
      """)
  var limitClusters: Quantity?

  @Flag(name: .customLong("no-progress"), help: "Show no progress on a terminal.")
  var hidesProgress = false

  /// Where packets go.
  var destination: ReplayDestination { target ?? interface.map { .link($0) } ?? .null }

  func validate() throws { try refuse() }

  /// The inputs and the filter of the command line.
  var named: (inputs: [String], filter: String?) {
    filter.map { (arguments, $0) } ?? CaptureArguments.split(arguments)
  }

  /// The interface that is listened to, if one is.
  var link: String? { named.inputs.first.flatMap(CaptureArguments.link) }

  /// The files of the command line.
  var files: CaptureFiles {
    var (inputs, filter) = named
    if link != nil { inputs = [] }
    var output: String?
    if case .file(let path) = destination { output = StandardStreams.output(path) }
    let selection = filter.map { FilterExpression($0) }
    // What is held in memory, or read by libpcap, is packets alone.
    let changes = isLossy || isPreloaded || merges || engine == .libpcap ? nil : changes
    return CaptureFiles(
      inputs, selecting: selection, output: output, compression: compress,
      by: engine == .own ? OwnEngine(mapsFiles: true) : LibpcapEngine(), keeping: changes,
      loopTimeUnit: loopTimeUnit)
  }

  /// What the times of loops are shifted by whole numbers of: an interface of a pcapng may count
  /// milliseconds, or powers of two; nil where they stay.
  private var loopTimeUnit: Int64? {
    guard loopTimes == .shift, loop.value > 1 else { return nil }
    return named.inputs.contains(where: isPcapng) ? 1_000_000_000 : 1_000
  }

  /// What happens to packets on their way to a file.
  private var changes: BlockJournal.Changes {
    let isPart = limit != nil || limitBytes != nil || duration != nil || limitClusters != nil
    let isFiltered = named.filter != nil || !selection.isEmpty
    let edits = !rewriting.isEmpty || selection.linkType != nil
    return BlockJournal.Changes(
      leavesOut: isPart || edits || isFiltered, edits: edits,
      linkType: selection.linkTypeNumber)
  }

  /// What the command line asks for.
  private func plan(_ files: CaptureFiles) -> ReplayPlan {
    var plan = ReplayPlan(
      inputs: inputs(files), destination: sink(files), loopCount: loop.value, limit: limit?.value,
      timeLimit: duration?.nanoseconds,
      // What comes from a link comes in its own time.
      pacing: timing.pacing(isLive: destination.isLive && link == nil), isPreloaded: isPreloaded,
      verifies: verify)
    plan.byteLimit = limitBytes?.value
    plan.isDryRun = isDryRun
    plan.mergesInputs = merges && inputs(files).count > 1
    plan.isUnbuffered = isUnbuffered
    if case .file = destination { plan.loopTimeUnit = loopTimeUnit }
    return plan
  }

  private func inputs(_ files: CaptureFiles) -> [any PacketInput] {
    #if os(Linux)
      if let link {
        let isReceived = isXDP && destination.link == nil
        let input = LinkInput(link, by: isReceived ? .xdp : .packet)
        return [
          selection.converted(files.selection.map { FilteredInput(input, $0.expression) } ?? input)
        ]
      }
    #endif
    return selection.inputs(of: files)
  }

  private func sink(_ files: CaptureFiles) -> ReplayPlan.Destination {
    let threaded = { threads?.output($0) ?? $0 }
    if let output = destination.output(isXDP: isXDP, heardOn: farEnd) {
      guard let serverInterface, let split,
        let second = ReplayDestination.link(serverInterface).output(isXDP: isXDP, heardOn: nil)
      else { return .output(threaded(output)) }
      return .output(
        SplitOutput(client: threaded(output), server: threaded(second), by: split.rule))
    }
    return files.output.map { .output(threaded($0)) } ?? (destination == .stack ? .stack : .null)
  }

  func run() throws {
    let files = files
    if let conflict = StandardStreams.conflict(in: files) {
      StandardStreams.refuse(conflict, beside: files)
      throw ExitStatus.usage.code
    }
    if merges { OpenFiles.allow(files.paths.count) }
    let pool = MbufPool(clusterLimit: limitClusters?.value ?? (isPreloaded ? 0 : 65_536))
    let progress = ProgressLine(isShown: !hidesProgress && Terminal.isInteractive)
    let control = ReplayControl(onProgress: progress.show)
    Interrupts.stop(control)
    let report = Replay(rewriting.applied(to: plan(files)), pool: pool, control: control).run()
    progress.clear()
    for error in report.inputs.compactMap(\.error) + (report.outputError.map { [$0] } ?? []) {
      Terminal.warn("mbuma: \(error)")
    }
    // What failed before the first packet is said above; a page of zeroes adds nothing.
    let isEmpty = report.packetsRead == 0 && report.hasFailed
    let isReported =
      isEmpty && !json
      || Terminal.report(
        json ? report.json.prettyText + "\n" : report.text, isJSON: json,
        toStandardError: files.outputPath == "-")
    let status = ExitStatus(report)
    if status == .nothing {
      Terminal.warn(
        "mbuma: no packet was replayed: \(whyNothing(report, files.selection?.expression))")
    } else if report.wasInterrupted {
      Terminal.warn("mbuma: interrupted after \(report.packetsSent.counted("packet"))")
    }
    if !report.isConfirmed, let confirmed = report.confirmed {
      Terminal.warn(
        "mbuma: the interface sent \(confirmed) of \(report.packetsSent.counted("packet")); "
          + "look at its drops: ip -s link")
    }
    if let found = report.farEnd, !found.isWhole {
      Terminal.warn(
        "mbuma: \(farEnd ?? "") heard \(found.inOrderCount) of \(found.sentCount.counted("frame")) in "
          + "their places" + (found.error.map { "; \($0)" } ?? ""))
    }
    if report.outstanding != 0 {
      Terminal.warn("mbuma: \(report.outstanding) mbufs are still out: this is a bug of mbuma")
    }
    if status != .done { throw status.code }
    if !isReported { throw ExitStatus.failed.code }
  }

  private func whyNothing(_ report: ReplayReport, _ filter: String?) -> String {
    if report.wasInterrupted { return "a signal came first" }
    if report.packetsRead == 0 {
      return filter.map { "none matched the filter \($0)" }
        ?? (selection.isEmpty
          ? "the input holds none" : "none is within --frames, --start and --end")
    }
    let all = "all \(report.packetsDropped) were dropped"
    if report.drops.allSatisfy({ $0.reason == "pool_exhausted" }) {
      return "\(all); raise --limit-clusters"
    }
    if let long = report.longPackets, long.dropped == report.packetsDropped {
      return "\(all): they are longer than the MTU"
    }
    return "\(all): " + report.drops.map { "\($0.reason) \($0.count)" }.joined(separator: ", ")
  }
}

extension ExitStatus {
  /// How a replay ends: by the first of these that happened, the first of its inputs that failed.
  init(_ report: ReplayReport) {
    if report.outstanding != 0 {
      self = .failed
    } else if let error = report.outputError {
      self = ExitStatus(rawValue: error.exitCode) ?? .failed
    } else if report.verification?.isIdentical == false || report.farEnd?.isWhole == false
      || !report.isConfirmed
    {
      self = .mismatch
    } else if let error = report.inputs.compactMap(\.error).first {
      self = ExitStatus(rawValue: error.exitCode) ?? .failed
    } else if report.packetsSent == 0 {
      self = .nothing
    } else {
      let long = report.longPackets ?? LongPacketCounts()
      let isPartial = report.denied + report.failed + long.mustNotFragment + long.unfit > 0
      self = isPartial ? .partial : .done
    }
  }
}
