// SPDX-License-Identifier: BSD-2-Clause
//
// Merged reports for people: what all files come to together, under the names that one file's report has.

import Interfaces
import Replay
import Reports

extension ReportMerge {
  /// The most files that are named with a fault.
  private static var fileLimit: Int { 5 }

  /// What all of it comes to; `top` is how many addresses and ports are listed.
  func text(top: Int) -> String {
    let lines =
      replay.map(Self.lines(ofReplay:)) ?? Self.lines(of: InfoTotal(of: files, top: top).json)
    return lines.map { InfoReport.line($0, $1) }.joined()
  }

  // MARK: Of info

  private static func lines(of total: JSONValue) -> [(String, String)] {
    let files = ("Files", "\(number(total["files"])) (\(counts(total["ends"])))")
    guard total["data_bytes"] != nil else {
      return [files, ("Number of packets", number(total["packets"]))]
    }
    var lines = [
      files,
      ("File type", counts(total["formats"])),
      ("File encapsulation", linkTypes(total["link_types"])),
      ("Number of packets", number(total["packets"])),
      ("File size", number(total["file_bytes"], "bytes")),
      ("Data size", number(total["data_bytes"], "bytes")),
      ("Captured size", number(total["captured_bytes"], "bytes")),
    ]
    let clock = InfoClock(fractionDigits: 9)
    let (first, last) = (total["first_time_ns"]?.whole, total["last_time_ns"]?.whole)
    lines += [
      (
        "Capture duration",
        total["duration_ns"]?.whole.map { clock.seconds(Int64($0)) + " seconds" } ?? "n/a"
      ),
      ("First packet time", first.map { clock.date(Int64($0)) } ?? "n/a"),
      ("Last packet time", last.map { clock.date(Int64($0)) } ?? "n/a"),
      ("Strict time order", total["strict_time_order"]?.truth == true ? "True" : "False"),
    ]
    let faults = total["faults"]
    if total["strict_time_order"]?.truth != true {
      lines += InfoReport.titled("Backward in time", found(faults?["backward"], ""))
    }
    if let gap = total["largest_gap"]?.present {
      let seconds = clock.seconds(Int64(gap["gap_ns"]?.whole ?? 0))
      let place = "\(gap["file"]?.string?.printable ?? ""), packet \(number(gap["packet"]))"
      lines.append(("Largest gap", "\(seconds) seconds, before \(place)"))
    }
    if let sizes = total["sizes"]?.present { lines.append(("Packet sizes", Self.sizes(sizes))) }
    lines += packets(of: total)
    lines += InfoReport.titled("Cut packets", found(faults?["cut"], ""))
    lines += InfoReport.titled("Talkers", (total["talkers"]?.elements ?? []).map(talker))
    lines += InfoReport.titled("Ports", (total["ports"]?.elements ?? []).map(port))
    if let inner = total["inner"]?.present {
      lines.append(("Inside tunnels", counts(inner["tunnels"])))
      lines += packets(of: inner).map { ($0.isEmpty ? "" : "  " + $0, $1) }
      let deeper = found(inner["deeper"], "")
      if !deeper.isEmpty { lines += InfoReport.titled("  Deeper", deeper) }
    }
    return lines
  }

  /// What packets are, and what is wrong with them.
  private static func packets(of total: JSONValue) -> [(String, String)] {
    var lines = [("Protocols", counts(total["protocols"]))]
    lines += InfoReport.titled("Checksums", nested(total["checksums"]))
    for (name, kind) in [("Bad checksums", "bad_checksum"), ("Undecodable", "undecodable")] {
      let rows = (total["faults"]?[kind]?.members ?? []).flatMap { found($1, $0 + " ") }
      lines += InfoReport.titled(name, rows)
    }
    return lines
  }

  private static func linkTypes(_ rows: JSONValue?) -> String {
    let types = (rows?.elements ?? []).map { row in
      "\(row["link_type"]?.string ?? "") \(number(row["packets"]))"
    }
    return types.isEmpty ? "none" : types.joined(separator: ", ")
  }

  private static func sizes(_ sizes: JSONValue) -> String {
    let names = [
      ("min", "min"), ("median", "p50"), ("90 %", "p90"), ("99 %", "p99"), ("max", "max"),
    ]
    return names.map { name, key in "\(name) \(number(sizes["\(key)_bytes"]))" }
      .joined(separator: ", ") + " bytes"
  }

  /// How many packets, and the first in each of the first files.
  private static func found(_ fault: JSONValue?, _ name: String) -> [String] {
    guard let packets = fault?["packets"]?.count, packets > 0 else { return [] }
    let files = fault?["files"]?.elements ?? []
    let places = files.prefix(fileLimit).map { row in
      "\(row["file"]?.string?.printable ?? ""), packet \(number(row["first_packet"]))"
    }
    let more = files.count > fileLimit ? ["..."] : []
    return ["\(name)\(packets) in \(files.count.counted("file"))"]
      + (places + more).map { "  " + $0 }
  }

  private static func talker(_ row: JSONValue) -> String {
    "\(row["address"]?.string ?? ""): \(packets(row)), \(number(row["sent"])) sent, "
      + number(row["bytes"], "bytes")
  }

  private static func port(_ row: JSONValue) -> String {
    "\(row["transport"]?.string ?? "") \(number(row["port"])): \(packets(row)), "
      + number(row["bytes"], "bytes")
  }

  private static func packets(_ row: JSONValue) -> String {
    let (packets, error) = (row["packets"]?.count ?? 0, row["error"]?.count ?? 0)
    return (error > 0 ? "\(packets - min(error, packets)) to " : "") + packets.counted("packet")
  }

  // MARK: Of replay

  private static func lines(ofReplay report: JSONValue) -> [(String, String)] {
    let inputs = report["inputs"]?.elements ?? []
    let ends = Dictionary(grouping: inputs) { $0["end"]?.string ?? "not reached" }
      .sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.count)" }
    return [
      ("Inputs", "\(inputs.count) (\(ends.joined(separator: ", ")))"),
      (
        "Read",
        "\(number(report["packets_read"])) packets, \(number(report["bytes_read"], "bytes"))"
      ),
      (
        "Sent",
        "\(number(report["packets_sent"])) packets, \(number(report["bytes_sent"], "bytes"))"
      ),
      (
        "Time spent",
        report["duration_ns"]?.whole.map {
          InfoClock(fractionDigits: 9).seconds(Int64($0)) + " seconds"
        } ?? "n/a"
      ),
      ("Protocols", counts(report["protocols"])),
    ] + InfoReport.titled("Checksums", nested(report["checksums"])) + [
      ("Undecodable", counts(report["undecodable"])),
      ("Dropped", counts(report["drops"])),
      ("Outstanding", number(report["outstanding"], "mbufs")),
    ]
  }

  // MARK: Numbers

  private static func number(_ value: JSONValue?, _ unit: String = "") -> String {
    guard let text = value?.present?.text else { return "n/a" }
    return unit.isEmpty ? text : "\(text) \(unit)"
  }

  /// The counts that are not 0, or "none".
  private static func counts(_ value: JSONValue?) -> String {
    let present = (value?.members ?? []).filter { $1.count != 0 }.map { "\($0) \($1.text)" }
    return present.isEmpty ? "none" : present.joined(separator: ", ")
  }

  /// The same of objects in an object, a line each for those that have any.
  private static func nested(_ value: JSONValue?) -> [String] {
    (value?.members ?? []).filter { counts($1) != "none" }.map { "\($0): \(counts($1))" }
  }
}
