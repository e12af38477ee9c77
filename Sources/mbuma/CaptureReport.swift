// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Pcap
import Replay
import Reports
import Wire

/// What `mbuma capture` tells at its end.
struct CaptureReport {
  let interface: String
  let path: String
  let isMicro: Bool
  var recording = RecordingReport()
  /// Packets that the interface counted as dropped meanwhile; nil if it is not there any more.
  ///
  /// They never came to the socket, or they did and nobody else on this host wanted them.
  var interfaceDrops: Int?

  /// For people; the same facts as the JSON.
  var text: String {
    let r = recording
    let seconds = Double(r.durationInNanoseconds) / 1e9
    let rate = seconds > 0 ? Int((Double(r.written) / seconds).rounded()) : 0
    var lines = [
      ("received", "\(r.received.counted("packet")) on \(interface), \(r.linkType.name)"),
      (
        "written",
        "\(r.written.counted("packet")), \(r.bytesWritten) bytes in "
          + "\(r.durationInNanoseconds / 1_000_000) ms: \(rate) packets/s"
      ),
    ]
    if r.cut > 0 { lines.append(("cut", "\(r.cut.counted("packet")) of them")) }
    let drops = r.drops.map { "\($0.reason) \($0.count)" }
    lines.append(("dropped", drops.isEmpty ? "none" : drops.joined(separator: ", ")))
    let own = interfaceDrops.map { "\($0.counted("drop")) by its own count" }
    lines.append(("interface", own ?? "not there"))
    let files =
      "\(r.filesBegun.counted("file")), \(r.filesKept) kept, the last is \(r.lastFile.printable)"
    lines.append(("output", path == r.lastFile ? path.printable : files))
    lines.append(("ended", endText))
    return lines.map { name, value in
      name + String(repeating: " ", count: 12 - name.count) + value + "\n"
    }.joined()
  }

  private var endText: String {
    switch recording.end {
    case .stopped: "by a signal"
    case .rule(let rule): "by \(rule.rawValue)"
    case .sourceEnded: "with its source"
    case .failed: "by a failure"
    }
  }

  /// One object, schema `mbuma.capture/1`.
  var json: JSONValue {
    let r = recording
    return [
      "schema": "mbuma.capture/1",
      "interface": .string(interface),
      "link_type": .string(r.linkType.name),
      "file": .string(path),
      "format": "pcap",
      "time_unit_ns": .integer(isMicro ? 1_000 : 1),
      "last_file": r.lastFile.isEmpty ? .null : .string(r.lastFile),
      "files_begun": .integer(r.filesBegun),
      "files_kept": .integer(r.filesKept),
      "packets_received": .integer(r.received),
      "packets_written": .integer(r.written),
      "bytes_written": .integer(r.bytesWritten),
      "packets_cut": .integer(r.cut),
      "drops": .object(r.drops.map { ($0.reason, .integer($0.count)) }),
      "interface_drops": interfaceDrops.map { .integer($0) } ?? .null,
      "duration_ns": .integer(Int(r.durationInNanoseconds)),
      "end": .string(endName),
      "error": r.error.map(\.json) ?? .null,
    ]
  }

  /// One word: `signal`, the rule's name, `source` or `error`.
  private var endName: String {
    switch recording.end {
    case .stopped: "signal"
    case .rule(let rule): rule.rawValue
    case .sourceEnded: "source"
    case .failed: "error"
    }
  }
}
