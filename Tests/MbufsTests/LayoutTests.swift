// SPDX-License-Identifier: BSD-2-Clause
import Testing
import UMA

@testable import Mbufs

/// The bytes of an mbuf are where MbufHeader.swift draws them.
@Suite struct LayoutTests {
  @Test func header() {
    typealias Header = MbufHeader
    let offsets = unsafe [
      MemoryLayout<Header>.offset(of: \Header.next),
      MemoryLayout<Header>.offset(of: \Header.nextPacket),
      MemoryLayout<Header>.offset(of: \Header.data),
      MemoryLayout<Header>.offset(of: \Header.byteCount),
      MemoryLayout<Header>.offset(of: \Header.flags),
      MemoryLayout<Header>.offset(of: \Header.type),
      MemoryLayout<Header>.offset(of: \Header.kind),
      MemoryLayout<Header>.offset(of: \Header.pool),
    ]
    #expect(offsets == [0, 8, 16, 24, 28, 30, 31, 32])
    let byteCount = MemoryLayout<Header>.size
    #expect(byteCount == MbufLayout.headerByteCount)
    #expect(byteCount == 40)
  }

  @Test func packetHeader() {
    typealias Header = PacketHeader
    let offsets = [
      MemoryLayout<Header>.offset(of: \.packetByteCount),
      MemoryLayout<Header>.offset(of: \.wireBytes),
      MemoryLayout<Header>.offset(of: \.timestampInNanoseconds),
      MemoryLayout<Header>.offset(of: \.interfaceIndex),
      MemoryLayout<Header>.offset(of: \.linkType),
      MemoryLayout<Header>.offset(of: \.checksumState),
      MemoryLayout<Header>.offset(of: \.vlanTag),
      MemoryLayout<Header>.offset(of: \.flowHash),
      MemoryLayout<Header>.offset(of: \.networkOffset),
      MemoryLayout<Header>.offset(of: \.transportOffset),
      MemoryLayout<Header>.offset(of: \.tags),
    ].map { ($0 ?? -1) + MbufLayout.headerByteCount }
    #expect(offsets == [40, 44, 48, 56, 60, 64, 66, 68, 72, 74, 80])
    #expect(MemoryLayout<Header>.size == MbufLayout.packetHeaderByteCount)
    #expect(MemoryLayout<Header>.size == 48)
  }

  @Test func externalStorage() {
    typealias Storage = ExternalStorage
    let offsets = unsafe [
      MemoryLayout<Storage>.offset(of: \Storage.base),
      MemoryLayout<Storage>.offset(of: \Storage.byteCount),
      MemoryLayout<Storage>.offset(of: \Storage.counter),
      MemoryLayout<Storage>.offset(of: \Storage.owner),
    ].map { ($0 ?? -1) + MbufLayout.storageOffset }
    #expect(offsets == [88, 96, 104, 112])
    let byteCount = MemoryLayout<Storage>.size
    #expect(MbufLayout.storageOffset + byteCount == 120)
  }

  @Test func sizesAddUp() {
    #expect(
      MbufLayout.headerByteCount + MbufLayout.packetHeaderByteCount == MbufLayout.storageOffset)
    #expect(MbufLayout.headerByteCount + MbufLayout.dataByteCount == MbufLayout.mbufByteCount)
    #expect(
      MbufLayout.storageOffset + MbufLayout.packetDataByteCount == MbufLayout.mbufByteCount)
    #expect(MbufLayout.leastClusterByteCount == 169)
    #expect(MbufLayout.clusterByteCount == 2_048)
    #expect(MemoryLayout<Packet>.size == 8)
    #expect(MemoryLayout<Packet?>.size == 8, "an optional packet costs nothing")
  }

  @Test func flagsAreDistinctBits() {
    let all: [MbufFlags] = [
      .external, .packetHeader, .endOfRecord, .readOnly, .broadcast, .multicast, .shared, .tagged,
      .typed,
    ]
    #expect(all.reduce(0) { $0 | $1.rawValue }.nonzeroBitCount == all.count)
    #expect(all.allSatisfy { $0.rawValue.nonzeroBitCount == 1 })
  }

  @Test func mbufsAreAlignedToTheirSize() throws {
    let pool = MbufPool(clusterLimit: 0)
    let small = try pool.smallPacket()
    let packet = try pool.packet()
    #expect(UInt(bitPattern: unsafe small.head.raw) % 256 == 0)
    #expect(UInt(bitPattern: unsafe packet.head.raw) % 256 == 0)
    #expect(UInt(bitPattern: unsafe packet.head.data) % 64 == 0)
    #expect(small.headroom == 0 && small.tailroom == 168)
    #expect(packet.headroom == 0 && packet.tailroom == 2_048)
  }
}
