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
    let isSame =
      own.frames.count == theirs.frames.count
      && own.error.map { InterfaceError($0).kind } == theirs.error.map { InterfaceError($0).kind }
    if isSame { return }
    if theirs.frames.count <= own.frames.count, let limit = LibpcapLimit(theirs.error) {
      limits.insert(limit)
    } else if own.openError?.byteOffset == 0, case .corrupt? = own.openError?.kind {
      limits.insert(.firstSection)
    } else {
      unexplained.append(
        "\(own.frames.count) frames, \(own.error?.description ?? "clean"); by libpcap "
          + "\(theirs.frames.count), \(theirs.error?.description ?? "clean")")
    }
  }

  private mutating func compare(
    _ own: CaptureReading.Frame, _ theirs: CaptureReading.Frame, _ snapshotByteCount: Int,
    _ place: String
  ) {
    if own.bytes != theirs.bytes {
      let isCut = theirs.bytes == Array(own.bytes.prefix(snapshotByteCount))
      note(.snapshotLength, isCut, "\(place): bytes")
    }
    if own.wireByteCount != theirs.wireByteCount { unexplained.append("\(place): wire length") }
    if own.time != theirs.time {
      // By 2^32 seconds, microseconds or nanoseconds.
      let difference = (theirs.time &- own.time).magnitude
      let isSign = [1_000_000_000, 1_000, 1].contains { difference == UInt64($0) << 32 }
      note(.signs, isSign, "\(place): \(own.time), by libpcap \(theirs.time)")
    }
  }

  private mutating func note(_ limit: LibpcapLimit, _ isIt: Bool, _ what: String) {
    if isIt { limits.insert(limit) } else { unexplained.append(what) }
  }
}
