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

  /// The types that are read.
  enum Kind {
    static let section: UInt32 = 0x0a0d_0d0a
    static let interface: UInt32 = 1
    static let obsoletePacket: UInt32 = 2
    static let simplePacket: UInt32 = 3
    static let enhancedPacket: UInt32 = 6
  }

  /// Whether there is a frame in it.
  var isPacket: Bool { Self.isPacket(type) }

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
    /// No block: the end or the system's refusal is in it, or its bytes cannot be one.
    case failed(PcapError.Kind)
  }

  /// The most bytes of a block.
  static var blockByteLimit: Int { 268_435_456 }

  /// Whether the numbers of this section are in the other order than this machine's.
  private(set) var isByteSwapped = false
  /// The version of this section's format.
  private(set) var version = (major: 1, minor: 0)

  /// The next block.
  mutating func next(of input: inout ByteSource) -> Step {
    input.goOn()
    while true {
      let there = input.byteCount
      guard there >= 8 else {
        switch input.fill(8) {
        case .here: continue
        case .ended where input.byteCount == 0: return .ended
        case let supply: return .init(supply, wanted: 8, available: input.byteCount)
        }
      }
      let type = input.word(at: 0, isByteSwapped: isByteSwapped)
      var isSwapped = isByteSwapped
      if type == CaptureBlock.Kind.section {
        guard there >= 16 || input.fill(16) == .here else {
          return .init(input.fill(16), wanted: 8, available: input.byteCount - 8)
        }
        switch input.word(at: 8) {
        case 0x1a2b_3c4d: isSwapped = false
        case 0x4d3c_2b1a: isSwapped = true
        default: return .failed(.corrupt(message: "a section without a byte-order magic"))
        }
      }
      let length = Int(input.word(at: 4, isByteSwapped: isSwapped))
      if let message = Self.fault(of: length, type) { return .failed(.corrupt(message: message)) }
      guard input.byteCount >= length else {
        let supply = input.fill(length)
        if supply == .here { continue }
        return .init(supply, wanted: length - 8, available: input.byteCount - 8)
      }
      let last = Int(input.word(at: length - 4, isByteSwapped: isSwapped))
      guard last == length else {
        return .failed(
          .corrupt(
            message: "block total length in header and trailer don't match: \(length), \(last)"))
      }
      if type == CaptureBlock.Kind.section {
        let major = input.half(at: 12, isByteSwapped: isSwapped)
        version = (major, input.half(at: 14, isByteSwapped: isSwapped))
        guard major == 1 else {
          return .failed(
            .unsupportedVersion(
              message: "unknown pcapng savefile major version number \(major)"))
        }
        isByteSwapped = isSwapped
      }
      input.lend(length)
      return .block(CaptureBlock(type: type, byteCount: length, isByteSwapped: isSwapped))
    }
  }

  /// The type of the next block, if all of it is here and it can be one.
  func typeOfNext(in input: inout ByteSource) -> UInt32? {
    input.goOn()
    guard input.byteCount >= 12 else { return nil }
    let length = Int(input.word(at: 4, isByteSwapped: isByteSwapped))
    guard length >= 12, length <= input.byteCount else { return nil }
    return input.word(at: 0, isByteSwapped: isByteSwapped)
  }

  /// Why a length cannot be a block's, in libpcap's words; nil if it can.
  @inline(__always)
  private static func fault(of length: Int, _ type: UInt32) -> String? {
    let least = type == CaptureBlock.Kind.section ? 28 : 12
    if length >= least, length & 3 == 0, length <= blockByteLimit { return nil }
    return words(length, least)
  }

  @inline(never)
  private static func words(_ length: Int, _ least: Int) -> String {
    if length < least { return "block in pcapng dump file has a length of \(length) < \(least)" }
    if length > blockByteLimit { return "pcapng block size \(length) > maximum \(blockByteLimit)" }
    return "block in pcapng dump file has a length of \(length) that is not a multiple of 4"
  }
}

extension BlockWalk.Step {
  /// What it means that some bytes of a block were not supplied.
  init(_ supply: ByteSource.Supply, wanted: Int, available: Int) {
    switch supply {
    case .here, .ended: self = .failed(.truncated(wanted: wanted, available: available))
    case .notYet: self = .notYet
    case .failed(let reason): self = .failed(.unreadable(errno: reason))
    }
  }
}
