// SPDX-License-Identifier: BSD-2-Clause
//
// What a section of a pcapng has said so far: its order, and its interfaces, numbered from 0. A new
// section begins without any.
//
//     interfaces.count == facts.count <= 65,536

import Wire

/// Goes from block to block and notes what they say of interfaces.
struct PcapngSection: ~Copyable {
  /// The most interfaces of a section.
  private static var interfaceLimit: Int { 65_536 }

  private(set) var walk = BlockWalk()
  /// What is described: in a pcap, which has no sections, its one interface.
  private(set) var interfaces: [CaptureInterface] = []
  /// What each of them means for its frames.
  private(set) var facts: [InterfaceFacts] = []
  private var textByteCount = 0
  /// Where all blocks are noted for a copy; nil if there is to be none.
  private var recorder: BlockRecorder?
  /// What was said beside frames, of all sections.
  private(set) var notes = CaptureNotes()
  /// The interface of the first frame, or the one that is described first if no frame has come yet; nil
  /// before either.
  private(set) var first: CaptureInterface?

  /// Nothing read yet.
  ///
  /// - Parameter journal: where to note what stands beside frames.
  init(noting journal: BlockJournal? = nil) {
    if let journal { recorder = BlockRecorder(journal) }
  }

  /// What the header of a pcap says.
  init(_ header: PcapFileHeader) {
    var interface = CaptureInterface(
      linkType: header.linkType, snapshotByteCount: header.snapshotByteCount)
    interface.fcsByteCount = header.fcsByteCount
    interfaces = [interface]
    first = interface
  }

  /// The next block, of any kind, lent.
  @inline(__always)
  mutating func next(of input: inout ByteSource) -> BlockWalk.Step {
    let step = walk.next(of: &input)
    guard case .block(let block) = step, !block.isPacket else { return step }
    return note(block, input)
  }

  /// Notes the block of a frame that was found; gives the number that its packet carries, 0 if nothing
  /// is noted.
  @inline(__always)
  mutating func note(_ frame: FoundFrame, _ input: borrowing ByteSource) -> UInt32 {
    recorder?.note(frame, in: input.span(0, input.lentByteCount)) ?? 0
  }

  /// Whether what stands beside frames is noted for a copy.
  var isNoted: Bool {
    switch recorder {
    case .some: true
    case .none: false
    }
  }

  /// Hands on what was noted, before the packets are.
  mutating func publish() { recorder?.publish() }

  /// Takes what a block without a frame says.
  @inline(never)
  private mutating func note(
    _ block: CaptureBlock, _ input: borrowing ByteSource
  ) -> BlockWalk.Step {
    if recorder?.note(input.span(0, block.byteCount)) == false {
      return .failed(.tooManyBlocks)
    }
    if block.type == CaptureBlock.Kind.section {
      interfaces.removeAll()
      facts.removeAll()
      textByteCount = 0
      notes.noteSection(
        CaptureOptions(input.span(24, block.byteCount - 28), isByteSwapped: block.isByteSwapped))
      return .block(block)
    }
    guard block.type == CaptureBlock.Kind.interface else {
      notes.note(block, input)
      return .block(block)
    }
    guard block.byteCount >= 20 else {
      return .failed(.short(type: block.type))
    }
    guard interfaces.count < Self.interfaceLimit else {
      return .failed(.interfaces(limit: Self.interfaceLimit))
    }
    let isSwapped = block.isByteSwapped
    var interface = CaptureInterface(
      linkType: LinkType(inFile: UInt32(input.half(at: 8, isByteSwapped: isSwapped))),
      snapshotByteCount: input.word(at: 12, isByteSwapped: isSwapped))
    interface.read(
      CaptureOptions(input.span(16, block.byteCount - 20), isByteSwapped: isSwapped),
      keepsText: textByteCount < CaptureInterface.textByteLimit)
    textByteCount += interface.textByteCount
    interfaces.append(interface)
    facts.append(InterfaceFacts(interface))
    notes.noteInterface(interface)
    return .block(block)
  }
}

// MARK: The beginning of a file

extension PcapngSection {
  /// Bytes of a file in which interfaces are looked for before the first frame.
  private static var openByteCount: Int { 65_536 }

  /// Reads up to the first interface, and on to the first frame as far as nothing has to come for that.
  ///
  /// - Throws: `.noInterface`, or what is wrong with a block, as of a header.
  mutating func open(_ input: inout ByteSource, file path: String) throws(PcapError) {
    while interfaces.isEmpty {
      switch next(of: &input) {
      case .block(let block) where block.isPacket:
        throw input.error(.noInterface, file: path, packet: 1)
      case .block: break
      case .ended, .notYet:
        throw input.error(.noInterface, file: path)
      case .failed(.cut(let wanted, let available)):
        throw input.error(
          .truncatedHeader(wanted: wanted, available: available), file: path)
      case .failed(let fault):
        throw input.error(fault.kind, file: path)
      }
    }
    if input.identity.isRegular { _ = input.fill(Self.openByteCount) }
    while let type = walk.typeOfNext(in: &input), type != CaptureBlock.Kind.section,
      !CaptureBlock.isPacket(type), case .block = next(of: &input)
    {}
    let number = interfaceOfNextFrame(in: &input) ?? 0
    first = interfaces[number < interfaces.count ? number : 0]
  }

  /// The number of the interface in the next block, if all of it is here and a frame is in it.
  private func interfaceOfNextFrame(in input: inout ByteSource) -> Int? {
    switch walk.typeOfNext(in: &input) {
    case CaptureBlock.Kind.enhancedPacket:
      Int(input.word(at: 8, isByteSwapped: walk.isByteSwapped))
    case CaptureBlock.Kind.obsoletePacket: input.half(at: 8, isByteSwapped: walk.isByteSwapped)
    case CaptureBlock.Kind.simplePacket: 0
    default: nil
    }
  }
}
