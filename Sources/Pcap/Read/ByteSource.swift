// SPDX-License-Identifier: BSD-2-Clause
//
// The bytes of a capture, whatever they come from: a window of them that lies in one piece.
//
//     descriptor --read(2)--> window                        as they are
//     descriptor --read(2)--> expander --library--> window  if the first bytes say how they are compressed
//
//     bytes  | gone | lent | here, not lent yet | free |
//            0      start  start + lent         end    capacity
//
//     0 <= start,  0 <= lent,  start + lent <= end <= capacity
//     place of the byte at `start` in its stream == origin + start
//
// What was lent last stays where it is until more is asked for, so a frame is read in place, and can
// be read again by lending nothing. Asking for more moves what is left to the front and reads behind
// it. The buffer grows when it is full, to twice its bytes at most: so never to more than twice what
// has come, whatever a length in the file says. Where the stream is compressed, its places are those
// in what it expands to.
//
// A regular file is read(2) like all others, unless whoever reads asks for it to be mapped and can tell
// when what it copied was still there (FileMapping.swift). Then the window is the whole file, and nothing
// is asked for: what the window has not is read(2) again, and the mapping is left. Who made the descriptor
// non-blocking is not told otherwise: it is waited for.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A descriptor to read from, with a buffer behind it.
@safe
struct ByteSource: ~Copyable {
  /// What came of asking for bytes.
  enum Supply: Equatable {
    /// They are here.
    case here
    /// Nothing has come for now, and nothing is waited for.
    case notYet
    /// The end came first.
    case ended
    /// The system refused, or a signal came.
    case failed(errno: Int32)
    /// What came cannot be expanded.
    case unexpanded(StreamFault)
  }

  /// Bytes of the buffer at first: few enough for the processor's second cache.
  private static var firstByteCount: Int { 262_144 }

  private let descriptor: Int32
  /// Whether others go on from the descriptor's place, as with standard input.
  private let isShared: Bool
  /// Which file it is.
  let identity: FileIdentity
  private var bytes: UnsafeMutableRawPointer
  private var mapping: FileMapping?
  private(set) var capacity = firstByteCount
  private var start = 0
  private var lent = 0
  private var end = 0
  private var origin: Int
  private var isAtEnd = false
  private var expander = Expander()
  /// Whether what has not come is waited for; files are read in either case.
  var waits = true

  /// Opens `path`, or standard input for "-".
  ///
  /// Standard input is duplicated: closing leaves descriptor 0 open.
  ///
  /// - Throws: `.notFound` or `.unreadable`.
  init(path: String) throws(PcapError) {
    let descriptor =
      path == "-" ? dup(0) : unsafe open(FileName.systemName(path), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure(errno, path) }
    guard let identity = FileIdentity(descriptor: descriptor), !identity.isFolder else {
      _ = closeDescriptor(descriptor)
      throw Self.failure(EISDIR, path)
    }
    self.init(descriptor: descriptor, identity: identity, isShared: path == "-")
  }

  private init(descriptor: Int32, identity: FileIdentity, isShared: Bool) {
    self.descriptor = descriptor
    self.isShared = isShared
    self.identity = identity
    unsafe bytes = .allocate(byteCount: Self.firstByteCount, alignment: 4_096)
    origin = identity.isRegular ? Swift.max(0, Int(lseek(descriptor, 0, SEEK_CUR))) : 0
    #if !canImport(Darwin)
      // Read ahead twice as far; no harm is done where the system does not.
      if identity.isRegular { _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
    #endif
  }

  deinit {
    _ = closeDescriptor(descriptor)
    if !isMapped { unsafe bytes.deallocate() }
  }

  // MARK: Mapped

  /// Whether the window is the file itself, which may be cut meanwhile.
  @inline(__always) var isMapped: Bool {
    switch mapping {
    case .some: true
    case .none: false
    }
  }

  /// Makes the whole file the window, if it is a regular one and the system does.
  mutating func map() {
    guard !isMapped, !isShared, !expander.isOpen, identity.isRegular,
      let mapping = FileMapping.make(descriptor)
    else { return }
    let place = place
    guard place <= mapping.byteCount else { return }
    unsafe bytes.deallocate()
    unsafe bytes = mapping.base
    (start, end, origin, capacity) = (place, mapping.byteCount, 0, mapping.byteCount)
    self.mapping = consume mapping
  }

  /// Gets what is behind into memory, of a mapping.
  mutating func prepare() { mapping?.prepare(start) }

  /// Whether some bytes of a mapping, counted from the first one here, are still in the file.
  func isThere(_ count: Int) -> Bool { mapping?.isThere(upTo: start + count) ?? true }

  /// Goes on by read(2) behind what was lent.
  @inline(never)
  mutating func unmap() {
    guard isMapped else { return }
    goOn()
    lseek(descriptor, off_t(place), SEEK_SET)
    unsafe bytes = .allocate(byteCount: Self.firstByteCount, alignment: 4_096)
    (origin, capacity) = (place, Self.firstByteCount)
    (start, end) = (0, 0)
    mapping = nil
  }

  private static func failure(_ reason: Int32, _ path: String) -> PcapError {
    PcapError(reason == ENOENT ? .notFound : .unreadable(errno: reason), file: path)
  }

  // MARK: What is here

  /// Bytes here, those that are lent included.
  @inline(__always) var byteCount: Int { end &- start }

  /// Bytes that are lent.
  @inline(__always) var lentByteCount: Int { lent }

  /// The place of the first byte here in the stream, from its beginning.
  var place: Int { origin + start }

  /// The place of the first byte in a file, or in what it expands to; nil for pipes.
  var byteOffset: Int? { identity.isRegular ? place : nil }

  /// How the stream is compressed.
  var compression: CaptureCompression { expander.compression }

  /// An error about what begins with the first byte here.
  func error(
    _ kind: PcapError.Kind, file path: String, packet: Int? = nil, at place: Int? = nil
  ) -> PcapError {
    PcapError(
      kind, file: path, packet: packet, byteOffset: place ?? byteOffset,
      isExpanded: expander.isOpen)
  }

  /// The four bytes at an offset from the first byte here, in the order of this machine.
  @inline(__always)
  func word(at offset: Int) -> UInt32 {
    assert(offset >= 0 && offset &+ 4 <= byteCount, "word \(offset) of \(byteCount) bytes")
    // In bounds: callers ask for what `byteCount` covers, and start + byteCount == end <= capacity.
    return unsafe bytes.loadUnaligned(fromByteOffset: start &+ offset, as: UInt32.self)
  }

  /// The same, of a file whose order may be the other.
  @inline(__always)
  func word(at offset: Int, isByteSwapped: Bool) -> UInt32 {
    let word = word(at: offset)
    return isByteSwapped ? word.byteSwapped : word
  }

  /// The two bytes at an offset as a number.
  @inline(__always)
  func half(at offset: Int, isByteSwapped: Bool) -> Int {
    assert(offset >= 0 && offset &+ 2 <= byteCount, "half \(offset) of \(byteCount) bytes")
    // In bounds, as for a word.
    let half = unsafe bytes.loadUnaligned(fromByteOffset: start &+ offset, as: UInt16.self)
    return Int(isByteSwapped ? half.byteSwapped : half)
  }

  /// Some of the bytes here.
  @inline(__always)
  @_lifetime(borrow self)
  func span(_ offset: Int, _ count: Int) -> RawSpan {
    assert(offset >= 0 && count >= 0 && offset &+ count <= byteCount, "\(count) bytes at \(offset)")
    // In bounds: callers ask for what `byteCount` covers. They stay until the source is changed.
    let span = unsafe RawSpan(_unsafeStart: bytes + (start &+ offset), byteCount: count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// The same, for a caller that says how long they stay: until it has the source go on.
  @inline(__always)
  @_lifetime(immortal)
  func lentSpan(_ offset: Int, _ count: Int) -> RawSpan {
    assert(offset >= 0 && count >= 0 && offset &+ count <= byteCount, "\(count) bytes at \(offset)")
    // In bounds, as above.
    let span = unsafe RawSpan(_unsafeStart: bytes + (start &+ offset), byteCount: count)
    return unsafe _overrideLifetime(span, copying: ())
  }

  // MARK: Going on

  /// Lends the first bytes here, which are all there, until `goOn`.
  @inline(__always)
  mutating func lend(_ count: Int) {
    assert(count >= 0 && count <= byteCount, "\(count) of \(byteCount) bytes")
    lent = count
  }

  /// Takes what was lent as read.
  @inline(__always)
  mutating func goOn() {
    start &+= lent
    lent = 0
  }

  /// Lets nothing more come: what is here and behind is not wanted.
  mutating func endHere() {
    end = start
    lent = 0
    isAtEnd = true
  }

  /// Sees to it that so many bytes are here behind `goOn`, by reading more of them.
  @inline(never)
  mutating func fill(_ wanted: Int) -> Supply {
    goOn()
    unmap()
    while byteCount < wanted {
      if isAtEnd { return .ended }
      if let supply = expander.isOpen ? expandMore(wanted) : readMore(wanted) { return supply }
    }
    return .here
  }

  /// Reads more behind what is here, or says why not; nil also at the end.
  private mutating func readMore(_ wanted: Int) -> Supply? {
    if !mayRead { return .notYet }
    makeRoom(wanted)
    // In bounds: end <= capacity.
    let room = unsafe UnsafeMutableRawBufferPointer(start: bytes + end, count: capacity - end)
    let (count, supply) = unsafe read(into: room)
    end += count
    isAtEnd = count == 0 && supply == nil
    return supply
  }

  /// Expands more behind what is here, and reads what that takes.
  private mutating func expandMore(_ wanted: Int) -> Supply? {
    makeRoom(wanted)
    while true {
      // In bounds: end < capacity.
      switch unsafe expander.expand(into: bytes + end, atMost: capacity - end) {
      case .made(let count):
        end += count
        return nil
      case .failed(let fault): return .unexpanded(fault)
      case .hungry: break
      }
      if !mayRead { return .notYet }
      let (count, supply) = unsafe read(into: expander.room())
      if let supply { return supply }
      isAtEnd = !expander.take(count)
      if isAtEnd { return nil }
    }
  }

  /// What is wrong with the compressed data, if its bytes are none that anybody wrote.
  ///
  /// To be asked where what it expands to cannot be right: a checksum stands behind all that it is of. A
  /// file is expanded to its end, and is of no use afterwards. A pipe is not: its end may not come.
  ///
  /// - Parameter limit: the most bytes of what it expands to that are gone through.
  /// - Returns: nil if nothing is found.
  @inline(never)
  private mutating func findCorruption(within limit: Int) -> StreamFault? {
    guard expander.isOpen, identity.isRegular else { return nil }
    var byteCount = 0
    while !isAtEnd, byteCount < limit {
      (start, lent, end) = (0, 0, 0)
      switch expandMore(1) {
      case nil: byteCount += end
      case .unexpanded(let fault):
        return fault.reason == .corrupt || fault.reason == .checksum ? fault : nil
      default: return nil
      }
    }
    return nil
  }

  /// An error about what the stream expands to, or the one that is its reason: corrupt compressed data.
  ///
  /// - Parameter limit: the most bytes that are gone through to find that.
  mutating func blamed(_ error: PcapError, within limit: Int = .max) -> PcapError {
    switch error.kind {
    case .corrupt, .badMagic, .unsupportedVersion, .noInterface, .truncatedHeader, .truncated:
      guard let fault = findCorruption(within: limit) else { return error }
      return PcapError(
        fault.kind, file: error.file, packet: error.packet, byteOffset: error.byteOffset,
        isExpanded: true)
    default: return error
    }
  }

  /// Whether what has not come may be waited for, or something has.
  private var mayRead: Bool { waits || identity.isRegular || isReadable(descriptor) }

  /// Reads what has come, and waits for it if that is wanted; without a supply, 0 bytes are the end.
  private func read(into room: UnsafeMutableRawBufferPointer) -> (count: Int, supply: Supply?) {
    while true {
      let count = unsafe systemRead(descriptor, room.baseAddress, room.count)
      if count >= 0 { return (count, nil) }
      let reason = errno
      guard reason == EAGAIN else { return (0, .failed(errno: reason)) }
      if !waits { return (0, .notYet) }
      if !waitUntilReady(descriptor, POLLIN) { return (0, .failed(errno: errno)) }
    }
  }

  /// From now on gives what the bytes expand to, if the first of them say that they are compressed.
  ///
  /// - Throws: `.noLibrary`, or `.unreadable` if there is no memory.
  mutating func expandIfCompressed(file path: String) throws(PcapError) {
    _ = fill(4)
    // The mark of gzip has two bytes.
    let half = byteCount >= 2 ? UInt16(bigEndian: UInt16(half(at: 0, isByteSwapped: false))) : 0
    let mark = byteCount >= 4 ? UInt32(bigEndian: word(at: 0)) : UInt32(half) << 16
    guard let compression = CaptureCompression(mark: mark) else { return }
    do throws(StreamFault) {
      expander = try Expander(compression, beginningWith: span(0, byteCount))
    } catch {
      throw PcapError(error.kind, file: path)
    }
    (start, lent, end, origin, isAtEnd) = (0, 0, 0, 0, false)
  }

  /// Waits for more to come; gives false if the time is over or a signal came.
  func wait(milliseconds: Int32) -> Bool {
    identity.isRegular || isReadable(descriptor, atMostMilliseconds: milliseconds)
  }

  /// Makes room behind what is here for at least one byte.
  private mutating func makeRoom(_ wanted: Int) {
    let count = byteCount
    if start > 0 {
      // In bounds: start..<end is filled, and moves to the front.
      unsafe bytes.copyMemory(from: bytes + start, byteCount: count)
      origin += start
      (start, end) = (0, count)
    }
    guard count == capacity else { return }
    let (larger, old) = unsafe (Swift.min(2 * capacity, Swift.max(wanted, capacity + 1)), bytes)
    unsafe bytes = .allocate(byteCount: larger, alignment: 4_096)
    // In bounds: both have `count` bytes.
    unsafe bytes.copyMemory(from: old, byteCount: count)
    unsafe old.deallocate()
    capacity = larger
  }
}

/// `read(2)`, whose name methods hide.
private func systemRead(
  _ descriptor: Int32, _ place: UnsafeMutableRawPointer?, _ count: Int
) -> Int {
  unsafe read(descriptor, place, count)
}

/// Whether reading gives something, be it the end, within a time.
package func isReadable(_ descriptor: Int32, atMostMilliseconds limit: Int32 = 0) -> Bool {
  var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
  return unsafe poll(&wanted, 1, limit) > 0
}
