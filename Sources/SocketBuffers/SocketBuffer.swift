// SPDX-License-Identifier: BSD-2-Clause
//
//     append, appendRecord, … --> [record] --> [record] --> [record] --> drop, cut, receiveRecord
//
//     byteCount         == sum of the records' bytes                             sb_cc
//     controlByteCount  == those that are neither data nor out-of-band           sb_ctl
//     storageByteCount  == sum of the memory the records hold                    sb_mbcnt
//     recordCount == 0  <=>  storageByteCount == 0
//     space == min(limit - byteCount, storageLimit - storageByteCount)           sbspace
//     lowWater <= limit
//
// The records are one `RecordQueue`, whose pointers exist together or not at all.

import Mbufs
import UMA

/// Records that wait to be sent or to be received, under a limit in bytes of data and one in bytes
/// of memory.
///
/// What has an address or control information in front is refused where there is no space for it.
/// Whoever appends anything else looks at `space` before, as a protocol does that tells its peer of
/// a window; the limits do not stop it.
///
/// BSD: `struct sockbuf` (sys/sys/sockbuf.h).
public struct SocketBuffer: ~Copyable, Sendable {
  var records = RecordQueue()
  /// The most bytes of records.
  ///
  /// BSD: `sb_hiwat`.
  public internal(set) var limit = 0
  /// Bytes of memory at which refusal begins; the record that reaches it may go beyond.
  ///
  /// BSD: `sb_mbmax`.
  public internal(set) var storageLimit = 0
  /// Bytes from which on the buffer is worth its reader's or writer's attention, at most `limit`.
  ///
  /// BSD: `sb_lowat`, SO_RCVLOWAT, SO_SNDLOWAT.
  public var lowWater: Int {
    get { storedLowWater }
    set {
      precondition(newValue >= 0, "a low-water mark of \(newValue) bytes")
      storedLowWater = Swift.min(newValue, limit)
    }
  }
  private var storedLowWater = 0
  /// The most memory that a buffer may be given by `reserve(limit:)`.
  ///
  /// BSD: `kern.ipc.maxsockbuf`, `sb_max`.
  public let largestStorageLimit: Int

  /// What `kern.ipc.maxsockbuf` is in FreeBSD 9 and later, in bytes.
  public static var defaultLargestStorageLimit: Int { 2 << 20 }

  /// The longest address in bytes.
  static var longestAddressByteCount: Int { MbufLayout.dataByteCount }

  // MARK: Limits

  /// An empty buffer without any space yet: `reserve(limit:)` gives it some.
  ///
  /// - Parameter largestStorageLimit: the most memory in bytes that it may ever be given.
  public init(largestStorageLimit: Int = defaultLargestStorageLimit) {
    precondition(
      (0...1 << 40).contains(largestStorageLimit), "at most \(largestStorageLimit) bytes of memory")
    self.largestStorageLimit = largestStorageLimit
  }

  /// An empty buffer with the limits that its owner wants, which `reserve(limit:)` might refuse.
  ///
  /// - Parameters:
  ///   - limit: the most bytes of records.
  ///   - storageLimit: bytes of memory at which refusal begins; eight times `limit` if left out.
  /// - Precondition: `limit` is within 0...1 TiB, and `storageLimit` at most 8 TiB.
  public init(limit: Int, storageLimit: Int? = nil) {
    precondition(limit >= 0 && limit <= 1 << 40, "a socket buffer of \(limit) bytes")
    let storageLimit = Swift.max(0, storageLimit ?? 8 * limit)
    precondition(storageLimit <= 1 << 43, "at most \(storageLimit) bytes of memory")
    self.limit = limit
    self.storageLimit = storageLimit
    largestStorageLimit = Swift.max(self.storageLimit, Self.defaultLargestStorageLimit)
    storedLowWater = Swift.min(1, limit)
  }

  /// The most that `reserve(limit:)` grants, in bytes.
  ///
  /// The bytes of data that, in clusters, take all of the largest storage limit:
  ///
  ///     largestLimit == largestStorageLimit * 2048 / (256 + 2048)
  public var largestLimit: Int {
    largestStorageLimit * MbufLayout.clusterByteCount
      / (MbufLayout.mbufByteCount + MbufLayout.clusterByteCount)
  }

  /// Changes the limits; what is in the buffer stays.
  ///
  ///     storageLimit == min(8 * limit, largestStorageLimit)
  ///
  /// The low-water mark comes down with the limit.
  ///
  /// - Throws: `SocketError.limitTooLarge`; the limits are as they were.
  ///
  /// BSD: `sbreserve`, with `sockbuf_waste_factor` 8.
  public mutating func reserve(limit: Int) throws(SocketError) {
    precondition(limit >= 0, "a socket buffer of \(limit) bytes")
    guard limit <= largestLimit else {
      throw .limitTooLarge(wanted: limit, largest: largestLimit)
    }
    // Cannot wrap: the largest limit is below 8 TiB.
    self.limit = limit
    storageLimit = Swift.min(8 * limit, largestStorageLimit)
    storedLowWater = Swift.min(storedLowWater, limit)
  }

  /// Gives both buffers of a socket their limits and low-water marks, or neither.
  ///
  /// A reader is served from 1 byte on, a writer from 2,048 bytes of space on.
  ///
  /// - Throws: `SocketError.limitTooLarge`; both are as they were.
  ///
  /// BSD: `soreserve`.
  public static func reserve(
    _ receiving: inout SocketBuffer, limit receiveLimit: Int, _ sending: inout SocketBuffer,
    limit sendLimit: Int
  ) throws(SocketError) {
    let limits = (receiving.limit, receiving.storageLimit, receiving.storedLowWater)
    try receiving.reserve(limit: receiveLimit)
    do throws(SocketError) {
      try sending.reserve(limit: sendLimit)
    } catch {
      (receiving.limit, receiving.storageLimit, receiving.storedLowWater) = limits
      throw error
    }
    if receiving.lowWater == 0 { receiving.lowWater = 1 }
    if sending.lowWater == 0 { sending.lowWater = MbufLayout.clusterByteCount }
  }

  /// Frees every record and takes the limits away.
  ///
  /// BSD: `sbrelease`.
  public mutating func release() {
    flush()
    limit = 0
    storageLimit = 0
    storedLowWater = 0
  }

  // MARK: Inspecting

  /// Bytes of the records.
  ///
  /// BSD: `sb_cc`.
  public var byteCount: Int { records.byteCount }
  /// Bytes of addresses and control information.
  ///
  /// BSD: `sb_ctl`.
  public var controlByteCount: Int { records.controlByteCount }
  /// Bytes of memory that the records hold, used or not; shared storage counts in full.
  ///
  /// BSD: `sb_mbcnt`.
  public var storageByteCount: Int { records.storageByteCount }
  /// Records in the buffer.
  public var recordCount: Int { records.recordCount }
  /// Mbufs of the records.
  ///
  /// BSD: `sb_mcnt`.
  public var segmentCount: Int { records.segmentCount }
  /// Mbufs with a cluster or other external storage.
  ///
  /// BSD: `sb_ccnt`.
  public var externalSegmentCount: Int { records.externalCount }
  /// Whether there is no record.
  public var isEmpty: Bool { records.isEmpty }

  /// Bytes that may be appended; below 0 where the limits were exceeded or have been lowered.
  ///
  /// BSD: `sbspace`.
  public var space: Int {
    Swift.min(limit - records.byteCount, storageLimit - records.storageByteCount)
  }

  /// Whether there are as many bytes as the low-water mark demands.
  ///
  /// BSD: `soreadable`.
  public var isReadable: Bool { !records.isEmpty && records.byteCount >= lowWater }

  /// Whether there is as much space as the low-water mark demands.
  ///
  /// BSD: `sowriteable`.
  public var isWritable: Bool { space >= Swift.max(1, lowWater) }

  /// Whether appended bytes are copied into room behind the last ones, which saves memory.
  ///
  /// BSD: `SB_NOCOALESCE`, the other way round.
  public var coalesces: Bool {
    get { records.coalesces }
    set { records.coalesces = newValue }
  }

  /// Traps if the counts do not match the records.
  ///
  /// BSD: `sbcheck`.
  public borrowing func checkInvariants() {
    records.checkInvariants()
    precondition(
      (recordCount == 0) == (storageByteCount == 0) && (recordCount == 0) == isEmpty,
      "\(recordCount) records, \(storageByteCount) bytes of storage")
    precondition(lowWater <= limit, "low water at \(lowWater) of \(limit)")
  }
}
