// SPDX-License-Identifier: BSD-2-Clause
//
// What a pcapng says beside its frames, noted as blocks go by, in memory that has a bound:
//
//     section, 0a0d0d0a        options   2 shb_hardware   3 shb_os   4 shb_userappl   1 opt_comment
//     interface, 1             CaptureInterface
//     interface statistics, 5  0 type   4 length   8 interface   12 time   20 options
//                              options   4 isb_ifrecv   5 isb_ifdrop   7 isb_osdrop, 64 bits each
//     all else that has no frame is counted by its type
//
// The counters of statistics are of the whole capture so far: those of the last block hold.
//
//     sections.count == min(sectionCount, sectionLimit), and so for interfaces
//     interfaces[firstInterface + n] is interface n of this section, if it is among those kept
//
// draft-ietf-opsawg-pcapng, section 4.

/// What is known of a pcapng beside its frames; nothing of a pcap.
package struct CaptureNotes: Equatable, Sendable {
  /// What a section says of where it was captured.
  package struct Section: Equatable, Sendable {
    /// The machine.
    package fileprivate(set) var hardware: String?
    /// Its operating system.
    package fileprivate(set) var system: String?
    /// The program that wrote the section.
    package fileprivate(set) var application: String?
    /// Comments on the section, the first of them.
    package fileprivate(set) var comments: [String] = []
  }

  /// An interface of some section.
  package struct Interface: Equatable, Sendable {
    /// The section it is of, from 1.
    package let section: Int
    /// Its number in that section, from 0.
    package let number: Int
    /// What it is.
    package let facts: CaptureInterface
    /// Blocks with its statistics.
    package fileprivate(set) var statisticsCount = 0
    /// Packets it received; nil if no block says.
    package fileprivate(set) var received: UInt64?
    /// Packets it dropped itself; nil if no block says.
    package fileprivate(set) var dropped: UInt64?
    /// Packets that the system dropped; nil if no block says.
    package fileprivate(set) var droppedBySystem: UInt64?
  }

  /// Blocks without frames, by type.
  package struct Blocks: Equatable, Sendable {
    /// Names of addresses.
    package fileprivate(set) var nameResolution = 0
    /// Statistics of interfaces.
    package fileprivate(set) var statistics = 0
    /// Secrets for decryption.
    package fileprivate(set) var secrets = 0
    /// Entries of systemd's journal.
    package fileprivate(set) var journal = 0
    /// Blocks of somebody's own kind.
    package fileprivate(set) var custom = 0
    /// Blocks of other types.
    package fileprivate(set) var unknown = 0
  }

  /// The most sections that are kept.
  package static var sectionLimit: Int { 16 }
  /// The most interfaces that are kept.
  package static var interfaceLimit: Int { 64 }
  /// The most comments that are kept of one thing.
  package static var commentLimit: Int { 10 }
  /// The most bytes that are kept of a comment or another text.
  package static var textByteLimit: Int { 4_096 }

  /// The first sections.
  package private(set) var sections: [Section] = []
  /// Sections there are so far.
  package private(set) var sectionCount = 0
  /// The first interfaces, those of all sections one behind the other.
  package private(set) var interfaces: [Interface] = []
  /// Interfaces described so far.
  package private(set) var interfaceCount = 0
  /// Interfaces of the sections before this one.
  private(set) var firstInterface = 0
  /// Blocks without frames that are neither sections nor interfaces.
  package private(set) var blocks = Blocks()
  private var textByteCount = 0

  init() {}

  /// Packets dropped by the interfaces that are kept, by themselves and by the system; nil where no
  /// block says.
  package var drops: (byInterface: UInt64?, bySystem: UInt64?) {
    (Self.sum(interfaces.compactMap(\.dropped)), Self.sum(interfaces.compactMap(\.droppedBySystem)))
  }

  private static func sum(_ counts: [UInt64]) -> UInt64? {
    counts.isEmpty
      ? nil
      : counts.reduce(0) { sum, count in
        let (more, isOver) = sum.addingReportingOverflow(count)
        return isOver ? .max : more
      }
  }

  mutating func noteSection(_ options: borrowing CaptureOptions) {
    sectionCount += 1
    firstInterface = interfaceCount
    guard sections.count < Self.sectionLimit else { return }
    var section = Section()
    options.forEach { code, value in
      switch code {
      case 1 where section.comments.count < Self.commentLimit:
        section.comments.append(value.shortText)
      case 2: section.hardware = value.shortText
      case 3: section.system = value.shortText
      case 4: section.application = value.shortText
      default: break
      }
    }
    sections.append(section)
  }

  mutating func noteInterface(_ interface: CaptureInterface) {
    interfaceCount += 1
    guard interfaces.count < Self.interfaceLimit else { return }
    var kept = interface
    textByteCount += interface.textByteCount
    if textByteCount > CaptureInterface.textByteLimit { kept.forgetText() }
    interfaces.append(
      Interface(section: sectionCount, number: interfaceCount - firstInterface - 1, facts: kept))
  }

  /// Notes a block that is neither a section nor an interface, and has no frame.
  mutating func note(_ block: CaptureBlock, _ input: borrowing ByteSource) {
    switch block.type {
    case CaptureBlock.Kind.nameResolution: blocks.nameResolution += 1
    case CaptureBlock.Kind.statistics:
      blocks.statistics += 1
      noteStatistics(block, input)
    case 9: blocks.journal += 1
    case CaptureBlock.Kind.secrets: blocks.secrets += 1
    case 0x0bad, 0x4000_0bad: blocks.custom += 1
    default: blocks.unknown += 1
    }
  }

  private mutating func noteStatistics(_ block: CaptureBlock, _ input: borrowing ByteSource) {
    guard block.byteCount >= 24 else { return }
    let number = Int(input.word(at: 8, isByteSwapped: block.isByteSwapped))
    // Cannot wrap: both are below 2^32 and what there are of interfaces.
    let index = firstInterface + number
    guard index < interfaces.count else { return }
    let options = CaptureOptions(
      input.span(20, block.byteCount - 24), isByteSwapped: block.isByteSwapped)
    interfaces[index].statisticsCount += 1
    interfaces[index].received = options.long(4) ?? interfaces[index].received
    interfaces[index].dropped = options.long(5) ?? interfaces[index].dropped
    interfaces[index].droppedBySystem = options.long(7) ?? interfaces[index].droppedBySystem
  }
}

extension CaptureOptions {
  /// The first comments, each up to a limit.
  package var shortComments: [String] {
    var comments: [String] = []
    forEach { code, value in
      if code == 1, comments.count < CaptureNotes.commentLimit { comments.append(value.shortText) }
    }
    return comments
  }
}

extension RawSpan {
  /// The bytes as text, up to the most that is kept.
  fileprivate var shortText: String {
    extracting(first: Swift.min(byteCount, CaptureNotes.textByteLimit)).text
  }
}
