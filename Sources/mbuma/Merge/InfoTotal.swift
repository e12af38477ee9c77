// SPDX-License-Identifier: BSD-2-Clause
//
// What all files of a report of `info` come to together, from what the report says of each. So it is the
// same whether one run looked at them or many did, and in whatever order.
//
//     packets, bytes, protocols, checksums, faults    sums
//     times                                           the first, the last, and from one to the other
//     quantiles of sizes                              those of the added histograms
//     order, sanity                                   of all files, each by itself

import Inspection
import Reports
import Wire

/// The total of some files, as the report has them.
struct InfoTotal {
  let files: [JSONValue]
  /// How many addresses and ports are wanted.
  let top: Int

  init(of files: [JSONValue], top: Int) {
    self.files = files
    self.top = top
  }

  /// The total, with the names that a file's report has where it means the same.
  var json: JSONValue {
    // Of packets that were counted and not looked at.
    if files.allSatisfy({ $0["data_bytes"] == nil }) {
      return [
        "files": .integer(files.count), "ends": .object(counts { Self.end(of: $0) }),
        "packets": sum("packets"), "file_bytes": fileBytes,
      ]
    }
    let (first, last) = (time("first") { $0.min() }, time("last") { $0.max() })
    return [
      "files": .integer(files.count),
      "ends": .object(counts { Self.end(of: $0) }),
      "formats": .object(counts { $0["format"]?.string }),
      "link_types": linkTypes,
      "inferred_snapshot_bytes": inferredSnapshot,
      "packets": sum("packets"),
      "packets_without_time": sum("packets_without_time"),
      "file_bytes": fileBytes,
      "data_bytes": sum("data_bytes"),
      "captured_bytes": sum("captured_bytes"),
      "duration_ns": first.flatMap { first in
        last.map { .integer($0.0.saturatingDifference(first.0)) }
      } ?? .null,
      "first_time_ns": first.map { .integer($0.0) } ?? .null,
      "last_time_ns": last.map { .integer($0.0) } ?? .null,
      "first_time": first.map { .string($0.1) } ?? .null,
      "last_time": last.map { .string($0.1) } ?? .null,
      "sizes": sizes,
      "strict_time_order": .bool(files.allSatisfy { $0["strict_time_order"]?.truth != false }),
      "largest_gap": largestGap,
      "protocols": sum("protocols"),
      "checksums": sum("checksums"),
      "faults": Self.faults(of: files, ["undecodable", "bad_checksum"], ["cut", "backward"]),
      "talkers_exact": .bool(talkers.isExact),
      "talkers": .array(talkers.top(top)),
      "ports": .array(ports.top(top)),
      "inner": inner,
      "section_count": sum("section_count"),
      "interface_count": sum("interface_count"),
      "comments": sum("comments")["packets"].map { ["packets": $0] } ?? .null,
      "other_blocks": sum("other_blocks"),
      "drops": drops,
      "sane": .bool(files.allSatisfy { $0["sane"]?.truth == true }),
    ]
  }

  /// What a file's reading came to, in a word.
  private static func end(of file: JSONValue) -> String {
    file["end"]?.string ?? (file["format"]?.string == nil ? "not_opened" : "not_reached")
  }

  /// Files by a word that each has, by ascending words.
  private func counts(_ word: (JSONValue) -> String?) -> [(String, JSONValue)] {
    var counts: [String: Int] = [:]
    for file in files { if let word = word(file) { counts[word, default: 0] += 1 } }
    return counts.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) }
  }

  private func sum(_ name: String) -> JSONValue { Self.sum(name, of: files) }

  private static func sum(_ name: String, of files: [JSONValue]) -> JSONValue {
    let values = files.compactMap { $0[name]?.present }
    guard let first = values.first else { return .null }
    return values.dropFirst().reduce(first, JSONValue.sum)
  }

  /// The lengths of the files; null if a pipe was among them.
  private var fileBytes: JSONValue {
    let isKnown = files.allSatisfy { file in
      file["format"]?.present == nil || file["file_bytes"]?.present != nil
    }
    return isKnown ? sum("file_bytes") : .null
  }

  /// Packets dropped in files that say so; null where none does.
  private var drops: JSONValue {
    let counts = ["interface", "system"].map { name -> (String, JSONValue) in
      let known = files.compactMap { $0["drops"]?[name]?.whole }
      return (name, known.isEmpty ? .null : .integer(known.reduce(0) { $0.saturatingSum($1) }))
    }
    return counts.allSatisfy { $0.1.present == nil } ? .null : .object(counts)
  }

  private var linkTypes: JSONValue {
    var counts: [String: Int] = [:]
    for row in files.flatMap({ $0["link_types"]?.elements ?? [] }) {
      let name = row["link_type"]?.string ?? "unknown"
      counts[name] = counts[name, default: 0].saturatingSum(row["packets"]?.count ?? 0)
    }
    return .array(
      counts.sorted { $0.key < $1.key }.map { name, count in
        ["link_type": .string(name), "packets": .integer(count)]
      })
  }

  private var inferredSnapshot: JSONValue {
    let ranges = files.compactMap { $0["inferred_snapshot_bytes"]?.present }
    guard let least = ranges.compactMap({ $0["min"]?.whole }).min(),
      let most = ranges.compactMap({ $0["max"]?.whole }).max()
    else { return .null }
    return ["min": .integer(least), "max": .integer(most)]
  }

  /// The first or last time of any file, and its text, the longest if several files have it.
  private func time(
    _ name: String, _ choose: ([Int]) -> Int?
  ) -> (Int, String)? {
    let times = files.compactMap { $0["\(name)_time_ns"]?.whole }
    guard let time = choose(times) else { return nil }
    let texts = files.filter { $0["\(name)_time_ns"]?.whole == time }
      .compactMap { $0["\(name)_time"]?.string }
    return (time, texts.max { ($0.count, $0) < ($1.count, $1) } ?? "")
  }

  private var sizes: JSONValue {
    let sizes = files.compactMap { $0["sizes"]?.present }
    guard let least = sizes.compactMap({ $0["min_bytes"]?.whole }).min(),
      let most = sizes.compactMap({ $0["max_bytes"]?.whole }).max()
    else { return .null }
    var histogram = BucketCounts(bucket: SizeCounts.bucket)
    var isWhole = true
    for size in sizes { isWhole = histogram.add(size["histogram"], unit: "bytes") && isWhole }
    func quantile(_ share: Double) -> JSONValue {
      isWhole ? .integer(histogram.quantile(share)) : .null
    }
    let (bytes, packets) = (sum("data_bytes").whole ?? 0, sum("packets").whole ?? 0)
    return [
      "min_bytes": .integer(least),
      "mean_bytes": .number(Double(bytes) / Double(packets)),
      "p50_bytes": quantile(0.5), "p90_bytes": quantile(0.9), "p99_bytes": quantile(0.99),
      "max_bytes": .integer(most),
      "histogram": isWhole ? histogram.json(unit: "bytes") : .null,
    ]
  }

  /// The longest silence within a file, and the file: of equal ones the first by name.
  private var largestGap: JSONValue {
    let gaps = files.compactMap { file -> (gap: Int, name: String, packet: JSONValue)? in
      guard let gap = file["largest_gap"]?["gap_ns"]?.whole else { return nil }
      return (gap, file["file"]?.string ?? "", file["largest_gap"]?["packet"] ?? .null)
    }
    guard let most = gaps.min(by: { ($1.gap, $0.name) < ($0.gap, $1.name) }) else { return .null }
    return ["gap_ns": .integer(most.gap), "file": .string(most.name), "packet": most.packet]
  }

  // MARK: Faults

  /// What is wrong with packets: kinds of which each has rows by name, and kinds that are a row.
  private static func faults(
    of files: [JSONValue], _ named: [String], _ single: [String] = []
  ) -> JSONValue {
    .object(
      named.map { kind in
        let names = Set(files.flatMap { ($0["faults"]?[kind]?.members ?? []).map(\.0) })
        return (
          kind,
          .object(names.sorted().map { name in (name, row(files) { $0["faults"]?[kind]?[name] }) })
        )
      } + single.map { kind in (kind, row(files) { $0["faults"]?[kind] }) })
  }

  /// How many packets have a fault, and the first of them in each file that has any.
  private static func row(
    _ files: [JSONValue], _ rows: (JSONValue) -> JSONValue?
  ) -> JSONValue {
    var (count, found) = (0, [JSONValue]())
    for file in files {
      guard let row = rows(file), let packets = row["packets"]?.whole, packets > 0 else { continue }
      count = count.saturatingSum(packets)
      found.append([
        "file": file["file"] ?? .null, "packets": .integer(packets),
        "first_packet": row["first"]?.elements?.first ?? .null,
      ])
    }
    return ["packets": .integer(count), "files": .array(found)]
  }

  // MARK: Inside of tunnels

  /// The same of the packets inside of tunnels, in the files where they were looked at.
  private var inner: JSONValue {
    let looked = files.compactMap { file -> JSONValue? in
      guard let members = file["inner"]?.members else { return nil }
      return .object(members + [("file", file["file"] ?? .null)])
    }
    if looked.isEmpty { return .null }
    let sums = ["packets", "tunnels", "protocols", "checksums"].map { name in
      (name, Self.sum(name, of: looked))
    }
    return .object(
      sums + [
        ("faults", Self.faults(of: looked, ["undecodable", "bad_checksum"])),
        ("deeper", Self.row(looked) { $0["deeper"] }),
      ])
  }

  // MARK: Who talks most

  var talkers: RankedCounts {
    RankedCounts(
      files.map { file in
        RankedCounts.List(
          rows: (file["talkers"]?.elements ?? []).map { ($0, $0["address"]?.string ?? "") },
          isAll: file["talkers_exact"]?.truth == true
            && file["addresses"]?.whole == file["talkers"]?.elements?.count,
          // A packet may be to and from one address.
          limit: (file["packets"]?.count ?? 0).saturatingSum(file["packets"]?.count ?? 0))
      })
  }

  var ports: RankedCounts {
    RankedCounts(
      files.map { file in
        RankedCounts.List(
          rows: (file["ports"]?.elements ?? []).map { row in
            // By number, where the number of addresses is their text.
            let port = String(row["port"]?.whole ?? 0)
            let digits = String(repeating: "0", count: max(0, 5 - port.count)) + port
            return (row, "\(row["transport"]?.string == "udp" ? 0 : 1) \(digits)")
          },
          isAll: file["ports_used"]?.whole == file["ports"]?.elements?.count,
          limit: file["packets"]?.count ?? 0)
      })
  }
}

extension Int {
  fileprivate func saturatingDifference(_ other: Int) -> Int {
    let (difference, isOver) = subtractingReportingOverflow(other)
    return isOver ? (other < 0 ? .max : .min) : difference
  }
}
