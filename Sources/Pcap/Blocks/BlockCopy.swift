// SPDX-License-Identifier: BSD-2-Clause
//
// A writer's end of a journal: the blocks as they are to be written.
//
//     0 <= place <= byteCount;  place == byteCount  =>  more may be in the journal
//     interfaces == those that the section being copied has described up to `place`
//
// The block of a frame is given as what stands in front of the frame and behind it: bytes of the journal
// where the packet has the time and the lengths that were read, else made anew in `made`, in the
// section's order. A simple block, which has no room for a time and tells what is captured by the snapshot
// length, stays one where that still holds, and is made an enhanced one where it does not.

import Wire

/// Goes through a journal, block by block.
struct BlockCopy: ~Copyable {
  private let journal: BlockJournal
  private var bytes = ByteLog()
  private var place = 0
  /// The entry of the frame that was reached last, which its packet's parts have in common.
  private var current: JournalEntry?
  private var made = ByteLog()
  private var interfaces: [CaptureInterface] = []
  /// Whether the section has the other byte order than this machine's.
  private(set) var isByteSwapped = false

  init(_ journal: BlockJournal) { self.journal = journal }

  /// What comes next on the way to a packet's entry.
  enum Step {
    /// A block that is no frame's.
    case block
    /// The packet's entry.
    case entry
    /// Nothing that is of the packet.
    case none
  }

  /// Goes on to the next block that is no frame's, or to a packet's entry.
  ///
  /// - Parameters:
  ///   - number: the packet's; nil passes all entries.
  ///   - staysInSection: whether the next section is not reached.
  mutating func next(towards number: UInt32?, staysInSection: Bool = false) -> Step {
    if let number, number != 0, current?.number == number { return .entry }
    while true {
      if place == bytes.byteCount {
        (place, current) = (0, nil)
        journal.take(&bytes)
        if bytes.isEmpty { return .none }
      }
      let entry = JournalEntry(at: place, in: bytes.bytes)
      // Numbers go up and around: what lies behind the packet's is not reached yet.
      if let number, entry.number != 0, Int32(bitPattern: entry.number &- number) > 0 {
        return .none
      }
      if staysInSection, entry.number == 0, type(at: entry.start) == CaptureBlock.Kind.section {
        return .none
      }
      (place, current) = (entry.end, entry)
      if entry.number == 0 { return .block }
      if entry.number == number { return .entry }
    }
  }

  /// The blocks that stand before the first frame, as they are to be written: those that are noted by now.
  mutating func leadingBlocks() -> [UInt8] {
    var blocks: [UInt8] = []
    // Numbers begin behind 0: none is reached.
    while case .block = next(towards: 0) { blocks += otherBlock() }
    return blocks
  }

  // MARK: Blocks that are no frame's

  /// The block that was reached, as it is to be written; what it says of later ones is noted.
  @inline(never)
  mutating func otherBlock() -> [UInt8] {
    guard let entry = current else { return [] }
    var block = copied(entry.start..<entry.end)
    switch type(at: entry.start) {
    case CaptureBlock.Kind.section:
      isByteSwapped = word(entry.start + 8, isByteSwapped: false) != 0x1a2b_3c4d
      interfaces.removeAll()
      // A length of all ones is one that is not known.
      if journal.changes.leavesOut { for index in 16..<24 { block[index] = 0xff } }
    case CaptureBlock.Kind.interface:
      if let linkType = journal.changes.linkType.flatMap({ LinkType(rawValue: $0).inFile }) {
        let (low, high) = (
          UInt8(truncatingIfNeeded: linkType), UInt8(truncatingIfNeeded: linkType >> 8)
        )
        (block[8], block[9]) = isLittle ? (low, high) : (high, low)
      }
      let number = isLittle ? (block[8], block[9]) : (block[9], block[8])
      var interface = CaptureInterface(
        linkType: LinkType(inFile: UInt32(number.0) | UInt32(number.1) << 8),
        snapshotByteCount: word(entry.start + 12))
      let options = unsafe block.span.bytes.extracting(16..<block.count - 4)
      interface.read(CaptureOptions(options, isByteSwapped: isByteSwapped), keepsText: false)
      interfaces.append(interface)
    default: break
    }
    return block
  }

  private func copied(_ range: Range<Int>) -> [UInt8] {
    let span = bytes.bytes.extracting(range)
    return unsafe span.withUnsafeBytes { unsafe [UInt8]($0) }
  }

  /// Whether the block that was reached, or options in it, has no place in a pcap.
  var isLost: Bool {
    guard let entry = current else { return false }
    if entry.number != 0 { return entry.frontByteCount == 28 && optionBytes(entry).count > 4 }
    return !CaptureBlock.saysHowItWasMade(type(at: entry.start))
  }

  /// What of the block that was reached has no place in a pcap; nil for what says how a capture was made.
  var nameOfLost: String? {
    guard let entry = current, isLost else { return nil }
    return entry.number != 0
      ? CaptureBlock.optionsOfAPacket : CaptureBlock.nameOfLost(type: type(at: entry.start))
  }

  // MARK: Frames' blocks

  /// What a packet's block is to say.
  struct Facts {
    let linkType: LinkType
    let byteCount: Int
    let timestampInNanoseconds: Int64
    let wireByteCount: Int
  }

  /// A frame's block, around the frame.
  struct Block {
    /// Whether the bytes are in `made`, not in the journal.
    let isMade: Bool
    let front: Range<Int>
    let behind: Range<Int>
    /// Bytes beside the frame's.
    var byteCount: Int { front.count + behind.count }
  }

  /// The block of the packet whose entry was reached; nil if its section has none for such a packet.
  mutating func block(_ facts: Facts) -> Block? {
    guard let entry = current, entry.number != 0 else { return nil }
    let index = interfaceIndex(entry)
    guard index < interfaces.count, interfaces[index].linkType == facts.linkType else { return nil }
    let wire = UInt32(clamping: facts.wireByteCount)
    if facts.byteCount == Int(entry.capturedByteCount),
      facts.timestampInNanoseconds == entry.timestampInNanoseconds,
      // A packet has one less for a length of 2^32 - 1.
      wire == Swift.min(entry.wireByteCount, .max - 1), !journal.changes.edits || !hasHash(entry)
    {
      let middle = entry.start + entry.frontByteCount
      return Block(isMade: false, front: entry.start..<middle, behind: middle..<entry.end)
    }
    return make(entry, facts, interfaces[index], index)
  }

  /// Gives bytes of a block.
  func withBytes(_ range: Range<Int>, of block: Block, _ body: (RawSpan) -> Void) {
    if block.isMade {
      body(made.bytes.extracting(range))
    } else {
      body(bytes.bytes.extracting(range))
    }
  }

  private mutating func make(
    _ entry: JournalEntry, _ facts: Facts, _ interface: CaptureInterface, _ index: Int
  ) -> Block? {
    let isSimple = entry.frontByteCount != 28
    if isSimple, facts.timestampInNanoseconds == entry.timestampInNanoseconds,
      facts.byteCount == interface.simpleByteCount(ofWire: facts.wireByteCount)
    {
      return makeSimple(facts)
    }
    guard
      let ticks = isSimple
        ? interface.clock.ticks(facts.timestampInNanoseconds)
        : ticks(entry, facts.timestampInNanoseconds, by: interface.clock)
    else { return nil }
    let padding = -facts.byteCount & 3
    made.removeAll()
    append(isSimple ? CaptureBlock.Kind.enhancedPacket : word(entry.start))
    append(0)
    append(isSimple ? UInt32(index) : word(entry.start + 8))
    append(UInt32(truncatingIfNeeded: ticks >> 32))
    append(UInt32(truncatingIfNeeded: ticks))
    append(UInt32(facts.byteCount))
    append(UInt32(clamping: facts.wireByteCount))
    appendZeroes(padding)
    appendKeptOptions(entry)
    let length = UInt32(made.byteCount + facts.byteCount + 4)
    append(length)
    made.replace(at: 4, with: isByteSwapped ? length.byteSwapped : length)
    return Block(isMade: true, front: 0..<28, behind: 28..<made.byteCount)
  }

  /// A simple block of other bytes.
  private mutating func makeSimple(_ facts: Facts) -> Block {
    let padding = -facts.byteCount & 3
    let length = UInt32(16 + facts.byteCount + padding)
    made.removeAll()
    append(CaptureBlock.Kind.simplePacket)
    append(length)
    append(UInt32(clamping: facts.wireByteCount))
    appendZeroes(padding)
    append(length)
    return Block(isMade: true, front: 0..<12, behind: 12..<made.byteCount)
  }

  /// Up to three zeroes, of the word that they are a part of.
  private mutating func appendZeroes(_ count: Int) {
    let zero = UInt32(0)
    unsafe withUnsafeBytes(of: zero) { bytes in
      unsafe made.append(RawSpan(_unsafeBytes: bytes).extracting(first: count))
    }
  }

  /// The ticks of a packet that has a time other than its block, by as many as lie between the two: so
  /// a tick that is no whole number of nanoseconds stays what it is.
  private func ticks(_ entry: JournalEntry, _ time: Int64, by clock: TickClock) -> UInt64? {
    let read = UInt64(word(entry.start + 12)) << 32 | UInt64(word(entry.start + 16))
    let span = Int128(time) - Int128(entry.timestampInNanoseconds)
    return clock.ticks(spanning: span).flatMap { UInt64(exactly: Int128(read) + $0) }
  }

  /// The number of the interface that a frame came from.
  private func interfaceIndex(_ entry: JournalEntry) -> Int {
    if entry.frontByteCount != 28 { return 0 }
    let word = word(entry.start + 8)
    guard type(at: entry.start) == CaptureBlock.Kind.obsoletePacket else { return Int(word) }
    // Sixteen bits, and sixteen of a count of drops.
    return Int(isLittle ? word & 0xffff : word >> 16)
  }
}

// MARK: Options

extension BlockCopy {
  /// Where the options of a frame's block are.
  private func optionBytes(_ entry: JournalEntry) -> Range<Int> {
    let start = entry.start + entry.frontByteCount + -Int(entry.capturedByteCount) & 3
    return start..<entry.end - 4
  }

  /// The hash over a frame (`epb_hash`).
  private static var hashCode: Int { 3 }

  /// The code of the option at a place, and where the next one is; nil behind the last, and where none fits.
  private func option(at place: Int, before end: Int) -> (code: Int, next: Int)? {
    guard end - place >= 4 else { return nil }
    let next = place + 4 + (half(place + 2) + 3) & ~3
    return next <= end ? (half(place), next) : nil
  }

  private func hasHash(_ entry: JournalEntry) -> Bool {
    guard entry.frontByteCount == 28 else { return false }
    let range = optionBytes(entry)
    var place = range.lowerBound
    while let option = option(at: place, before: range.upperBound) {
      if option.code == Self.hashCode { return true }
      place = option.next
    }
    return false
  }

  /// Puts the options of a packet that is not what it was behind what is made, but for hashes of bytes
  /// that were edited.
  private mutating func appendKeptOptions(_ entry: JournalEntry) {
    guard entry.frontByteCount == 28 else { return }
    let range = optionBytes(entry)
    var place = range.lowerBound
    while let option = option(at: place, before: range.upperBound) {
      if option.code != Self.hashCode || !journal.changes.edits {
        made.append(place..<option.next, of: bytes)
      }
      place = option.next
    }
  }
}

// MARK: Numbers of the section

extension BlockCopy {
  private var isLittle: Bool { (UInt16(littleEndian: 1) == 1) != isByteSwapped }

  /// The type of the block at a place; that of a section is the same in either order.
  private func type(at place: Int) -> UInt32 {
    let type = word(place, isByteSwapped: false)
    return isByteSwapped ? type.byteSwapped : type
  }

  private func word(_ place: Int) -> UInt32 { word(place, isByteSwapped: isByteSwapped) }

  private func word(_ place: Int, isByteSwapped: Bool) -> UInt32 {
    // In bounds: the span checks, and any 32 bits are a number.
    let word = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt32.self)
    return isByteSwapped ? word.byteSwapped : word
  }

  private func half(_ place: Int) -> Int {
    // In bounds, as above.
    let half = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt16.self)
    return Int(isByteSwapped ? half.byteSwapped : half)
  }

  private mutating func append(_ word: UInt32) {
    made.append(isByteSwapped ? word.byteSwapped : word)
  }
}
