// SPDX-License-Identifier: BSD-2-Clause

import Wire

extension DumpLine {
  /// What is wrong with the frame, each in brackets behind its line.
  mutating func writeFaults(_ frame: borrowing InspectedFrame, _ verdict: FrameVerdict) {
    if verdict.faults.isEmpty { return }
    if verdict.decoded.ipv4HeaderChecksum == .invalid { text.append(" [bad ip cksum]") }
    if verdict.transportChecksum == .invalid {
      switch verdict.decoded.transport {
      case .udp: text.append(" [bad udp cksum]")
      case .tcp: text.append(" [bad tcp cksum]")
      case .icmp: text.append(" [bad icmp cksum]")
      case .icmpv6: text.append(" [bad icmp6 cksum]")
      case .none, .other: break
      }
    }
    if let stop = verdict.decoded.stop { writeStopSlow(stop) }
    if verdict.faults.contains(.cut) {
      text.append(" [cut: ")
      text.append(decimal: frame.bytes.byteCount)
      text.append(" of ")
      text.append(decimal: frame.wireByteCount)
      text.append(" bytes]")
    }
  }

  @inline(never)
  private mutating func writeStopSlow(_ stop: ParseError) {
    text.append(" [")
    text.appendSlow("\(stop)")
    text.append("]")
  }
}
