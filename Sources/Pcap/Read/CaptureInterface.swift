// SPDX-License-Identifier: BSD-2-Clause
//
// An interface that a capture describes. A pcap has one, in its header; a pcapng any number, each in a
// block of type 1, numbered from 0 in their section:
//
//     0 type 1   4 length   8 link type (16)   10 0   12 snapshot length   16 options   length again
//
//     option   2 if_name   3 if_description   9 if_tsresol   11 if_filter   13 if_fcslen   14 if_tsoffset
//
// The text of one section's interfaces is kept up to a limit, so that memory stays small whatever a
// file says.
//
// draft-ietf-opsawg-pcapng, section 4.2.

public import Wire

/// What a capture says of an interface.
public struct CaptureInterface: Equatable, Sendable {
  /// How its frames begin.
  public let linkType: LinkType
  /// The most bytes of a frame that were asked for; 0 is no limit.
  ///
  /// Frames may have more.
  public let snapshotByteCount: Int
  /// Bytes of the frame check sequence behind each frame; nil if the file does not say.
  public internal(set) var fcsByteCount: Int?
  /// Its name; nil if the file has none.
  public internal(set) var name: String?
  /// What it is, in words; nil if the file has none.
  public internal(set) var description: String?
  /// The filter that chose the frames, in the language of tcpdump; nil if the file has none.
  public internal(set) var filter: String?
  /// How it counts time.
  var clock = TickClock()

  /// What times are multiples of: `n` for 10^-n seconds, 128 + `n` for 2^-n seconds.
  public var tickCode: Int { Int(clock.code) }
  /// Seconds that are added to every time in the file.
  public var offsetInSeconds: Int64 { clock.offsetInSeconds }

  /// Bytes of text that are kept of the interfaces of one section.
  static var textByteLimit: Int { 1_048_576 }

  init(linkType: LinkType, snapshotByteCount: UInt32) {
    self.linkType = linkType
    self.snapshotByteCount = Int(snapshotByteCount)
  }

  /// Captured bytes of a frame in a simple block, which gives those on the wire alone.
  func simpleByteCount(ofWire byteCount: Int) -> Int {
    snapshotByteCount == 0 ? byteCount : Swift.min(byteCount, snapshotByteCount)
  }

  /// Bytes of text that this one has.
  var textByteCount: Int {
    (name?.utf8.count ?? 0) + (description?.utf8.count ?? 0) + (filter?.utf8.count ?? 0)
  }

  /// Keeps what is no text.
  mutating func forgetText() { (name, description, filter) = (nil, nil, nil) }

  /// Takes what the options say.
  mutating func read(_ options: borrowing CaptureOptions, keepsText: Bool) {
    var (code, offset) = (UInt8(6), Int64(0))
    let isSwapped = options.isByteSwapped
    var read = self
    options.forEach { option, value in
      switch option {
      case 2 where keepsText: read.name = value.text
      case 3 where keepsText: read.description = value.text
      case 9 where value.byteCount == 1: code = value.byte(at: 0)
      case 11 where keepsText && value.byteCount > 1 && value.byte(at: 0) == 0:
        read.filter = value.extracting(droppingFirst: 1).text
      // In bits by the draft's text, in bytes by its example and in the files that there are.
      case 13 where value.byteCount == 1: read.fcsByteCount = Int(value.byte(at: 0))
      case 14 where value.byteCount == 8:
        // In bounds: eight bytes are there, and any of them are a number.
        let number = unsafe value.unsafeLoadUnaligned(as: Int64.self)
        offset = isSwapped ? number.byteSwapped : number
      default: break
      }
    }
    self = read
    clock = TickClock(code: code, offsetInSeconds: offset)
  }
}

extension RawSpan {
  fileprivate func byte(at offset: Int) -> UInt8 {
    // In bounds: the span checks, and any 8 bits are a number.
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }
}

/// What of an interface each of its frames needs.
struct InterfaceFacts: Equatable {
  let linkType: LinkType
  let frameByteLimit: Int
  let snapshotByteCount: UInt32
  let clock: TickClock

  init(_ interface: CaptureInterface) {
    linkType = interface.linkType
    frameByteLimit = interface.linkType.frameByteLimit
    snapshotByteCount = UInt32(clamping: interface.snapshotByteCount)
    clock = interface.clock
  }
}
