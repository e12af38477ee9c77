// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Inspection
import Interfaces
import Libpcap
import Pcap
import Replay

/// `mbuma dump`: a capture as lines, one for each packet.
struct DumpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Show the packets of a capture, one line each.",
    usage: "mbuma dump <file> [<filter>] [options]",
    discussion: """
      Lines and letters are tcpdump's. Addresses are always numbers, TCP's sequence numbers are \
      absolute, and what UDP and TCP carry is not looked into. What is wrong with a packet stands in \
      brackets at the end of its line: why decoding stopped, a wrong checksum, how much of it was \
      captured. With --inner, the packet that a tunnel carries (VXLAN, GENEVE, GRE, IP in IP) stands \
      behind the one around it, on the same line. The file is - for standard input, and may be \
      compressed by gzip, zstd or lz4; the filter, in tcpdump's language, comes last: \
      mbuma dump a.pcap udp port 53.
      """)

  @Argument(help: "A capture file, then a filter.")
  var arguments: [String] = []

  @Option(
    name: [.customShort("r", allowingJoined: true), .customLong("read")],
    help: "The capture file; all arguments are then the filter.")
  var file: String?

  @Option(help: "Show only what matches this expression in tcpdump's language.")
  var filter: String?

  @Option(
    name: [.customShort("c", allowingJoined: true), .customLong("limit")],
    help: "Stop after this many packets.")
  var limit: Quantity?

  @Option(
    name: .customLong("where"),
    help: "Show only packets with any of these faults; several behind commas.")
  var faults: FaultSelection?

  @Option(
    name: [.customShort("w"), .customLong("write")],
    help: """
      Write the packets into this capture, - for standard output, and show none; a name that ends in \
      .gz, .zst or .lz4 has it compressed.
      """)
  var output: String?

  @Flag(
    name: .customLong("lossy"),
    help: "Write the packets alone, without the comments, names and secrets of a pcapng.")
  var isLossy = false

  @Option(help: "Compress that capture by \(CaptureCompression.forms).")
  var compress: CaptureCompression?

  @Flag(help: "Print one JSON object for each packet, on a line of its own.")
  var ndjson = false

  @Flag(
    help: """
      Look at the packets inside of tunnels too: show them, and have --where pick by their faults. A \
      filter stays with the outermost packet.
      """)
  var inner = false

  @Flag(name: .customShort("n"), help: "Show numbers, not names, as is always done.")
  var isNumeric: Int

  @Flag(
    name: .customShort("t"),
    help: """
      -t shows no times, -tt seconds since 1970, -ttt the time since the packet before, -tttt the date \
      too, -ttttt the time since the first packet.
      """)
  var time: Int

  @Flag(
    name: [.customShort("#"), .customLong("number")],
    help: "Show the number of each packet in the capture.")
  var showsNumber = false

  @Flag(name: .customShort("e"), help: "Show the link header, with VLAN tags.")
  var showsLink = false

  @Flag(name: .customShort("v"), help: "Show the fields of IP, and what checksums came to.")
  var verbosity: Int

  @Flag(
    name: .customShort("x"), help: "Show the bytes in hex; with -xx the link header's too.")
  var hex: Int

  @Flag(
    name: .customShort("X"),
    help: "Show the bytes in hex and ASCII; with -XX the link header's too.")
  var text: Int

  /// The files and the filter of the command line.
  private var named: (inputs: [String], filter: String?) {
    if let file {
      let words = arguments.filter { $0 != "--" }.joined(separator: " ")
      return ([file], filter ?? (words.isEmpty ? nil : words))
    }
    return filter.map { (arguments, $0) } ?? CaptureArguments.split(arguments)
  }

  func validate() throws {
    if filter != nil, file == nil ? CaptureArguments.hasSeparator(arguments) : !arguments.isEmpty {
      throw ValidationError("--filter and a filter behind the file are one filter too many")
    }
    let inputs = named.inputs
    if inputs.isEmpty { throw ValidationError("say which capture: mbuma dump FILE") }
    if inputs.count > 1 {
      throw ValidationError(
        "one capture at a time, and \(inputs[0]) and \(inputs[1]) are files: a filter that begins "
          + "with a file's name goes behind --")
    }
    if CaptureArguments.link(inputs[0]) != nil {
      throw ValidationError("dump reads captures: mbuma capture IF -w - | mbuma dump -")
    }
    if let limit, limit.value < 1 { throw ValidationError("--limit must be at least 1") }
    if time > 5 { throw ValidationError("-t has at most five letters: -ttttt") }
    if output != nil, ndjson { throw ValidationError("-w and --ndjson are two kinds of output") }
    if compress != nil, output == nil { throw ValidationError("--compress needs -w FILE") }
    if output.map(StandardStreams.output) == "-", Terminal.isOutput {
      throw ValidationError("standard output is a terminal: -w FILE")
    }
  }

  func run() throws {
    let (inputs, filter) = named
    let files = CaptureFiles(inputs, filter: filter, output: output.map(StandardStreams.output))
    if let conflict = StandardStreams.conflict(in: files) {
      StandardStreams.refuse(conflict, beside: files)
      throw ExitStatus.usage.code
    }
    let control = ReplayControl()
    Interrupts.stop(control)
    var result = Result()
    do throws(PcapError) {
      let changes = BlockJournal.Changes(
        leavesOut: filter != nil || limit != nil || faults != nil)
      let journal = output == nil || isLossy ? nil : BlockJournal(changes)
      var frames = try CaptureFrames(path: inputs[0], filter: filter, copying: journal)
      var packets = try makeOutput(for: frames, path: files.outputPath, copying: journal)
      do throws(PcapError) {
        try dump(&frames, to: &packets, control)
        try packets.close()
      } catch {
        result.error = InterfaceError(error)
        result.isClosed = DumpOutput.isClosed(error)
      }
      result.count = packets.count
      if packets.isClosed { result.isClosed = true }
      result.writeError = packets.isClosed ? 0 : packets.reason
      if let error = frames.filterError {
        Terminal.warn(
          "mbuma: \(error.what), for this packet's link type: \(error.why); packets of it do not match"
        )
      }
      if result.error == nil { result.error = frames.end?.error.map { InterfaceError($0) } }
    } catch {
      result.error = InterfaceError(error)
      result.isClosed = DumpOutput.isClosed(error)
    }
    try end(result, filter, isInterrupted: control.isStopped)
  }

  /// What became of it.
  private struct Result {
    var count = 0
    var isClosed = false
    var writeError: Int32 = 0
    var error: InterfaceError?
  }

  private func end(_ result: Result, _ filter: String?, isInterrupted: Bool) throws {
    // Who closes a pipe has seen what he wanted.
    if result.isClosed { return }
    if result.writeError != 0 {
      Terminal.warn(
        "mbuma: standard output: cannot write: \(systemMessage(result.writeError)); check the space left"
      )
      throw ExitStatus.failed.code
    }
    if let error = result.error {
      Terminal.warn("mbuma: \(error)")
      throw (ExitStatus(rawValue: error.exitCode) ?? .failed).code
    }
    if result.count > 0 || isInterrupted { return }
    let why =
      switch (filter, faults) {
      case (nil, nil): "the input holds none"
      case (let filter?, nil): "none matched the filter \(filter)"
      case (nil, _): "none has a fault that --where names"
      case (let filter?, _): "none matched the filter \(filter) and has a fault that --where names"
      }
    Terminal.warn("mbuma: no packet: \(why)")
    throw ExitStatus.nothing.code
  }

  private func makeOutput(
    for frames: borrowing CaptureFrames, path: String?, copying journal: BlockJournal?
  ) throws(PcapError) -> DumpOutput {
    if let path {
      let isPcapng = frames.format == .pcapng && !isLossy
      return DumpOutput(
        try CaptureWriter(
          path: path, format: CaptureFormat(ofFileNamed: path) ?? (isPcapng ? .pcapng : .pcap),
          linkType: frames.linkType, resolution: frames.resolution,
          compression: compress ?? CaptureCompression(ofFileNamed: path), copying: journal))
    }
    if ndjson { return DumpOutput(showsInner: inner) }
    var style = DumpStyle()
    style.time = [.clock, .none, .epoch, .delta, .date, .sinceFirst][time]
    style.fractionDigits = frames.resolution == .nano ? 9 : 6
    style.showsNumber = showsNumber
    style.showsLink = showsLink
    style.isVerbose = verbosity > 0
    style.showsInner = inner
    style.bytes = text > 0 ? .hexAndText : hex > 0 ? .hex : .none
    style.bytesHaveLink = text > 1 || hex > 1
    style.zoneOffset = LocalZone.offset
    return DumpOutput(style)
  }

  /// Puts out every packet that is wanted.
  private func dump(
    _ frames: inout CaptureFrames, to output: inout DumpOutput, _ control: ReplayControl
  ) throws(PcapError) {
    let limit = limit?.value ?? .max
    let wanted = faults?.faults
    while output.count < limit, output.reason == 0, !control.isStopped {
      if let frame = frames.next() {
        let verdict = FrameVerdict(frame)
        if let wanted {
          let found = inner ? verdict.faultsWithInner(of: frame) : verdict.faults
          if found.isDisjoint(with: wanted) { continue }
        }
        try output.take(frame, verdict)
      } else if frames.mustWait {
        try output.flush()
        frames.wait()
      } else {
        return
      }
    }
  }
}
