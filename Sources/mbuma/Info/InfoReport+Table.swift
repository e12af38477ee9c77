// SPDX-License-Identifier: BSD-2-Clause
import Inspection
import Pcap

// One line a file, in columns of a fixed width, so that each line can be put out when its file is read.
// The name comes last, whatever bytes are in it.

extension InfoReport {
  private static let columns = [
    ("packets", 10), ("data bytes", 14), ("seconds", 14), ("order", 6), ("undecodable", 11),
    ("bad sums", 8), ("cut", 8), ("end", 11), ("file", 0),
  ]

  /// The names of the columns.
  static var tableHead: String { row(columns.map(\.0)) }

  /// The file's line.
  var tableLine: String {
    let seconds = summary.order.span.map { (Double($0) / 1e9).fixed(2) } ?? "n/a"
    return Self.row([
      "\(summary.packetCount)", "\(summary.sizes.sum)", seconds,
      summary.packetCount == 0 ? "n/a" : summary.order.isStrict ? "strict" : "back",
      "\(summary.undecodable.count)", "\(summary.badChecksums.count)",
      "\(summary.cut.count)",
      end?.name ?? (opened == nil ? "not opened" : "not reached"), file,
    ])
  }

  private static func row(_ values: [String]) -> String {
    zip(columns, values).map { column, value in
      String(repeating: " ", count: max(0, column.1 - value.count)) + value
    }.joined(separator: "  ") + "\n"
  }
}
