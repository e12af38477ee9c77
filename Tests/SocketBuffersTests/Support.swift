// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import Wire

let alice = Endpoint(IPv4Address(192, 0, 2, 1), 5_000)
let bob = Endpoint(IPv4Address(192, 0, 2, 2), 53)
let carol = Endpoint(.v6(IPv6Address(high: 0x2001_0db8_0000_0000, low: 7)), 9)

/// A packet of `byteCount` bytes that all differ from those of another `seed`.
func packet(
  _ pool: MbufPool, _ byteCount: Int, seed: Int = 0, headroom: Int = 40
) throws(MbufError) -> Packet {
  let bytes = payload(byteCount, seed: seed)
  return try unsafe pool.packet(copying: bytes.span.bytes, headroom: headroom)
}

func payload(_ byteCount: Int, seed: Int) -> [UInt8] {
  (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ seed) }
}

/// Compares what an operation that mutates returns, which `#expect` cannot look into.
func expect<Value: Equatable>(
  _ value: Value, is expected: Value, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(value == expected, sourceLocation: sourceLocation)
}

/// A record as a test looks at it.
struct SeenRecord: Equatable {
  var bytes: [UInt8] = []
  /// One letter for each run of mbufs of one type: a(ddress), c(ontrol), d(ata), o(ut-of-band).
  var types = ""
  var isEnded = false
  /// Bytes of each mbuf.
  var byteCounts: [Int] = []
}

extension SocketBuffer {
  /// The records, which are checked on the way.
  func seen() -> [SeenRecord] {
    checkInvariants()
    var records: [SeenRecord] = []
    forEachSegment { place, bytes in
      if place.recordNumber == records.count { records.append(SeenRecord()) }
      let letter =
        switch place.type {
        case .address: "a"
        case .control: "c"
        case .data: "d"
        case .outOfBand: "o"
        case .tag: "t"
        }
      let last = records.count - 1
      unsafe bytes.withUnsafeBytes { unsafe records[last].bytes.append(contentsOf: $0) }
      if !records[last].types.hasSuffix(letter) { records[last].types += letter }
      if place.endsRecord { records[last].isEnded = true }
      records[last].byteCounts.append(bytes.byteCount)
    }
    return records
  }
}
