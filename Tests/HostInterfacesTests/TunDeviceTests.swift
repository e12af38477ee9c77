// SPDX-License-Identifier: BSD-2-Clause
import HostInterfaces
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

#if os(Linux)
  import Glibc

  /// Packets between this host's stack and a device that the test is the far side of.
  @Suite struct TunDeviceTests {
    private static let ours: [UInt8] = [10, 8, 0, 2]
    private static let host: [UInt8] = [10, 8, 0, 1]

    /// A device that is up at 10.8.0.1/24, and what the host has to say of its own accord received.
    private static func device(
      _ kind: TunDevice.Kind = .tun, mtu: Int = 1_500
    ) throws -> TunDevice {
      let device = try TunDevice("mb%d", kind)
      Network.run("ip addr add 10.8.0.1/24 dev \(device.name)")
      Network.run("ip link set \(device.name) mtu \(mtu) up")
      return device
    }

    /// The next packet for which `isWanted` holds, within five seconds.
    private static func receive(
      _ device: inout TunDevice, _ pool: MbufPool, where isWanted: (borrowing Packet) -> Bool
    ) throws -> [UInt8]? {
      let deadline = ContinuousClock.now + .seconds(5)
      while ContinuousClock.now < deadline {
        var packets = PacketQueue()
        if try device.receive(upTo: 8, into: &packets, from: pool) == .idle { usleep(500) }
        while let packet = packets.dequeue() {
          if isWanted(packet) { return [UInt8](copying: packet) }
        }
      }
      return nil
    }

    private static func sum(_ bytes: [UInt8]) -> [UInt8] {
      var sum = InternetChecksum()
      unsafe sum.add(bytes.span.bytes)
      return [UInt8(sum.complement >> 8), UInt8(sum.complement & 255)]
    }

    /// An ICMP echo request from us to the host.
    private static func echoRequest(_ number: UInt8, payload: [UInt8]) -> [UInt8] {
      var icmp: [UInt8] = [8, 0, 0, 0, 0x77, 0x77, 0, number] + payload
      icmp.replaceSubrange(2..<4, with: sum(icmp))
      let total = 20 + icmp.count
      var header: [UInt8] = [0x45, 0, UInt8(total >> 8), UInt8(total & 255), 0, number, 0, 0]
      header += [64, 1, 0, 0] + ours + host
      header.replaceSubrange(10..<12, with: sum(header))
      return header + icmp
    }

    @Test func whatTheHostSendsIsReceivedWhole() throws {
      try Network.with(needing: "/dev/net/tun") {
        let pool = MbufPool()
        var device = try Self.device(mtu: 9_000)
        #expect(device.traits == LinkTraits(linkType: .raw, mtu: 9_000))
        // The last is longer than a cluster.
        for byteCount in [1, 100, 1_472, 8_000] {
          #expect(
            Network.run("bash -c 'dd if=/dev/zero bs=\(byteCount) count=1 > /dev/udp/10.8.0.2/9'"))
          let received = try Self.receive(&device, pool) { packet in
            let frame = packet.decoded()
            return frame.destinationPort == 9
              && packet.transportChecksumResult(frame) == .valid
          }
          #expect(received?.count == 28 + byteCount)
          #expect(received?.dropFirst(28).allSatisfy { $0 == 0 } == true)
        }
        #expect(device.statistics.input.drops == 0)
      }
    }

    @Test func theHostAnswersWhatItIsHanded() throws {
      try Network.with(needing: "/dev/net/tun") {
        let pool = MbufPool()
        var device = try Self.device()
        for (number, byteCount) in [0, 1, 56, 500, 1_472].enumerated() {
          let payload = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 11) }
          let request = Self.echoRequest(UInt8(number), payload: payload)
          // In one segment, and in two.
          var packet = try framed(request[..<20], pool)
          packet.join(try framed(request[20...], pool))
          packet.linkType = LinkType.raw.rawValue
          var packets = PacketQueue()
          packets.enqueue(packet)
          try device.transmit(&packets)
          #expect(packets.packetCount == 0)
          let reply = try Self.receive(&device, pool) { [UInt8](copying: $0)[9] == 1 }
          #expect(reply?[20] == 0 && reply.map { Array($0[24...]) } == Array(request[24...]))
        }
        #expect(device.statistics.output.packets == 5 && device.statistics.output.errors == 0)
      }
    }

    @Test func framesOfATapHaveTheirLinkHeader() throws {
      try Network.with(needing: "/dev/net/tun") {
        let pool = MbufPool()
        var device = try Self.device(.tap)
        Network.run(
          "ip neigh add 10.8.0.2 lladdr 02:00:00:00:00:0b dev \(device.name) nud permanent")
        #expect(Network.run("bash -c 'printf hello > /dev/udp/10.8.0.2/9'"))
        let frame = try Self.receive(&device, pool) { $0.decoded().destinationPort == 9 }
        #expect(frame.map { Array($0[..<6]) } == [2, 0, 0, 0, 0, 0x0b])
        #expect(frame?.suffix(5) == Array("hello".utf8)[...])
      }
    }

    @Test func whatCannotGoSaysWhyAndStays() throws {
      try Network.with(needing: "/dev/net/tun") {
        let pool = MbufPool()
        var device = try Self.device()
        var packets = try queue([frame(0)], pool)
        let wrong = #expect(throws: InterfaceError.self) { try device.transmit(&packets) }
        #expect(wrong?.kind == .wrongLinkType(.ethernet, wanted: .raw) && packets.packetCount == 1)
        packets = PacketQueue()
        var packet = try framed(Self.echoRequest(1, payload: []), pool)
        packet.linkType = LinkType.raw.rawValue
        packets.enqueue(packet)
        Network.run("ip link set \(device.name) down")
        let down = #expect(throws: InterfaceError.self) { try device.transmit(&packets) }
        #expect(down?.kind == .down && packets.packetCount == 1)
        // Neither IPv4 nor IPv6: the host makes no sense of it.
        Network.run("ip link set \(device.name) up")
        packets = PacketQueue()
        packet = try framed([0x90, 1, 2, 3], pool)
        packet.linkType = LinkType.raw.rawValue
        packets.enqueue(packet)
        try device.transmit(&packets)
        #expect(packets.packetCount == 0 && device.statistics.output.errors == 1)
      }
    }

    @Test func aHostThatSendsIntoAnExhaustedPoolIsNotStalled() throws {
      try Network.with(needing: "/dev/net/tun") {
        let pool = MbufPool(clusterLimit: 1)
        var device = try Self.device()
        let held = try pool.packet()
        for _ in 0..<3 { #expect(Network.run("bash -c 'printf hello > /dev/udp/10.8.0.2/9'")) }
        var packets = PacketQueue()
        let deadline = ContinuousClock.now + .seconds(5)
        while device.statistics.input.drops < 3, ContinuousClock.now < deadline {
          _ = try device.receive(upTo: 8, into: &packets, from: pool)
        }
        #expect(packets.packetCount == 0 && device.statistics.input.drops >= 3)
        #expect(held.byteCount == 0)
      }
    }

    @Test func aNameThatIsTooLongIsRefused() {
      let error = #expect(throws: InterfaceError.self) { _ = try TunDevice("a-name-of-16-char") }
      #expect(error?.description.contains("a-name-of-16-char") == true)
    }
  }
#endif
