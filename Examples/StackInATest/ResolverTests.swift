// SPDX-License-Identifier: BSD-2-Clause
//
// A test of a client that asks by UDP and asks again if nothing comes: the stack that it speaks through is
// given its packets and its time by the test, so that a timeout of seconds takes none, no root is needed,
// and every run is the same.

import Interfaces
import InternetStack
import Mbufs
import SocketBuffers
import Testing
import Wire

/// What is tested: asks, and once more after two seconds.
private struct Resolver {
  let socket: SocketID
  let server: Endpoint
  private(set) var tries = 0
  private var nextTry: Int64 = 0

  init(_ socket: SocketID, _ server: Endpoint) {
    self.socket = socket
    self.server = server
  }

  /// Asks if it is time to.
  mutating func poll(_ stack: inout InternetStack, _ pool: MbufPool) throws {
    guard tries < 2, stack.nowInNanoseconds >= nextTry else { return }
    tries += 1
    nextTry = stack.nowInNanoseconds + 2_000_000_000
    var question = try pool.packet(headroom: DatagramSocket.headroom)
    try question.appendZeroes(12)
    try stack.send(question, from: socket, to: server)
  }
}

@Suite struct ResolverTests {
  private let pool = MbufPool(clusterLimit: 16)
  private let server = Endpoint(IPv4Address(192, 0, 2, 53), 53)

  private func stack(_ host: UInt8) -> InternetStack {
    InternetStack(addresses: [InterfaceAddress(IPv4Address(192, 0, 2, host))], seed: 1)
  }

  @Test func asksAgainAfterTwoSecondsAndNotBefore() throws {
    var stack = self.stack(1)
    var resolver = Resolver(try stack.bind(port: 40_000), server)
    var sent: [Int64] = []
    for tenth in 0..<100 {
      stack.poll(now: Int64(tenth) * 100_000_000)
      try resolver.poll(&stack, pool)
      while let packet = stack.transmit() {
        #expect(packet.decoded().destinationPort == 53)
        sent.append(packet.timestampInNanoseconds)
      }
    }
    #expect(sent == [0, 2_000_000_000])
    #expect(pool.outstanding == 0)
  }

  @Test func takesTheAnswerThatComesFromTheServer() throws {
    var stack = self.stack(1)
    let socket = try stack.bind(port: 40_000)
    var resolver = Resolver(socket, server)
    try resolver.poll(&stack, pool)
    // The server is a stack too, and answers with what it was asked.
    var other = self.stack(53)
    let port = try other.bind(port: 53)
    while let question = stack.transmit() { other.input(question, linkType: .raw) }
    while let asked = other.receive(port) {
      try other.send(asked.packet, from: port, to: asked.source)
    }
    while let answer = other.transmit() { stack.input(answer, linkType: .raw) }
    var byteCounts: [Int] = []
    while let answer = stack.receive(socket) { byteCounts.append(answer.packet.byteCount) }
    #expect(byteCounts == [12])
    #expect(resolver.tries == 1)
    #expect(pool.outstanding == 0)
  }
}
