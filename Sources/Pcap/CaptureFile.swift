// SPDX-License-Identifier: BSD-2-Clause
//
// The stream that libpcap reads from. It is ours rather than libpcap's so that a failure to open
// keeps its errno, the first bytes can be looked at, the buffer is large, and no call locks.

import CPcap

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An open file to read, with the buffer of its stream.
@safe
struct CaptureFile: ~Copyable {
  /// Bytes per read of the file: 64-byte frames cost one system call per 3,000.
  static let bufferByteCount = 262_144

  let stream: UnsafeMutablePointer<FILE>
  let buffer: UnsafeMutablePointer<CChar>
  let identity: FileIdentity
  /// Whether reading can go back and positions mean something: no pipe, no terminal.
  var isRegular: Bool { identity.isRegular }

  /// Opens `path`, or standard input for "-".
  ///
  /// Standard input is duplicated: closing leaves descriptor 0 open.
  init(path: String) throws(PcapError) {
    let opened = unsafe path == "-" ? fdopen(dup(0), "rb") : fopen(path, "rb")
    guard let stream = unsafe opened else { throw Self.failure(errno, path) }
    guard let identity = unsafe FileIdentity(descriptor: fileno(stream)) else {
      let reason = errno
      unsafe fclose(stream)
      throw Self.failure(reason, path)
    }
    guard !identity.isFolder else {
      unsafe fclose(stream)
      throw Self.failure(EISDIR, path)
    }
    self.identity = identity
    unsafe buffer = .allocate(capacity: Self.bufferByteCount)
    // The buffer outlives the stream: `close` and `releaseBuffer` end them in that order.
    unsafe setvbuf(stream, buffer, _IOFBF, Self.bufferByteCount)
    unsafe cpcap_has_one_owner(stream)
    unsafe self.stream = stream
  }

  static func failure(_ reason: Int32, _ path: String) -> PcapError {
    PcapError(reason == ENOENT ? .notFound : .unreadable(errno: reason), file: path)
  }

  /// The first bytes, which stay to be read: all that are needed to know the resolution.
  ///
  /// - Throws: `.unreadable`; the stream is then of no use.
  func peek(path: String) throws(PcapError) -> [UInt8] {
    var bytes: [UInt8] = []
    var wanted = isRegular ? 65_536 : CapturePrelude.bytesWanted(after: bytes)
    while wanted > 0 {
      var piece = [UInt8](repeating: 0, count: wanted)
      let count = unsafe fread(&piece, 1, wanted, stream)
      bytes += piece.prefix(count)
      if count < wanted {
        if unsafe ferror(stream) != 0 { throw Self.failure(errno, path) }
        break
      }
      wanted = isRegular ? 0 : CapturePrelude.bytesWanted(after: bytes)
    }
    // Pushed back from the last to the first: both C libraries take any number of bytes.
    for byte in bytes.reversed() {
      guard unsafe ungetc(Int32(byte), stream) != EOF else {
        throw PcapError(.library(message: "cannot push back \(bytes.count) bytes"), file: path)
      }
    }
    return bytes
  }

  /// Four bytes of a regular file, first byte highest, without moving in it.
  func word(at offset: Int) -> UInt32? {
    var word: UInt32 = 0
    guard isRegular, unsafe pread(fileno(stream), &word, 4, off_t(offset)) == 4 else { return nil }
    return UInt32(bigEndian: word)
  }

  /// Closes the stream; libpcap does it once it owns it.
  func close() { unsafe fclose(stream) }

  /// Frees the buffer, after the stream was closed.
  func releaseBuffer() { unsafe buffer.deallocate() }
}

/// The place of `stream` in its file, nil where there is no such thing.
func position(of stream: UnsafeMutablePointer<FILE>) -> Int? {
  let place = unsafe ftello(stream)
  return place < 0 ? nil : Int(place)
}
