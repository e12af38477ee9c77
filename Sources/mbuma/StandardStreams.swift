// SPDX-License-Identifier: BSD-2-Clause
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

  /// Why captures cannot be read and written beside them, in three parts; nil if they can.
  static func conflict(with files: CaptureFiles) -> String? {
    let (output, errors) = (FileIdentity(descriptor: 1), FileIdentity(descriptor: 2))
    let readsOverwritten = files.paths.first { input in
      FileIdentity(input: input)?.isOverwritten(byWritingTo: output) == true
    }
    if let readsOverwritten { return "\(PcapError(.isOutput("-"), file: readsOverwritten))" }
    guard let path = files.outputPath, let file = FileIdentity(output: path) else {
      return nil
    }
    let name = path == "-" ? "standard output" : path
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
}
