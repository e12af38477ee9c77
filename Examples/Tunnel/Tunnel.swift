// SPDX-License-Identifier: BSD-2-Clause
//
// A tunnel: what the host sends into a TUN device goes to the peer over UDP, and back. A packet is
// read into a cluster once and written out of it once; nothing is copied or zeroed between.
//
//     host --> tun0 --readv--> packets --sendmmsg--> peer
//     host <-- tun0 <--writev-- packets <--recvmmsg-- peer
//
// Memory is bounded by the pool. A direction that cannot go on holds `pendingLimit` packets and stops
// reading, so that its sender's own queue fills, and drops, in the kernel; the other direction goes on.

import HostInterfaces
import Interfaces
import Mbufs
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

private let isStopped = Atomic(false)

/// One direction: what was read and could not be written yet.
private struct Flow: ~Copyable {
  static var pendingLimit: Int { 256 }
  private var pending = PacketQueue()
  private(set) var lostForErrors = 0
  /// Whether the sink had no room for what is pending.
  var isBlocked: Bool { !pending.isEmpty }

  /// Moves what is there from a source to a sink, one batch; whether there may be more.
  mutating func move<Source: PacketSource & ~Copyable, Sink: PacketSink & ~Copyable>(
    from source: inout Source, to sink: inout Sink, _ pool: MbufPool
  ) throws(InterfaceError) -> Bool {
    var state = SourceState.idle
    let room = Self.pendingLimit - pending.packetCount
    if room > 0 {
      state = try source.receive(upTo: Swift.min(room, 32), into: &pending, from: pool)
    }
    while !pending.isEmpty {
      do throws(InterfaceError) {
        try sink.transmit(&pending)
        break
      } catch {
        // A packet that the sink cannot take is lost, and those behind it go on.
        guard error.isAboutPacket || error.kind == .down else { throw error }
        _ = pending.dequeue()
        lostForErrors += 1
      }
    }
    return state == .more && !isBlocked
  }
}

@main
struct Tunnel: ~Copyable {
  private var device: TunDevice
  private var link: UDPLink
  private let pool: MbufPool
  private var outward = Flow()
  private var inward = Flow()

  init(
    _ name: String, from local: Endpoint, to remote: Endpoint, clusterLimit: Int
  ) throws(InterfaceError) {
    let device = try TunDevice(name)
    link = try UDPLink(from: local.host, port: local.port, to: remote.host, port: remote.port)
    self.device = device
    // So many clusters of 2 KiB are all that packets ever take.
    pool = MbufPool(clusterLimit: clusterLimit)
  }

  /// Carries packets until a signal comes.
  mutating func run() throws(InterfaceError) {
    var (sends, receives) = (true, true)
    while !isStopped.load(ordering: .relaxed) {
      if sends { sends = try outward.move(from: &device, to: &link, pool) }
      if receives { receives = try inward.move(from: &link, to: &device, pool) }
      if !sends || !receives { wait(&sends, &receives) }
    }
  }

  /// Looks which end has something, or has room again for what is pending; waits for one if neither
  /// direction may go on.
  private func wait(_ sends: inout Bool, _ receives: inout Bool) {
    var ends: InlineArray<2, pollfd> = [
      pollfd(fd: device.descriptor ?? -1, events: events(inward, outward), revents: 0),
      pollfd(fd: link.descriptor ?? -1, events: events(outward, inward), revents: 0),
    ]
    var span = ends.mutableSpan
    let time: Int32 = sends || receives ? 0 : 200
    // There are two.
    let count = unsafe span.withUnsafeMutableBufferPointer { unsafe poll($0.baseAddress, 2, time) }
    // Where nothing is told for long, both are tried.
    if count == 0, time > 0 { (sends, receives) = (true, true) }
    // An error is found by reading.
    let (here, there) = (Int32(ends[0].revents), Int32(ends[1].revents))
    sends = sends || here & ~POLLOUT != 0 || outward.isBlocked && there & POLLOUT != 0
    receives = receives || there & ~POLLOUT != 0 || inward.isBlocked && here & POLLOUT != 0
  }

  /// What to wait for at an end that one flow goes into and the other comes from.
  private func events(_ into: borrowing Flow, _ from: borrowing Flow) -> Int16 {
    Int16((from.isBlocked ? 0 : POLLIN) | (into.isBlocked ? POLLOUT : 0))
  }

  private func report() {
    let (from, to) = (device.statistics, link.statistics)
    print("from the host \(from.input.packets), to the peer \(to.output.packets)")
    print("from the peer \(to.input.packets), to the host \(from.output.packets)")
    let dropped = from.input.drops + to.input.drops
    let failed =
      from.output.errors + to.output.errors + outward.lostForErrors + inward.lostForErrors
    print("dropped for want of memory \(dropped), refused \(failed)")
    print("outstanding mbufs: \(pool.outstanding)")
  }

  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 4 || arguments.count == 5, let local = Endpoint(arguments[2]),
      let remote = Endpoint(arguments[3]),
      let clusterLimit = arguments.count == 5 ? Int(arguments[4]) : 1_024, clusterLimit > 0
    else {
      print("usage: Tunnel DEVICE LOCAL:PORT REMOTE:PORT [CLUSTERS]")
      print("example: Tunnel tun0 192.0.2.1:5000 198.51.100.1:5000")
      exit(64)
    }
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in isStopped.store(true, ordering: .relaxed) }
    }
    do throws(InterfaceError) {
      var tunnel = try Tunnel(arguments[1], from: local, to: remote, clusterLimit: clusterLimit)
      print("tunnel \(tunnel.device.name) is there; end with Control-C")
      fflush(nil)
      try tunnel.run()
      tunnel.report()
    } catch {
      print("Tunnel: \(error)")
      exit(error.isPermission ? 77 : 1)
    }
  }
}

/// An address and a port, as "192.0.2.1:5000" or "[2001:db8::1]:5000".
struct Endpoint {
  let host: String
  let port: UInt16

  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[colon...].dropFirst()),
      port > 0
    else { return nil }
    host = text[..<colon].filter { $0 != "[" && $0 != "]" }
    self.port = port
  }
}
