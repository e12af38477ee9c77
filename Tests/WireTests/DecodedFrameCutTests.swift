// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

/// The error that strict decoding throws, if any.
func strictFailure(_ bytes: [UInt8], wireByteCount: Int? = nil) -> ParseError? {
  do throws(ParseError) {
    _ = try DecodedFrame(
      strict: bytes.raw, linkType: .ethernet, capturedByteCount: bytes.count,
      wireByteCount: wireByteCount ?? bytes.count)
    return nil
  } catch {
    return error
  }
}

/// Frames that the capture cut, and frames that lie in several pieces.
@Suite struct DecodedFrameCutTests {
  @Test func everyPrefixKeepsWhatItCan() {
    for (etherType, packet) in Frames.packets {
      let bytes = Frames.ethernet(etherType, packet)
      let whole = DecodedFrame(bytes)
      #expect(strictFailure(bytes) == nil)
      for count in 0..<bytes.count {
        let prefix = [UInt8](bytes[..<count])
        let frame = DecodedFrame(prefix, wireByteCount: bytes.count)
        #expect(strictFailure(prefix, wireByteCount: bytes.count) != nil)
        if count >= 14 { #expect(frame.network == whole.network) }
        if let stop = frame.stop {
          #expect(stop.reason == .tooShort && stop.limitedBy == .capture)
          #expect(stop.available == count - stop.offset && stop.wanted > stop.available)
        } else {
          #expect(frame.payloadOffset == whole.payloadOffset)
          #expect(frame.declaredPayloadByteCount == whole.declaredPayloadByteCount)
          #expect(frame.payloadByteCount == count - whole.payloadOffset)
          #expect(frame.isTruncated)
        }
      }
    }
  }

  @Test func aShortFirstPieceSaysHowMuchWouldDo() {
    for (etherType, packet) in Frames.packets {
      let bytes = Frames.ethernet(etherType, packet)
      let whole = DecodedFrame(bytes)
      var count = 0
      while true {
        let piece = [UInt8](bytes[..<count])
        let frame = DecodedFrame(
          lax: piece.raw, linkType: .ethernet, capturedByteCount: bytes.count,
          wireByteCount: bytes.count)
        guard let stop = frame.stop else {
          #expect(frame == whole)
          break
        }
        #expect(stop.limitedBy == .segment && frame.flags.contains(.cutBySegment))
        #expect(stop.offset + stop.wanted > count)
        count = stop.offset + stop.wanted
      }
    }
  }
  /// What is wrong before the end of the piece must not hide that there is more to read.
  @Test func aShortFirstPieceShowsBesideAnError() {
    var bytes = Frames.ethernet(.ipv4, Frames.ipv4(.udp, Frames.udp([1, 2, 3])))
    bytes.put(500, at: 16)
    let piece = [UInt8](bytes[..<36])
    let frame = DecodedFrame(
      lax: piece.raw, linkType: .ethernet, capturedByteCount: bytes.count,
      wireByteCount: bytes.count)
    #expect(frame.stop?.reason == .badLength && frame.flags.contains(.cutBySegment))
    #expect(!DecodedFrame(bytes).flags.contains(.cutBySegment))
  }

  @Test func optionsOfTCPThatAreCutDoNotMoveThePayload() {
    let bytes = Frames.ethernet(.ipv4, Frames.ipv4(.tcp, Frames.tcp([1, 2, 3, 4, 5])))
    for count in 54...58 {
      let frame = DecodedFrame(Array(bytes[..<count]), wireByteCount: bytes.count)
      #expect(frame.declaredPayloadByteCount == 5 && frame.payloadByteCount == 0)
      #expect(frame.payloadOffset == 58 && frame.destinationPort == 80)
      #expect((frame.stop == nil) == (count == 58))
    }
  }

  @Test func aSNAPHeaderMayLieInTheNextPiece() {
    let packet = Frames.ipv4(.udp, Frames.udp([1]))
    let bytes = Frames.ethernet(
      EtherType(rawValue: UInt16(8 + packet.count)), [UInt8](hex: "aaaa030000000800") + packet)
    for count in 14..<22 {
      let piece = [UInt8](bytes[..<count])
      let frame = DecodedFrame(
        lax: piece.raw, linkType: .ethernet, capturedByteCount: bytes.count,
        wireByteCount: bytes.count)
      #expect(
        frame.stop
          == ParseError(
            .snap, .tooShort, wanted: 8, available: count - 14, limitedBy: .segment, offset: 14))
    }
  }
}
