// SPDX-License-Identifier: BSD-2-Clause
//
// The short way for records like most: of a pcap in this machine's order, with their lengths in their
// places, all there, and no filter to ask.
//
//     window   | record | record | record | ... | what ends the batch |
//              0                          place                       byteCount
//
// Nothing but `place` changes on the way; what the long way leaves behind each record is left behind the
// last one. Whatever is not like most, and a packet that the pool denies, is left to the long way, which
// begins where this one ended.
//
// The file may be mapped, and be cut on the way: then the batch is thrown away, and what is left of the
// file is read. A batch of long frames is short, so that they are looked at before they leave the cache.

import Mbufs
import Wire

extension CaptureReader {
  /// Whether the long way has nothing to do but what the short way does.
  var hasPlainRecords: Bool {
    format != .pcapng && !isFiltered && !layout.isByteSwapped
      && layout.lengthOrder == .capturedFirst
  }

  /// Reads records into packets, up to the first that is not like most.
  ///
  /// - Returns: packets of the batch that are left to the long way; 0 where the batch is full.
  mutating func receivePlainRecords(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
  ) -> Int {
    input.goOn()
    input.prepare()
    var packets = PacketQueue()
    let batch = plainRecords(upTo: packetLimit, into: &packets, from: pool)
    guard batch.count > 0, input.isThere(batch.place) else { return packetLimit }
    queue.append(&packets)
    // The last one is found again, by the long way.
    input.lend(batch.lastPlace)
    let isFound = findRecord()
    assert(isFound, "a record of the window is gone")
    note(
      recordCount: batch.count,
      byteCount: batch.lastPlace &+ Int(found.capturedByteCount)
        &- layout.headerByteCount &* (batch.count &- 1))
    return batch.place >= Self.batchByteCount ? 0 : packetLimit &- batch.count
  }

  /// Bytes of records after which a batch ends, so that they are in the processor's first cache.
  private static var batchByteCount: Int { 16_384 }

  @inline(never)
  private func plainRecords(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
  ) -> (count: Int, lastPlace: Int, place: Int) {
    let window = input.span(0, input.byteCount)
    let (header, scale) = (layout.headerByteCount, layout.nanosecondsPerFraction)
    let type = layout.linkType.rawValue
    let most = layout.frameByteLimit
    var (count, place, lastPlace) = (0, 0, 0)
    while count < packetLimit, place < Self.batchByteCount, window.byteCount &- place >= header {
      // In bounds: a record's header is there.
      let captured = unsafe Int(window.word(place &+ 8))
      guard captured <= most, captured <= window.byteCount &- place &- header else { break }
      // In bounds: as many bytes are behind the header.
      let frame = unsafe window.extracting(
        unchecked: Range(uncheckedBounds: (place &+ header, place &+ header &+ captured)))
      guard var packet = try? pool.packet(copying: frame) else { break }
      let seconds = unsafe Int32(bitPattern: window.word(place))
      // Neither wraps, as in the long way.
      packet.timestampInNanoseconds =
        Int64(seconds) &* 1_000_000_000 &+ Int64(unsafe window.word(place &+ 4)) &* scale
      packet.wireByteCount = unsafe Int(window.word(place &+ 12))
      packet.linkType = type
      queue.enqueue(packet)
      lastPlace = place
      place &+= header &+ captured
      count &+= 1
    }
    return (count, lastPlace, place)
  }
}

extension RawSpan {
  /// The word at an offset, which must be inside.
  @inline(__always)
  @unsafe
  fileprivate func word(_ offset: Int) -> UInt32 {
    unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self)
  }
}
