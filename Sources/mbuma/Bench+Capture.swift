// SPDX-License-Identifier: BSD-2-Clause
import CPcap
import Interfaces
import InternetStack
import Mbufs
import Pcap
import Replay
import SocketBuffers
import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The rows from a capture file on: 200,000 frames of 60 bytes, Ethernet, IPv4 and UDP, written for
// the occasion and read from the page cache. Their baseline is libpcap alone, used as most do.

extension Bench {
  private static var frameCount: Int { 200_000 }

  mutating func measureWire() throws {
    let frame = try Self.frame()
    try measure("wire/decode60", per: "packet") { count in
      Self.benchDecodeBytes(frame, count)
    }
  }

  mutating func measureCaptures() throws {
    let replays: [(path: String, to: ReplayDestination)] = [
      ("replay/null60", .null), ("replay/stack60", .stack), ("replay/file60", .file("/dev/null")),
    ]
    let rows = ["capture/decode60", "capture/stack60"] + replays.map(\.path)
    guard rows.contains(where: { $0.hasPrefix(prefix) }) else { return }
    let path = "\(Self.temporaryFolder)/mbuma-bench-\(getpid()).pcap"
    defer { unsafe unlink(path) }
    try Self.writeCapture(path)
    let pool = MbufPool()
    let libpcap = Workload(name: "libpcap alone") { _ in try Self.libpcapLoop(path) }
    try measure(
      rows[0], per: "packet", fixedCount: Self.frameCount, against: libpcap
    ) { _ in
      var reader = try CaptureReader(path: path)
      keep(try Self.benchDecodeLoop(&reader, pool))
    }
    try measure(
      rows[1], per: "packet", fixedCount: Self.frameCount, against: libpcap
    ) { _ in
      var reader = try CaptureReader(path: path)
      keep(try Self.throughStack(&reader, pool))
    }
    // What a run allocates to open its files is shared by the packets of two loops.
    let loopCount = 2
    let packetCount = loopCount * Self.frameCount
    let libpcapLooped = Workload(name: libpcap.name) { _ in
      for _ in 0..<loopCount { try Self.libpcapLoop(path) }
    }
    for row in replays {
      let files = CaptureFiles(
        [path], selecting: nil, output: row.to == .file("/dev/null") ? "/dev/null" : nil,
        by: OwnEngine(mapsFiles: true))
      let plan = ReplayPlan(
        inputs: files.inputs,
        destination: files.output.map { .output($0) } ?? (row.to == .stack ? .stack : .null),
        loopCount: loopCount)
      try measure(row.path, per: "packet", fixedCount: packetCount, against: libpcapLooped) { _ in
        keep(Replay(plan, pool: pool).run().packetsSent)
      }
    }
  }

  // MARK: Loops

  @inline(never)
  private static func benchDecodeBytes(_ frame: [UInt8], _ count: Int) {
    var frame = frame
    var sum = 0
    for _ in 0..<count {
      // Another time to live each time, or one look would do for all.
      frame[22] &+= 1
      let decoded = unsafe DecodedFrame(
        lax: frame.span.bytes, linkType: .ethernet, capturedByteCount: frame.count,
        wireByteCount: frame.count)
      sum &+= Int(decoded.destinationPort) &+ decoded.payloadByteCount
      if decoded.ipv4HeaderChecksum != .valid { sum &+= 1 }
    }
    keep(sum)
  }

  /// Frame by frame from the file into a packet, decoded with the IP checksum verified, freed.
  @inline(never)
  private static func benchDecodeLoop(
    _ reader: inout CaptureReader, _ pool: MbufPool
  ) throws(MbufError) -> Int {
    var sum = 0
    while let packet = try reader.next(into: pool) {
      sum &+= decodeAndFree(packet)
    }
    return sum
  }

  @inline(__always)
  private static func decodeAndFree(_ packet: consuming Packet) -> Int {
    let decoded = packet.decoded(.ethernet)
    let isValid = decoded.ipv4HeaderChecksum == .valid
    return Int(decoded.destinationPort) &+ decoded.payloadByteCount &+ (isValid ? 0 : 1)
  }

  /// Frame by frame through the stack, UDP checksum and all, to a socket that is read at once.
  private static func throughStack(
    _ reader: inout CaptureReader, _ pool: MbufPool
  ) throws -> Int {
    var policy = InternetStack.Policy()
    policy.acceptsAnyDestination = true
    var stack = InternetStack(addresses: [], policy: policy, seed: 1)
    let socket = try stack.bindCatchAll()
    return try benchStackLoop(&reader, pool, &stack, socket)
  }

  @inline(never)
  private static func benchStackLoop(
    _ reader: inout CaptureReader, _ pool: MbufPool, _ stack: inout InternetStack,
    _ socket: SocketID
  ) throws(MbufError) -> Int {
    var sum = 0
    while let packet = try reader.next(into: pool) {
      stack.input(packet, linkType: .ethernet)
      while let datagram = stack.receive(socket) { sum &+= datagram.packet.byteCount }
    }
    return sum
  }

  /// What a program that uses libpcap does at the least: every frame, and its length.
  private static func libpcapLoop(_ path: String) throws {
    var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    guard let capture = unsafe pcap_open_offline(path, &message) else { return }
    defer { unsafe pcap_close(capture) }
    var header: UnsafeMutablePointer<pcap_pkthdr>?
    var bytes: UnsafePointer<UInt8>?
    var sum = 0
    while unsafe pcap_next_ex(capture, &header, &bytes) == 1 {
      sum &+= unsafe Int(header?.pointee.caplen ?? 0)
    }
    keep(sum)
  }

  // MARK: The capture

  /// A UDP datagram of 18 bytes of payload in the shortest Ethernet frame, made by the stack.
  private static func frame() throws -> [UInt8] {
    let local = IPv4Address(10, 0, 0, 1)
    var stack = InternetStack(addresses: [InterfaceAddress(local)], seed: 1)
    let socket = try stack.bind(port: 20_000, address: local)
    var payload = try MbufPool().packet(headroom: 64)
    try payload.appendZeroes(18)
    try stack.send(payload, from: socket, to: Endpoint(IPv4Address(10, 1, 0, 1), 40_000))
    guard var packet = stack.transmit() else { return [] }
    let header = EthernetHeader.Fields(
      destination: MACAddress(2, 0, 0, 0, 0, 2), source: MACAddress(2, 0, 0, 0, 0, 1),
      etherType: .ipv4)
    try packet.prepend(EthernetHeader.byteCount) { output in header.emit(into: &output) }
    return [UInt8](copying: packet)
  }

  private static func writeCapture(_ path: String) throws {
    let pool = MbufPool()
    let frame = try frame()
    var writer = try CaptureWriter(path: path, linkType: .ethernet, resolution: .micro)
    for index in 0..<frameCount {
      var packet = unsafe try pool.packet(copying: frame.span.bytes)
      packet.timestampInNanoseconds = 1_700_000_000_000_000_000 + Int64(index) * 1_000
      try writer.write(packet)
    }
    try writer.close()
  }

  private static var temporaryFolder: String {
    guard let folder = unsafe getenv("TMPDIR") else { return "/tmp" }
    return unsafe String(cString: folder)
  }
}
