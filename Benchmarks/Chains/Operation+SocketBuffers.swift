// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import Wire

extension Operation {
  static let ofSocketBuffers = [
    Operation(
      name: "socketBuffer", shape: "1,400 appended with its addresses, dropped", base: roomy,
      ours: appendAndDrop)
  ]

  @inline(never)
  static func appendAndDrop(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    var buffer = SocketBuffer(limit: 1 << 16)
    let source = Endpoint(.v4(IPv4Address(0x0a00_0001)), 1_024)
    let destination = Endpoint(.v4(IPv4Address(0x0a00_0002)), 53)
    for _ in 0..<count {
      let result = buffer.append(
        try pool.frame(1_400, headroom: 64), from: source, to: destination)
      if result != .appended || !buffer.dropFirst() { stop("a datagram was \(result)") }
    }
  }
}
