// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Foundation
import Reports

extension Bench {
  var json: JSONValue {
    [
      "schema": "mbuma.bench/1",
      "debug_build": .bool(BuildKind.isDebug),
      "runs": .integer(runCount),
      "run_ns": .integer(Int(runNanoseconds)),
      "rows": .array(rows.map(\.json)),
    ]
  }

  /// A table, one row a line; with `earlier`, how much each row has changed since.
  func text(beside earlier: BenchBaseline?) -> String {
    var lines = [
      Self.line(
        "path", "per", "ns", "min..max", "Mpps", "heap", "baseline", "ns", "ratio",
        earlier == nil ? "" : "then, now/then")
    ]
    for row in rows {
      let then = earlier.map { earlier -> String in
        guard let ns = earlier.medians[row.path] else { return "new" }
        return "\(Self.digits(ns)), \(Self.digits(row.timing.median / ns))"
      }
      lines.append(
        Self.line(
          row.path, row.unit, Self.digits(row.timing.median),
          "\(Self.digits(row.timing.fastest))..\(Self.digits(row.timing.slowest))",
          Self.digits(row.megaRate), row.allocationsPerItem.map(Self.digits) ?? "?",
          row.baseline?.name ?? "", row.baseline.map { Self.digits($0.timing.median) } ?? "",
          row.ratio.map(Self.digits) ?? "", then ?? ""))
    }
    return lines.joined(separator: "\n")
  }

  private static func line(_ columns: String...) -> String {
    let widths = [24, 7, 8, 15, 8, 6, 24, 8, 6, 0]
    let padded = zip(columns, widths).map { column, width in
      column + String(repeating: " ", count: Swift.max(1, width - column.count))
    }
    return String(padded.joined().reversed().drop { $0 == " " }.reversed())
  }

  private static func digits(_ value: Double) -> String {
    String(format: value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value)
  }
}

/// The medians of an earlier report.
struct BenchBaseline {
  let medians: [String: Double]

  init(readingFile path: String) throws {
    struct Report: Decodable {
      struct Row: Decodable {
        let path: String
        let median: Double

        enum CodingKeys: String, CodingKey {
          case path
          case median = "median_ns"
        }
      }
      let schema: String
      let rows: [Row]
    }
    let report: Report
    do {
      // Not `Data(contentsOf:)`, which leaks its buffer when the file is empty.
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? file.close() }
      let data = try file.readToEnd() ?? Data()
      report = try JSONDecoder().decode(Report.self, from: data)
    } catch {
      throw ValidationError("--compare \(path): not a report of mbuma bench --json")
    }
    guard report.schema == "mbuma.bench/1" else {
      throw ValidationError("--compare \(path): schema \(report.schema) is not mbuma.bench/1")
    }
    medians = Dictionary(report.rows.map { ($0.path, $0.median) }) { first, _ in first }
  }
}
