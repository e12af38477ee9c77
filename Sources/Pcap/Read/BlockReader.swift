// SPDX-License-Identifier: BSD-2-Clause

/// Every block of a pcapng, as it stands in the file: what copies one whole, packets and all else.
///
///     var blocks = try BlockReader(path: "in.pcapng")
///     while let block = try blocks.next() { write(blocks.bytes) }
package struct BlockReader: ~Copyable {
  private var input: ByteSource
  private var walk = BlockWalk()
  private var current: CaptureBlock?
  private let path: String
  private var blockCount = 0

  /// Opens a file, or standard input for "-".
  ///
  /// - Throws: `.notFound`, `.unreadable`, `.badMagic` for what is no pcapng, or what is wrong with a
  ///   compressed stream.
  package init(path: String) throws(PcapError) {
    var input = try ByteSource(path: path)
    try input.expandIfCompressed(file: path)
    let supply = input.fill(4)
    if case .unexpanded(let fault) = supply { throw input.error(fault.kind, file: path) }
    guard supply == .here, input.word(at: 0) == CaptureBlock.Kind.section else {
      let magic = input.byteCount < 4 ? 0 : input.word(at: 0)
      throw input.error(.badMagic(UInt32(bigEndian: magic)), file: path, at: 0)
    }
    self.input = input
    self.path = path
  }

  /// The next block; nil at the end.
  ///
  /// - Throws: `.truncated`, `.corrupt`, `.unsupportedVersion` or `.unreadable`, with the block's number
  ///   and place.
  package mutating func next() throws(PcapError) -> CaptureBlock? {
    current = nil
    switch walk.next(of: &input) {
    case .block(let block):
      blockCount += 1
      current = block
    case .ended, .notYet: break
    case .failed(let fault):
      throw input.error(fault.kind, file: path, packet: blockCount + 1)
    }
    return current
  }

  /// What of a pcapng has no place where its packets alone are written, in words; nil if nothing is lost.
  ///
  /// - Throws: as `next` does, of a file that has nothing of the kind up to there.
  package static func lost(of path: String) throws(PcapError) -> String? {
    var blocks = try BlockReader(path: path)
    while let block = try blocks.next() {
      if blocks.hasOptions(block) { return CaptureBlock.optionsOfAPacket }
      if !block.isPacket, let name = CaptureBlock.nameOfLost(type: block.type) { return name }
    }
    return nil
  }

  /// Whether more than the end of options stands behind the frame of the block that `next` gave.
  private func hasOptions(_ block: CaptureBlock) -> Bool {
    guard block.isPacket, block.type != CaptureBlock.Kind.simplePacket, block.byteCount >= 32
    else { return false }
    let captured = Int(input.word(at: 20, isByteSwapped: block.isByteSwapped))
    return block.byteCount - 32 - (captured + 3) & ~3 > 4
  }

  /// The bytes of the block that `next` gave, its lengths included; none before the first.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get { input.span(0, input.lentByteCount) }
  }
}
