// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Wire

// RFC 8200 section 4.5: a fragment header stands behind what routers on the way look at.

/// Where a fragment header is or goes.
private struct FragmentPlace {
  /// Bytes before it.
  var offset: Int
  /// Where the field is that says what follows.
  var nextHeaderOffset: Int
  /// What that field says, or the fragment header that is there.
  var nextHeader: UInt8
  /// Of the fragment header that is there: offset and flags, and identification.
  var present: (offsetAndFlags: UInt16, identification: UInt32)?

  /// Walks the extension headers; nil if they do not end, or not inside the packet.
  init?(_ packet: borrowing Packet, _ frame: DecodedFrame) {
    do throws(MbufError) {
      guard let place = try Self.found(packet, frame) else { return nil }
      self = place
    } catch {
      return nil
    }
  }

  private init(_ packet: borrowing Packet, behind frame: DecodedFrame) throws(MbufError) {
    let start = frame.networkOffset
    nextHeaderOffset = start + 6
    nextHeader = try packet.uint8(at: nextHeaderOffset)
    offset = start + IPv6Header.byteCount
  }

  private static func found(
    _ packet: borrowing Packet, _ frame: DecodedFrame
  ) throws(MbufError) -> FragmentPlace? {
    var site = try FragmentPlace(packet, behind: frame)
    var (place, field, kind) = (site.offset, site.nextHeaderOffset, site.nextHeader)
    // Ends: each step goes on by 8 bytes or more, and a place beyond the packet throws.
    while true {
      switch IPProtocol(rawValue: kind) {
      case .fragment:
        (site.offset, site.nextHeaderOffset) = (place, field)
        site.nextHeader = try packet.uint8(at: place)
        site.present = (try packet.uint16(at: place + 2), try packet.uint32(at: place + 4))
        return site
      case .hopByHop, .routing, .destinationOptions:
        let isForRouters = kind != IPProtocol.destinationOptions.rawValue
        field = place
        place += (Int(try packet.uint8(at: place + 1)) + 1) * 8
        kind = try packet.uint8(at: field)
        if isForRouters {
          (site.offset, site.nextHeaderOffset, site.nextHeader) = (place, field, kind)
        }
      default: return site
      }
    }
  }
}

extension PacketFitter {
  mutating func fragmentIPv6(
    _ packet: inout Packet, _ frame: DecodedFrame, _ rest: inout PacketQueue
  ) throws(MbufError) -> LongPacketOutcome {
    guard let site = FragmentPlace(packet, frame) else { return .dropped(.unfit) }
    let header = site.offset
    let headerEnd = header + IPv6FragmentHeader.byteCount
    let dataStart = site.present == nil ? header : headerEnd
    let end = frame.networkOffset + frame.ipTotalByteCount
    let room = limit(frame, packet) - (headerEnd - frame.networkOffset)
    let base = Int((site.present?.offsetAndFlags ?? 0) & 0xfff8)
    // The headers are copied with as many bytes behind them as a fragment header has.
    guard room >= 8, headerEnd <= end, dataStart < end, base + end - dataStart <= 0xffff else {
      return .dropped(.unfit)
    }
    let completion = Completion(packet, frame)
    // All headers are in the first fragment.
    let firstCount =
      Swift.max(0, frame.transportOffset - dataStart) + Self.copiedByteCount(frame, completion)
    guard site.present != nil || room & ~7 >= firstCount, completion == nil || firstCount <= 128
    else { return .dropped(.unfit) }
    var pieces = PacketQueue()
    var place = dataStart
    while place < end {
      let count = end - place <= room ? end - place : room & ~7
      let extra = place == dataStart && firstCount <= Swift.min(count, 128) ? firstCount : 0
      var piece = try Self.headers(of: &packet, headerEnd)
      let isLast = place + count == end && (site.present?.offsetAndFlags ?? 0) & 1 == 0
      var bytes = piece.mutableBytes
      Self.setLength(&bytes, frame, headerEnd - frame.networkOffset + count)
      bytes.store(IPProtocol.fragment.rawValue, at: site.nextHeaderOffset)
      bytes.store(site.nextHeader, at: header)
      bytes.store(0 as UInt8, at: header + 1)
      bytes.store(
        UInt16(base + place - dataStart) & 0xfff8 | (isLast ? 0 : 1), at: header + 2)
      bytes.store(site.present?.identification ?? identification, at: header + 4)
      if extra > 0 {
        var copy = try packet.sharedCopy(place..<place + extra)
        try copy.copyUp(extra, headroom: 0)
        var field = copy.mutableBytes
        completion?.write(into: &field, at: frame.transportOffset - dataStart)
        piece.join(copy)
      }
      piece.checksumState = .unknown
      piece.join(try packet.sharedCopy(place + extra..<place + count))
      pieces.enqueue(piece)
      place += count
    }
    if site.present == nil { identification &+= 1 }
    return Self.replace(&packet, by: &pieces, &rest)
  }
}
