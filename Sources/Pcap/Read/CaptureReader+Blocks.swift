// SPDX-License-Identifier: BSD-2-Clause
//
// The blocks of a pcapng that frames come in, and those that say what came before them:
//
//     enhanced, 6   8 interface   12 ticks, high   16 low   20 captured   24 on the wire   28 frame, options
//     simple, 3     8 on the wire   12 frame
//     obsolete, 2   8 interface (16)   10 drops (16)   and from byte 12 on as in an enhanced one
//
// A frame is padded to four bytes. A simple block belongs to interface 0, has no time, which is given
// as 0, and no captured length: that is the one on the wire, or the interface's snapshot length if that
// is less. Other blocks are passed over.
//
// draft-ietf-opsawg-pcapng, section 4; draft-ietf-opsawg-pcapng-00, appendix, for the obsolete block.

import Wire

extension CaptureReader {
  /// Finds the next block with a frame and lends it; false if there is none, or none yet.
  @inline(never)
  mutating func findPacketBlock() -> Bool {
    while true {
      let step = section.next(of: &input)
      guard case .block(let block) = step else { return noteNoBlock(step) }
      switch block.type {
      case CaptureBlock.Kind.enhancedPacket:
        return findFrame(
          in: block, interface: input.word(at: 8, isByteSwapped: block.isByteSwapped))
      case CaptureBlock.Kind.simplePacket: return findSimpleFrame(in: block)
      case CaptureBlock.Kind.obsoletePacket:
        let number = input.half(at: 8, isByteSwapped: block.isByteSwapped)
        return findFrame(in: block, interface: UInt32(number))
      default: break
      }
    }
  }

  @inline(never)
  private mutating func noteNoBlock(_ step: BlockWalk.Step) -> Bool {
    isDry = false
    switch step {
    case .notYet: isDry = true
    case .ended: finish(.clean)
    case .failed(let fault): stop(fault.kind)
    case .block: break
    }
    return false
  }

  /// Finds the frame of an enhanced or an obsolete packet block.
  @inline(__always)
  private mutating func findFrame(in block: CaptureBlock, interface: UInt32) -> Bool {
    let isSwapped = block.isByteSwapped
    guard block.byteCount >= 32 else { return refuseShort(block) }
    guard Int(interface) < section.facts.count else { return refuseInterface(interface) }
    let captured = Int(input.word(at: 20, isByteSwapped: isSwapped))
    let limit = section.facts[Int(interface)].frameByteLimit
    guard captured <= limit, (captured &+ 3) & ~3 <= block.byteCount &- 32 else {
      return refuseLength(captured, limit, block, headerByteCount: 32)
    }
    let ticks =
      UInt64(input.word(at: 12, isByteSwapped: isSwapped)) << 32
      | UInt64(input.word(at: 16, isByteSwapped: isSwapped))
    found.hasExactTime = true
    found.timestampInNanoseconds = section.facts[Int(interface)].clock.nanoseconds(
      ticks, &found.hasExactTime)
    if !found.hasExactTime { inexactTimeCount &+= 1 }
    found.offset = 28
    found.byteCount = block.byteCount &- 32
    found.capturedByteCount = UInt32(truncatingIfNeeded: captured)
    found.wireByteCount = input.word(at: 24, isByteSwapped: isSwapped)
    found.linkType = section.facts[Int(interface)].linkType
    found.interfaceIndex = Int(interface)
    return true
  }

  /// Finds the frame of a simple packet block.
  @inline(never)
  private mutating func findSimpleFrame(in block: CaptureBlock) -> Bool {
    guard block.byteCount >= 16 else { return refuseShort(block) }
    guard let first = section.facts.first else { return refuseInterface(0) }
    let wire = input.word(at: 8, isByteSwapped: block.isByteSwapped)
    let limit = first.snapshotByteCount == 0 ? UInt32.max : first.snapshotByteCount
    let captured = Int(Swift.min(wire, limit))
    guard captured <= first.frameByteLimit, (captured + 3) & ~3 <= block.byteCount - 16 else {
      return refuseLength(captured, first.frameByteLimit, block, headerByteCount: 16)
    }
    found = FoundFrame(
      offset: 12, byteCount: captured, capturedByteCount: UInt32(captured), wireByteCount: wire,
      linkType: first.linkType)
    return true
  }

  // MARK: Blocks that cannot be

  @inline(never)
  private mutating func refuseShort(_ block: CaptureBlock) -> Bool {
    stop(BlockFault.short(type: block.type).kind)
    return false
  }

  @inline(never)
  private mutating func refuseInterface(_ number: UInt32) -> Bool {
    let why = "but there's no Interface Description Block for that interface"
    stop(.corrupt(message: "a packet arrived on interface \(number), \(why)"))
    return false
  }

  @inline(never)
  private mutating func refuseLength(
    _ captured: Int, _ limit: Int, _ block: CaptureBlock, headerByteCount: Int
  ) -> Bool {
    if captured > limit {
      stop(
        .corrupt(
          message: "invalid packet capture length \(captured), bigger than maximum of \(limit)")
      )
      return false
    }
    let room = block.byteCount - headerByteCount
    let why = "has \(room) bytes for a frame of \(captured)"
    stop(.corrupt(message: "block of type \(block.type) in pcapng dump file \(why)"))
    return false
  }
}
