// SPDX-License-Identifier: BSD-2-Clause
//
// What a datagram costs on its way into a stack, to a socket, and out again as an echo: from the bytes of an IP
// datagram to a packet that is to be transmitted, which is freed. `compare` runs it beside lwIP, which does
// the same with the same bytes.
//
//     StackBench NAME ROUNDS        one line: name, nanoseconds, heap allocations per datagram
//
//     udp64, udp1400        one datagram each
//     fragments4000         a datagram of 4,000 bytes that comes and goes in three fragments
//     sockets:N             udp64, with N sockets bound to other ports
//     routes:N              udp64, with N routes to other networks

import CMallocCount
import InternetStack
import Mbufs
import SocketBuffers
import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

private let server = IPv4Address(10, 0, 0, 1)
private let client = IPv4Address(10, 0, 0, 2)

@main
struct StackBench: ~Copyable {
  private var stack: InternetStack
  private let socket: SocketID
  private let pool: MbufPool

  /// A stack with a socket on port 7, and as many others and routes as asked for.
  private static func make(sockets: Int, routes: Int) throws -> StackBench {
    var stack = InternetStack(
      addresses: [InterfaceAddress(server, prefixBitCount: 24)], seed: 1)
    let socket = try stack.bind(port: 7, limit: 1 << 20)
    for index in 0..<sockets { _ = try stack.bind(port: UInt16(10_000 + index)) }
    for index in 0..<routes {
      // Networks of 24 bits all over the space, the client's not among them.
      let network = IPv4Address(0x0b00_0000 &+ UInt32(index) &* 0x1_0100)
      stack.addRoute(to: InterfaceAddress(network, prefixBitCount: 24))
    }
    return StackBench(stack: stack, socket: socket, pool: MbufPool(clusterLimit: 1_024))
  }

  /// Takes the datagrams in, and sends back what a socket gets of them.
  @inline(never)
  private mutating func round(_ datagrams: [[UInt8]]) throws {
    for datagram in datagrams {
      let packet = try unsafe pool.packet(
        copying: datagram.span.bytes, headroom: DatagramSocket.headroom)
      stack.input(packet, linkType: .raw)
    }
    while let request = stack.receive(socket) {
      try stack.send(
        request.packet, from: socket, to: request.source, source: request.destination.address)
    }
    while stack.transmit() != nil {}
  }

  /// The bytes of a UDP datagram from the client to port 7, in as many fragments as 1,500 bytes ask for.
  private static func datagrams(_ byteCount: Int) throws -> [[UInt8]] {
    let pool = MbufPool(clusterLimit: 64)
    var sender = InternetStack(
      addresses: [InterfaceAddress(client, prefixBitCount: 24)], seed: 2)
    let socket = try sender.bind(port: 5_000)
    var payload = try pool.packet(headroom: DatagramSocket.headroom)
    try payload.appendZeroes(byteCount)
    try sender.send(payload, from: socket, to: Endpoint(server, 7))
    var all: [[UInt8]] = []
    while let packet = sender.transmit() {
      all.append(try packet.copyBytes(in: 0..<packet.byteCount))
    }
    return all
  }

  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let rounds = Int(arguments[2]), rounds > 0 else {
      print("usage: StackBench udp64|udp1400|fragments4000|sockets:N|routes:N ROUNDS")
      exit(64)
    }
    let parts = arguments[1].split(separator: ":")
    let count = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
    let byteCount = parts[0] == "udp1400" ? 1_400 : parts[0] == "fragments4000" ? 4_000 : 64
    var bench = try make(
      sockets: parts[0] == "sockets" ? count : 0, routes: parts[0] == "routes" ? count : 0)
    let datagrams = try datagrams(byteCount)
    for _ in 0..<rounds / 10 + 1 { try bench.round(datagrams) }
    let mallocs = mbuma_malloc_count()
    let start = ContinuousClock.now
    for _ in 0..<rounds { try bench.round(datagrams) }
    let time = (ContinuousClock.now - start).components
    let nanoseconds = (Double(time.seconds) * 1e9 + Double(time.attoseconds) / 1e9) / Double(rounds)
    let allocations = Double(mbuma_malloc_count() - mallocs) / Double(rounds)
    let seen = bench.stack.statistics
    precondition(
      seen.sent == UInt64(rounds + rounds / 10 + 1), "\(seen.sent) answers to \(rounds) datagrams")
    print(
      arguments[1], Int((nanoseconds * 10).rounded()) / 10, "ns", allocations, "heap allocations")
  }
}
