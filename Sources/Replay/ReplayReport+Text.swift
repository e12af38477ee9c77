// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Reports
import Wire

extension ReplayReport {
  /// The report for people; the same facts as the JSON.
  public var text: String {
    var lines = inputs.map(\.text)
    lines.append(line(isDryRun ? "would send" : "replayed", isDryRun ? planned : replayed))
    if !isDryRun, let asked = scheduledNanoseconds, packetsSent > 1 {
      lines.append(line("asked", span(asked)))
    }
    if let confirmed {
      lines.append(line("confirmed", "\(confirmed.counted("packet")) by the system"))
    }
    if let farEnd { lines.append(line("far end", farEnd.text)) }
    if !lateness.isEmpty { lines.append(line("lateness", lateness.text)) }
    if let longPackets { lines.append(line("over mtu", longPackets.text)) }
    if let rewriting { lines.append(line("rewritten", rewriting.text)) }
    let p = tally.protocols
    lines.append(
      line(
        "network",
        Self.list([
          ("arp", p.arp), ("ipv4", p.ipv4), ("ipv6", p.ipv6), ("other", p.other),
          ("vlan", p.vlan), ("qinq", p.qinq), ("ipv4 fragments", p.ipv4Fragment),
          ("ipv6 fragments", p.ipv6Fragment),
        ])))
    lines.append(
      line(
        "transport",
        Self.list([("udp", p.udp), ("tcp", p.tcp), ("icmp", p.icmp), ("icmpv6", p.icmpv6)])))
    lines.append(line("checksums", checksums("ipv4", tally.ipv4Checksums)))
    lines.append(line("", checksums("udp", tally.udpChecksums)))
    lines.append(
      line("undecodable", Self.list(stopsByName.map { ($0.name, UInt64($0.count)) })))
    lines.append(line("dropped", Self.list(drops.map { ($0.reason, UInt64($0.count)) })))
    lines.append(line("outstanding", "\(outstanding) mbufs"))
    if let verification { lines.append(line("verify", verification.text)) }
    if wasInterrupted { lines.append(line("interrupted", "by a signal; what is above was done")) }
    return lines.joined(separator: "\n") + "\n\n" + NetstatReport(pool).text
  }

  private func line(_ name: String, _ value: String) -> String {
    name + String(repeating: " ", count: Swift.max(1, 12 - name.count)) + value
  }

  /// A time in which all packets but the first were to leave, and the rate of that.
  private func span(_ nanoseconds: Int64) -> String {
    let rate = Double(packetsSent - 1) * 1e9 / Double(nanoseconds)
    return "\(Self.digits(Double(nanoseconds) / 1e6)) ms from first to last"
      + (nanoseconds > 0 ? ": \(Self.scaled(rate))pps" : "")
      + (backwardCount > 0 ? "; \(backwardCount.counted("time")) went back" : "")
      + (shortenedCount > 0 ? "; \(shortenedCount.counted("gap")) shortened" : "")
  }

  private var planned: String {
    guard packetsSent > 0 else { return "nothing" }
    return "\(packetsSent.counted("packet")), \(bytesSent) bytes"
      + (loops > 1 ? " (\(loops) loops)" : "")
      + (scheduledNanoseconds.map { ", \(span($0))" } ?? ", as fast as it goes")
  }

  private var replayed: String {
    guard packetsSent > 0, durationInNanoseconds > 0 else { return "nothing" }
    let each = Double(durationInNanoseconds) / Double(packetsSent)
    return "\(packetsSent.counted("packet")), \(bytesSent) bytes in "
      + "\(Self.digits(Double(durationInNanoseconds) / 1e6)) ms"
      + (loops > 1 ? " (\(loops) loops)" : "")
      + ": \(Self.scaled(packetsPerSecond))pps, \(Self.scaled(bitsPerSecond))bit/s"
      + (lateness.isEmpty ? ", \(Self.digits(each)) ns per packet" : "")
  }

  /// Three significant digits and the unit's prefix: "12.5 M", "840 ", "1.20 G".
  private static func scaled(_ value: Double) -> String {
    let scales = [(1e9, "G"), (1e6, "M"), (1e3, "k")]
    guard let (scale, prefix) = scales.first(where: { value >= $0.0 }) else {
      return "\(digits(value)) "
    }
    return "\(digits(value / scale)) \(prefix)"
  }

  private func checksums(_ name: String, _ c: FrameTally.Checksums) -> String {
    name + ": "
      + Self.list([
        ("valid", UInt64(c.valid)), ("invalid", UInt64(c.invalid)), ("absent", UInt64(c.absent)),
        ("partial", UInt64(c.partial)), ("unverifiable", UInt64(c.unverifiable)),
      ])
  }

  /// The counts that are not 0, or "none".
  private static func list(_ counts: [(String, UInt64)]) -> String {
    let present = counts.filter { $0.1 != 0 }.map { "\($0.0) \($0.1)" }
    return present.isEmpty ? "none" : present.joined(separator: ", ")
  }

  /// Three significant digits, without an exponent.
  static func digits(_ value: Double) -> String {
    guard value.isFinite, value < 1e15 else { return "\(value)" }
    let places = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let rounded = Int64((value * scale).rounded())
    let (whole, fraction) = rounded.quotientAndRemainder(dividingBy: Int64(scale))
    if places == 0 { return "\(whole)" }
    let digits = String(fraction)
    return "\(whole)." + String(repeating: "0", count: places - digits.count) + digits
  }
}

extension ReplayReport.Input {
  fileprivate var text: String {
    if packets == 0, end == nil, linkType == nil { return "\(name.printable): nothing read" }
    let kind = [format, linkType?.name].compactMap(\.self).map { "\($0), " }.joined()
    return "\(name.printable): \(kind)\(packets.counted("packet")), "
      + "\(bytes) bytes, end \(endName ?? "not reached")"
  }
}

extension RewriteCounts {
  var text: String {
    rewritten.counted("packet") + (outOfReach == 0 ? "" : ", out of reach in \(outOfReach)")
  }
}

extension LongPacketCounts {
  var text: String {
    if long == 0 { return "none: at most \(longest) bytes behind the link header" }
    let counts = [("made to fit", fitted), ("added", added), ("dropped", dropped)]
    let list = counts.filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    return "\(long.counted("packet")) of up to \(longest) bytes behind the link header"
      + (list.isEmpty ? "" : ": " + list)
  }
}

extension LinkVerification {
  /// One line: all there and in order, or what is not.
  var text: String {
    if isWhole, foreignCount == 0 { return "whole: \(sentCount.counted("frame")) in order" }
    let counts = [
      ("in order", inOrderCount), ("reordered", reorderedCount), ("lost", lostCount),
      ("foreign", foreignCount), ("unheard", unheardCount),
    ]
    let list = counts.filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    let numbers = lostFrames.prefix(10).map(String.init).joined(separator: ", ")
    return (isWhole ? "whole: " : "not whole: ") + list
      + (lostFrames.isEmpty ? "" : "; lost frames \(numbers)")
      + (lostCount > 10 ? " and more" : "")
  }
}

extension PacketComparison {
  /// One line: identical, or what differs first.
  var text: String {
    guard let difference = firstDifference else {
      return "identical: \(packetCount.counted("packet"))"
    }
    var place = ""
    if let packet = difference.packet { place += " at packet \(packet)" }
    if let offset = difference.offset { place += ", byte \(offset)" }
    return "different\(place): \(difference.field.rawValue)"
  }
}

extension Int {
  /// The number with its noun: "1 packet", "2 packets".
  package func counted(_ noun: String) -> String { self == 1 ? "1 \(noun)" : "\(self) \(noun)s" }
}
