// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Pcap

/// What the command itself writes to, standard output for the report and standard error for the
/// rest, beside the captures it reads and writes.
///
/// A report or a message that lands in a capture makes it one that nobody can read.
enum StandardStreams {
  /// The path of an output, which is standard output if it leads into the same pipe, as
  /// `/dev/stdout` may: the report then goes elsewhere.
  static func output(_ path: String) -> String {
    guard let output = FileIdentity(path: path), output.isStream,
      output == FileIdentity(descriptor: 1)
    else { return path }
    return "-"
  }

  /// Why captures would be destroyed or spoilt by one another or by what the command writes, nil if they
  /// would not.
  static func conflict(in files: CaptureFiles) -> String? {
    do throws(PcapError) {
      try files.check()
      return conflict(with: files)
    } catch {
      return "\(error)"
    }
  }

  /// Why captures cannot be read and written beside them, in three parts; nil if they can.
  static func conflict(with files: CaptureFiles) -> String? {
    let (output, errors) = (FileIdentity(descriptor: 1), FileIdentity(descriptor: 2))
    if let input = files.paths.first(where: { isInput($0, 1) }) {
      return "\(PcapError(.isOutput("-"), file: input))"
    }
    if let input = files.paths.first(where: { isInput($0, 2) }) {
      return
        "\(input.printable): input and standard error are one file: messages would overwrite the "
        + "capture; send standard error elsewhere"
    }
    if files.outputPath == "-", FileIdentity.isContinued(descriptor: 1) {
      return "standard output: the file has bytes in it already: with a capture behind them "
        + "nobody can read it; send it to a file of its own"
    }
    guard let path = files.outputPath, let file = FileIdentity(output: path) else {
      return nil
    }
    let name = path == "-" ? "standard output" : path.printable
    if path != "-", file.isOverwritten(byWritingTo: output) {
      return "\(name): output and standard output are one file: the report would overwrite the "
        + "capture; name - as the output, or send standard output elsewhere"
    }
    if file.isOverwritten(byWritingTo: errors) {
      return "\(name): output and standard error are one file: messages would overwrite the "
        + "capture; send standard error elsewhere"
    }
    return nil
  }

  /// Says why captures cannot be read and written, where that spoils none of them.
  static func refuse(_ conflict: String, beside files: CaptureFiles) {
    let message = "mbuma: \(conflict)"
    if !files.paths.contains(where: { isInput($0, 2) }) {
      Terminal.warn(message)
    } else if !files.paths.contains(where: { isInput($0, 1) }), files.outputPath != "-" {
      _ = Terminal.report(message + "\n", isJSON: false)
    }
  }

  /// Whether what is written to a descriptor changes what is read for a path.
  private static func isInput(_ path: String, _ descriptor: Int32) -> Bool {
    let written = FileIdentity(descriptor: descriptor)
    return FileIdentity(input: path)?.isOverwritten(byWritingTo: written) == true
  }
}
