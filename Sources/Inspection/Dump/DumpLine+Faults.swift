// SPDX-License-Identifier: BSD-2-Clause

import Wire

extension DumpLine {
  /// What is wrong with the frame, each in brackets behind its line.
  ///
  /// Of a packet inside of another it is not said that it is cut, since the frame is.
  mutating func writeFaults(
    _ frame: borrowing InspectedFrame, _ verdict: FrameVerdict, isInner: Bool = false
  ) {
    if verdict.faults.isEmpty { return }
    let start: StaticString = isInner ? " [inside: " : " ["
    if verdict.decoded.ipv4HeaderChecksum == .invalid { writeBadSum("ip", start) }
    if verdict.transportChecksum == .invalid {
      switch verdict.decoded.transport {
      case .udp: writeBadSum("udp", start)
      case .tcp: writeBadSum("tcp", start)
      case .icmp: writeBadSum("icmp", start)
      case .icmpv6: writeBadSum("icmp6", start)
      case .none, .other: break
      }
    }
    if let stop = verdict.decoded.stop { writeStopSlow(frame.explained(stop), start) }
    if !isInner, verdict.faults.contains(.cut) {
      text.append(" [cut: ")
      text.append(decimal: frame.bytes.byteCount)
      text.append(" of ")
      text.append(decimal: frame.wireByteCount)
      text.append(" bytes]")
    }
  }

  private mutating func writeBadSum(_ name: StaticString, _ start: StaticString) {
    text.append(start)
    text.append("bad ")
    text.append(name)
    text.append(" cksum]")
  }

  @inline(never)
  private mutating func writeStopSlow(_ stop: ParseError, _ start: StaticString) {
    text.append(start)
    text.appendSlow("\(stop)")
    text.append("]")
  }
}
