// SPDX-License-Identifier: BSD-2-Clause
//
// The one fence between packets and raw memory. An `Mbuf` exists only for memory that the mbuf
// keg's `initialize` prepared and that the caller holds through a packet or a chain, so every field
// access below is in bounds and exclusive. MbufHeader.swift draws the bytes; nothing else reads or
// writes them. What the data is, and how it moves, is in Mbuf+Bytes.swift.

import UMA

/// One mbuf by its address.
@frozen
@usableFromInline
@safe
struct Mbuf: Equatable {
  @usableFromInline let at: UnsafeMutablePointer<MbufHeader>

  /// An mbuf that its zone has handed out.
  @inlinable @inline(__always)
  init(_ item: UnsafeMutableRawPointer) {
    unsafe at = item.assumingMemoryBound(to: MbufHeader.self)
  }

  @inlinable
  static func == (a: Mbuf, b: Mbuf) -> Bool { unsafe a.at == b.at }

  @inlinable @inline(__always)
  var raw: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(at) }

  // MARK: Header

  @inlinable @inline(__always)
  var header: MbufHeader {
    unsafeAddress { unsafe UnsafePointer(at) }
    nonmutating unsafeMutableAddress { unsafe at }
  }

  @inlinable @inline(__always)
  var next: Mbuf? {
    get { header.next }
    nonmutating set { header.next = newValue }
  }

  @inlinable @inline(__always)
  var nextPacket: Mbuf? {
    get { header.nextPacket }
    nonmutating set { header.nextPacket = newValue }
  }

  /// First byte of the data.
  @inlinable @inline(__always)
  var data: UnsafeMutableRawPointer {
    get { unsafe header.data }
    nonmutating set { unsafe header.data = newValue }
  }

  /// Bytes of data.
  @inlinable @inline(__always)
  var byteCount: Int {
    get { Int(header.byteCount) }
    nonmutating set { header.byteCount = Int32(truncatingIfNeeded: newValue) }
  }

  @inlinable @inline(__always)
  var flags: MbufFlags {
    get { header.flags }
    nonmutating set { header.flags = newValue }
  }

  @inlinable @inline(__always)
  var kind: StorageKind {
    get { header.kind }
    nonmutating set { header.kind = newValue }
  }

  @inlinable @inline(__always)
  var pool: PoolCore { header.pool }

  /// Makes memory from the zone an empty mbuf; its data begins where its storage does.
  @inlinable @inline(__always)
  func reset(_ flags: MbufFlags, _ kind: StorageKind) {
    next = nil
    nextPacket = nil
    byteCount = 0
    self.flags = flags
    header.type = .data
    self.kind = kind
    if flags.contains(.packetHeader) { packetHeader = PacketHeader() }
    unsafe data = start
  }

  // MARK: Type and marks

  /// What it holds; the pool counts mbufs by type.
  ///
  /// BSD: `MCHTYPE`.
  @inlinable
  var type: MbufType {
    get { header.type }
    nonmutating set {
      if header.type != newValue { changeTypeSlow(newValue) }
    }
  }

  @usableFromInline
  @inline(never)
  func changeTypeSlow(_ type: MbufType) {
    pool.count(header.type, -1)
    pool.count(type, 1)
    header.type = type
    if type == .data { flags.remove(.typed) } else { flags.insert(.typed) }
  }

  /// Whether a record ends with this mbuf, which then is the last of its chain.
  var endsRecord: Bool {
    get { flags.contains(.endOfRecord) }
    nonmutating set {
      if newValue { flags.insert(.endOfRecord) } else { flags.remove(.endOfRecord) }
    }
  }

  /// Gives the mark of a record's end, if this mbuf has it, to the mbuf that is now the last.
  @inline(__always)
  func moveEndOfRecord(to last: Mbuf) {
    guard endsRecord, last != self else { return }
    endsRecord = false
    last.endsRecord = true
  }

  // MARK: Packet header

  /// The packet header; meaningful only with `.packetHeader`.
  @inlinable @inline(__always)
  var packetHeader: PacketHeader {
    unsafeAddress { unsafe UnsafePointer(packetHeaderPlace) }
    nonmutating unsafeMutableAddress { unsafe packetHeaderPlace }
  }

  @inlinable @inline(__always)
  var packetHeaderPlace: UnsafeMutablePointer<PacketHeader> {
    unsafe (raw + MbufLayout.headerByteCount).assumingMemoryBound(to: PacketHeader.self)
  }

  @inlinable @inline(__always)
  var packetByteCount: Int {
    get { Int(packetHeader.packetByteCount) }
    nonmutating set { packetHeader.packetByteCount = Int32(truncatingIfNeeded: newValue) }
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

  /// The first tag; meaningful only with `.packetHeader`.
  var firstTag: Mbuf? {
    get {
      guard flags.contains(.tagged) else { return nil }
      // Set below to the address of an mbuf.
      return unsafe UnsafeMutableRawPointer(bitPattern: packetHeader.tags).map { unsafe Mbuf($0) }
    }
    nonmutating set {
      packetHeader.tags = UInt(bitPattern: unsafe newValue?.raw)
      if newValue == nil { flags.remove(.tagged) } else { flags.insert(.tagged) }
    }
  }

  /// Whether a packet header would overwrite no data.
  var hasRoomForHeader: Bool {
    // External data lies elsewhere; inner data may begin behind the header's place.
    unsafe isExternal || byteCount == 0 || data >= raw + MbufLayout.storageOffset
  }

  /// Makes an mbuf with room for a packet header the first of a packet.
  func insertPacketHeader() {
    if !isExternal, byteCount == 0 {
      // Without data the place is free, wherever it was said to begin.
      unsafe data = Swift.max(data, raw + MbufLayout.storageOffset)
    }
    flags.insert(.packetHeader)
  }

  // MARK: Storage

  /// The descriptor; meaningful only with `.external`.
  @inlinable @inline(__always)
  var storage: ExternalStorage {
    unsafeAddress { unsafe UnsafePointer(storagePlace) }
    nonmutating unsafeMutableAddress { unsafe storagePlace }
  }

  @inlinable @inline(__always)
  var storagePlace: UnsafeMutablePointer<ExternalStorage> {
    unsafe (raw + MbufLayout.storageOffset).assumingMemoryBound(to: ExternalStorage.self)
  }

  @inlinable
  var isExternal: Bool { flags.contains(.external) }

  /// First byte of the storage.
  @inlinable
  var start: UnsafeMutableRawPointer {
    if isExternal { return unsafe storage.base }
    return unsafe raw
      + (flags.contains(.packetHeader) ? MbufLayout.storageOffset : MbufLayout.headerByteCount)
  }

  /// Bytes of the storage.
  @inlinable
  var capacity: Int {
    if isExternal { return Int(storage.byteCount) }
    return flags.contains(.packetHeader)
      ? MbufLayout.packetDataByteCount : MbufLayout.dataByteCount
  }

  /// Bytes of memory that this mbuf holds.
  ///
  /// BSD: `sballoc`: MSIZE and `ext_size`.
  @inlinable
  var charge: Int { MbufLayout.mbufByteCount + (isExternal ? capacity : 0) }

  /// Whether nobody else can see the storage, and it may be written.
  @inlinable
  var isWritable: Bool {
    if flags.rawValue & MbufFlags.guarded.rawValue == 0 { return true }
    if flags.contains(.readOnly) { return false }
    return storage.isSole
  }
}
