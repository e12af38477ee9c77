// SPDX-License-Identifier: BSD-2-Clause
import InternetStack
import Mbufs
import SocketBuffers
import Testing
import Wire

// Who no datagram from outside comes from: RFC 1122, 3.2.1.3; RFC 1812, 5.3.7.
@Suite struct MartianTests {
  /// Sources that no host has, whatever nets the stack is in.
  static let nobody = [
    "0.0.0.0", "0.0.0.1", "0.255.255.255", "224.0.0.0", "224.0.0.1", "239.255.255.255",
    "240.0.0.0", "240.0.0.1", "255.255.255.254", "255.255.255.255",
  ]
  /// Sources that only this very host has.
  static let local = ["127.0.0.0", "127.0.0.1", "127.255.255.255", "192.0.2.1"]
  /// The first and the last address of the stack's net, `192.0.2.0/24`.
  static let net = ["192.0.2.0", "192.0.2.255"]
  /// Sources that look odd and are right.
  static let fine = [
    "1.0.0.0", "10.0.0.255", "126.255.255.255", "128.0.0.0", "192.0.1.255", "192.0.2.2",
    "192.0.2.254", "192.0.3.0", "198.51.100.255", "223.255.255.255",
  ]

  private func reason(
    _ stack: inout InternetStack, from source: String, to destination: IPv4Address = us
  ) throws -> DropReason? {
    let pool = MbufPool()
    let address = try #require(IPv4Address(source))
    let datagram = TestDatagram(source: address, destination: destination)
    return stack.input(try packet(pool, datagram.bytes), linkType: .raw)
  }

  @Test func nothingComesFromAddressesThatNoOtherHostHas() throws {
    var stack = makeStack()
    let socket = try stack.bind(port: 7)
    for source in Self.nobody + Self.local + Self.net {
      expect(try reason(&stack, from: source), is: .martianSource, "\(source)")
    }
    for source in Self.fine { expect(try reason(&stack, from: source), is: nil, "\(source)") }
    #expect(stack.statistics.dropped[.martianSource] == 16)
    #expect(stack.statistics(of: socket).recordCount == Self.fine.count)
    stack.checkInvariants()
  }

  @Test func aStackThatSharesItsHostsAddressesIsSpokenToFromThem() throws {
    var stack = makeStack { $0.acceptsLocalSources = true }
    _ = try stack.bind(port: 7)
    for source in Self.nobody + Self.net {
      expect(try reason(&stack, from: source), is: .martianSource, "\(source)")
    }
    for source in Self.local + Self.fine {
      expect(try reason(&stack, from: source), is: nil, "\(source)")
    }
    stack.checkInvariants()
  }

  @Test func aCaptureHasItsOwnHostsInItAndNoMartiansEither() throws {
    var stack = makeStack { $0.acceptsAnyDestination = true }
    _ = try stack.bind(port: 7)
    for source in Self.nobody {
      expect(try reason(&stack, from: source), is: .martianSource, "\(source)")
    }
    for source in Self.local + Self.net + Self.fine {
      expect(try reason(&stack, from: source), is: nil, "\(source)")
    }
    stack.checkInvariants()
  }

  @Test(arguments: [false, true])
  func aHostWithoutAnAddressAsksForOneByBroadcast(isCapture: Bool) throws {
    var stack = makeStack { $0.acceptsAnyDestination = isCapture }
    _ = try stack.bind(port: 7)
    let directed = IPv4Address(192, 0, 2, 255)
    for source in ["0.0.0.0", "0.0.0.5"] {
      expect(try reason(&stack, from: source, to: .broadcast), is: nil, "\(source)")
      expect(try reason(&stack, from: source, to: directed), is: nil, "\(source)")
      expect(try reason(&stack, from: source), is: .martianSource, "\(source)")
    }
    // IGMP reports (RFC 3376, 4.2.13) come so; only a stack that takes any destination sees them.
    let group = IPv4Address(224, 0, 0, 22)
    expect(try reason(&stack, from: "0.0.0.0", to: group), is: isCapture ? nil : .notForUs)
    stack.checkInvariants()
  }

  @Test func aNetOfOneOrTwoAddressesHasNeitherBroadcastNorNetworkAddress() throws {
    for prefixBitCount in [31, 32] {
      var stack = InternetStack(
        addresses: [InterfaceAddress(us, prefixBitCount: prefixBitCount)], seed: 1)
      _ = try stack.bind(port: 7)
      expect(try reason(&stack, from: "192.0.2.0"), is: nil)
      expect(try reason(&stack, from: "192.0.2.1"), is: .martianSource)
      expect(try reason(&stack, from: "0.0.0.0"), is: .martianSource)
    }
  }

  @Test func everyAddressOfTheStackAndEveryNetCounts() throws {
    let other = IPv4Address(10, 9, 8, 7)
    var stack = InternetStack(
      addresses: [
        InterfaceAddress(us, prefixBitCount: 24), InterfaceAddress(other, prefixBitCount: 8),
      ], seed: 1)
    _ = try stack.bind(port: 7)
    for source in ["10.9.8.7", "10.0.0.0", "10.255.255.255", "192.0.2.255"] {
      expect(try reason(&stack, from: source), is: .martianSource, "\(source)")
    }
    expect(try reason(&stack, from: "10.9.8.8"), is: nil)
  }

  @Test func the127IsNoDestinationFromOutsideEvenOfAStackThatHasSuchAnAddress() throws {
    let loopback = IPv4Address(127, 0, 0, 1)
    var stack = InternetStack(addresses: [InterfaceAddress(loopback, prefixBitCount: 8)], seed: 1)
    _ = try stack.bind(port: 7)
    expect(try reason(&stack, from: "10.0.0.1", to: loopback), is: .notForUs)
    expect(try reason(&stack, from: "127.0.0.1", to: loopback), is: .martianSource)
    stack.policy.acceptsLocalSources = true
    expect(try reason(&stack, from: "127.0.0.1", to: loopback), is: nil)
    expect(try reason(&stack, from: "127.0.0.2", to: loopback), is: nil)
    // From another host, over an interface that says it is a loopback: nothing to go by.
    expect(try reason(&stack, from: "10.0.0.1", to: loopback), is: nil)
  }

  @Test func rawSocketsHearNoMartiansEither() throws {
    var stack = makeStack()
    let raw = try stack.openRaw(protocol: nil)
    expect(try reason(&stack, from: "127.0.0.1"), is: .martianSource)
    #expect(stack.statistics(of: raw).recordCount == 0)
  }
}
