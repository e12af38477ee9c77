// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Pcap

/// How two readings of a file differ: what a limit of libpcap explains, and what none does.
public struct CaptureDifferences {
  /// Differences that nothing explains, in words.
  public private(set) var unexplained: [String] = []
  /// What explains the others.
  public private(set) var limits: Set<LibpcapLimit> = []

  /// Compares what the two readers make of a file.
  public init(_ path: String) {
    let (own, theirs) = (CaptureReading(own: path), CaptureReading(libpcap: path))
    for (index, pair) in zip(own.frames, theirs.frames).enumerated() {
      compare(pair.0, pair.1, theirs.snapshotByteCount, "packet \(index + 1)")
    }
    compareEnds(own, theirs)
  }

  private mutating func compareEnds(_ own: CaptureReading, _ theirs: CaptureReading) {
    if own.frames.count == theirs.frames.count, isSame(own.error, theirs.error) { return }
    // What libpcap says of a file that does not open has no place of its own.
    if own.openError != nil, theirs.openError != nil { return }
    if theirs.frames.count <= own.frames.count, let limit = LibpcapLimit(theirs.error) {
      limits.insert(limit)
    } else if own.openError?.byteOffset == 0, case .corrupt? = own.openError?.kind {
      limits.insert(.firstSection)
    } else if let place = own.openError?.byteOffset, place > 0,
      case .unsupportedVersion? = own.openError?.kind
    {
      limits.insert(.laterSections)
    } else {
      unexplained.append(
        "\(own.frames.count) frames, \(own.error?.description ?? "clean"); by libpcap "
          + "\(theirs.frames.count), \(theirs.error?.description ?? "clean")")
    }
  }

  /// Whether two readings end alike: both cleanly, for the same reason, or at the same place, where one
  /// may look at a length first and the other at what follows it.
  private func isSame(_ own: PcapError?, _ theirs: PcapError?) -> Bool {
    guard let own, let theirs else { return own == nil && theirs == nil }
    return InterfaceError(own).kind == InterfaceError(theirs).kind
      || own.packet == theirs.packet && own.byteOffset == theirs.byteOffset
  }

  private mutating func compare(
    _ own: CaptureReading.Frame, _ theirs: CaptureReading.Frame, _ snapshotByteCount: Int,
    _ place: String
  ) {
    if own.bytes != theirs.bytes, own.isByteSwapped,
      LibpcapLimit.hostOrderTypes.contains(own.linkType),
      theirs.bytes.count == min(own.bytes.count, snapshotByteCount)
    {
      limits.insert(.hostOrder)
    } else if own.bytes != theirs.bytes {
      let isCut = theirs.bytes == Array(own.bytes.prefix(snapshotByteCount))
      note(.snapshotLength, isCut, "\(place): bytes")
    }
    if own.wireByteCount != theirs.wireByteCount { unexplained.append("\(place): wire length") }
    if own.time != theirs.time {
      let what = "\(place): \(own.time), by libpcap \(theirs.time)"
      if own.tickCode > 128 {
        // The whole seconds are right.
        let second = own.time - own.time % 1_000_000_000
        note(.binaryTicks, theirs.time >= second && own.time > second, what)
      } else {
        // By 2^32 seconds, microseconds or nanoseconds.
        let difference = (theirs.time &- own.time).magnitude
        let isSign = [1_000_000_000, 1_000, 1].contains { difference == UInt64($0) << 32 }
        note(.signs, isSign, what)
      }
    }
  }

  private mutating func note(_ limit: LibpcapLimit, _ isIt: Bool, _ what: String) {
    if isIt { limits.insert(limit) } else { unexplained.append(what) }
  }
}
