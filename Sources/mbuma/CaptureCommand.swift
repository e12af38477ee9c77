// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import HostInterfaces
import Interfaces
import Libpcap
import Mbufs
import Pcap
import Replay
import Reports
import Wire

/// `mbuma capture`: what passes on an interface, into files.
struct CaptureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "capture",
    abstract: "Write what passes on an interface into capture files.",
    usage: "mbuma capture <interface> -w <file> [<filter>] [options]",
    discussion: """
      The letters are those of dumpcap and tcpdump, which agree on them. Files are pcap with \
      nanoseconds, or pcapng where the name ends so. With -b there are several, \
      file_00001_20261129120000.pcap and so on. A name that ends in .gz, .zst or .lz4 has them \
      compressed; filesize counts bytes before that. It ends by -c, by -a, or by Control-C, and then \
      says what was received, written and dropped, and by whom: received is written and all that \
      was dropped.
      """)

  @Argument(help: "The interface, then a filter in tcpdump's language.")
  var arguments: [String] = []

  @Option(
    name: [.customShort("i"), .customLong("interface")],
    help: "The interface; all arguments are then the filter.")
  var interfaceOption: String?

  @Option(
    name: [.customShort("w"), .customLong("write")],
    help: "The file, or - for standard output.")
  var path: String?

  @Option(help: "Compress files by \(CaptureCompression.forms).")
  var compress: CaptureCompression?

  @Option(name: .shortAndLong, help: "Write only what matches this expression.")
  var filter: String?

  @Option(
    name: [.customShort("s"), .customLong("snapshot-length")],
    help: "The most bytes of a frame that are written; 0 for all.")
  var snapshotLength = Quantity(0)

  @Option(name: [.customLong("limit"), .customShort("c")], help: "Stop after this many packets.")
  var limit: Quantity?

  @Option(
    name: [.customShort("a"), .customLong("autostop")],
    help: "Stop by duration:S, filesize:KB, files:N or packets:N.")
  var stop: [CaptureRule] = []

  @Option(
    name: [.customShort("b"), .customLong("ring-buffer")],
    help: "Go on in another file by duration:S, filesize:KB or packets:N; keep files:N.")
  var rotation: [CaptureRule] = []

  @Flag(
    name: [.customShort("U"), .customLong("packet-buffered")],
    help: "Have every packet in the file at once, not a quarter of a second later.")
  var flushes = false

  @Flag(
    name: [.customShort("p"), .customLong("no-promiscuous-mode")],
    help: "Leave out frames for others on the link.")
  var isSelective = false

  @Option(
    name: [.customShort("Q"), .customLong("direction")],
    help: "in for what arrives, inout for what this host sends too.")
  var direction = Direction.inout

  @Flag(
    name: .customLong("xdp"),
    help: "Receive by AF_XDP: what arrives at the first queue, and this host does not get it.")
  var isXDP = false

  @Flag(name: .customLong("micro"), help: "Write microseconds, rounded down.")
  var isMicro = false

  @Option(
    name: .customLong("ring-slots"), help: "Frames that the kernel may keep until they are read.")
  var slots = Quantity(8_192)

  @Option(help: "The most clusters of the pool; 0 is no limit.")
  var limitClusters = Quantity(65_536)

  @Flag(help: "Print one JSON object.")
  var json = false

  @Flag(name: .customLong("no-progress"), help: "Show no progress on a terminal.")
  var hidesProgress = false

  /// Which frames are wanted.
  enum Direction: String, ExpressibleByArgument, CaseIterable {
    case `in`
    case `inout`
  }

  /// The interface, with or without the word that stands before it among files.
  private var interface: String? {
    let name = interfaceOption ?? arguments.first
    return name.map { CaptureArguments.link($0) ?? $0 }
  }

  /// What is to match, if anything is asked for.
  private var expression: String? {
    let words = interfaceOption == nil ? arguments.dropFirst() : arguments[...]
    let text = words.filter { $0 != "--" }.joined(separator: " ")
    return filter ?? (text.isEmpty ? nil : text)
  }

  func validate() throws {
    #if !os(Linux)
      throw ValidationError("this system has no link to capture on: tcpdump has")
    #endif
    guard let interface, !interface.isEmpty, interface != "--" else {
      throw ValidationError("say which interface: mbuma capture eth0 -w FILE")
    }
    guard let path, !path.isEmpty else {
      throw ValidationError("say where frames go: -w FILE, or -w - for standard output")
    }
    if filter != nil, arguments.count > (interfaceOption == nil ? 1 : 0) {
      throw ValidationError("--filter and a filter behind the interface are one too many")
    }
    guard 0...262_144 ~= snapshotLength.value else {
      throw ValidationError("--snapshot-length must be within 0...262144")
    }
    if let limit, limit.value < 1 { throw ValidationError("--limit must be at least 1") }
    guard 16...1_048_576 ~= slots.value else {
      throw ValidationError("--ring-slots must be within 16...1048576")
    }
    if StandardStreams.output(path) == "-" {
      if json { throw ValidationError("--json and -w - both want stdout") }
      if Terminal.isOutput { throw ValidationError("standard output is a terminal: -w FILE") }
    }
    try validateRotation(path)
  }

  private func validateRotation(_ path: String) throws {
    let stopRules = StopRules(stop, packetLimit: nil)
    guard let rotation = CaptureRotation(rotation) else {
      if stopRules.fileCount != nil { throw ValidationError("-a files:N needs -b") }
      return
    }
    guard rotation.hasRule else {
      throw ValidationError(
        "-b files:N needs another -b that says when a file is full: filesize:KB, duration:S or "
          + "packets:N")
    }
    if path == "-" || FileIdentity(output: path)?.isRegular == false {
      throw ValidationError("-b makes files, and \(path) is none")
    }
  }

  func run() throws {
    let path = StandardStreams.output(path ?? "-")
    if rotation.isEmpty,
      let conflict = StandardStreams.conflict(with: CaptureFiles([], output: path))
    {
      Terminal.warn("mbuma: \(conflict)")
      throw ExitStatus.usage.code
    }
    let report = record(interface ?? "", path)
    if let error = report.recording.error { Terminal.warn("mbuma: \(error)") }
    var isReported = true
    if json || report.recording.filesBegun > 0 {
      isReported = Terminal.report(
        json ? report.json.prettyText + "\n" : report.text, isJSON: json,
        toStandardError: path == "-")
    }
    let status = ExitStatus(report.recording)
    if status == .nothing { Terminal.warn("mbuma: no packet was captured") }
    if report.recording.missed > 0 {
      Terminal.warn(
        "mbuma: \(report.recording.missed.counted("packet")) found no room; "
          + "raise --ring-slots or --limit-clusters")
    }
    if status != .done { throw status.code }
    if !isReported { throw ExitStatus.failed.code }
  }

  #if os(Linux)
    /// Opens the interface, then the file, and records.
    private func record(_ interface: String, _ path: String) -> CaptureReport {
      var report = CaptureReport(interface: interface, path: path, isMicro: isMicro)
      let control = ReplayControl()
      Interrupts.stop(control)
      let progress = ProgressLine(
        isShown: !hidesProgress && Terminal.isInteractive, showsRate: false)
      let before = try? InterfaceStatistics(ofKernelInterface: interface).input.drops
      do throws(InterfaceError) {
        let recorder = try recorder(interface, path)
        report.recording = recorder.run(
          clock: Pacer(), isStopped: { control.isStopped }, onProgress: progress.show)
        progress.clear()
      } catch {
        report.recording.end = .failed
        report.recording.error = error
      }
      let after = try? InterfaceStatistics(ofKernelInterface: interface).input.drops
      if let before, let after { report.interfaceDrops = after - before }
      return report
    }

    private func recorder(
      _ interface: String, _ path: String
    ) throws(InterfaceError) -> CaptureRecorder {
      var slotCount = 16
      while slotCount < slots.value { slotCount *= 2 }
      let socket: any PacketSource & ~Copyable =
        if isXDP {
          try XDPSocket(interface, .receiving, slotCount: slotCount)
        } else {
          try PacketSocket(
            interface, direction == .in ? .both : .listening, slotCount: slotCount,
            isPromiscuous: !isSelective)
        }
      let linkType = socket.traits.linkType ?? .ethernet
      var settings = CaptureRecorder.Settings()
      if snapshotLength.value > 0 { settings.snapshotByteCount = snapshotLength.value }
      settings.stop = StopRules(stop, packetLimit: limit?.value)
      settings.flushesAtOnce = flushes
      do throws(PcapError) {
        var filter: (any FrameFilter & ~Copyable)?
        if let expression {
          filter = try PacketFilter(expression, linkType: linkType, of: interface)
        }
        let series = try CaptureSeries(
          path: path, rotation: CaptureRotation(rotation), linkType: linkType,
          resolution: isMicro ? .micro : .nano, snapshotByteCount: settings.snapshotByteCount,
          compression: compress)
        Terminal.warn("mbuma: listening on \(interface), \(linkType.name); Control-C ends it")
        return CaptureRecorder(
          from: socket, into: series, filter: filter, settings: settings,
          pool: MbufPool(clusterLimit: limitClusters.value))
      } catch {
        throw InterfaceError(error)
      }
    }
  #else
    private func record(_ interface: String, _ path: String) -> CaptureReport {
      CaptureReport(interface: interface, path: path, isMicro: isMicro)
    }
  #endif
}

extension ExitStatus {
  /// How a recording ends: by the first of these that happened.
  init(_ recording: RecordingReport) {
    if let error = recording.error {
      self = ExitStatus(rawValue: error.exitCode) ?? .failed
    } else if recording.written == 0 {
      self = .nothing
    } else {
      self = recording.missed > 0 ? .partial : .done
    }
  }
}
