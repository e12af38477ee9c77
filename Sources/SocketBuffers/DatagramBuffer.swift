// SPDX-License-Identifier: BSD-2-Clause
//
//     append --> [record] --> [record] --> [record] --> receive
//                   a record: control information, if any, then addresses and datagram
//
//     appended == received + dropped from here + recordCount
//
// The addresses are the first bytes of the record's data (Packet+Endpoint.swift), where the headers
// of the datagram were, and take no mbuf of their own.

package import Mbufs

/// Datagrams that wait for their reader, each with its source and its destination.
///
/// BSD: `struct sockbuf` of a datagram socket.
package struct DatagramBuffer: ~Copyable, Sendable {
  var buffer: SocketBuffer
  /// Datagrams refused so far, for want of space or of an mbuf.
  package internal(set) var drops: UInt64 = 0

  /// What became of an appended datagram.
  package enum AppendResult: UInt8, Sendable {
    /// It is in the buffer.
    case appended
    /// There was no space for it; it was counted.
    case full
    /// There was no mbuf for its addresses; it was counted.
    case noMemory
  }

  /// An empty buffer.
  ///
  /// - Parameters:
  ///   - limit: the most bytes of records, addresses included.
  ///   - storageLimit: bytes of memory at which appending stops. Left out it is eight times `limit`:
  ///     a datagram in a cluster holds 2,304 bytes, so datagrams of 288 bytes and more reach `limit`
  ///     first, and smaller ones are held to a count.
  package init(limit: Int, storageLimit: Int? = nil) {
    buffer = SocketBuffer(limit: limit, storageLimit: storageLimit)
  }

  /// Changes the limits, as `init(limit:storageLimit:)` sets them; what is in the buffer stays.
  package mutating func reserve(limit: Int, storageLimit: Int? = nil) {
    precondition(limit >= 0 && limit <= 1 << 40, "a socket buffer of \(limit) bytes")
    buffer.limit = limit
    buffer.storageLimit = Swift.max(0, storageLimit ?? 8 * limit)
    buffer.lowWater = Swift.min(buffer.lowWater, limit)
  }

  // MARK: Inspecting

  /// The most bytes of records, addresses included.
  ///
  /// BSD: `sb_hiwat`.
  package var limit: Int { buffer.limit }
  /// Bytes of memory at which appending stops; the record that reaches it may go beyond.
  ///
  /// BSD: `sb_mbmax`.
  package var storageLimit: Int { buffer.storageLimit }
  /// Bytes from which on a waiting reader is woken, at most `limit`; 1 at first.
  ///
  /// BSD: SO_RCVLOWAT.
  package var lowWater: Int {
    get { buffer.lowWater }
    set { buffer.lowWater = newValue }
  }
  /// Bytes of the records, addresses included.
  ///
  /// BSD: `sb_cc`.
  package var byteCount: Int { buffer.byteCount }
  /// Bytes of memory that the records hold.
  ///
  /// BSD: `sb_mbcnt`.
  package var storageByteCount: Int { buffer.storageByteCount }
  /// Datagrams in the buffer.
  package var recordCount: Int { buffer.recordCount }
  /// Whether there is nothing to receive.
  package var isEmpty: Bool { buffer.isEmpty }
  /// Bytes that may be appended; below 0 where the last record went beyond the storage limit.
  ///
  /// BSD: `sbspace`.
  package var space: Int { buffer.space }

  /// Whether a datagram of `byteCount` bytes between these two would be taken.
  package func hasSpace(for byteCount: Int, from source: Endpoint, to destination: Endpoint) -> Bool
  {
    // Cannot wrap: limits are not negative, and what is charged fits an Int.
    byteCount <= space - source.recordByteCount - destination.recordByteCount
  }

  // MARK: Records

  /// Adds a datagram at the end; its header, time stamp and all, stays with it.
  ///
  /// A refused datagram ends here, since most callers would free it as
  /// well; one that would not asks `hasSpace(for:from:to:)` before. The buffer is then as it was.
  ///
  /// - Parameters:
  ///   - packet: the datagram, any number of bytes.
  ///   - source: who sent it.
  ///   - destination: to whom it was sent.
  /// - Complexity: O(segments). Allocates an mbuf only if there is no headroom for the addresses.
  ///
  /// BSD: `sbappendaddr`.
  package mutating func append(
    _ packet: consuming Packet, from source: Endpoint, to destination: Endpoint
  ) -> AppendResult {
    guard hasSpace(for: packet.byteCount, from: source, to: destination) else {
      drops += 1
      return .full
    }
    do throws(MbufError) {
      try packet.prepend(source, destination)
    } catch {
      drops += 1
      return .noMemory
    }
    // Only control information has another type in a record here.
    if packet.type != .data { packet.type = .data }
    buffer.records.enqueue(packet)
    return .appended
  }

  /// Adds a datagram with control information at the end, or leaves both where they are.
  ///
  /// - Parameters:
  ///   - packet: the datagram; nil afterwards if it was appended.
  ///   - control: what else is known of it, may be nil; nil afterwards if it was appended.
  ///   - source: who sent it.
  ///   - destination: to whom it was sent.
  /// - Precondition: there is a packet.
  ///
  /// BSD: `sbappendaddr`.
  package mutating func append(
    _ packet: inout Packet?, control: inout Packet?, from source: Endpoint, to destination: Endpoint
  ) -> AppendResult {
    guard var datagram = packet.take() else { preconditionFailure("a datagram without a packet") }
    do throws(MbufError) {
      try datagram.prepend(source, destination)
    } catch {
      packet = consume datagram
      drops += 1
      return .noMemory
    }
    var framed: Packet? = consume datagram
    let result = appendFramed(&framed, control: &control)
    if let refused = framed.take() {
      let unframed = refused.datagram()
      packet = consume unframed.packet
    }
    return result
  }

  /// Adds a record whose addresses stand in front already, or leaves it where it is.
  mutating func appendFramed(_ framed: inout Packet?, control: inout Packet?) -> AppendResult {
    guard SocketBuffer.byteCount(framed) + SocketBuffer.byteCount(control) <= space else {
      drops += 1
      return .full
    }
    guard var record = framed.take() else { preconditionFailure("a datagram without a packet") }
    if record.type != .data { record.type = .data }
    if let information = control.take() {
      buffer.records.appendControl(information, data: record)
    } else {
      buffer.records.enqueue(record)
    }
    return .appended
  }

  /// Takes the first datagram out, or nil.
  ///
  /// BSD: `soreceive_dgram`.
  package mutating func receive() -> Datagram? {
    if buffer.records.isEmpty { return nil }
    guard buffer.records.beginsWithData else { return receiveSlow() }
    guard let packet = buffer.records.takePacket() else { return nil }
    return packet.datagram()
  }

  /// The same for a record that begins with control information.
  @inline(never)
  private mutating func receiveSlow() -> Datagram? {
    do throws(MbufError) {
      guard var record = try buffer.receiveRecord() else { return nil }
      guard var datagram = record.data.take()?.datagram() else {
        preconditionFailure("a datagram without a packet")
      }
      datagram.control = record.control.take()
      return datagram
    } catch {
      preconditionFailure("both parts of a record have a packet header: \(error)")
    }
  }

  /// Copies the first datagram out and leaves it where it is; nil if there is none.
  ///
  /// - Parameter destination: gets the datagram's first bytes, as many as it has room for.
  ///
  /// BSD: MSG_PEEK.
  package borrowing func peek(into destination: inout MutableRawSpan) -> ReceivedBytes? {
    if isEmpty { return nil }
    var received: ReceivedBytes?
    var done = 0
    var skip = 0
    buffer.records.forEachPayloadSegment { segment in
      if received == nil {
        let source = Endpoint(segment, at: 0)
        let target = Endpoint(segment, at: source.recordByteCount)
        skip = source.recordByteCount + target.recordByteCount
        received = ReceivedBytes(source: source, destination: target)
      }
      received?.datagramByteCount += segment.byteCount - skip
      let count = Swift.min(segment.byteCount - skip, destination.byteCount - done)
      if count > 0 {
        destination.replace(at: done, with: segment.extracting(skip..<skip + count))
        done += count
      }
      skip = 0
      return true
    }
    received?.byteCount = done
    return received
  }

  /// Frees the first datagram; false if there is none.
  ///
  /// BSD: `sbdroprecord`.
  @discardableResult
  package mutating func dropFirst() -> Bool { buffer.dropRecord() }

  /// Frees every datagram.
  ///
  /// BSD: `sbflush`.
  package mutating func flush() { buffer.flush() }

  /// Traps if the counts do not match the records.
  ///
  /// BSD: `sbcheck`.
  package borrowing func checkInvariants() { buffer.checkInvariants() }
}
