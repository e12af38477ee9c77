// SPDX-License-Identifier: BSD-2-Clause
//
// The compressed bytes between a descriptor and the window of a source:
//
//     bytes  | expanded | here, not expanded yet | free |
//            0          start                    end    capacity
//
//     0 <= start <= end <= capacity;  place == bytes expanded before the first here + start
//     isDrained  =>  the library has nothing left to give for the bytes that it was given
//
// What is expanded goes into the window with no copy between. So whatever a file expands to, no more
// is here than the window's bytes, these, and what the library has for a frame.

internal import CCompression

/// A compressed stream that is expanded as its bytes come; nothing if it is not compressed.
@safe
struct Expander: ~Copyable {
  /// What came of asking for bytes.
  enum Outcome {
    /// So many came, 1 or more.
    case made(Int)
    /// More compressed bytes are wanted first.
    case hungry
    /// None come any more.
    case failed(StreamFault)
  }

  private static var capacity: Int { 262_144 }
  /// Bytes that are read at once: few enough for the processor's second cache, with the window.
  private static var readByteCount: Int { 65_536 }

  let compression: CaptureCompression
  private let stream: OpaquePointer?
  private let bytes: UnsafeMutableRawPointer?
  private var start = 0
  private var end = 0
  private var isDrained = true
  private var place = 0
  private var fault: StreamFault?

  /// No stream.
  init() {
    compression = .uncompressed
    unsafe (stream, bytes) = (nil, nil)
  }

  /// A stream whose first bytes are these, 262,144 at most.
  ///
  /// - Parameters:
  ///   - compression: how it is compressed.
  ///   - first: its first bytes, which are copied.
  ///   - library: the name of a library in place of the one that has the functions, for tests.
  /// - Throws: the fault, if the library cannot be loaded or there is no memory.
  init(
    _ compression: CaptureCompression, beginningWith first: RawSpan, library: String? = nil
  ) throws(StreamFault) {
    precondition(first.byteCount <= Self.capacity, "\(first.byteCount) bytes")
    guard let number = compression.inC else { preconditionFailure("what is not compressed") }
    var state = mbuma_stream_going
    let opened = unsafe mbuma_expander_open(number, library, &state)
    guard let opened = unsafe opened else { throw StreamFault(state, compression) }
    self.compression = compression
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: Self.capacity, alignment: 64)
    unsafe first.withUnsafeBytes { first in
      guard let start = first.baseAddress else { return }
      // In bounds: no more than the capacity, checked above.
      unsafe bytes.copyMemory(from: start, byteCount: first.count)
    }
    end = first.byteCount
    unsafe (self.stream, self.bytes) = (opened, bytes)
  }

  deinit {
    if let stream = unsafe stream { unsafe mbuma_expander_close(stream) }
    unsafe bytes?.deallocate()
  }

  /// Whether there is a stream.
  @inline(__always) var isOpen: Bool { compression != .uncompressed }

  /// Expands bytes that are here, `limit` at most.
  mutating func expand(into target: UnsafeMutableRawPointer, atMost limit: Int) -> Outcome {
    guard let stream = unsafe stream, let bytes = unsafe bytes else { return .hungry }
    while fault == nil, start < end || !isDrained {
      // In bounds: start <= end <= capacity, and the caller has `limit` bytes.
      let step = unsafe mbuma_expand(stream, bytes + start, end - start, target, limit)
      start += step.used
      isDrained = start == end && step.made < limit
      if step.state != mbuma_stream_going {
        fault = StreamFault(step.state, compression, byteCount: place + start)
      }
      if step.made > 0 { return .made(step.made) }
      if let fault { return .failed(fault) }
      guard step.used == 0 else { continue }
      if start == end { break }
      // No library stops where there are bytes and room: it would never go on.
      fault = StreamFault(mbuma_stream_corrupt, compression, byteCount: place + start)
    }
    return fault.map { .failed($0) } ?? .hungry
  }

  /// Where compressed bytes go that are read next.
  mutating func room() -> UnsafeMutableRawBufferPointer {
    if start == end {
      place += end
      (start, end) = (0, 0)
    }
    let count = Swift.min(Self.readByteCount, Self.capacity - end)
    // In bounds: end + count <= capacity.
    return unsafe UnsafeMutableRawBufferPointer(start: bytes.map { unsafe $0 + end }, count: count)
  }

  /// Takes so many bytes that were put there, 0 at the end of all.
  ///
  /// - Returns: whether something may come of it, if only a fault: false at an end where a frame ends.
  mutating func take(_ count: Int) -> Bool {
    end += count
    guard count == 0, let stream = unsafe stream else { return true }
    if unsafe mbuma_expander_is_between_frames(stream) { return false }
    fault = StreamFault(cut: compression, byteCount: place + end)
    return true
  }
}
