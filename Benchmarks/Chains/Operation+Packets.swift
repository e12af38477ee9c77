// SPDX-License-Identifier: BSD-2-Clause
import CBench
import Mbufs

extension MbufPool {
  /// A packet of `byteCount` bytes in one cluster, none of them written.
  @inline(__always)
  func frame(_ byteCount: Int, headroom: Int = 0) throws(MbufError) -> Packet {
    var packet = try packet(headroom: headroom)
    // The bytes are never looked at; what was in the cluster before will do.
    unsafe packet.extend(by: byteCount)
    return packet
  }

  /// A packet of 14 bytes in its first mbuf and 1,400 in a cluster behind it.
  @inline(__always)
  func headerAndFrame() throws(MbufError) -> Packet {
    var packet = try smallPacket(headroom: 64)
    unsafe packet.extend(by: 14)
    packet.join(try frame(1_400))
    return packet
  }

  /// A packet of three full clusters.
  @inline(__always)
  func threeClusters() throws(MbufError) -> Packet {
    var packet = try frame(2_048)
    packet.join(try frame(2_048))
    packet.join(try frame(2_048))
    return packet
  }
}

/// Makes the compiler believe that the packet was looked at.
@inline(__always)
func escape(_ packet: borrowing Packet) {
  unsafe bench_escape(UnsafeRawPointer(bitPattern: packet.byteCount))
}

// Each loop is written out: a closure in it would be part of what is measured.

extension Operation {
  static let ofPackets = [
    Operation(name: "get", shape: "packet with a cluster, got and freed", base: empty, ours: get),
    Operation(name: "prepend", shape: "28 into the headroom", base: roomy, ours: prepend),
    Operation(name: "trimFront", shape: "28 of 1,400 in a cluster", base: cluster, ours: trimFront),
    Operation(name: "pullUp", shape: "28 over mbufs of 14 and 1,400", base: two, ours: pullUp),
    Operation(name: "copyUp", shape: "28 over mbufs of 14 and 1,400", base: two, ours: copyUp),
    Operation(name: "pullDown", shape: "10..<38 of 14 and 1,400", base: two, ours: pullDown),
    Operation(
      name: "defragment", shape: "14 and 1,400 into one cluster", base: two, ours: defragment),
    Operation(
      name: "sharedCopy", shape: "of 3 clusters; and freed", base: three, ours: sharedCopy),
    Operation(
      name: "split/cluster", shape: "1,400 in a cluster at 700; rest freed", base: cluster,
      ours: splitCluster),
    Operation(
      name: "split/chain", shape: "3 clusters at 3,072; rest freed", base: three, ours: splitChain),
    Operation(name: "join", shape: "1,400 and 1,400, each in a cluster", base: pair, ours: join),
    Operation(name: "append", shape: "1,400 behind 0 in a cluster", base: bare, ours: append),
    Operation(
      name: "copyIn", shape: "28 at 600 of 1,400 in a cluster", base: cluster, ours: copyIn),
    Operation(
      name: "copyOut", shape: "28 at 600 of 1,400 in a cluster", base: cluster, ours: copyOut),
    Operation(name: "duplicate", shape: "of 3 clusters; and freed", base: three, ours: duplicate),
  ]

  // MARK: What packets cost without the operation

  @inline(never)
  static func empty(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for index in 0..<count { unsafe bench_escape(UnsafeRawPointer(bitPattern: index)) }
  }

  @inline(never)
  static func bare(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count { escape(try pool.packet()) }
  }

  @inline(never)
  static func roomy(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count { escape(try pool.frame(1_400, headroom: 64)) }
  }

  @inline(never)
  static func cluster(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count { escape(try pool.frame(1_400)) }
  }

  @inline(never)
  static func two(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count { escape(try pool.headerAndFrame()) }
  }

  @inline(never)
  static func three(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count { escape(try pool.threeClusters()) }
  }

  @inline(never)
  static func pair(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count {
      let packet = try pool.frame(1_400)
      escape(try pool.frame(1_400))
      escape(packet)
    }
  }

  // MARK: The operations

  @inline(never)
  static func get(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count { escape(try pool.packet()) }
  }

  @inline(never)
  static func prepend(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count {
      var packet = try pool.frame(1_400, headroom: 64)
      try packet.prepend(28)
      escape(packet)
    }
  }

  @inline(never)
  static func trimFront(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count {
      var packet = try pool.frame(1_400)
      packet.trimFront(28)
      escape(packet)
    }
  }

  @inline(never)
  static func pullUp(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count {
      var packet = try pool.headerAndFrame()
      try packet.pullUp(28)
      escape(packet)
    }
  }

  @inline(never)
  static func copyUp(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count {
      var packet = try pool.headerAndFrame()
      try packet.copyUp(28, headroom: 64)
      escape(packet)
    }
  }

  @inline(never)
  static func pullDown(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count {
      var packet = try pool.headerAndFrame()
      try packet.pullDown(10..<38)
      escape(packet)
    }
  }

  @inline(never)
  static func defragment(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count {
      var packet = try pool.headerAndFrame()
      try packet.defragment()
      escape(packet)
    }
  }

  @inline(never)
  static func sharedCopy(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count {
      var packet = try pool.threeClusters()
      escape(try packet.sharedCopy())
      escape(packet)
    }
  }

  @inline(never)
  static func splitCluster(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count {
      var packet = try pool.frame(1_400)
      escape(try packet.split(at: 700))
      escape(packet)
    }
  }

  @inline(never)
  static func splitChain(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count {
      var packet = try pool.threeClusters()
      escape(try packet.split(at: 3_072))
      escape(packet)
    }
  }

  @inline(never)
  static func join(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count {
      var packet = try pool.frame(1_400)
      packet.join(try pool.frame(1_400))
      escape(packet)
    }
  }

  @inline(never)
  static func append(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    let bytes: InlineArray<1_400, UInt8> = .init(repeating: 0x5a)
    for _ in 0..<count {
      var packet = try pool.packet()
      try packet.append(unsafe bytes.span.bytes)
      escape(packet)
    }
  }

  @inline(never)
  static func copyIn(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    let bytes: InlineArray<28, UInt8> = .init(repeating: 0x5a)
    for _ in 0..<count {
      var packet = try pool.frame(1_400)
      try packet.copyIn(unsafe bytes.span.bytes, at: 600)
      escape(packet)
    }
  }

  @inline(never)
  static func copyOut(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    var bytes: InlineArray<28, UInt8> = .init(repeating: 0)
    for _ in 0..<count {
      let packet = try pool.frame(1_400)
      var span = bytes.mutableSpan
      var target = unsafe span.mutableBytes
      try packet.copyOut(600, into: &target)
      escape(packet)
    }
  }

  @inline(never)
  static func duplicate(_ pool: MbufPool, _ count: Int) throws(MbufError) {
    for _ in 0..<count {
      let packet = try pool.threeClusters()
      escape(try packet.duplicate())
      escape(packet)
    }
  }
}
