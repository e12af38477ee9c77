// SPDX-License-Identifier: BSD-2-Clause
//
// The records of a pcap:
//
//     0 seconds   4 fraction   8 captured bytes   12 bytes on the wire   16 the captured bytes
//
// and eight bytes more before those in a "modified" one: interface, protocol, direction, which are
// passed over.
//
// draft-ietf-opsawg-pcap, section 5.

import Wire

/// How the records of a file are read.
struct RecordLayout {
  let headerByteCount: Int
  let nanosecondsPerFraction: Int64
  let isByteSwapped: Bool
  let lengthOrder: PcapFileHeader.LengthOrder
  let frameByteLimit: Int
  let linkType: LinkType

  /// The layout that a header says; any for a pcapng, which has none.
  init(_ header: PcapFileHeader?) {
    headerByteCount = header?.recordHeaderByteCount ?? 16
    nanosecondsPerFraction = header?.resolution.unitInNanoseconds ?? 1
    isByteSwapped = header?.isByteSwapped ?? false
    lengthOrder = header?.lengthOrder ?? .capturedFirst
    linkType = header?.linkType ?? .ethernet
    frameByteLimit = linkType.frameByteLimit
  }
}

extension CaptureReader {
  /// Finds the next record and lends it; false if there is none, or none yet.
  @inline(never)
  mutating func findRecord() -> Bool {
    let isSwapped = layout.isByteSwapped
    input.goOn()
    while true {
      guard input.byteCount >= layout.headerByteCount else {
        if supplyHeaderSlow() { continue }
        return false
      }
      var captured = input.word(at: 8, isByteSwapped: isSwapped)
      var wire = input.word(at: 12, isByteSwapped: isSwapped)
      if layout.lengthOrder != .capturedFirst,
        layout.lengthOrder == .wireFirst || captured > wire
      {
        swap(&captured, &wire)
      }
      let frameEnd = layout.headerByteCount &+ Int(captured)
      guard Int(captured) <= layout.frameByteLimit, frameEnd <= input.byteCount else {
        if supplyFrameSlow(Int(captured)) { continue }
        return false
      }
      let seconds = Int32(bitPattern: input.word(at: 0, isByteSwapped: isSwapped))
      let fraction = input.word(at: 4, isByteSwapped: isSwapped)
      // Neither wraps: seconds are below 2^31, a fraction below 2^32, and both together below 2^62.
      found.timestampInNanoseconds =
        Int64(seconds) &* 1_000_000_000 &+ Int64(fraction) &* layout.nanosecondsPerFraction
      found.offset = layout.headerByteCount
      found.byteCount = Int(captured)
      found.capturedByteCount = captured
      found.wireByteCount = wire
      input.lend(frameEnd)
      return true
    }
  }

  @inline(never)
  private mutating func supplyHeaderSlow() -> Bool {
    isDry = false
    let wanted = layout.headerByteCount
    switch input.fill(wanted) {
    case .here: return true
    case .ended where input.byteCount == 0: finish(.clean)
    case .ended: stop(.truncated(wanted: wanted, available: input.byteCount))
    case let supply: note(supply)
    }
    return false
  }

  @inline(never)
  private mutating func supplyFrameSlow(_ captured: Int) -> Bool {
    isDry = false
    guard captured <= layout.frameByteLimit else {
      let limit = "bigger than snaplen of \(layout.frameByteLimit)"
      stop(.corrupt(message: "invalid packet capture length \(captured), \(limit)"))
      return false
    }
    switch input.fill(layout.headerByteCount + captured) {
    case .here: return true
    case .ended:
      let there = input.byteCount - layout.headerByteCount
      stop(.truncated(wanted: captured, available: there))
    case let supply: note(supply)
    }
    return false
  }

  // MARK: The end

  /// Notes that nothing comes: for now, or because the system refuses.
  private mutating func note(_ supply: ByteSource.Supply) {
    isDry = supply == .notYet
    if case .failed(let reason) = supply { stop(.unreadable(errno: reason)) }
    if case .unexpanded(let fault) = supply { stop(fault.kind) }
  }

  /// Ends the reading at a record or block, the one behind the last frame, with what is wrong about it.
  mutating func stop(_ kind: PcapError.Kind) {
    stop(error(kind, packet: recordCount + 1))
  }

  /// Ends the reading at the frame that an error is about.
  mutating func stop(_ error: PcapError) {
    let error = input.compression == .uncompressed ? error : input.blamed(error)
    switch error.kind {
    case .truncated, .compressionCut, .unreadable: finish(.cut(error))
    case .corrupt, .compressionCorrupt: finish(.corrupt(error))
    default: finish(.unsupported(error))
    }
  }

  /// An error about the record or block at the beginning of the window.
  func error(_ kind: PcapError.Kind, packet: Int?) -> PcapError {
    input.error(kind, file: path, packet: packet)
  }

  /// Ends the reading; what is asked for later finds the same end.
  mutating func finish(_ end: CaptureEnd) {
    isDry = false
    if self.end == nil { self.end = end }
    input.endHere()
  }
}
