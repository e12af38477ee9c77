// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs
import UMA

extension SocketBuffer {
  // MARK: Appending where the caller has looked at the space

  /// Adds a packet to the last record, or begins a new one behind a record that has ended.
  ///
  /// Empty segments go; the first of a new record takes the packet header with it.
  ///
  /// BSD: `sbappend`.
  public mutating func append(_ packet: consuming Packet) { records.append(packet) }

  /// Adds a chain without a packet header to the last record, like a packet.
  ///
  /// BSD: `sbappend`.
  public mutating func append(_ chain: consuming MbufChain) { records.append(chain) }

  /// Adds a packet to the only record; its packet header ends.
  ///
  /// The mark of a record's end stays only where nothing came behind it.
  ///
  /// - Precondition: the buffer has one record or none.
  ///
  /// BSD: `sbappendstream`.
  public mutating func appendStream(_ packet: consuming Packet) { records.appendStream(packet) }

  /// Adds a chain without a packet header to the only record, like a packet.
  ///
  /// - Precondition: the buffer has one record or none.
  ///
  /// BSD: `sbappendstream`.
  public mutating func appendStream(_ chain: consuming MbufChain) { records.appendStream(chain) }

  /// Adds a packet as a new record, with bytes or without.
  ///
  /// BSD: `sbappendrecord`.
  public mutating func appendRecord(_ packet: consuming Packet) { records.appendRecord(packet) }

  /// Adds a packet as a record of out-of-band data, before all others but those like it.
  ///
  /// BSD: `sbinsertoob`.
  public mutating func insertOutOfBand(_ packet: consuming Packet) {
    records.insertOutOfBand(packet)
  }

  // MARK: Appending if there is space

  /// Adds a record of an address, control information and data, as they are.
  ///
  /// - Parameters:
  ///   - address: the sender's, as the protocol writes it; at most
  ///     `MbufLayout.dataByteCount` bytes.
  ///   - control: what else is known of the data; may be nil, and is nil afterwards.
  ///   - data: may be nil, and is nil afterwards.
  ///   - pool: where the mbuf of the address comes from.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `SocketError.noSpace`, `.addressTooLong` or `.noMemory`; the packets are where they
  ///   were.
  /// - Precondition: the address has a byte.
  ///
  /// BSD: `sbappendaddr`.
  public mutating func appendAddress(
    _ address: RawSpan, control: inout Packet?, data: inout Packet?, from pool: MbufPool,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(SocketError) {
    try checkSpace(address.byteCount + Self.byteCount(control) + Self.byteCount(data))
    guard address.byteCount <= Self.longestAddressByteCount else {
      throw .addressTooLong(wanted: address.byteCount, largest: Self.longestAddressByteCount)
    }
    do throws(MbufError) {
      try records.appendAddress(
        address, control: &control, data: &data, from: pool, CallSite(file, line))
    } catch {
      throw .noMemory(error)
    }
  }

  /// Adds a record of control information and data, as they are.
  ///
  /// - Parameters:
  ///   - control: nil afterwards.
  ///   - data: may be nil, and is nil afterwards.
  /// - Throws: `SocketError.noSpace`; the packets are where they were.
  /// - Precondition: there is control information.
  ///
  /// BSD: `sbappendcontrol`; from FreeBSD 12 on, that one does not look at the space.
  public mutating func appendControl(
    _ control: inout Packet?, data: inout Packet?
  ) throws(SocketError) {
    try checkSpace(Self.byteCount(control) + Self.byteCount(data))
    guard let information = control.take() else {
      preconditionFailure("a control record without control information")
    }
    records.appendControl(information, data: data.take())
  }

  private func checkSpace(_ byteCount: Int) throws(SocketError) {
    if byteCount > space { throw .noSpace(wanted: byteCount, available: space) }
  }

  /// Bytes of a packet that may be missing.
  static func byteCount(_ packet: borrowing Packet?) -> Int {
    switch packet {
    case .some(let packet): packet.byteCount
    case nil: 0
    }
  }

  // MARK: Removing

  /// Frees bytes from the front, across records, and then what the record has no bytes in.
  ///
  /// - Precondition: `byteCount` is within 0...`self.byteCount`.
  ///
  /// BSD: `sbdrop`.
  public mutating func drop(_ byteCount: Int) { records.drop(byteCount) }

  /// Takes bytes from the front, across records, as one packet; nil if they are none.
  ///
  /// - Parameters:
  ///   - byteCount: how many.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; the buffer is unchanged.
  /// - Precondition: `byteCount` is within 0...`self.byteCount`, and not more than a packet holds.
  ///
  /// BSD: `sbcut`.
  public mutating func cut(
    _ byteCount: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet? {
    try records.cut(byteCount, CallSite(file, line))
  }

  /// Frees the first record; false if there is none.
  ///
  /// BSD: `sbdroprecord`.
  @discardableResult
  public mutating func dropRecord() -> Bool { records.dropRecord() }

  /// Frees every record.
  ///
  /// BSD: `sbflush`.
  public mutating func flush() { records.flush() }

  /// Takes the first record out, in its parts; nil if there is none.
  ///
  /// - Parameters:
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted` where bytes of it were dropped, or came as a stream, as a chain
  ///   or behind an empty segment, so that the packet header is gone, and there is no mbuf for a new
  ///   one; the buffer is unchanged.
  /// - Precondition: none of its parts has more bytes than a packet holds.
  ///
  /// BSD: `soreceive`, of a whole record.
  public mutating func receiveRecord(
    file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Record? {
    try records.takeRecord(CallSite(file, line))
  }

  // MARK: Inspecting

  /// Shows every segment of every record, in order, until `body` throws.
  public borrowing func forEachSegment<Failure: Error>(
    _ body: (RecordSegment, RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    try records.forEachSegment(body)
  }

  /// Shows bytes of a stream that are to be sent and stay until they are acknowledged.
  ///
  /// It mutates because the buffer remembers where they end: sends in order cost no walk past what
  /// is in flight.
  ///
  /// - Precondition: the bytes are in the buffer, which has one record or none.
  ///
  /// BSD: `sbsndptr`.
  public mutating func forEachSegmentToSend<Failure: Error>(
    from offset: Int, byteCount: Int, _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    try records.forEachSegmentToSend(offset, byteCount: byteCount, body)
  }

  /// A packet of bytes of a stream, which stay until they are acknowledged; it shares their storage.
  ///
  /// - Parameters:
  ///   - offset: of the first of them.
  ///   - byteCount: at least 1.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; the buffer is unchanged.
  /// - Precondition: the bytes are in the buffer, which has one record, and not more than a packet
  ///   holds.
  ///
  /// BSD: `sbsndptr` and `m_copym`.
  public mutating func copyToSend(
    from offset: Int, byteCount: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    try records.copyToSend(offset, byteCount: byteCount, CallSite(file, line))
  }
}
