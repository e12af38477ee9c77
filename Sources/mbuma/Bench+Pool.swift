// SPDX-License-Identifier: BSD-2-Clause
import CMallocCount
import Mbufs
import UMA
import Wire

// The rows of the allocator and of packets. Items are touched as their users would: eight bytes
// written after each allocation.

extension Bench {
  mutating func measureZones() throws {
    for byteCount in [MbufLayout.mbufByteCount, MbufLayout.clusterByteCount] {
      let zone = Zone(name: "bench_\(byteCount)", itemByteCount: byteCount, alignment: 64)
      defer { zone.destroy() }
      try measure("zone/pair/\(byteCount)", against: Self.mallocPair(byteCount)) { count in
        try Self.zonePairs(zone, count)
      }
      for length in [32, 512] {
        try measure(
          "zone/burst\(length)/\(byteCount)", against: Self.mallocBurst(byteCount, length)
        ) { count in
          try Self.zoneBursts(zone, count, length)
        }
      }
    }
  }

  mutating func measurePackets() throws {
    let pool = MbufPool()
    let wholeByteCount = MbufLayout.mbufByteCount + MbufLayout.clusterByteCount
    try measure("packet/pair", against: Self.mallocPair(wholeByteCount)) { count in
      try Self.packetPairs(pool, count)
    }
    let frame = [UInt8](repeating: 0x5a, count: 1_472)
    try measure("packet/copy60", per: "packet") { count in
      try Self.packetCopies(pool, frame, 60, count)
    }
    try measure("packet/copy1472", per: "packet") { count in
      try Self.packetCopies(pool, frame, 1_472, count)
    }
    try measure("packet/prepend28", per: "packet") { count in
      try Self.prepends(pool, count)
    }
    try measure("wire/checksum1472", per: "packet") { count in
      var frame = frame
      var sum = 0
      for index in 0..<count {
        // Another byte each time, or one sum would do for all.
        frame[index % frame.count] &+= 1
        var checksum = InternetChecksum()
        unsafe checksum.add(frame.span.bytes)
        sum &+= Int(checksum.folded)
      }
      keep(sum)
    }
  }

  // MARK: Loops

  private static func zonePairs(_ zone: Zone, _ count: Int) throws {
    for index in 0..<count {
      let item = unsafe try zone.allocateItem()
      unsafe item.storeBytes(of: index, as: Int.self)
      unsafe zone.freeItem(item)
    }
  }

  private static func zoneBursts(_ zone: Zone, _ count: Int, _ length: Int) throws {
    try unsafe withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer.self, capacity: length) {
      for _ in 0..<Swift.max(1, count / length) {
        for index in 0..<length {
          unsafe $0[index] = try zone.allocateItem()
          unsafe $0[index].storeBytes(of: index, as: Int.self)
        }
        for index in 0..<length { unsafe zone.freeItem($0[index]) }
      }
    }
  }

  private static func packetPairs(_ pool: MbufPool, _ count: Int) throws {
    var sum = 0
    for _ in 0..<count {
      let packet = try pool.packet()
      sum &+= packet.byteCount
    }
    keep(sum)
  }

  private static func packetCopies(
    _ pool: MbufPool, _ frame: [UInt8], _ byteCount: Int, _ count: Int
  ) throws {
    var sum = 0
    let bytes = unsafe frame.span.bytes.extracting(first: byteCount)
    for _ in 0..<count {
      let packet = try pool.packet(copying: bytes, headroom: 64)
      sum &+= packet.byteCount
    }
    keep(sum)
  }

  private static func prepends(_ pool: MbufPool, _ count: Int) throws {
    var packet = try pool.packet(headroom: 64)
    for _ in 0..<count {
      try packet.prepend(28)
      packet.trimFront(28)
    }
    keep(packet.byteCount)
  }

  // MARK: Baselines

  static func mallocPair(_ byteCount: Int) -> Workload {
    Workload(name: "malloc/free \(byteCount)") { count in
      for index in 0..<count {
        guard let item = unsafe mbuma_plain_malloc(byteCount) else { return }
        unsafe item.storeBytes(of: index, as: Int.self)
        unsafe mbuma_plain_free(item)
      }
    }
  }

  static func mallocBurst(_ byteCount: Int, _ length: Int) -> Workload {
    Workload(name: "malloc/free \(byteCount)") { count in
      unsafe withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer?.self, capacity: length) {
        for _ in 0..<Swift.max(1, count / length) {
          for index in 0..<length {
            unsafe $0[index] = mbuma_plain_malloc(byteCount)
            unsafe $0[index]?.storeBytes(of: index, as: Int.self)
          }
          for index in 0..<length { unsafe mbuma_plain_free($0[index]) }
        }
      }
    }
  }
}
