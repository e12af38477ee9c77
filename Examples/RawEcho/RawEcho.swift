// SPDX-License-Identifier: BSD-2-Clause
//
// A UDP echo server that brings its own IP stack: datagrams come from a raw socket as mbufs, go
// through the stack, and go back with headers built by prepend, in the very cluster they came in.
//
//     raw socket --> stack.input --> socket buffer --> receive
//                                                         | same packet,
//     raw socket <-- stack.output <-- IP, UDP prepended <-- send to its source

import HostInterfaces
import Interfaces
import InternetStack
import Mbufs
import SocketBuffers
import Synchronization
import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

private let isStopped = Atomic(false)

@main
struct RawEcho: ~Copyable {
  private var link: RawIPSocket
  private var stack: InternetStack
  private let socket: SocketID
  private let pool = MbufPool(clusterLimit: 4_096)
  private var refused = 0
  private var unanswered = 0

  init(address: IPv4Address, port: UInt16) throws {
    let link = try RawIPSocket(holding: port, on: address)
    var policy = InternetStack.Policy()
    // The kernel gives a raw socket no hint that a sender on this host left the sum to a device.
    policy.acceptsPartialChecksums = true
    // The address is the host's as well: its own programs speak to the server from there.
    policy.acceptsLocalSources = true
    // All other ports are the host's to answer for.
    policy.isSilent = true
    var stack = InternetStack(
      addresses: [InterfaceAddress(address)], policy: policy,
      seed: UInt64.random(in: .min ... .max))
    socket = try stack.bind(port: port, address: address, limit: 1 << 20)
    self.link = link
    self.stack = stack
  }

  /// Echoes until a signal comes, however much there is to echo.
  mutating func run() throws {
    var state = SourceState.idle
    while !isStopped.load(ordering: .relaxed) {
      if state == .idle, !link.wait(milliseconds: 200) { continue }
      state = try stack.input(from: &link, pool)
      turnAround()
      try stack.output(to: &link)
    }
  }

  private mutating func turnAround() {
    while let datagram = stack.receive(socket) {
      if datagram.mayLoop {
        unanswered += 1
        continue
      }
      let client = datagram.source
      do throws(SendError) {
        try stack.send(datagram.packet, from: socket, to: client)
      } catch {
        refused += 1
      }
    }
  }

  private func report() {
    let sent = link.statistics.output
    print(
      "echoed \(sent.packets), refused \(refused + sent.errors), received \(stack.statistics.received)"
    )
    if unanswered > 0 { print("not answered, since that might go on forever: \(unanswered)") }
    for reason in DropReason.allCases where stack.statistics.dropped[reason] > 0 {
      print("dropped \(reason.name): \(stack.statistics.dropped[reason])")
    }
    print("outstanding mbufs: \(pool.outstanding)")
  }

  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let address = IPv4Address(arguments[1]), !address.isAny,
      let port = UInt16(arguments[2]), port > 0
    else {
      print("usage: RawEcho ADDRESS PORT      an IPv4 address of this host, a free UDP port")
      exit(64)
    }
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in isStopped.store(true, ordering: .relaxed) }
    }
    do {
      var echo = try RawEcho(address: address, port: port)
      print("echoing on \(address) port \(port); end with Control-C")
      fflush(nil)
      try echo.run()
      echo.report()
    } catch let error as SystemError {
      print("RawEcho: \(error)")
      exit(error.isPermission ? 77 : 1)
    } catch {
      print("RawEcho: \(error)")
      exit(1)
    }
  }
}
