// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
internal import Mbufs
public import Reports
import UMA
import Wire

extension ReplayReport {
  /// The report as one object, schema `mbuma.replay/1`.
  public var json: JSONValue {
    [
      "schema": "mbuma.replay/1",
      "inputs": .array(inputs.map(\.json)),
      "packets_read": .integer(packetsRead),
      "bytes_read": .integer(bytesRead),
      "packets_sent": .integer(packetsSent),
      "bytes_sent": .integer(bytesSent),
      "loops": .integer(loops),
      "duration_ns": .integer(durationInNanoseconds),
      "rate_pps": .number(packetsPerSecond),
      "rate_bps": .number(bitsPerSecond),
      "confirmed": confirmed.map { .integer($0) } ?? .null,
      "far_end": farEnd.map(\.json) ?? .null,
      "scheduled_ns": scheduledNanoseconds.map { .integer(Int($0)) } ?? .null,
      "backward": .integer(backwardCount),
      "shortened": .integer(shortenedCount),
      "lateness": lateness.isEmpty ? .null : lateness.json,
      "protocols": tally.protocols.json,
      "checksums": [
        "ipv4": tally.ipv4Checksums.headerJSON, "udp": tally.udpChecksums.datagramJSON,
      ],
      "undecodable": .object(stopsByName.map { ($0.name, .integer($0.count)) }),
      "drops": .object(drops.map { ($0.reason, .integer($0.count)) }),
      "zones": .array(pool.zones.map(\.json)),
      "outstanding": .integer(outstanding),
      "dry_run": .bool(isDryRun),
      "interrupted": .bool(wasInterrupted),
      "output_error": outputError.map(\.json) ?? .null,
      "verify": verification.map(\.json) ?? .null,
      "rewrite": rewriting.map(\.json) ?? .null,
      "over_mtu": longPackets.map(\.json) ?? .null,
    ]
  }

  /// Frames whose headers could not be read to the end, by name of layer and reason.
  var stopsByName: [(name: String, count: Int)] {
    tally.stops.map { (stop, count) in (stop.name, count) }
      .sorted { $0.0 < $1.0 }
  }
}

extension ParseError.Stop {
  /// The name in reports: `ipv4_too_short`.
  package var name: String { String(snakeCase: "\(layer)_\(reason)") }
}

extension ProtocolCounts {
  /// One number for each protocol.
  package var json: JSONValue {
    [
      "arp": .integer(arp), "ipv4": .integer(ipv4), "ipv6": .integer(ipv6), "udp": .integer(udp),
      "tcp": .integer(tcp), "icmp": .integer(icmp), "icmpv6": .integer(icmpv6),
      "vlan": .integer(vlan), "qinq": .integer(qinq), "ipv4_fragment": .integer(ipv4Fragment),
      "ipv6_fragment": .integer(ipv6Fragment), "other": .integer(other),
    ]
  }
}

extension ChecksumCounts {
  /// One number for each result that a header's checksum, which is always there, may come to.
  package var headerJSON: JSONValue {
    [
      "valid": .integer(valid), "invalid": .integer(invalid),
      "unverifiable": .integer(unverifiable),
    ]
  }

  /// One number for each result that UDP's checksum may come to.
  package var datagramJSON: JSONValue {
    [
      "valid": .integer(valid), "invalid": .integer(invalid), "absent": .integer(absent),
      "partial": .integer(partial), "unverifiable": .integer(unverifiable),
    ]
  }
}

extension ReplayReport.Input {
  var json: JSONValue {
    [
      "file": .string(name),
      "format": format.map { .string($0) } ?? .null,
      "link_type": linkType.map { .string($0.name) } ?? .null,
      "packets": .integer(packets),
      "bytes": .integer(bytes),
      "end": endName.map { .string($0) } ?? .null,
      "error": error.map(\.json) ?? .null,
    ]
  }

  /// One word for how the input ended: `clean`, `cut`, `corrupt` or `unsupported`.
  ///
  /// Nil if its end was not reached.
  package var endName: String? {
    if let openError { return openError.endName(otherwise: "unsupported") }
    guard case .ended(let error) = end else { return nil }
    return error.map { $0.endName(otherwise: "cut") } ?? "clean"
  }
}

extension InterfaceError {
  /// How an input ends that ends by this error.
  fileprivate func endName(otherwise name: String) -> String {
    switch kind {
    case .cut: "cut"
    case .corrupt: "corrupt"
    case .unsupported: "unsupported"
    default: name
    }
  }

  /// What, why and what to do, and where.
  package var json: JSONValue {
    [
      "what": .string(what), "why": .string(why), "do": .string(advice),
      "packet": packet.map { .integer($0) } ?? .null,
      "offset": byteOffset.map { .integer($0) } ?? .null,
    ]
  }
}

extension RewriteCounts {
  var json: JSONValue {
    ["packets": .integer(rewritten), "out_of_reach": .integer(outOfReach)]
  }
}

extension LongPacketCounts {
  var json: JSONValue {
    [
      "packets": .integer(long), "longest_bytes": .integer(longest), "fitted": .integer(fitted),
      "added": .integer(added), "dropped": .integer(dropped),
    ]
  }
}

extension LinkVerification {
  var json: JSONValue {
    [
      "whole": .bool(isWhole),
      "sent": .integer(sentCount),
      "in_order": .integer(inOrderCount),
      "reordered": .integer(reorderedCount),
      "lost": .integer(lostCount),
      "lost_frames": .array(lostFrames.map { .integer($0) }),
      "foreign": .integer(foreignCount),
      "unheard": .integer(unheardCount),
      "error": error.map(\.json) ?? .null,
    ]
  }
}

extension PacketComparison {
  var json: JSONValue {
    [
      "identical": .bool(isIdentical),
      "packets": .integer(packetCount),
      "first_difference": firstDifference.map { difference in
        [
          "packet": difference.packet.map { .integer($0) } ?? .null,
          "offset": difference.offset.map { .integer($0) } ?? .null,
          "field": .string(difference.field.rawValue),
        ]
      } ?? .null,
    ]
  }
}
