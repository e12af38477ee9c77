// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

/// Which packets are of one flow.
@Suite struct FlowHashTests {
  private func frame(_ bytes: [UInt8]) -> DecodedFrame {
    unsafe DecodedFrame(
      lax: bytes.span.bytes, linkType: .raw, capturedByteCount: bytes.count,
      wireByteCount: bytes.count)
  }

  private func ipv4(
    _ ends: (UInt8, UInt8), _ ports: (UInt16, UInt16), fragment: UInt16 = 0
  ) -> [UInt8] {
    [0x45, 0, 0, 28, 0, 1, UInt8(fragment >> 8), UInt8(fragment & 255), 64, 17, 0, 0]
      + [10, 0, 0, ends.0, 10, 0, 0, ends.1]
      + [UInt8(ports.0 >> 8), UInt8(ports.0 & 255), UInt8(ports.1 >> 8), UInt8(ports.1 & 255)]
      + [0, 8, 0, 0]
  }

  @Test func bothDirectionsAreOneFlow() {
    let there = frame(ipv4((1, 2), (4_000, 53))), back = frame(ipv4((2, 1), (53, 4_000)))
    #expect(there.flowHash == back.flowHash && there.flowHash != 0)
    #expect(there.flowHash != frame(ipv4((1, 2), (4_001, 53))).flowHash)
    #expect(there.flowHash != frame(ipv4((1, 3), (4_000, 53))).flowHash)
  }

  @Test func allFragmentsOfADatagramAreOneFlow() {
    let first = frame(ipv4((1, 2), (4_000, 53), fragment: 0x2000))
    let last = frame(ipv4((1, 2), (17, 23), fragment: 3))
    #expect(first.isFragment && last.isFragment && first.flowHash == last.flowHash)
  }

  @Test func ipv6IsOneFlowInBothDirections() {
    func ipv6(_ ends: (UInt8, UInt8), _ ports: (UInt8, UInt8)) -> DecodedFrame {
      let near = [UInt8](repeating: 0xfd, count: 15) + [ends.0]
      let far = [UInt8](repeating: 0x20, count: 15) + [ends.1]
      let (source, destination) = ends.0 < ends.1 ? (near, far) : (far, near)
      return frame(
        [0x60, 0, 0, 0, 0, 8, 17, 64] + source + destination
          + [0, ports.0, 0, ports.1, 0, 8, 0, 0])
    }
    let there = ipv6((1, 2), (9, 53))
    #expect(there.flowHash != 0 && there.flowHash != ipv6((1, 2), (8, 53)).flowHash)
    // The same addresses, the other way round.
    let near = [UInt8](repeating: 0xfd, count: 15) + [1],
      far = [UInt8](repeating: 0x20, count: 15) + [2]
    let back = frame([0x60, 0, 0, 0, 0, 8, 17, 64] + far + near + [0, 53, 0, 9, 0, 8, 0, 0])
    #expect(there.flowHash == back.flowHash)
  }

  @Test func neighboursSpreadOverAllBits() {
    var counts = [Int](repeating: 0, count: 32)
    for port in 0..<1_024 {
      let hash = frame(ipv4((1, 2), (UInt16(20_000 + port), 53))).flowHash
      for bit in 0..<32 { counts[bit] += Int(hash >> UInt32(bit) & 1) }
    }
    // 512 and five standard deviations, which are 16 each.
    #expect(counts.allSatisfy { (432...592).contains($0) }, "\(counts)")
  }

  @Test func whatHasNoAddressesIsOfNoFlow() {
    #expect(frame([]).flowHash == 0)
    #expect(frame([0x45, 0, 0]).flowHash == 0)
  }
}
