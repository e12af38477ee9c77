// SPDX-License-Identifier: BSD-2-Clause
//
// Where a filter comes in, whose language and engine are not known here:
//
//     selection --filter(for:)--> filter --prepare(for:)--> frames of one link type: matches?
//
// A selection is what somebody asked for, and is there as long as they ask. A filter belongs to one
// reader, and is prepared anew where frames of another link type begin.

public import Mbufs
public import Wire

/// Which frames are wanted, as somebody said it.
public protocol FrameSelection: Sendable {
  /// What they said.
  var expression: String { get }

  /// A filter of its own for a reader.
  ///
  /// - Parameter file: what is read, for errors.
  func filter(for file: String) -> any FrameFilter & ~Copyable
}

/// Tells the frames that are wanted from the others.
public protocol FrameFilter: Sendable, ~Copyable {
  /// Gets ready for frames of a link type, which all are until the next call.
  ///
  /// - Parameters:
  ///   - linkType: how they begin.
  ///   - isByteSwapped: whether they come from a machine of the other byte order.
  /// - Throws: `PcapError` of kind `.badFilter` if what is wanted means nothing for the link type.
  mutating func prepare(for linkType: LinkType, isByteSwapped: Bool) throws(PcapError)

  /// Whether a frame is wanted.
  ///
  /// - Parameters:
  ///   - bytes: the frame, from its link header on.
  ///   - wireByteCount: bytes it had on the wire.
  func matches(_ bytes: RawSpan, wireByteCount: Int) -> Bool
}

extension FrameFilter where Self: ~Copyable {
  /// Whether a packet is wanted, by the bytes of its first segment.
  ///
  /// A test that reads behind them fails, as it does behind the end of a frame.
  public func matches(_ packet: borrowing Packet) -> Bool {
    matches(packet.bytes, wireByteCount: packet.wireByteCount)
  }
}
