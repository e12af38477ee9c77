// SPDX-License-Identifier: BSD-2-Clause
//
// The one fence between packets and raw memory. An `Mbuf` exists only for memory that the mbuf
// keg's `initialize` prepared and that the caller holds through a `Packet`, so every field access
// below is in bounds and exclusive. MbufHeader.swift draws the bytes.

import Synchronization
import UMA

/// One mbuf by its address.
@frozen
@usableFromInline
@safe
struct Mbuf: Equatable {
  @usableFromInline let at: UnsafeMutablePointer<MbufHeader>

  @inlinable @inline(__always)
  init(_ at: UnsafeMutablePointer<MbufHeader>) { unsafe self.at = at }

  @inlinable @inline(__always)
  init?(_ at: UnsafeMutablePointer<MbufHeader>?) {
    guard let at = unsafe at else { return nil }
    unsafe self.at = at
  }

  @inlinable
  static func == (a: Mbuf, b: Mbuf) -> Bool { unsafe a.at == b.at }

  // MARK: Header

  @inlinable @inline(__always)
  var next: Mbuf? {
    get { unsafe Mbuf(at.pointee.next) }
    nonmutating set { unsafe at.pointee.next = newValue?.at }
  }

  @inlinable @inline(__always)
  var nextPacket: Mbuf? {
    get { unsafe Mbuf(at.pointee.nextPacket) }
    nonmutating set { unsafe at.pointee.nextPacket = newValue?.at }
  }

  @inlinable @inline(__always)
  var data: UnsafeMutableRawPointer {
    get { unsafe at.pointee.data }
    nonmutating set { unsafe at.pointee.data = newValue }
  }

  @inlinable @inline(__always)
  var byteCount: Int {
    get { unsafe Int(at.pointee.byteCount) }
    nonmutating set { unsafe at.pointee.byteCount = Int32(truncatingIfNeeded: newValue) }
  }

  @inlinable @inline(__always)
  var flags: MbufFlags {
    get { unsafe at.pointee.flags }
    nonmutating set { unsafe at.pointee.flags = newValue }
  }

  /// What it holds; the pool counts mbufs by type.
  ///
  /// BSD: `MCHTYPE`.
  @inlinable
  var type: MbufType {
    get { unsafe at.pointee.type }
    nonmutating set {
      if unsafe at.pointee.type != newValue { changeTypeSlow(newValue) }
    }
  }

  @usableFromInline
  @inline(never)
  func changeTypeSlow(_ type: MbufType) {
    unsafe pool.count(at.pointee.type, -1)
    unsafe pool.count(type, 1)
    unsafe at.pointee.type = type
    if type == .data { flags.remove(.typed) } else { flags.insert(.typed) }
  }

  @inlinable @inline(__always)
  var kind: StorageKind {
    get { unsafe at.pointee.kind }
    nonmutating set { unsafe at.pointee.kind = newValue }
  }

  @inlinable @inline(__always)
  var pool: UnsafeMutablePointer<PoolCore> { unsafe at.pointee.pool }

  @inlinable @inline(__always)
  var raw: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(at) }

  /// The packet header; meaningful only with `.packetHeader`.
  @inlinable @inline(__always)
  var packetHeader: PacketHeader {
    get { unsafe headerPlace.pointee }
    nonmutating set { unsafe headerPlace.pointee = newValue }
  }

  @inlinable @inline(__always)
  var headerPlace: UnsafeMutablePointer<PacketHeader> {
    unsafe (raw + MbufLayout.headerByteCount).assumingMemoryBound(to: PacketHeader.self)
  }

  @inlinable @inline(__always)
  var packetByteCount: Int {
    get { unsafe Int(headerPlace.pointee.packetByteCount) }
    nonmutating set {
      unsafe headerPlace.pointee.packetByteCount = Int32(truncatingIfNeeded: newValue)
    }
  }

  /// Sets the length of a packet made of bytes that came together without one.
  ///
  /// - Precondition: `count` is at most `MbufLayout.largestPacketByteCount`.
  func setPacketByteCount(_ count: Int) {
    precondition(
      count <= MbufLayout.largestPacketByteCount,
      "a packet of \(count) bytes, at most \(MbufLayout.largestPacketByteCount)")
    packetByteCount = count
  }

  // MARK: Storage

  /// The descriptor; meaningful only with `.external`.
  @inlinable @inline(__always)
  var storage: UnsafeMutablePointer<ExternalStorage> {
    unsafe (raw + MbufLayout.storageOffset).assumingMemoryBound(to: ExternalStorage.self)
  }

  @inlinable
  var isExternal: Bool { flags.contains(.external) }

  /// First byte of the storage.
  @inlinable
  var start: UnsafeMutableRawPointer {
    if isExternal { return unsafe storage.pointee.base }
    return unsafe raw
      + (flags.contains(.packetHeader) ? MbufLayout.storageOffset : MbufLayout.headerByteCount)
  }

  /// Bytes of the storage.
  @inlinable
  var capacity: Int {
    if isExternal { return unsafe Int(storage.pointee.byteCount) }
    return flags.contains(.packetHeader)
      ? MbufLayout.packetDataByteCount : MbufLayout.dataByteCount
  }

  /// Whether nobody else can see the storage, and it may be written.
  @inlinable
  var isWritable: Bool {
    if flags.isDisjoint(with: [.shared, .readOnly]) { return true }
    if flags.contains(.readOnly) { return false }
    return unsafe storage.pointee.isSole
  }

  /// Bytes before the data that may be written.
  ///
  /// BSD: `M_LEADINGSPACE`.
  @inlinable
  var headroom: Int { isWritable ? unsafe data - start : 0 }

  /// Bytes behind the data that may be written.
  ///
  /// BSD: `M_TRAILINGSPACE`.
  @inlinable
  var tailroom: Int { isWritable ? unsafe (start + capacity) - (data + byteCount) : 0 }

  /// One past the last byte of data.
  @inlinable
  var end: UnsafeMutableRawPointer { unsafe data + byteCount }

  /// Puts the data of an empty mbuf `headroom` bytes into its storage.
  @inlinable
  func place(headroom: Int) {
    precondition(headroom >= 0 && headroom <= capacity, "headroom \(headroom) of \(capacity)")
    unsafe data = start + headroom
  }

  /// The last mbuf of the chain.
  var last: Mbuf {
    var mbuf = self
    while let next = mbuf.next { mbuf = next }
    return mbuf
  }

  /// Mbufs from here to the end of the chain.
  var chainMbufCount: Int {
    var count = 1
    var mbuf = self
    while let next = mbuf.next {
      count += 1
      mbuf = next
    }
    return count
  }

  /// Bytes of the longest segment from here to the end of the chain.
  var longestSegment: Int {
    var longest = 0
    var mbuf: Mbuf? = self
    while let here = mbuf {
      longest = Swift.max(longest, here.byteCount)
      mbuf = here.next
    }
    return longest
  }

  /// Bytes of data from here to the end of the chain.
  var chainByteCount: Int {
    var sum = 0
    var mbuf: Mbuf? = self
    while let here = mbuf {
      sum += here.byteCount
      mbuf = here.next
    }
    return sum
  }
}
