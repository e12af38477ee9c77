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
    let compression: CaptureCompression
    let linkType: LinkType
    let resolution: TimeResolution
    let snapshotByteCount: Int
    let fileByteCount: Int?

    /// How the file is compressed; nil if it is not.
    var compressionName: String? { compression == .uncompressed ? nil : compression.rawValue }
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
  private(set) var summary: CaptureSummary
  /// Frames, whether or not they were looked at.
  private(set) var packetCount = 0
  /// What a pcapng says beside its frames.
  private(set) var notes: Notes?
  /// The SHA-256 of the file, or why there is none.
  private(set) var hash = Hash.missing("not asked for")
  /// What is wanted.
  let wants: Wants

  /// What is wanted of a file.
  struct Wants {
    /// How many addresses and ports are listed.
    var top = 5
    /// Whether frames are counted and not looked at.
    var isCount = false
    /// Whether the bytes of the file are hashed.
    var isHash = false
    /// Whether what is inside of tunnels is looked at too.
    var isInner = false
  }

  /// The SHA-256 of a file.
  enum Hash {
    /// 64 hexadecimal digits.
    case known(String)
    /// Why there is none.
    case missing(String)
  }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - file: its name, "-" for standard input.
  ///   - wants: what is wanted.
  ///   - onProgress: called now and then with the packets that were read.
  ///   - isStopped: whether to end it, asked now and then.
  init(of file: String, wants: Wants, onProgress: (Int) -> Void, isStopped: () -> Bool) {
    self.file = file
    self.wants = wants
    summary = CaptureSummary(looksInside: wants.isInner)
    do throws(PcapError) {
      var frames = try CaptureFrames(path: file, isNoting: !wants.isCount)
      opened = Opened(
        format: frames.format, compression: frames.compression, linkType: frames.linkType,
        resolution: frames.resolution, snapshotByteCount: frames.snapshotByteCount,
        fileByteCount: frames.fileByteCount)
      while true {
        let isMore =
          wants.isCount
          ? frames.skip(65_536) : summary.countFrames(of: &frames, upTo: 65_536)
        if isMore {
          onProgress(frames.recordCount)
        } else if frames.mustWait {
          frames.wait()
        } else {
          break
        }
        if isStopped() { break }
      }
      packetCount = frames.recordCount
      if frames.format == .pcapng, !wants.isCount { notes = Notes(frames) }
      end = frames.end
      error = frames.end?.error.map { InterfaceError($0) }
    } catch {
      self.error = InterfaceError(error)
    }
    if wants.isHash { hash = Self.hash(of: file, isStopped: isStopped) }
  }

  /// Reads the file once more, which a pipe cannot be.
  private static func hash(of file: String, isStopped: () -> Bool) -> Hash {
    if file == "-" { return .missing("standard input is read once") }
    // Looked at without being opened: a pipe would wait for somebody to write.
    if let identity = FileIdentity(input: file), !identity.isRegular {
      return .missing("it is no regular file, and is read once")
    }
    do throws(PcapError) {
      var bytes = try FileBytes(path: file)
      var hash = SHA256()
      while try bytes.next() {
        hash.update(bytes.bytes)
        if isStopped() { return .missing("interrupted") }
      }
      return .known(hash.hex)
    } catch {
      return .missing("\(error.why)")
    }
  }

  /// How the reading ended, in a word; nil if the system refused, or it was interrupted.
  ///
  /// A file that is no capture, or has not even a header, ends as soon as it begins.
  var endName: String? {
    switch (end, error?.kind) {
    case (let end?, _): end.name
    case (nil, .cut): "cut"
    case (nil, .corrupt): "corrupt"
    case (nil, .unsupported): "unsupported"
    case (nil, _): nil
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

extension InfoReport {
  /// What a pcapng says beside its frames, and what it says of them.
  struct Notes {
    /// Of sections, interfaces and other blocks.
    let blocks: CaptureNotes
    /// Frames with comments.
    let commentedCount: Int
    /// The first comments.
    let comments: [CaptureFrames.Comment]
    private let interfacePackets: InlineArray<64, Int>

    init(_ frames: borrowing CaptureFrames) {
      blocks = frames.notes
      commentedCount = frames.commentedCount
      comments = frames.comments
      interfacePackets = frames.interfacePackets
    }

    /// Frames of an interface, by its place in the notes.
    func packets(of interface: Int) -> Int {
      interface < interfacePackets.count ? interfacePackets[interface] : 0
    }
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
