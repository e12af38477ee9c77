// SPDX-License-Identifier: BSD-2-Clause
import HostInterfaces
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

#if os(Linux)
  import Glibc

  /// Devices as outputs, by what the host itself counts.
  @Suite struct TunOutputTests {
    private func datagrams(_ pool: MbufPool, _ count: Int) throws -> PacketQueue {
      let bytes: [UInt8] =
        [0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 10, 8, 0, 2, 10, 8, 0, 1]
        + [1, 2, 3, 4, 0, 12, 0, 0, 1, 2, 3, 4]
      var packets = PacketQueue()
      for _ in 0..<count {
        var packet = unsafe try pool.packet(copying: bytes.span.bytes)
        packet.linkType = LinkType.raw.rawValue
        packets.enqueue(packet)
      }
      return packets
    }

    /// Whether an interface is gone within ten seconds: a child that another test is starting holds a
    /// copy of the device's descriptor until it runs its program.
    private func isGone(_ name: String) -> Bool {
      for _ in 0..<2_000 {
        if (try? InterfaceStatistics(ofKernelInterface: name)) == nil { return true }
        usleep(5_000)
      }
      return false
    }

    @Test func aDeviceThatIsNotThereIsMadeAndSetUpAndGone() throws {
      try Network.with(needing: "/dev/net/tun") {
        let pool = MbufPool()
        let output = TunOutput("mbout", .tun)
        #expect(output.traits() == LinkTraits(linkType: .raw))
        do {
          var sink = try output.open(LinkTraits(linkType: .raw))
          var packets = try datagrams(pool, 25)
          try sink.transmit(&packets)
          let isEmpty = packets.isEmpty
          #expect(isEmpty)
          try sink.finish()
        }
        #expect(output.confirmedPacketCount() == 25)
        #expect(isGone("mbout"))
        #expect(pool.outstanding == 0)
      }
    }

    @Test func aDeviceThatIsThereIsTakenAsItIs() throws {
      try Network.with(needing: "/dev/net/tun") {
        Network.run("ip tuntap add mbhere mode tun")
        Network.run("ip link set mbhere mtu 1280")
        let pool = MbufPool()
        let output = TunOutput("mbhere", .tun)
        #expect(output.traits() == LinkTraits(linkType: .raw))
        do {
          var sink = try output.open(LinkTraits(linkType: .raw))
          var packets = try datagrams(pool, 1)
          // Its owner left it down.
          let error = #expect(throws: InterfaceError.self) { try sink.transmit(&packets) }
          #expect(error?.kind == .down)
          #expect(packets.packetCount == 1)
        }
        #expect(throws: Never.self) { try InterfaceStatistics(ofKernelInterface: "mbhere") }
      }
    }

    @Test func anotherLinkTypeIsRefused() {
      Network.with(needing: "/dev/net/tun") {
        let error = #expect(throws: InterfaceError.self) {
          _ = try TunOutput("mbtap", .tap).open(LinkTraits(linkType: .raw))
        }
        #expect(error?.kind == .wrongLinkType(.raw, wanted: .ethernet))
        #expect(error?.advice.contains("--dlt enet") == true)
      }
    }
  }
#endif
