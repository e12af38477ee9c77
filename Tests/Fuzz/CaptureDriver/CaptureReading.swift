// SPDX-License-Identifier: BSD-2-Clause
import Libpcap
import Pcap
import Wire

/// What one reader makes of a file.
public struct CaptureReading {
  /// A frame copied out.
  public struct Frame: Equatable {
    let bytes: [UInt8]
    let time: Int64
    let wireByteCount: Int
    let linkType: UInt32
    /// Whether its section, or its file, has the other byte order than this machine's.
    fileprivate(set) var isByteSwapped = false
    /// How its interface counts time, if the reader says so.
    fileprivate(set) var tickCode = 6

    init(_ frame: borrowing CapturedFrame) {
      let span = frame.bytes
      bytes = unsafe span.withUnsafeBytes { unsafe [UInt8]($0) }
      time = frame.timestampInNanoseconds
      wireByteCount = frame.wireByteCount
      linkType = frame.linkType.rawValue
    }
  }

  private(set) var openError: PcapError?
  private(set) var frames: [Frame] = []
  private(set) var end: CaptureEnd?
  /// The header's, as the reader has it.
  private(set) var snapshotByteCount = 0

  /// Reads a file by this library's reader.
  public init(own path: String) {
    do throws(PcapError) {
      var reader = try CaptureReader(path: path)
      snapshotByteCount = reader.snapshotByteCount
      while var frame = Self.next(of: &reader) {
        frame.isByteSwapped = reader.isByteSwapped
        frame.tickCode = reader.interfaces[reader.interfaceIndex].tickCode
        frames.append(frame)
      }
      end = reader.end
    } catch {
      openError = error
    }
  }

  private static func next(of reader: inout CaptureReader) -> Frame? {
    guard let frame = reader.nextFrame() else { return nil }
    return Frame(frame)
  }

  /// Reads a file by libpcap's.
  public init(libpcap path: String) {
    do throws(PcapError) {
      var reader = try LibpcapReader(path: path)
      snapshotByteCount = reader.snapshotByteCount
      while let frame = reader.nextFrame() { frames.append(Frame(frame)) }
      end = reader.end
    } catch {
      openError = error
    }
  }

  /// Why nothing more came; nil at a clean end.
  var error: PcapError? { openError ?? end?.error }
}
