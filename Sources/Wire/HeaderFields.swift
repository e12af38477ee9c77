// SPDX-License-Identifier: BSD-2-Clause
//
// Every header's values write themselves over bytes that are there, or behind those of an output
// span: into memory that nobody has written yet, once.
//
//     emit(into:) stores every byte of 0..<byteCount

/// The values of a header: what is read of it, and what writes it.
public protocol HeaderFields: Equatable, Sendable {
  /// Takes the values out of bytes.
  ///
  /// - Throws: `ParseError` if they are too few, or no such header.
  init(parsing bytes: RawSpan) throws(ParseError)

  /// Bytes that `emit` writes.
  var byteCount: Int { get }

  /// Writes the header into the first `byteCount` bytes, every one of them.
  ///
  /// - Precondition: there are as many.
  func emit(into bytes: inout MutableRawSpan)
}

extension HeaderFields {
  /// Writes the header behind what was written before.
  ///
  /// - Precondition: `output` has room for `byteCount` bytes.
  @inlinable @inline(__always)
  @_lifetime(output: copy output)
  public func emit(into output: inout OutputRawSpan) {
    output.append(byteCount) { bytes in emit(into: &bytes) }
  }
}

extension ARPHeader.Fields: HeaderFields {}
extension EthernetHeader.Fields: HeaderFields {}
extension ICMPMessageHeader.Fields: HeaderFields {}
extension IPv4Header.Fields: HeaderFields {}
extension IPv6FragmentHeader.Fields: HeaderFields {}
extension IPv6Header.Fields: HeaderFields {}
extension TCPHeader.Fields: HeaderFields {}
extension UDPHeader.Fields: HeaderFields {}
extension VLANTag.Fields: HeaderFields {}
