// SPDX-License-Identifier: BSD-2-Clause
//
// What a pcapng says beside its frames, as text and as JSON. Names, where capinfos has them, are its own.

import Inspection
import Interfaces
import Pcap
import Replay
import Reports
import Wire

extension InfoReport.Notes {
  // MARK: JSON

  var sectionsJSON: JSONValue {
    .array(
      blocks.sections.map { section in
        [
          "hardware": section.hardware.map { .string($0) } ?? .null,
          "os": section.system.map { .string($0) } ?? .null,
          "application": section.application.map { .string($0) } ?? .null,
          "comments": .array(section.comments.map { .string($0) }),
        ]
      })
  }

  var interfacesJSON: JSONValue {
    .array(
      blocks.interfaces.enumerated().map { place, interface in
        let facts = interface.facts
        return [
          "section": .integer(interface.section),
          "interface": .integer(interface.number),
          "link_type": .string(facts.linkType.name),
          "snapshot_bytes": .integer(facts.snapshotByteCount),
          "ticks_per_second": facts.ticksPerSecond.map { .integer($0) } ?? .null,
          "offset_s": .integer(facts.offsetInSeconds),
          "name": facts.name.map { .string($0) } ?? .null,
          "description": facts.description.map { .string($0) } ?? .null,
          "filter": facts.filter.map { .string($0) } ?? .null,
          "packets": .integer(packets(of: place)),
          "statistics": .integer(interface.statisticsCount),
          "received": interface.received.map { .integer($0) } ?? .null,
          "dropped": interface.dropped.map { .integer($0) } ?? .null,
          "dropped_by_system": interface.droppedBySystem.map { .integer($0) } ?? .null,
        ]
      })
  }

  static var noCommentsJSON: JSONValue { ["packets": 0, "first": []] }

  var commentsJSON: JSONValue {
    [
      "packets": .integer(commentedCount),
      "first": .array(
        comments.map { ["packet": .integer($0.number), "comment": .string($0.text)] }),
    ]
  }

  var blocksJSON: JSONValue {
    .object(countsByName.map { ($0, .integer($1)) })
  }

  var dropsJSON: JSONValue {
    let (byInterface, bySystem) = blocks.drops
    if byInterface == nil, bySystem == nil { return .null }
    return [
      "interface": byInterface.map { .integer($0) } ?? .null,
      "system": bySystem.map { .integer($0) } ?? .null,
    ]
  }

  private var countsByName: [(String, Int)] {
    let b = blocks.blocks
    return [
      ("name_resolution", b.nameResolution), ("statistics", b.statistics), ("secrets", b.secrets),
      ("journal", b.journal), ("custom", b.custom), ("unknown", b.unknown),
    ]
  }

  // MARK: Text

  /// Lines about where it was captured, and on what.
  var lines: [(String, String)] {
    var lines: [(String, String)] = []
    for section in blocks.sections {
      for (name, text) in [
        ("Capture hardware", section.hardware), ("Capture oper-sys", section.system),
        ("Capture application", section.application),
      ] {
        if let text { lines.append((name, text.printable)) }
      }
      lines += section.comments.map { ("Capture comment", $0.printable) }
    }
    if blocks.sectionCount > 1 {
      lines.append(("Number of sections in file", "\(blocks.sectionCount)"))
    }
    lines.append(("Number of interfaces in file", "\(blocks.interfaceCount)"))
    for (place, interface) in blocks.interfaces.enumerated() {
      let section = blocks.sectionCount > 1 ? " of section \(interface.section)" : ""
      lines.append(("Interface #\(interface.number)\(section)", text(of: interface, at: place)))
    }
    if commentedCount > 0 {
      lines += InfoReport.titled(
        "Packet comments",
        ["\(commentedCount.counted("packet"))"]
          + comments.map { "  packet \($0.number): \($0.text.printable)" })
    }
    let others = countsByName.filter { $1 > 0 }.map {
      "\($0.map { $0 == "_" ? " " : String($0) }.joined()) \($1)"
    }
    if !others.isEmpty { lines.append(("Other blocks", others.joined(separator: ", "))) }
    let (byInterface, bySystem) = blocks.drops
    if byInterface != nil || bySystem != nil {
      let counts = [("by the interface", byInterface), ("by the system", bySystem)]
        .compactMap { name, count in count.map { "\($0) \(name)" } }
      lines.append(("Dropped", counts.joined(separator: ", ")))
    }
    return lines
  }

  private func text(of interface: CaptureNotes.Interface, at place: Int) -> String {
    let facts = interface.facts
    var parts: [String] = []
    if let name = facts.name { parts.append(name.printable) }
    if let description = facts.description { parts.append("\"\(description.printable)\"") }
    parts.append(facts.linkType.name)
    parts.append(
      facts.snapshotByteCount == 0
        ? "no snapshot length" : "snapshot length \(facts.snapshotByteCount)")
    parts.append(facts.unit)
    if let filter = facts.filter { parts.append("filter \"\(filter.printable)\"") }
    parts.append(packets(of: place).counted("packet"))
    return parts.joined(separator: ", ")
  }
}

extension CaptureInterface {
  /// Ticks of its clock in a second; nil if that is no number of 64 bits.
  fileprivate var ticksPerSecond: UInt64? {
    let exponent = tickCode & 0x7f
    if tickCode & 0x80 != 0 { return exponent < 64 ? 1 << UInt64(exponent) : nil }
    guard exponent < 20 else { return nil }
    return (0..<exponent).reduce(1) { ticks, _ in ticks * 10 }
  }

  /// What it counts times in.
  fileprivate var unit: String {
    switch tickCode {
    case 0: "seconds"
    case 3: "milliseconds"
    case 6: "microseconds"
    case 9: "nanoseconds"
    default: "\(tickCode & 0x80 == 0 ? 10 : 2)^-\(tickCode & 0x7f) seconds"
    }
  }
}
