// SPDX-License-Identifier: BSD-2-Clause
import Inspection
import Pcap
import Replay
import Reports
import Wire

extension InfoReport {
  /// What is known of one file, of schema `mbuma.info/1`; what needs the file to be open is null if it
  /// could not be opened.
  var json: JSONValue {
    if wants.isCount { return countJSON }
    let (order, clock) = (summary.order, clock)
    return [
      "file": .string(file),
      "format": opened.map { .string($0.format.rawValue) } ?? .null,
      "compression": opened.flatMap(\.compressionName).map { .string($0) } ?? .null,
      "link_types": .array(linkTypesJSON),
      "time_unit_ns": opened.map { .integer($0.resolution == .nano ? 1 : 1_000) } ?? .null,
      "snapshot_bytes": opened.map { .integer($0.snapshotByteCount) } ?? .null,
      "inferred_snapshot_bytes": summary.cutByteCounts.map { cut in
        ["min": .integer(cut.lowerBound), "max": .integer(cut.upperBound)]
      } ?? .null,
      "packets": .integer(summary.packetCount),
      "packets_without_time": .integer(order.timelessCount),
      "file_bytes": opened?.fileByteCount.map { .integer($0) } ?? .null,
      "data_bytes": .integer(summary.sizes.sum),
      "captured_bytes": .integer(summary.capturedByteCount),
      "duration_ns": order.span.map { .integer($0) } ?? .null,
      "first_time_ns": order.earliest.map { .integer($0) } ?? .null,
      "last_time_ns": order.latest.map { .integer($0) } ?? .null,
      "first_time": order.earliest.map { .string(clock.utc($0)) } ?? .null,
      "last_time": order.latest.map { .string(clock.utc($0)) } ?? .null,
      "rate_byteps": rate(summary.sizes.sum).map { .number($0) } ?? .null,
      "rate_bps": rate(8 * summary.sizes.sum).map { .number($0) } ?? .null,
      "rate_pps": rate(summary.packetCount).map { .number($0) } ?? .null,
      "sizes": sizesJSON,
      "strict_time_order": .bool(order.isStrict),
      "largest_gap": order.frameBehindLargestGap.map { frame in
        ["gap_ns": .integer(order.largestGap), "packet": .integer(frame)]
      } ?? .null,
      "protocols": summary.facts.protocols.json,
      "checksums": summary.facts.checksumsJSON,
      "faults": .object(
        summary.facts.faultsJSON + [
          ("cut", summary.cut.json), ("backward", summary.order.backward.json),
        ]),
      "talkers_exact": .bool(summary.talkers.isExact),
      "addresses": .integer(summary.talkers.addressCount),
      "talkers": .array(summary.talkers.top(wants.top).map(\.json)),
      "ports_used": .integer(summary.ports.usedCount),
      "ports": .array(summary.ports.top(wants.top).map(\.json)),
      "inner": wants.isInner ? summary.inner.json : .null,
      "section_count": .integer(notes?.blocks.sectionCount ?? 0),
      "sections": notes?.sectionsJSON ?? [],
      "interface_count": .integer(notes?.blocks.interfaceCount ?? 0),
      "interfaces": notes?.interfacesJSON ?? [],
      "comments": notes?.commentsJSON ?? Notes.noCommentsJSON,
      "other_blocks": notes?.blocksJSON ?? [:],
      "drops": notes?.dropsJSON ?? .null,
      "sha256": hash.json,
      "sha256_missing": hash.missingJSON,
      "sane": .bool(isSane),
      "end": endName.map { .string($0) } ?? .null,
      "error": error.map(\.json) ?? .null,
    ]
  }

  /// The same where frames are counted and not looked at.
  private var countJSON: JSONValue {
    [
      "file": .string(file),
      "format": opened.map { .string($0.format.rawValue) } ?? .null,
      "packets": .integer(packetCount),
      "file_bytes": opened?.fileByteCount.map { .integer($0) } ?? .null,
      "sha256": hash.json,
      "sha256_missing": hash.missingJSON,
      "end": endName.map { .string($0) } ?? .null,
      "error": error.map(\.json) ?? .null,
    ]
  }

  private var linkTypesJSON: [JSONValue] {
    let found = summary.linkTypes.found.map { row -> JSONValue in
      ["link_type": .string(row.linkType.name), "packets": .integer(row.count)]
    }
    guard let opened, found.isEmpty else { return found }
    return [["link_type": .string(opened.linkType.name), "packets": 0]]
  }

  private var sizesJSON: JSONValue {
    if summary.packetCount == 0 { return .null }
    var histogram = BucketCounts(bucket: SizeCounts.bucket)
    for row in summary.sizes.buckets { histogram.add(row.count, upTo: row.greatest) }
    return [
      "min_bytes": .integer(summary.sizes.least),
      "mean_bytes": .number(summary.sizes.mean),
      "p50_bytes": .integer(summary.sizes.quantile(0.5)),
      "p90_bytes": .integer(summary.sizes.quantile(0.9)),
      "p99_bytes": .integer(summary.sizes.quantile(0.99)),
      "max_bytes": .integer(summary.sizes.greatest),
      "histogram": histogram.json(unit: "bytes"),
    ]
  }
}

extension PacketFacts {
  fileprivate var checksumsJSON: JSONValue {
    let c = checksums
    return [
      "ipv4": c.ipv4.headerJSON, "udp": c.udp.datagramJSON, "tcp": c.tcp.segmentJSON,
      "icmp": c.icmp.headerJSON, "icmpv6": c.icmpv6.segmentJSON,
    ]
  }

  fileprivate var faultsJSON: [(String, JSONValue)] {
    [
      ("undecodable", .object(undecodable.found.map { ($0.stop.name, $0.frames.json) })),
      (
        "bad_checksum",
        .object(badChecksumsByName.filter { $1.count > 0 }.map { ($0, $1.json) })
      ),
    ]
  }
}

extension InnerSummary {
  /// What is inside of tunnels, under the names that it has outside.
  fileprivate var json: JSONValue {
    [
      "packets": .integer(packetCount),
      "tunnels": .object(tunnelsByName.map { ($0, .integer($1)) }),
      "protocols": facts.protocols.json,
      "checksums": facts.checksumsJSON,
      "faults": .object(facts.faultsJSON),
      "deeper": deeper.json,
    ]
  }
}

extension ChecksumCounts {
  /// One number for each result that the checksum of TCP or ICMPv6 may come to.
  fileprivate var segmentJSON: JSONValue {
    [
      "valid": .integer(valid), "invalid": .integer(invalid), "partial": .integer(partial),
      "unverifiable": .integer(unverifiable),
    ]
  }
}

extension InfoReport.Hash {
  fileprivate var json: JSONValue {
    if case .known(let digits) = self { .string(digits) } else { .null }
  }

  fileprivate var missingJSON: JSONValue {
    if case .missing(let why) = self { .string(why) } else { .null }
  }
}

extension FirstFrames {
  /// How many, and the first numbers.
  fileprivate var json: JSONValue {
    ["packets": .integer(count), "first": .array(numbers.map { .integer($0) })]
  }
}

extension Talker {
  fileprivate var json: JSONValue {
    [
      "address": .string("\(address)"), "packets": .integer(packets), "error": .integer(error),
      "sent": .integer(sent), "bytes": .integer(bytes),
    ]
  }
}

extension PortUse {
  fileprivate var json: JSONValue {
    [
      "transport": .string("\(transport)"), "port": .integer(port), "packets": .integer(packets),
      "bytes": .integer(bytes),
    ]
  }
}
