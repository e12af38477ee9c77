// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import HostInterfaces
import Interfaces
import InternetStack
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import Wire

// On the loopback interface; where raw sockets are not allowed, each test says so and ends.
@Suite(.serialized) struct RawEchoTests {
  private static let address = IPv4Address(127, 0, 0, 1)

  /// A running echo server.
  private final class Server {
    let port: UInt16
    private let command: Command
    private let folder: TemporaryFolder

    private var output: String {
      get throws { String(decoding: try folder.read("echo.out"), as: UTF8.self) }
    }

    /// Starts it; nil if this process may not open raw sockets.
    init?(port: UInt16) throws {
      self.port = port
      folder = try TemporaryFolder()
      command = try Command(
        ["\(address)", "\(port)"], program: "\(Command.products.path)/RawEcho",
        output: folder.file("echo.out"))
      try command.wait { (try? output)?.contains("\n") ?? true }
      if try output.hasPrefix("echoing on") { return }
      let result = try command.finish()
      #expect(result.status == 77)
      print("RawEcho: not tested, raw sockets are not allowed here")
      return nil
    }

    /// Ends it as Control-C does, and gives its report.
    func end() throws -> String {
      command.signal(SIGINT)
      let killer = DispatchWorkItem { [command] in command.signal(SIGKILL) }
      DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(20), execute: killer)
      let result = try command.finish()
      killer.cancel()
      #expect(result.status == 0, "SIGINT was not seen")
      return try output
    }

    /// Whether a datagram from a fresh port comes back.
    func answers() -> Bool {
      let client = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
      defer { close(client) }
      var patience = timeval(tv_sec: 10, tv_usec: 0)
      unsafe setsockopt(
        client, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
      sendDatagram(client, to: port)
      var byte: UInt8 = 0
      return unsafe recv(client, &byte, 1, 0) == 1 && byte == 42
    }
  }

  private static func sendDatagram(_ socket: Int32, to port: UInt16) {
    var there = sockaddr_in()
    there.sin_family = sa_family_t(AF_INET)
    there.sin_port = port.bigEndian
    there.sin_addr.s_addr = address.bits.bigEndian
    var byte: UInt8 = 42
    _ = unsafe withUnsafePointer(to: &there) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe sendto(socket, &byte, 1, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  @Test func itAnswersNeitherItselfNorAServiceAndEachClientOnce() throws {
    guard let server = try Server(port: 17_007) else { return }
    var link = try RawIPSocket(holding: 17_008, on: Self.address)
    let pool = MbufPool()
    // The server's own port, echo, chargen and DNS; then a port that a client may have.
    for port: UInt16 in [server.port, 7, 19, 53, 40_007] {
      // It sends to an address of its own by the link.
      var policy = InternetStack.Policy()
      policy.acceptsLocalSources = true
      var stack = InternetStack(
        addresses: [InterfaceAddress(Self.address)], policy: policy, seed: 1)
      let forger = try stack.bind(port: port, address: Self.address)
      var payload = try pool.packet(headroom: DatagramSocket.headroom)
      try payload.appendZeroes(32)
      try stack.send(payload, from: forger, to: Endpoint(Self.address, server.port))
      try stack.output(to: &link)
    }
    #expect(link.statistics.output.packets == 5)
    // Received in order: when this one is back, the others have been seen.
    #expect(server.answers())
    let report = try server.end()
    #expect(report.contains("echoed 2,"), "\(report)")
    #expect(report.contains("not answered, since that might go on forever: 4\n"), "\(report)")
    #expect(report.contains("outstanding mbufs: 0"), "\(report)")
  }

  @Test func itEndsWhenToldToHoweverMuchThereIsToEcho() throws {
    guard let server = try Server(port: 17_009) else { return }
    let done = Stage()
    let port = server.port
    let flood = startThreads(2) { _ in
      let client = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
      defer { close(client) }
      while done.value == 0 { for _ in 0..<32 { Self.sendDatagram(client, to: port) } }
    }
    usleep(300_000)
    let report = try server.end()
    done.advance()
    join(flood)
    #expect(report.contains("outstanding mbufs: 0"), "\(report)")
  }
}
