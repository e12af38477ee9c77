// SPDX-License-Identifier: BSD-2-Clause
import Inspection
import Interfaces
import Pcap

// One line a file, in columns of a fixed width, so that each line can be put out when its file is read.
// The name comes last, whatever bytes are in it.

extension InfoReport {
  private static let columns = [
    ("packets", 10), ("data bytes", 14), ("seconds", 14), ("order", 6), ("undecodable", 11),
    ("bad sums", 8), ("cut", 8), ("end", 11), ("file", 0),
  ]

  /// The names of the columns.
  static func tableHead(_ wants: Wants) -> String { row(columns(wants).map(\.0), wants) }

  /// Where frames are counted alone, the columns that this needs.
  private static func columns(_ wants: Wants) -> [(String, Int)] {
    wants.isCount ? [columns[0]] + columns.suffix(2) : columns
  }

  /// The file's line.
  var tableLine: String {
    let ended = endName ?? (opened == nil ? "not opened" : "not reached")
    if wants.isCount { return Self.row(["\(packetCount)", ended, file.printable], wants) }
    let seconds = summary.order.span.map { (Double($0) / 1e9).fixed(2) } ?? "n/a"
    return Self.row(
      [
        "\(summary.packetCount)", "\(summary.sizes.sum)", seconds,
        summary.packetCount == 0 ? "n/a" : summary.order.isStrict ? "strict" : "back",
        "\(summary.facts.undecodable.count)", "\(summary.facts.badChecksums.count)",
        "\(summary.cut.count)",
        ended, file.printable,
      ], wants)
  }

  private static func row(_ values: [String], _ wants: Wants) -> String {
    zip(columns(wants), values).map { column, value in
      String(repeating: " ", count: max(0, column.1 - value.count)) + value
    }.joined(separator: "  ") + "\n"
  }
}
