// SPDX-License-Identifier: BSD-2-Clause
//
// Two reports of replays as one, field by field. A rule says what becomes of two values:
//
//     sum         3 + 4 == 7; 3 + null == null: what was not counted everywhere is not known
//     greatest    of two numbers
//     either      of two truths;  both
//     first       that is not null
//     same        one value that both have, else null
//     lost        null: only one run can tell
//
// and every rule is associative, so that merged reports merge. Rates are made anew of the sums.

import Reports

/// Merges reports of schema `mbuma.replay/1`.
enum ReplayMerge {
  private indirect enum Rule {
    case sum
    case greatest
    case either
    case both
    case first
    case same
    case lost
    /// One list behind the other.
    case list
    /// Names and numbers, by ascending names.
    case sorted
    /// By rules of its own; null if it is so in one.
    case fields([(String, Rule)])
    /// A histogram and its quantiles; null adds nothing.
    case lateness
    case zones
  }

  private static let fields: [(String, Rule)] = [
    ("schema", .same), ("inputs", .list), ("packets_read", .sum), ("bytes_read", .sum),
    ("packets_sent", .sum), ("bytes_sent", .sum), ("loops", .greatest), ("duration_ns", .sum),
    ("rate_pps", .lost), ("rate_bps", .lost), ("confirmed", .sum),
    (
      "far_end",
      .fields([
        ("whole", .both), ("sent", .sum), ("in_order", .sum), ("reordered", .sum), ("lost", .sum),
        ("lost_frames", .lost), ("foreign", .sum), ("unheard", .sum), ("error", .first),
      ])
    ),
    ("scheduled_ns", .sum), ("backward", .sum), ("shortened", .sum), ("lateness", .lateness),
    ("protocols", .sum), ("checksums", .sum), ("undecodable", .sorted), ("drops", .sum),
    ("zones", .zones), ("outstanding", .sum), ("dry_run", .either), ("interrupted", .either),
    ("output_error", .first),
    (
      "verify",
      .fields([("identical", .both), ("packets", .sum), ("first_difference", .first)])
    ),
    ("rewrite", .sum),
    (
      "over_mtu",
      .fields([
        ("packets", .sum), ("longest_bytes", .greatest), ("fitted", .sum), ("added", .sum),
        ("dropped", .sum),
      ])
    ),
  ]

  /// What of a zone is no count.
  private static let zoneRules: [String: Rule] = [
    "item": .same, "size_bytes": .same, "limit_items": .same, "stride_bytes": .same, "flags": .same,
    "limit_in_force_items": .same, "reserve_items": .same, "bucket_items": .same, "threads": .lost,
  ]

  /// Both reports as one.
  static func merged(_ a: JSONValue, _ b: JSONValue) -> JSONValue {
    var report = merged(a, b, by: fields)
    let seconds = Double(report["duration_ns"]?.whole ?? 0) / 1e9
    func rate(_ count: Int) -> JSONValue { .number(seconds > 0 ? Double(count) / seconds : 0) }
    let bits = (report["bytes_sent"]?.whole ?? 0).multipliedReportingOverflow(by: 8)
    report.set("rate_pps", rate(report["packets_sent"]?.whole ?? 0))
    report.set("rate_bps", bits.overflow ? .null : rate(bits.partialValue))
    return report
  }

  private static func merged(
    _ a: JSONValue, _ b: JSONValue, by rules: [(String, Rule)]
  ) -> JSONValue {
    .object(rules.map { name, rule in (name, merged(a[name] ?? .null, b[name] ?? .null, rule)) })
  }

  private static func merged(_ a: JSONValue, _ b: JSONValue, _ rule: Rule) -> JSONValue {
    switch rule {
    case .sum: return .sum(a, b)
    case .greatest:
      guard let a = a.whole, let b = b.whole else { return .null }
      return .integer(max(a, b))
    case .either, .both:
      guard let a = a.truth, let b = b.truth else { return .null }
      if case .both = rule { return .bool(a && b) }
      return .bool(a || b)
    case .first: return a.present ?? b
    case .same: return a == b ? a : .null
    case .lost: return .null
    case .list: return .array((a.elements ?? []) + (b.elements ?? []))
    case .sorted:
      return .object((JSONValue.sum(a, b).members ?? []).sorted { $0.0 < $1.0 })
    case .fields(let rules):
      return a.members == nil || b.members == nil ? .null : merged(a, b, by: rules)
    case .lateness:
      guard let a = a.present, let b = b.present else { return a.present ?? b }
      return lateness(a, b)
    case .zones: return zones(a, b)
    }
  }

  /// How late packets were in both, whose quantiles are those of the added histograms.
  private static func lateness(_ a: JSONValue, _ b: JSONValue) -> JSONValue {
    var histogram = BucketCounts { $0 }
    let isWhole =
      histogram.add(a["histogram"], unit: "ns") && histogram.add(b["histogram"], unit: "ns")
    let most = merged(a["max_ns"] ?? .null, b["max_ns"] ?? .null, .greatest)
    func quantile(_ share: Double) -> JSONValue {
      isWhole ? .integer(min(histogram.quantile(share.nextDown), most.whole ?? .max)) : .null
    }
    return [
      "packets": .sum(a["packets"] ?? .null, b["packets"] ?? .null),
      "span_ns": .sum(a["span_ns"] ?? .null, b["span_ns"] ?? .null),
      "p50_ns": quantile(0.5), "p90_ns": quantile(0.9), "p99_ns": quantile(0.99),
      "p999_ns": quantile(0.999), "max_ns": most,
      "histogram": isWhole ? histogram.json(unit: "ns") : .null,
    ]
  }

  /// The zones of two pools, by name.
  private static func zones(_ a: JSONValue, _ b: JSONValue) -> JSONValue {
    var zones = a.elements ?? []
    for zone in b.elements ?? [] {
      guard let place = zones.firstIndex(where: { $0["item"] == zone["item"] }) else {
        zones.append(zone)
        continue
      }
      zones[place] = .object(
        (zones[place].members ?? []).map { name, value in
          (name, merged(value, zone[name] ?? .null, zoneRules[name] ?? .sum))
        })
    }
    return .array(zones)
  }
}

extension JSONValue {
  /// Puts another value in the place of an object's.
  fileprivate mutating func set(_ name: String, _ value: JSONValue) {
    guard var members, let place = members.firstIndex(where: { $0.0 == name }) else { return }
    members[place].1 = value
    self = .object(members)
  }
}
