// SPDX-License-Identifier: BSD-2-Clause
import Inspection
import Interfaces
import Pcap
import Replay
import Reports
import Wire

// Names, units and columns are those of `capinfos -M` where it has the fact; the rest follows.

extension InfoReport {
  /// The facts for people, a line each; nil if the file could not be opened.
  var text: String? {
    guard let opened else { return nil }
    if wants.isCount { return countText(opened) }
    var lines = [
      ("File name", file.printable),
      ("File type", opened.format.rawValue),
      ("File encapsulation", encapsulation(opened)),
      (
        "File timestamp precision",
        opened.resolution == .nano ? "nanoseconds (9)" : "microseconds (6)"
      ),
      ("Packet size limit", snapshot(opened)),
    ]
    if let name = opened.compressionName { lines.insert(("File compression", name), at: 2) }
    if let cut = summary.cutByteCounts {
      lines.append(
        (
          "Packet size limit",
          "inferred: \(cut.lowerBound) bytes"
            + (cut.count > 1 ? " - \(cut.upperBound) bytes (range)" : "")
        ))
    }
    lines.append(("Number of packets", "\(summary.packetCount)"))
    if summary.order.timelessCount > 0 {
      lines.append(("Packets without time", "\(summary.order.timelessCount)"))
    }
    if let bytes = opened.fileByteCount { lines.append(("File size", "\(bytes) bytes")) }
    lines.append(("Data size", "\(summary.sizes.sum) bytes"))
    lines.append(("Captured size", "\(summary.capturedByteCount) bytes"))
    lines += hashLines + timeLines + frameLines
    if let notes { lines += notes.lines }
    lines.append(("End", end?.name ?? "not reached"))
    return lines.map { name, value in Self.line(name, value) }.joined()
  }

  /// The facts where frames are counted and not looked at.
  private func countText(_ opened: Opened) -> String {
    var lines =
      [("File name", file.printable), ("Number of packets", "\(packetCount)")] + hashLines
    // Where all is well, what capinfos -c prints and no more.
    if error != nil || end == nil { lines.append(("End", end?.name ?? "not reached")) }
    return lines.map { name, value in Self.line(name, value) }.joined()
  }

  private var hashLines: [(String, String)] {
    guard wants.isHash else { return [] }
    switch hash {
    case .known(let digits): return [("SHA256", digits)]
    case .missing(let why): return [("SHA256", "not known: \(why)")]
    }
  }

  /// What was asked for of frames: by the header, or by the interfaces of a pcapng.
  private func snapshot(_ opened: Opened) -> String {
    let lengths = notes?.blocks.interfaces.map(\.facts.snapshotByteCount) ?? []
    guard let least = lengths.min(), let most = lengths.max() else {
      return "file hdr: \(opened.snapshotByteCount) bytes"
    }
    // 0 is no limit.
    if least == most { return "interfaces: " + (most == 0 ? "no limit" : "\(most) bytes") }
    return "interfaces: "
      + (least == 0
        ? "no limit, and up to \(most) bytes" : "\(least) bytes - \(most) bytes (range)")
  }

  static func line(_ name: String, _ value: String) -> String {
    // As capinfos has it: two spaces behind a name that is too long for the column.
    let label = name.isEmpty ? "" : name + ":"
    let space = label.count <= 20 ? 21 - label.count : 2
    return label + String(repeating: " ", count: space) + value + "\n"
  }

  private func encapsulation(_ opened: Opened) -> String {
    let found = summary.linkTypes.found
    guard found.count > 1 else { return (found.first?.linkType ?? opened.linkType).name }
    return found.map { "\($0.linkType.name) \($0.count)" }.joined(separator: ", ")
  }

  private var timeLines: [(String, String)] {
    let (order, clock) = (summary.order, clock)
    var lines = [
      ("Capture duration", order.span.map { clock.seconds($0) + " seconds" } ?? "n/a"),
      ("First packet time", order.earliest.map { clock.date($0) } ?? "n/a"),
      ("Last packet time", order.latest.map { clock.date($0) } ?? "n/a"),
      ("Data byte rate", perSecond(summary.sizes.sum, "bytes")),
      ("Data bit rate", perSecond(8 * summary.sizes.sum, "bits")),
      ("Average packet size", summary.sizes.mean.fixed(2) + " bytes"),
      ("Average packet rate", perSecond(summary.packetCount, "packets")),
      ("Strict time order", order.isStrict ? "True" : "False"),
    ]
    if !order.isStrict { lines.append(("Backward in time", Self.found(order.backward))) }
    if let frame = order.frameBehindLargestGap {
      lines.append(
        ("Largest gap", "\(clock.seconds(order.largestGap)) seconds, before packet \(frame)"))
    }
    return lines
  }

  private var frameLines: [(String, String)] {
    var lines: [(String, String)] = []
    if summary.packetCount > 0 {
      var shares: [String] = []
      for (name, share) in [("median", 0.5), ("90 %", 0.9), ("99 %", 0.99)] {
        shares.append("\(name) \(summary.sizes.quantile(share))")
      }
      lines.append(
        (
          "Packet sizes",
          "min \(summary.sizes.least), \(shares.joined(separator: ", ")), "
            + "max \(summary.sizes.greatest) bytes"
        ))
    }
    lines += Self.lines(of: summary.facts)
    lines.append(("Cut packets", summary.cut.count == 0 ? "none" : Self.found(summary.cut)))
    if wants.top > 0 { lines += talkerLines }
    if wants.isInner { lines += innerLines }
    return lines
  }

  /// What packets are, and what is wrong with them.
  private static func lines(of facts: borrowing PacketFacts) -> [(String, String)] {
    let p = facts.protocols
    return [
      (
        "Network",
        list([
          ("arp", p.arp), ("ipv4", p.ipv4), ("ipv6", p.ipv6), ("other", p.other), ("vlan", p.vlan),
          ("qinq", p.qinq), ("ipv4 fragments", p.ipv4Fragment), ("ipv6 fragments", p.ipv6Fragment),
        ])
      ),
      (
        "Transport",
        list([("udp", p.udp), ("tcp", p.tcp), ("icmp", p.icmp), ("icmpv6", p.icmpv6)])
      ),
    ]
      + titled("Checksums", facts.checksumsByName.map { "\($0): \(list($1.named))" })
      + titled(
        "Bad checksums",
        facts.badChecksumsByName.filter { $1.count > 0 }.map { "\($0) " + found($1) })
      + titled(
        "Undecodable", facts.undecodable.found.map { "\($0.stop.name) " + found($0.frames) })
  }

  /// What is inside of tunnels, under the names that it has outside, further in.
  private var innerLines: [(String, String)] {
    let inner = summary.inner.tunnelsByName.map { ($0, UInt64($1)) }
    var lines = [("Inside tunnels", Self.list(inner))]
    if summary.inner.packetCount > 0 {
      lines += Self.lines(of: summary.inner.facts).map { ($0.isEmpty ? "" : "  " + $0, $1) }
    }
    if summary.inner.deeper.count > 0 {
      lines.append(("  Deeper", Self.found(summary.inner.deeper)))
    }
    return lines
  }

  private var talkerLines: [(String, String)] {
    let talkers = summary.talkers.top(wants.top).map { talker in
      // Who took over another's counter is known to have sent no more than this.
      "\(talker.address): "
        + (talker.error > 0 ? "\(talker.packets - talker.error) to " : "")
        + "\(talker.packets.counted("packet")), \(talker.sent) sent, \(talker.bytes) bytes"
    }
    let ports = summary.ports.top(wants.top).map { use in
      "\(use.transport) \(use.port): \(use.packets.counted("packet")), \(use.bytes) bytes"
    }
    return Self.titled("Talkers", talkers) + Self.titled("Ports", ports)
  }

  /// Lines of which the first has a name; "none" if there are none.
  static func titled(_ name: String, _ values: [String]) -> [(String, String)] {
    if values.isEmpty { return [(name, "none")] }
    return values.enumerated().map { index, value in (index == 0 ? name : "", value) }
  }

  /// The counts that are not 0, or "none".
  private static func list(_ counts: [(String, UInt64)]) -> String {
    let present = counts.filter { $0.1 != 0 }.map { "\($0.0) \($0.1)" }
    return present.isEmpty ? "none" : present.joined(separator: ", ")
  }

  /// How many, and where: "12 (packets 3, 4, ...)".
  private static func found(_ frames: FirstFrames) -> String {
    let numbers = frames.numbers.map(String.init).joined(separator: ", ")
    let rest = frames.count > frames.numbers.count ? ", ..." : ""
    return "\(frames.count) (\(frames.count == 1 ? "packet" : "packets") \(numbers)\(rest))"
  }

  private func perSecond(_ count: Int, _ unit: String) -> String {
    rate(count).map { "\($0.fixed(2)) \(unit)/sec" } ?? "n/a"
  }
}

extension PacketFacts {
  /// Checksum counts of the protocols that there are.
  var checksumsByName: [(String, ChecksumCounts)] {
    let c = checksums
    return [
      ("ipv4", c.ipv4), ("udp", c.udp), ("tcp", c.tcp), ("icmp", c.icmp), ("icmpv6", c.icmpv6),
    ].filter { $0.1.total > 0 }
  }

  /// Frames with a wrong checksum by protocol.
  var badChecksumsByName: [(String, FirstFrames)] {
    let b = badChecksums
    return [
      ("ipv4", b.ipv4), ("udp", b.udp), ("tcp", b.tcp), ("icmp", b.icmp), ("icmpv6", b.icmpv6),
    ]
  }
}

extension InnerSummary {
  /// Packets inside by the kind of tunnel.
  var tunnelsByName: [(String, Int)] {
    Tunnel.Kind.allCases.map { ($0.rawValue, count(of: $0)) }
  }
}

extension ChecksumCounts {
  fileprivate var named: [(String, UInt64)] {
    [
      ("valid", UInt64(valid)), ("invalid", UInt64(invalid)), ("absent", UInt64(absent)),
      ("partial", UInt64(partial)), ("unverifiable", UInt64(unverifiable)),
    ]
  }
}
