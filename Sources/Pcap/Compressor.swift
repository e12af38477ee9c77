// SPDX-License-Identifier: BSD-2-Clause
//
// What is written goes through a library, in whole records, and each writing is flushed. So
//
//     bytes in the file == those that all that was written expands from; the frame's end is still to come
//
// and whoever reads the file meanwhile gets every record, and then that the stream ends early.

internal import CCompression

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A compressed stream that is written; nothing if it is not to be compressed.
@safe
struct Compressor: ~Copyable {
  private let stream: OpaquePointer?
  private let room: UnsafeMutableRawPointer?

  private static var roomByteCount: Int { Int(mbuma_compressor_room) }

  /// Begins a stream; nothing is written.
  ///
  /// - Parameters:
  ///   - compression: how it is compressed.
  ///   - library: the name of a library in place of the one that has the functions, for tests.
  /// - Throws: the fault, if the library cannot be loaded or there is no memory.
  init(_ compression: CaptureCompression, library: String? = nil) throws(StreamFault) {
    guard let number = compression.inC else {
      unsafe (stream, room) = (nil, nil)
      return
    }
    var state = mbuma_stream_going
    unsafe stream = mbuma_compressor_open(number, library, &state)
    guard unsafe stream != nil else { throw StreamFault(state, compression) }
    unsafe room = .allocate(byteCount: Self.roomByteCount, alignment: 64)
  }

  deinit {
    if let stream = unsafe stream { unsafe mbuma_compressor_close(stream) }
    unsafe room?.deallocate()
  }

  /// Whether there is a stream.
  var isOpen: Bool { unsafe stream != nil }

  /// Compresses bytes and writes what becomes of them, flushed, or the end of the stream behind them.
  ///
  /// - Returns: compressed bytes written, and the error number if those are not all, else 0.
  func write(_ bytes: RawSpan, to descriptor: Int32, ends: Bool) -> (done: Int, reason: Int32) {
    guard let stream = unsafe stream, let room = unsafe room else { return (0, 0) }
    return unsafe bytes.withUnsafeBytes { bytes in
      var (used, done) = (0, 0)
      while true {
        // In bounds: no more is used than there is, and the room has as many bytes.
        let step = unsafe mbuma_compress(
          stream, bytes.baseAddress.map { unsafe $0 + used }, bytes.count - used, room,
          Self.roomByteCount, ends)
        used += step.used
        let (count, reason) = unsafe writeAll(
          RawSpan(_unsafeStart: room, byteCount: step.made), to: descriptor)
        done += count
        if reason != 0 { return (done, reason) }
        if step.state == mbuma_stream_done { return (done, 0) }
        if step.state != mbuma_stream_going { return (done, ENOMEM) }
      }
    }
  }
}
