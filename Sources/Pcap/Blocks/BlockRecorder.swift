// SPDX-License-Identifier: BSD-2-Clause

/// A reader's end of a journal.
struct BlockRecorder: ~Copyable {
  private let journal: BlockJournal
  private var bytes = ByteLog()
  /// Bytes of blocks since the last frame.
  private var blockByteCount = 0

  init(_ journal: BlockJournal) { self.journal = journal }

  /// Notes a block that is no frame's.
  ///
  /// - Returns: false, and nothing is noted, if there are too many bytes of them for memory.
  mutating func note(_ block: RawSpan) -> Bool {
    blockByteCount += block.byteCount
    guard blockByteCount <= BlockJournal.byteLimit else { return false }
    bytes.append(0)
    bytes.append(UInt32(block.byteCount))
    bytes.append(block)
    return true
  }

  /// Notes the block of a frame.
  ///
  /// - Returns: the number that its packet is to carry.
  mutating func note(_ frame: FoundFrame, in block: RawSpan) -> UInt32 {
    blockByteCount = 0
    let number = journal.nextNumber()
    let captured = Int(frame.capturedByteCount)
    bytes.append(number)
    bytes.append(UInt32(JournalEntry.headByteCount - 8 + block.byteCount - captured))
    bytes.append(UInt32(frame.offset))
    bytes.append(frame.capturedByteCount)
    bytes.append(frame.wireByteCount)
    let time = UInt64(bitPattern: frame.timestampInNanoseconds)
    bytes.append(UInt32(truncatingIfNeeded: time))
    bytes.append(UInt32(truncatingIfNeeded: time >> 32))
    bytes.append(block.extracting(first: frame.offset))
    bytes.append(block.extracting(droppingFirst: frame.offset + captured))
    return number
  }

  /// Hands on what was noted; to be called before the packets are.
  mutating func publish() {
    if !bytes.isEmpty { journal.publish(&bytes) }
  }
}

/// What a journal says of a block, in the bytes of the journal.
struct JournalEntry {
  /// Bytes before those of a frame's block.
  static var headByteCount: Int { 28 }

  /// The packet's number; 0 for a block that is no frame's.
  let number: UInt32
  /// Where the block's bytes begin in the journal.
  let start: Int
  /// Where the next entry begins.
  let end: Int
  /// Bytes of the block in front of the frame.
  var frontByteCount = 0
  var capturedByteCount: UInt32 = 0
  var wireByteCount: UInt32 = 0
  var timestampInNanoseconds: Int64 = 0

  /// The entry at a place of the journal.
  init(at place: Int, in journal: RawSpan) {
    func word(_ offset: Int) -> UInt32 {
      // In bounds: the span checks, and any 32 bits are a number.
      unsafe journal.unsafeLoadUnaligned(fromByteOffset: place + offset, as: UInt32.self)
    }
    number = word(0)
    end = place + 8 + Int(word(4))
    start = place + (number == 0 ? 8 : Self.headByteCount)
    if number == 0 { return }
    frontByteCount = Int(word(8))
    capturedByteCount = word(12)
    wireByteCount = word(16)
    timestampInNanoseconds = Int64(bitPattern: UInt64(word(24)) << 32 | UInt64(word(20)))
  }
}
