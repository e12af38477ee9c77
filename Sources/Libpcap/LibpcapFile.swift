// SPDX-License-Identifier: BSD-2-Clause
//
// The stream that libpcap reads from. It is ours rather than libpcap's so that a failure to open
// keeps its errno, the first bytes can be looked at, the buffer is large, and no call locks.

import CPcap
import Pcap

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An open file to read, with what its stream reads through: a buffer, or for a pipe what has come.
@safe
struct LibpcapFile: ~Copyable {
  /// Bytes per read of the file: 64-byte frames cost one system call per 3,000.
  private static let bufferByteCount = 262_144

  let stream: UnsafeMutablePointer<FILE>
  let identity: FileIdentity
  private let buffer: UnsafeMutablePointer<CChar>?
  private let input: UnsafeMutablePointer<PipeInput>?
  /// Whether reading can go back and positions mean something: no pipe, no terminal.
  var isRegular: Bool { identity.isRegular }

  /// Opens `path`, or standard input for "-".
  ///
  /// Standard input is duplicated: closing leaves descriptor 0 open.
  init(path: String) throws(PcapError) {
    let descriptor =
      path == "-" ? dup(0) : unsafe open(FileName.systemName(path), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure(errno, path) }
    guard let identity = FileIdentity(descriptor: descriptor), !identity.isFolder else {
      _ = closeDescriptor(descriptor)
      throw Self.failure(EISDIR, path)
    }
    var buffer: UnsafeMutablePointer<CChar>?
    var input: UnsafeMutablePointer<PipeInput>?
    let opened: UnsafeMutablePointer<FILE>?
    if identity.isRegular {
      unsafe opened = fdopen(descriptor, "rb")
      unsafe buffer = .allocate(capacity: Self.bufferByteCount)
    } else {
      let pipe = UnsafeMutablePointer<PipeInput>.allocate(capacity: 1)
      unsafe pipe.initialize(to: PipeInput(descriptor: descriptor))
      unsafe opened = openStream(over: pipe)
      unsafe input = pipe
    }
    guard let stream = unsafe opened else { throw Self.failure(ENOMEM, path) }
    // What it reads through outlives the stream: `close` and `release` end them in that order.
    let byteCount = unsafe buffer == nil ? 0 : Self.bufferByteCount
    unsafe setvbuf(stream, buffer, byteCount == 0 ? _IONBF : _IOFBF, byteCount)
    unsafe cpcap_has_one_owner(stream)
    self.identity = identity
    unsafe self.stream = stream
    unsafe self.buffer = buffer
    unsafe self.input = input
  }

  static func failure(_ reason: Int32, _ path: String) -> PcapError {
    PcapError(reason == ENOENT ? .notFound : .unreadable(errno: reason), file: path)
  }

  /// The first bytes, which stay to be read: 24 of them, or all that there are.
  ///
  /// - Throws: `.unreadable`; the stream is then of no use.
  func peek(path: String) throws(PcapError) -> [UInt8] {
    let wanted = 24
    guard let input = unsafe input else {
      var bytes = [UInt8](repeating: 0, count: wanted)
      let place = unsafe lseek(fileno(stream), 0, SEEK_CUR)
      let count = unsafe pread(fileno(stream), &bytes, bytes.count, place)
      guard count >= 0 else { throw Self.failure(errno, path) }
      return Array(bytes.prefix(count))
    }
    // No other use of the input: libpcap has not seen the stream yet.
    guard let bytes = unsafe input.pointee.peek(wanted) else { throw Self.failure(errno, path) }
    return bytes
  }

  /// Whether reading the next record waits for nothing, as far as can be told.
  func hasRecord(_ format: CaptureFormat, isByteSwapped: Bool) -> Bool {
    guard let input = unsafe input else { return true }
    // No other use of the input: libpcap uses the stream only while it reads a record.
    return unsafe input.pointee.hasRecord(format, isByteSwapped: isByteSwapped)
  }

  /// Waits for more of a pipe.
  func wait(_ milliseconds: Int32) -> Bool {
    guard let input = unsafe input else { return true }
    return unsafe input.pointee.wait(milliseconds)
  }

  /// Four bytes of a regular file, first byte highest, without moving in it.
  func word(at offset: Int) -> UInt32? {
    var word: UInt32 = 0
    guard isRegular, unsafe pread(fileno(stream), &word, 4, off_t(offset)) == 4 else { return nil }
    return UInt32(bigEndian: word)
  }

  /// Closes the stream; libpcap does it once it owns it.
  func close() { unsafe fclose(stream) }

  /// Frees what the stream read through, after it was closed.
  func release() {
    unsafe buffer?.deallocate()
    guard let input = unsafe input else { return }
    unsafe input.deinitialize(count: 1)
    unsafe input.deallocate()
  }
}

/// The place of `stream` in its file, nil where there is no such thing.
func position(of stream: UnsafeMutablePointer<FILE>) -> Int? {
  let place = unsafe ftello(stream)
  return place < 0 ? nil : Int(place)
}
