// SPDX-License-Identifier: BSD-2-Clause
import Pcap

/// What libpcap 1.10 does not do, and this library's reader does.
public enum LibpcapLimit: String, CaseIterable, Sendable {
  /// It cuts frames to the snapshot length of the header, and ends at one of a pcapng that is longer.
  case snapshotLength
  /// It ends at an interface of another link type than the first.
  case mixedLinkTypes
  /// It ends at an interface of another snapshot length than the first.
  case mixedSnapshotLengths
  /// It ends at a section of the other byte order.
  case mixedByteOrders
  /// It reads no pcap 2.5 or later, and no pcapng 1.1, or 1.3 or later.
  case version
  /// It takes fractions of a second from 2^31 on for negative, in this machine's order alone; and
  /// seconds from 2^31 on in this order alone.
  case signs
  /// It loses bits of fractions of a second that are counted in powers of 2.
  case binaryTicks
  /// It refuses ticks that 64 bits cannot count in a second.
  case tickUnit
  /// It refuses options of an interface that are cut, come twice or have another length.
  case options
  /// It reads no section block of more than 1 MiB, and no other block of more than 16 MiB.
  case blockLength
  /// It reads no compressed file.
  case compression
  /// It looks at neither length of the first section as it does at those of all other blocks.
  case firstSection

  /// It does not look at the version of a section that follows another without an interface between them.
  case laterSections
  /// In files of the other byte order it turns numbers round within frames, where a link header has them in
  /// the order of the host that captured: of USB, NFLOG, PFLOG, and CAN in Linux' cooked headers.
  case hostOrder

  /// The link types of those headers.
  static let hostOrderTypes: Set<UInt32> = [113, 117, 189, 220, 239, 276]

  /// The limit that made libpcap end before this library's reader; nil if it is none of these.
  init?(_ theirs: PcapError?) {
    switch theirs?.kind {
    case .mixedLinkTypes: self = .mixedLinkTypes
    case .mixedSnapshotLengths: self = .mixedSnapshotLengths
    case .mixedByteOrders: self = .mixedByteOrders
    case .unsupportedVersion: self = .version
    case .compressed: self = .compression
    case .corrupt(let message): self.init(message)
    default: return nil
    }
  }

  private init?(_ message: String) {
    func says(_ words: String...) -> Bool { words.contains { message.contains($0) } }
    if says("if_tsresol option resolution") {
      self = .tickUnit
    } else if says("block of type 1 in", "Interface Description Block has") {
      self = .options
    } else if says("bigger than snaplen of") {
      self = .snapshotLength
    } else if says("BT_SHB_INSANE_MAX", "pcapng block size") {
      self = .blockLength
    } else {
      return nil
    }
  }
}
