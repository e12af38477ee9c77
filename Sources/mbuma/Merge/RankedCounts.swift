// SPDX-License-Identifier: BSD-2-Clause
//
// Lists of those with the most packets, added up. What a list leaves out has at most as many packets as
// its last row, so a count that a list does not give is known within that:
//
//     packets - error <= true count <= packets
//     error == sum of the rows' errors + of the last rows of lists that leave it out
//
// as summaries of Space-Saving are merged (Agarwal, Cormode, Huang, Phillips, Wei and Yi, "Mergeable
// Summaries", PODS 2012). Rank is by what is certain.

import Reports

/// Rows with `packets`, and perhaps `error`, of several lists by what they are of.
struct RankedCounts {
  /// One list.
  struct List {
    /// Rows, and what each is of.
    let rows: [(row: JSONValue, key: String)]
    /// Whether nothing is left out.
    let isAll: Bool
    /// What no count can exceed.
    let limit: Int

    /// The most packets of what is left out.
    var leftOut: Int {
      isAll ? 0 : rows.map { $0.row["packets"]?.count ?? 0 }.min() ?? limit
    }
  }

  private struct Row {
    let row: JSONValue
    var packets = 0
    var error = 0
    var sent = 0
    var bytes = 0
    /// The most packets that the lists that have it leave out; no more than all lists do.
    var leftOut = 0
  }

  private var rows: [String: Row] = [:]
  private var leftOut = 0

  /// Adds up lists, each of rows of different things.
  init(_ lists: [List]) {
    for list in lists {
      leftOut = leftOut.saturatingSum(list.leftOut)
      for (value, key) in list.rows {
        var row = rows[key] ?? Row(row: value)
        row.packets = row.packets.saturatingSum(value["packets"]?.count ?? 0)
        row.error = row.error.saturatingSum(value["error"]?.count ?? 0)
        row.sent = row.sent.saturatingSum(value["sent"]?.count ?? 0)
        row.bytes = row.bytes.saturatingSum(value["bytes"]?.count ?? 0)
        row.leftOut = row.leftOut.saturatingSum(list.leftOut)
        rows[key] = row
      }
    }
  }

  /// Whether every count is exact.
  var isExact: Bool { leftOut == 0 && rows.values.allSatisfy { $0.error == 0 } }

  /// The rows with the most certain packets, most first; of equals by what they are of.
  func top(_ limit: Int) -> [JSONValue] {
    let ranked = rows.sorted { a, b in
      let (first, second) = (a.value.packets - a.value.error, b.value.packets - b.value.error)
      return first != second ? first > second : a.key < b.key
    }
    return ranked.prefix(limit).map { _, row in
      let more = leftOut - row.leftOut
      let counts: [(String, JSONValue)] = [
        ("packets", .integer(row.packets.saturatingSum(more))),
        ("error", .integer(row.error.saturatingSum(more))),
        ("sent", .integer(row.sent)), ("bytes", .integer(row.bytes)),
      ]
      let names = (row.row.members ?? []).filter { name, _ in !counts.contains { $0.0 == name } }
      // A port has nothing that it sent.
      return .object(names + counts.filter { $0.0 != "sent" || row.row["sent"] != nil })
    }
  }
}
