// SPDX-License-Identifier: BSD-2-Clause
//
// A reader as a source. A frame that the pool denies behind others in one batch is not lost: it stays
// where it is, in the reader's window, and is the next frame again. So
//
//     packetCount == packets given + statistics.input.drops

public import Interfaces
public import Mbufs
import Wire

extension CaptureReader: PacketSource {
  /// The file's link type and unit of time.
  ///
  /// In a pcapng, the link type of the first frame; packets of others say theirs. An interface that counts nanoseconds may be described at any place, so that is the unit there.
  public var traits: LinkTraits {
    LinkTraits(
      linkType: linkType,
      timeUnitInNanoseconds: format == .pcapng ? 1 : resolution.unitInNanoseconds)
  }

  /// Frames read as packets; those that a pool denied are drops.
  public var statistics: InterfaceStatistics {
    var statistics = InterfaceStatistics()
    statistics.input.packets = packetCount - deniedCount
    statistics.input.bytes = byteCount - deniedByteCount
    statistics.input.drops = deniedCount
    statistics.input.lostBytes = deniedByteCount
    return statistics
  }

  /// The file's format.
  public var formatName: String? { format.rawValue }

  /// Waits until more may have come of a pipe, in a reader that does not wait for it.
  ///
  /// - Returns: false if the time is over or a signal came.
  public func wait(milliseconds: Int32) -> Bool { input.wait(milliseconds: milliseconds) }

  /// Reads frames into packets, each with the frame's time, wire length and link type.
  ///
  /// At the end of a file that is cut, corrupt or not supported the state says so. A pipe is waited
  /// for.
  public mutating func receive(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
  ) -> SourceState {
    precondition(packetLimit > 0, "\(packetLimit) packets wanted")
    defer { section.publish() }
    let isNoted = section.isNoted
    var left = packetLimit
    if hasPlainRecords {
      left = receivePlainRecords(upTo: packetLimit, into: &queue, from: pool)
      if left > 0 { input.unmap() }
    }
    while left > 0 {
      do throws(MbufError) {
        guard var packet = try nextPacket(of: pool) else { return endState() }
        if isNoted { packet.recordNumber = section.note(found, input) }
        queue.enqueue(packet)
      } catch {
        if left < packetLimit { readAgain() } else { drop() }
        return .more
      }
      left &-= 1
    }
    return .more
  }

  /// Whether there is more, where no frame came.
  @inline(never)
  private func endState() -> SourceState {
    switch end {
    case nil: .idle
    case .clean: .ended(nil)
    case .cut(let error), .corrupt(let error), .unsupported(let error):
      .ended(InterfaceError(error))
    }
  }
}
