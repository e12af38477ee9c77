// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import Wire

extension Operation {
  static let ofSocketBuffers = [
    Operation(
      name: "sockbuf/append", shape: "1,400 to a stream, dropped", base: cluster, ours: stream),
    Operation(
      name: "sockbuf/record", shape: "1,400 as a record, dropped", base: cluster, ours: record),
    Operation(
      name: "sockbuf/datagram", shape: "1,400 with its addresses, dropped", base: roomy,
      ours: datagram),
  ]

  @inline(never)
  static func stream(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    var buffer = SocketBuffer(limit: 1 << 16)
    for _ in 0..<count {
      buffer.append(try pool.frame(1_400))
      buffer.drop(1_400)
    }
  }

  @inline(never)
  static func record(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    var buffer = SocketBuffer(limit: 1 << 16)
    for _ in 0..<count {
      buffer.appendRecord(try pool.frame(1_400))
      if !buffer.dropRecord() { stop("no record") }
    }
  }

  @inline(never)
  static func datagram(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    var buffer = DatagramBuffer(limit: 1 << 16)
    let source = Endpoint(.v4(IPv4Address(0x0a00_0001)), 1_024)
    let destination = Endpoint(.v4(IPv4Address(0x0a00_0002)), 53)
    for _ in 0..<count {
      let result = buffer.append(
        try pool.frame(1_400, headroom: 64), from: source, to: destination)
      guard case .appended = result, buffer.dropFirst() else { stop("a datagram was \(result)") }
    }
  }
}
