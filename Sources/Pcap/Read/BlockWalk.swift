// SPDX-License-Identifier: BSD-2-Clause
//
// A pcapng is blocks, one behind the other:
//
//     0 type   4 length   8 body, a multiple of four bytes ...   length again
//
//     section   type 0a0d0d0a, the same in either order:   8 byte-order magic   12 major, minor (16 each)
//
// A section's magic gives the order of its own lengths and of all that follows up to the next one. A
// length that is no multiple of four, less than 12, or more than 256 MiB, is none; nor are two that
// differ. The block that was given last is lent by the source: it is gone on from by the next call.
//
//     bytes of all blocks given, in order == the bytes of the file up to there
//
// draft-ietf-opsawg-pcapng, section 3.1 and 4.1.

/// A block in the source's window, its first byte the first one there.
package struct CaptureBlock: Equatable, Sendable {
  /// The number that says what it is.
  package let type: UInt32
  /// Bytes of all of it: header, body and the length behind it.
  package let byteCount: Int
  /// Whether its numbers are in the other order than this machine's.
  package let isByteSwapped: Bool

  /// The types that are read or told by name.
  enum Kind {
    static let section: UInt32 = 0x0a0d_0d0a
    static let interface: UInt32 = 1
    static let obsoletePacket: UInt32 = 2
    static let simplePacket: UInt32 = 3
    static let nameResolution: UInt32 = 4
    static let statistics: UInt32 = 5
    static let enhancedPacket: UInt32 = 6
    static let secrets: UInt32 = 10
  }

  /// Whether there is a frame in it.
  var isPacket: Bool { Self.isPacket(type) }

  /// What options of packets are called where they have no place.
  static var optionsOfAPacket: String { "options of a packet" }

  /// Whether blocks of a type say how a capture was made: sections, interfaces and their statistics.
  static func saysHowItWasMade(_ type: UInt32) -> Bool {
    type == Kind.section || type == Kind.interface || type == Kind.statistics
  }

  /// What a block without a frame is, in words, where packets alone are written and it has no place; nil for
  /// those that say how a capture was made.
  static func nameOfLost(type: UInt32) -> String? {
    switch type {
    case _ where saysHowItWasMade(type): nil
    case Kind.nameResolution: "name resolution"
    case Kind.secrets: "decryption secrets"
    default: "a block of type \(type)"
    }
  }

  /// Whether a block, in its bytes, begins a section.
  static func isSection(_ block: [UInt8]) -> Bool { block.starts(with: [0x0a, 0x0d, 0x0d, 0x0a]) }

  /// Whether there are frames in blocks of a type.
  static func isPacket(_ type: UInt32) -> Bool {
    type == Kind.enhancedPacket || type == Kind.simplePacket || type == Kind.obsoletePacket
  }
}

/// Goes from block to block of a source.
struct BlockWalk {
  /// What comes next.
  enum Step: Equatable {
    /// A block, all of it here, and lent.
    case block(CaptureBlock)
    /// The end, where a block ends.
    case ended
    /// Nothing for now: the block has not come, and nothing is waited for.
    case notYet
    /// No block.
    case failed(BlockFault)
  }

  /// The most bytes of a block.
  static var blockByteLimit: Int { 268_435_456 }

  /// Whether the numbers of this section are in the other order than this machine's.
  private(set) var isByteSwapped = false
  /// The version of this section's format.
  private(set) var version = (major: 1, minor: 0)

  /// The next block.
  @inline(__always)
  mutating func next(of input: inout ByteSource) -> Step {
    input.goOn()
    if input.byteCount >= 12 {
      let (isSwapped, type) = (isByteSwapped, input.word(at: 0, isByteSwapped: isByteSwapped))
      let length = Int(input.word(at: 4, isByteSwapped: isSwapped))
      if type != CaptureBlock.Kind.section, Self.isLength(length), length <= input.byteCount,
        Int(input.word(at: length &- 4, isByteSwapped: isSwapped)) == length
      {
        input.lend(length)
        return .block(CaptureBlock(type: type, byteCount: length, isByteSwapped: isSwapped))
      }
    }
    return nextSlow(of: &input)
  }

  /// The next block, where it is not all here, begins a section or cannot be one.
  @inline(never)
  private mutating func nextSlow(of input: inout ByteSource) -> Step {
    var supply = input.fill(8)
    if supply == .ended, input.byteCount == 0 { return .ended }
    guard supply == .here else { return Step(supply, wanted: 8, available: input.byteCount) }
    let type = input.word(at: 0, isByteSwapped: isByteSwapped)
    var isSwapped = isByteSwapped
    if type == CaptureBlock.Kind.section {
      supply = input.fill(16)
      guard supply == .here else { return Step(supply, wanted: 8, available: input.byteCount - 8) }
      switch input.word(at: 8) {
      case 0x1a2b_3c4d: isSwapped = false
      case 0x4d3c_2b1a: isSwapped = true
      default: return .failed(.noMagic)
      }
    }
    let length = Int(input.word(at: 4, isByteSwapped: isSwapped))
    guard Self.isLength(length), type != CaptureBlock.Kind.section || length >= 28 else {
      return .failed(.length(length, least: type == CaptureBlock.Kind.section ? 28 : 12))
    }
    supply = input.fill(length)
    guard supply == .here else {
      return Step(supply, wanted: length - 8, available: input.byteCount - 8)
    }
    let last = Int(input.word(at: length - 4, isByteSwapped: isSwapped))
    guard last == length else { return .failed(.otherLength(length, last)) }
    if type == CaptureBlock.Kind.section {
      let major = input.half(at: 12, isByteSwapped: isSwapped)
      guard major == 1 else { return .failed(.version(major)) }
      version = (major, input.half(at: 14, isByteSwapped: isSwapped))
      isByteSwapped = isSwapped
    }
    input.lend(length)
    return .block(CaptureBlock(type: type, byteCount: length, isByteSwapped: isSwapped))
  }

  /// The type of the next block, if all of it is here and it can be one.
  func typeOfNext(in input: inout ByteSource) -> UInt32? {
    input.goOn()
    guard input.byteCount >= 12 else { return nil }
    let length = Int(input.word(at: 4, isByteSwapped: isByteSwapped))
    guard length >= 12, length <= input.byteCount else { return nil }
    return input.word(at: 0, isByteSwapped: isByteSwapped)
  }

  /// Whether a length can be a block's.
  @inline(__always)
  private static func isLength(_ length: Int) -> Bool {
    length >= 12 && length & 3 == 0 && length <= blockByteLimit
  }
}

extension BlockWalk.Step {
  /// What it means that some bytes of a block were not supplied.
  init(_ supply: ByteSource.Supply, wanted: Int, available: Int) {
    switch supply {
    case .here, .ended: self = .failed(.cut(wanted: wanted, available: available))
    case .notYet: self = .notYet
    case .failed(let reason): self = .failed(.unreadable(errno: reason))
    case .unexpanded(let fault): self = .failed(.unexpanded(fault))
    }
  }
}
