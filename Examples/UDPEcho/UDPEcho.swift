// SPDX-License-Identifier: BSD-2-Clause
//
// A client and a server with a stack each, in one process: no root, no sockets of this host, and a clock that
// is a number. What one transmits the other takes in:
//
//     client.send --> client.transmit --> server.input --> echo --> server.transmit --> client.input
//
// Run it twice: it prints the same, to the last byte.

import InternetStack
import Mbufs
import SocketBuffers
import Wire

@main
struct UDPEcho: ~Copyable {
  private var client: InternetStack
  private var server: InternetStack
  private var echo: UDPService
  private let asking: SocketID
  private let pool: MbufPool

  /// Two stacks, a port on each.
  private static func make() throws -> UDPEcho {
    let pool = MbufPool(clusterLimit: 128)
    var client = stack(host: 1, pool)
    var server = stack(host: 2, pool)
    let asking = try client.bind(port: 50_000)
    let echo = UDPService(.echo, on: try server.bind(port: 7))
    return UDPEcho(client: client, server: server, echo: echo, asking: asking, pool: pool)
  }

  /// Has each ask whether another host has its IPv6 address; a second later it is its own.
  private mutating func settle() {
    for now: Int64 in [0, 1_000_000_000] {
      client.poll(now: now)
      server.poll(now: now)
      _ = carry()
    }
  }

  /// A stack on Ethernet, 10.0.0.N and fd00::N.
  private static func stack(host: UInt8, _ pool: MbufPool) -> InternetStack {
    var stack = InternetStack(pool: pool, seed: UInt64(host))
    stack.add(
      StackInterface(
        hardwareAddress: MACAddress(2, 0, 0, 0, 0, host),
        addresses: [
          InterfaceAddress(IPv4Address(10, 0, 0, host), prefixBitCount: 24),
          InterfaceAddress(
            IPv6Address(high: 0xfd00 << 48, low: UInt64(host)), prefixBitCount: 64),
        ]))
    return stack
  }

  /// Carries frames between the two until none is left; how many there were.
  private mutating func carry() -> Int {
    var frames = 0
    var isBusy = true
    while isBusy {
      isBusy = false
      while let frame = client.transmit() {
        server.input(frame, linkType: .ethernet)
        frames += 1
        isBusy = true
      }
      echo.serve(&server)
      while let frame = server.transmit() {
        client.input(frame, linkType: .ethernet)
        frames += 1
        isBusy = true
      }
    }
    return frames
  }

  /// Sends so many bytes to the server and prints what comes back.
  private mutating func ask(_ remote: Endpoint, _ byteCount: Int) throws {
    var question = try pool.packet(headroom: DatagramSocket.headroom)
    try question.appendZeroes(byteCount)
    try client.send(question, from: asking, to: remote)
    let frames = carry()
    if let answer = client.receive(asking) {
      print("\(answer.source) answered \(answer.packet.byteCount) bytes, \(frames) frames")
    } else if let fault = client.takeFault(of: asking) {
      print("\(remote): \(fault), \(frames) frames")
    } else {
      print("\(remote) did not answer")
    }
  }

  static func main() throws {
    var example = try make()
    example.settle()
    let addresses: [IPAddress] = [
      .v4(IPv4Address(10, 0, 0, 2)), .v6(IPv6Address(high: 0xfd00 << 48, low: 2)),
    ]
    for address in addresses {
      // The first time the neighbour is asked for; what is longer than the MTU goes in fragments.
      for byteCount in [5, 5, 4_000] { try example.ask(Endpoint(address, 7), byteCount) }
      // Who is connected learns that nobody has the port.
      let closed = Endpoint(address, 9)
      try example.client.connect(example.asking, to: closed)
      try example.ask(closed, 5)
      example.client.disconnect(example.asking)
    }
    print("outstanding mbufs: \(example.pool.outstanding)")
  }
}
