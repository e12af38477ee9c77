// SPDX-License-Identifier: BSD-2-Clause
//
// Capture files as inputs and output of what moves packets.
//
//     check       no input is the output, whatever the two are called
//     open        an input that became the output since is refused; the output is made when the first
//                 input is open, so an input that cannot be read destroys no output
//     compare     frame by frame, in the order in which the inputs were gone through
//
// Inputs are opened by an engine: this library's reader, or another. What is compared is always read by
// this library's, which gives what is in the files and nothing else.
//
// What the output is, once it is there, is remembered: it may get another name meanwhile.

public import Interfaces
import Synchronization
import Wire

/// Capture files to be read one behind the other, and the one to be made of them, if any.
///
///     let files = CaptureFiles(["a.pcap", "b.pcap"], output: "both.pcap")
///
/// Links, names like `/dev/stdin` and `/proc/self/fd/3`, and the standard streams are followed to the
/// file they lead to. Pipes, terminals and null devices may be input and output.
public final class CaptureFiles: Sendable {
  /// The files that are read, "-" for standard input.
  package let paths: [String]
  /// Which frames are read; nil for all.
  package let selection: (any FrameSelection)?
  /// What opens the inputs.
  package let engine: any CaptureEngine
  /// The file that is written, "-" for standard output.
  package let outputPath: String?
  /// What the times of each loop are shifted by whole numbers of, to follow those of the one before.
  private let loopTimeUnit: Int64?
  /// Where what pcapngs have beside frames is noted for the output; nil if it is not kept.
  fileprivate let journal: BlockJournal?
  /// How the output is compressed; nil for as its name says.
  fileprivate let compression: CaptureCompression?
  private let written = Mutex<FileIdentity?>(nil)

  /// Names files; none is opened.
  ///
  /// - Parameters:
  ///   - paths: the files to read, "-" for standard input.
  ///   - selection: which frames are read; nil for all.
  ///   - output: the file to write, "-" for standard output; nil for none.
  ///   - compression: how it is compressed; if nil, as its name says: `.gz`, `.zst`, `.lz4`, or not.
  public convenience init(
    _ paths: [String], selecting selection: (any FrameSelection)? = nil, output: String? = nil,
    compression: CaptureCompression? = nil
  ) {
    self.init(
      paths, selecting: selection, output: output, compression: compression, by: OwnEngine())
  }

  /// The same, with an engine that opens the inputs.
  ///
  /// - Parameters:
  ///   - paths: as above.
  ///   - selection: as above.
  ///   - output: as above.
  ///   - compression: as above.
  ///   - engine: opens the inputs.
  ///   - changes: what is done to packets on their way to the output; nil if what pcapngs have beside
  ///     them is not kept.
  ///   - loopTimeUnit: where the times of each loop follow those of the one before, what they are shifted
  ///     by whole numbers of, in nanoseconds; nil where they stay.
  package init(
    _ paths: [String], selecting selection: (any FrameSelection)?, output: String?,
    compression: CaptureCompression? = nil, by engine: any CaptureEngine,
    keeping changes: BlockJournal.Changes? = nil, loopTimeUnit: Int64? = nil
  ) {
    self.loopTimeUnit = loopTimeUnit
    journal = output == nil ? nil : changes.map(BlockJournal.init)
    self.paths = paths
    self.selection = selection
    self.engine = engine
    outputPath = output
    self.compression = compression
  }

  /// The files that are read; where they are pipes, nothing is waited for.
  public var inputs: [any PacketInput] {
    paths.map { CaptureInput(name: $0, files: self, selection: selection) }
  }

  /// The same without the selection, for those who apply it themselves.
  package var unselectedInputs: [any PacketInput] {
    paths.map { CaptureInput(name: $0, files: self, selection: nil) }
  }

  /// The file that is written; nil if there is none.
  ///
  /// It is a pcapng or a pcap if its name ends so, be it in front of the ending of a compressed file, else a
  /// pcapng if an input is known to be one. A pcap has the link type of the first input.
  ///
  /// It counts microseconds if every input is known to do so, else nanoseconds: so also where an input
  /// is a pcapng, which may describe a finer interface at any place, or cannot be looked at beforehand.
  public var output: (any PacketOutput)? {
    outputPath.map { CaptureOutput(path: $0, files: self) }
  }

  /// Refuses an output that is one of the inputs; opens nothing.
  ///
  /// Opening it would empty the input, and writing to it would feed on itself.
  ///
  /// - Throws: `PcapError` of kind `.isOutput`, about the first such input.
  package func check() throws(PcapError) {
    guard let outputPath else { return }
    let written = FileIdentity(output: outputPath)
    for path in paths {
      let read = FileIdentity(input: path)
      // What is not there yet will be the same file by the same name.
      let isToBeMade = written == nil && read == nil && path == outputPath
      if isToBeMade || read?.isOverwritten(byWritingTo: written) == true {
        throw PcapError(.isOutput(outputPath), file: path)
      }
    }
  }

  /// Opens an input, unless it is the output.
  fileprivate func open(
    _ path: String, selecting selection: (any FrameSelection)?
  ) throws(PcapError) -> any PacketSource & ~Copyable {
    try engine.open(path, selecting: selection, noting: journal) { identity throws(PcapError) in
      guard let outputPath else { return }
      let output = written.withLock { written in
        if written == nil { written = FileIdentity(output: outputPath) }
        return written
      }
      if identity.isOverwritten(byWritingTo: output) {
        throw PcapError(.isOutput(outputPath), file: path)
      }
    }
  }

  /// How the output is laid out: as its name says, else so that it can hold what the inputs do.
  fileprivate var outputFormat: CaptureFormat {
    if let outputPath, let format = CaptureFormat(ofFileNamed: outputPath) { return format }
    if journal?.isEmpty == false { return .pcapng }
    let isAnyPcapng = paths.contains { path in
      guard path != "-", FileIdentity(input: path)?.isRegular == true else { return false }
      return (try? CaptureReader(path: path))?.format == .pcapng
    }
    return isAnyPcapng ? .pcapng : .pcap
  }

  /// Whether one of several inputs may count nanoseconds; a pipe, which would lose what is looked at,
  /// may.
  fileprivate var mayHaveNanoseconds: Bool {
    paths.count > 1
      && paths.contains { path in
        guard let identity = FileIdentity(input: path) else { return false }
        guard identity.isRegular, path != "-" else { return true }
        guard let reader = try? CaptureReader(path: path) else { return false }
        return reader.traits.timeUnitInNanoseconds < 1_000
      }
  }

  /// Compares an output with the inputs in the order in which they were replayed, until `packetCount`
  /// frames are the same.
  ///
  /// Nothing is kept but one frame of each side.
  func compare(
    _ output: inout CaptureReader, loopCount: Int, packetCount: Int
  ) -> PacketComparison {
    var comparison = PacketComparison()
    var times = loopTimeUnit.map { LoopTimes(unitInNanoseconds: $0) }
    var hasBegun = false
    for _ in 0..<loopCount {
      for path in paths where !hasBegun || comparison.packetCount < packetCount {
        guard var reader = try? CaptureReader(path: path, selecting: selection) else { continue }
        hasBegun = true
        comparison.compare(&reader, with: &output, upTo: packetCount, shifting: &times)
        if !comparison.isIdentical { return comparison }
      }
      times?.endLoop()
      if !hasBegun || comparison.packetCount >= packetCount { break }
    }
    comparison.finish(&output, wanted: packetCount)
    return comparison
  }
}

private struct CaptureInput: PacketInput {
  let name: String
  let files: CaptureFiles
  let selection: (any FrameSelection)?

  func open() throws(InterfaceError) -> any PacketSource & ~Copyable {
    do throws(PcapError) {
      return try files.open(name, selecting: selection)
    } catch {
      throw InterfaceError(error)
    }
  }
}

private struct CaptureOutput: PacketOutput {
  let path: String
  let files: CaptureFiles

  func check() throws(InterfaceError) {
    do throws(PcapError) { try files.check() } catch { throw InterfaceError(error) }
  }

  func open(_ traits: LinkTraits) throws(InterfaceError) -> any PacketSink & ~Copyable {
    let format = files.outputFormat
    // Of a pcapng, the type of an interface that other packets are not bound to.
    guard let linkType = traits.linkType ?? (format == .pcapng ? .ethernet : nil) else {
      throw InterfaceError(
        .unsupported, "\(path.printable): cannot write the file",
        why: "its packets have no one link type",
        advice: "keep the packets of one link type in the file")
    }
    let isNano = traits.timeUnitInNanoseconds < 1_000 || files.mayHaveNanoseconds
    do throws(PcapError) {
      return try CaptureWriter(
        path: path, format: format, linkType: linkType,
        resolution: isNano || format == .pcapng ? .nano : .micro,
        compression: files.compression ?? CaptureCompression(ofFileNamed: path),
        copying: files.journal)
    } catch {
      throw InterfaceError(error)
    }
  }

  func compare(loopCount: Int, packetCount: Int) throws(InterfaceError) -> PacketComparison? {
    if path == "-" { return nil }
    do throws(PcapError) {
      var reader = try CaptureReader(path: path)
      return files.compare(&reader, loopCount: loopCount, packetCount: packetCount)
    } catch {
      throw InterfaceError(error)
    }
  }
}
