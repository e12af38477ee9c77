// SPDX-License-Identifier: BSD-2-Clause
import Inspection
import Interfaces
import Pcap
import Wire

/// What `mbuma info` tells of one file.
struct InfoReport: ~Copyable {
  /// What is known of a file that could be opened.
  struct Opened {
    let format: CaptureFormat
    let linkType: LinkType
    let resolution: TimeResolution
    let snapshotByteCount: Int
    let fileByteCount: Int?
  }

  /// The name it was given by.
  let file: String
  /// Nil if it could not be opened.
  private(set) var opened: Opened?
  /// How the reading ended; nil if it could not be opened or was interrupted.
  private(set) var end: CaptureEnd?
  /// Why it could not be opened or not be read to its end.
  private(set) var error: InterfaceError?
  /// What its frames are.
  private(set) var summary = CaptureSummary()
  /// How many addresses and ports are wanted.
  let top: Int

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - file: its name, "-" for standard input.
  ///   - top: how many addresses and ports are wanted.
  ///   - onProgress: called now and then with the packets that were read.
  ///   - isStopped: whether to end it, asked now and then.
  init(of file: String, top: Int, onProgress: (Int) -> Void, isStopped: () -> Bool) {
    self.file = file
    self.top = top
    do throws(PcapError) {
      var frames = try CaptureFrames(path: file)
      opened = Opened(
        format: frames.format, linkType: frames.linkType, resolution: frames.resolution,
        snapshotByteCount: frames.snapshotByteCount, fileByteCount: frames.fileByteCount)
      while true {
        if summary.countFrames(of: &frames, upTo: 65_536) {
          onProgress(summary.packetCount)
        } else if frames.mustWait {
          frames.wait()
        } else {
          break
        }
        if isStopped() { break }
      }
      end = frames.end
      error = frames.end?.error.map { InterfaceError($0) }
    } catch {
      self.error = InterfaceError(error)
    }
  }

  /// Whether nothing is wrong with a frame, and the file is whole.
  var isSane: Bool { error == nil && summary.isSane }

  /// How times are shown.
  var clock: InfoClock { InfoClock(fractionDigits: opened?.resolution == .nano ? 9 : 6) }

  /// Something per second of the capture; nil if that has no duration.
  func rate(_ count: Int) -> Double? {
    guard let span = summary.order.span, span > 0 else { return nil }
    return Double(count) / (Double(span) / 1e9)
  }
}

extension CaptureSummary {
  /// Counts the next frames of a capture.
  ///
  /// - Returns: whether there were as many.
  @inline(never)
  fileprivate mutating func countFrames(of frames: inout CaptureFrames, upTo limit: Int) -> Bool {
    for _ in 0..<limit {
      guard let frame = frames.next() else { return false }
      count(frame)
    }
    return true
  }
}
