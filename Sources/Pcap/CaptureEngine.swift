// SPDX-License-Identifier: BSD-2-Clause
package import Interfaces

/// Opens captures to read.
package protocol CaptureEngine: Sendable {
  /// Opens a capture at its first frame; it is idle where one of a pipe would have to be waited for.
  ///
  /// - Parameters:
  ///   - path: the file, or "-" for standard input.
  ///   - selection: which frames are given; nil for all.
  ///   - journal: where what a pcapng has beside its frames is noted, if it is; nil if nobody wants that.
  ///   - check: refuses a file, by throwing, once it is open.
  /// - Throws: `PcapError`, of its own or of `check`.
  func open(
    _ path: String, selecting selection: (any FrameSelection)?, noting journal: BlockJournal?,
    unless check: (FileIdentity) throws(PcapError) -> Void
  ) throws(PcapError) -> any PacketSource & ~Copyable
}

/// This library's own reader.
package struct OwnEngine: CaptureEngine {
  private let mapsFiles: Bool

  /// A reader's engine.
  ///
  /// - Parameter mapsFiles: whether regular pcaps are mapped. A process that does so has a handler for
  ///   SIGBUS, which is for a program to decide on and not for a library.
  package init(mapsFiles: Bool = false) { self.mapsFiles = mapsFiles }

  package func open(
    _ path: String, selecting selection: (any FrameSelection)?, noting journal: BlockJournal?,
    unless check: (FileIdentity) throws(PcapError) -> Void
  ) throws(PcapError) -> any PacketSource & ~Copyable {
    var reader = try CaptureReader(
      path: path, selecting: selection, noting: journal, mapping: mapsFiles)
    try check(reader.identity)
    reader.stopWaiting()
    return reader
  }
}
