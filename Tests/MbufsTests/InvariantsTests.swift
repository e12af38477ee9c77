// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

@Suite struct InvariantsTests {
  /// Breaks a rule, sees it named, and puts it right again.
  private func expect(
    _ text: String, _ packet: inout Packet, _ spoil: (Mbuf) -> Void, _ mend: (Mbuf) -> Void
  ) {
    #expect(packet.brokenInvariant() == nil)
    spoil(packet.head)
    #expect(packet.brokenInvariant() == text)
    mend(packet.head)
    #expect(packet.brokenInvariant() == nil)
  }

  @Test func everyRuleIsNamed() throws {
    try leakChecked { pool in
      var packet = try pool.smallPacket(headroom: 8)
      try packet.append([UInt8](repeating: 1, count: 60))
      try packet.fragment(into: 40)
      expect(
        "60 bytes in segments, 61 in the header", &packet, { $0.packetByteCount = 61 },
        { $0.packetByteCount = 60 })
      expect(
        "-1 bytes in a segment", &packet, { $0.byteCount = -1 }, { $0.byteCount = 40 })
      expect(
        "bytes 129..<169 of a storage of 168", &packet, { unsafe $0.data += 1 },
        { unsafe $0.data -= 1 })
      expect(
        "a packet header is on the first mbuf of a packet and no other", &packet,
        { $0.next?.flags.insert(.packetHeader) }, { $0.next?.flags.remove(.packetHeader) })
      expect(
        "a packet header is on the first mbuf of a packet and no other", &packet,
        { $0.flags.remove(.packetHeader) }, { $0.flags.insert(.packetHeader) })
      expect(
        "what is not queued has no next packet", &packet, { $0.nextPacket = $0 },
        { $0.nextPacket = nil })
      #expect(packet.allBytes.count == 60)
      packet.head.kind = .cluster
      #expect(packet.brokenInvariant()?.hasPrefix("kind cluster") == true)
      packet.head.kind = .inner
    }
  }

  @Test func brokenRulesTrap() async {
    await #expect(processExitsWith: .failure) {
      let packet = try MbufPool().smallPacket()
      packet.head.packetByteCount = 1
      packet.checkInvariants()
    }
  }

  @Test func aChainInText() throws {
    try leakChecked { pool in
      let memory = LentMemory(isReadOnly: true)
      var packet = try pool.smallPacket(headroom: 100)
      try packet.append([0x45, 0, 0, 0x2e, 1, 0xff])
      var cluster = try pool.packet()
      try cluster.append([UInt8](0..<200))
      let shared = try cluster.sharedCopy(14..<200)
      packet.join(shared)
      packet.join(try pool.packet(over: memory.storage(), byteCount: 2))
      packet.head.last.flags.insert(.endOfRecord)
      packet.head.flags.insert(.broadcast)
      #expect(
        packet.dump(showing: 6) == """
          packet of 194 bytes in 3 segments, 2880 bytes of storage
            0: 6 of 168 bytes at 100, inner, broadcast: 45 00 00 2e 01 ff
            1: 186 of 2048 bytes at 14, cluster, shared: 0e 0f 10 11 12 13 …
            2: 2 of 64 bytes at 0, lent, read-only, end of record: ee ee

          """)
      #expect(
        try pool.smallPacket().dump() == """
          packet of 0 bytes in 1 segment, 256 bytes of storage
            0: 0 of 168 bytes at 0, inner

          """)
      withExtendedLifetime(cluster.byteCount) {}
    }
  }
}
