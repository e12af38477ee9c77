// SPDX-License-Identifier: BSD-2-Clause
//
// Packets that came out of a pcapng, written with what stood beside them there (BlockJournal.swift).
//
//     sections of the file == sections copied + those of the writer's own
//
// A packet of another origin, or one that its section has no interface for, goes into a section of the
// writer's own; later ones of the section copied go there too, until the next one begins.
//
// A pcap has no place for any of this. What says how the capture was made goes without a word: sections,
// interfaces, statistics. The rest is refused: comments and other options of packets, names, secrets,
// blocks of others; a file of that name then keeps what it held, if nothing was put out yet.
//
// draft-ietf-opsawg-pcapng, section 4.

import Wire

extension CaptureWriter {
  /// Writes a packet in the block that it came in, behind the blocks that stood before that.
  ///
  /// - Parameters:
  ///   - number: the packet's in the journal.
  ///   - append: appends the frame's bytes.
  /// - Returns: false, and the packet is not written, if there is no such block.
  mutating func writeCopied(
    _ number: UInt32, _ facts: BlockCopy.Facts, _ append: (inout OutputFile) -> Void
  ) throws(PcapError) -> Bool {
    guard try reach(number) else { return false }
    if format == .pcap {
      if copy?.isLost == true { throw lossFailure() }
      return false
    }
    guard !isInOwnSection, let block = copy?.block(facts) else { return false }
    let byteCount = block.byteCount + facts.byteCount
    if !output.hasRoom(byteCount) { try makeRoomSlow(byteCount) }
    copy?.withBytes(block.front, of: block) { output.append($0) }
    append(&output)
    copy?.withBytes(block.behind, of: block) { output.append($0) }
    pcapngByteCount += byteCount
    noteTaken(byteCount: facts.byteCount)
    return true
  }

  /// Writes the blocks that are left, once no packet will come.
  mutating func writeLeftBlocks() throws(PcapError) {
    _ = try reach(nil)
  }

  /// Ends the section that is copied, if one is, with the blocks that are left in it.
  mutating func endCopiedSection() throws(PcapError) {
    if copy != nil, !isInOwnSection { _ = try reach(nil, staysInSection: true) }
  }

  /// Writes the blocks up to a packet's, or all; gives false if there is none.
  private mutating func reach(
    _ number: UInt32?, staysInSection: Bool = false
  ) throws(PcapError) -> Bool {
    while true {
      switch copy?.next(towards: number, staysInSection: staysInSection) {
      case .block?: try writeBlock()
      case .entry?: return true
      case Optional.none, BlockCopy.Step.none?: return false
      }
    }
  }

  @inline(never)
  private mutating func lossFailure() -> PcapError {
    let name =
      switch copy {
      case .some(let copy): copy.nameOfLost
      case .none: nil as String?
      }
    let error = failure(.notKept(name ?? "a block"))
    output.giveUp(error.kind)
    return error
  }

  /// Writes a block that is no frame's, or refuses it where it has no place.
  @inline(never)
  private mutating func writeBlock() throws(PcapError) {
    if format == .pcap {
      if copy?.isLost == true { throw lossFailure() }
      return
    }
    guard let block = copy?.otherBlock() else { return }
    if CaptureBlock.isSection(block) {
      // What is gathered is in one order, so that it can be walked if it cannot be written.
      try flush()
      output.isByteSwapped = copy?.isByteSwapped ?? false
      isInOwnSection = false
    } else if isInOwnSection {
      return
    }
    if !output.hasRoom(block.count) { try makeRoomSlow(block.count) }
    unsafe output.append(block.span.bytes)
    pcapngByteCount += block.count
  }

  /// Begins a section of the writer's own behind one that is copied.
  mutating func beginOwnSection(_ linkType: LinkType) throws(PcapError) {
    let header: [UInt8]
    do throws(PcapError) {
      header = try Self.pcapngHeader(
        linkType: linkType, resolution: resolution, snapshotByteCount: snapshotByteCount, path)
    } catch {
      throw failure(error.kind)
    }
    try flush()
    output.isByteSwapped = false
    if !output.hasRoom(header.count) { try makeRoomSlow(header.count) }
    unsafe output.append(header.span.bytes)
    pcapngByteCount += header.count
    (interfaces, isInOwnSection) = ([linkType], true)
  }
}
