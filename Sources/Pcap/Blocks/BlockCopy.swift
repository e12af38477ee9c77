// SPDX-License-Identifier: BSD-2-Clause
//
// A writer's end of a journal: the blocks as they are to be written.
//
//     0 <= place <= bytes.count;  place == bytes.count  =>  more may be in the journal
//     interfaces == those that the section being copied has described up to `place`
//
// The block of a frame is given as what stands in front of the frame and behind it: bytes of the journal
// where the packet has the time and the lengths that were read, else made anew in `made`, in the
// section's order. A simple block, which has no room for them, is made an enhanced one.

import Wire

/// Goes through a journal, block by block.
struct BlockCopy {
  private let journal: BlockJournal
  private var bytes: [UInt8] = []
  private var place = 0
  /// The entry of the frame that was reached last, which its packet's parts have in common.
  private var current: JournalEntry?
  private var made: [UInt8] = []
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
      if place == bytes.count {
        (place, current) = (0, nil)
        journal.take(&bytes)
        if bytes.isEmpty { return .none }
      }
      let entry = unsafe JournalEntry(at: place, in: bytes.span.bytes)
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
    while case .block = next(towards: 0) { blocks += block() }
    return blocks
  }

  // MARK: Blocks that are no frame's

  /// The block that was reached, as it is to be written; what it says of later ones is noted.
  mutating func block() -> [UInt8] {
    guard let entry = current else { return [] }
    var block = Array(bytes[entry.start..<entry.end])
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
        linkType: LinkType(inFile: UInt32(number.0) | UInt32(number.1) << 8), snapshotByteCount: 0)
      let options = unsafe block.span.bytes.extracting(16..<block.count - 4)
      interface.read(CaptureOptions(options, isByteSwapped: isByteSwapped), keepsText: false)
      interfaces.append(interface)
    default: break
    }
    return block
  }

  /// What of the block that was reached has no place in a pcap; nil for what says how a capture was made.
  var nameOfLost: String? {
    guard let entry = current else { return nil }
    let type = type(at: entry.start)
    if entry.number != 0 {
      let behind = entry.frontByteCount == 28 ? optionBytes(entry) : 0..<0
      return behind.count > 4 ? "options of a packet" : nil
    }
    return switch type {
    case CaptureBlock.Kind.section, CaptureBlock.Kind.interface, 5: nil
    case 4: "name resolution"
    case 10: "decryption secrets"
    default: "a block of type \(type)"
    }
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
      unsafe body(made.span.bytes.extracting(range))
    } else {
      unsafe body(bytes.span.bytes.extracting(range))
    }
  }

  private mutating func make(
    _ entry: JournalEntry, _ facts: Facts, _ interface: CaptureInterface, _ index: Int
  ) -> Block? {
    let isSimple = entry.frontByteCount != 28
    let isSameTime = facts.timestampInNanoseconds == entry.timestampInNanoseconds
    guard
      let ticks = isSameTime && !isSimple
        ? UInt64(word(entry.start + 12)) << 32 | UInt64(word(entry.start + 16))
        : interface.clock.ticks(facts.timestampInNanoseconds)
    else { return nil }
    let options = keptOptions(entry)
    let padding = -facts.byteCount & 3
    let length = UInt32(32 + facts.byteCount + padding + options.count)
    made.removeAll(keepingCapacity: true)
    append(isSimple ? CaptureBlock.Kind.enhancedPacket : word(entry.start))
    append(length)
    append(isSimple ? UInt32(index) : word(entry.start + 8))
    append(UInt32(truncatingIfNeeded: ticks >> 32))
    append(UInt32(truncatingIfNeeded: ticks))
    append(UInt32(facts.byteCount))
    append(UInt32(clamping: facts.wireByteCount))
    made.append(contentsOf: repeatElement(0, count: padding))
    made.append(contentsOf: options)
    append(length)
    return Block(isMade: true, front: 0..<28, behind: 28..<made.count)
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

  private func forEachOption(
    _ entry: JournalEntry, _ body: (_ code: Int, _ range: Range<Int>) -> Void
  ) {
    let range = optionBytes(entry)
    var place = range.lowerBound
    while range.upperBound - place >= 4 {
      let code = half(place)
      let end = place + 4 + (half(place + 2) + 3) & ~3
      if end > range.upperBound { return }
      body(code, place..<end)
      if code == 0 { return }
      place = end
    }
  }

  private func hasHash(_ entry: JournalEntry) -> Bool {
    var hasHash = false
    if entry.frontByteCount == 28 {
      forEachOption(entry) { code, _ in if code == Self.hashCode { hasHash = true } }
    }
    return hasHash
  }

  /// The options of a packet that is not what it was.
  private func keptOptions(_ entry: JournalEntry) -> [UInt8] {
    guard entry.frontByteCount == 28 else { return [] }
    let range = optionBytes(entry)
    if range.isEmpty { return [] }
    if !journal.changes.edits { return Array(bytes[range]) }
    var kept: [UInt8] = []
    forEachOption(entry) { code, range in if code != Self.hashCode { kept += bytes[range] } }
    return kept
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
    let word = unsafe bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt32.self)
    return isByteSwapped ? word.byteSwapped : word
  }

  private func half(_ place: Int) -> Int {
    isLittle
      ? Int(bytes[place]) | Int(bytes[place + 1]) << 8
      : Int(bytes[place + 1]) | Int(bytes[place]) << 8
  }

  private mutating func append(_ word: UInt32) {
    let word = isByteSwapped ? word.byteSwapped : word
    unsafe withUnsafeBytes(of: word) { unsafe made.append(contentsOf: $0) }
  }
}
