// SPDX-License-Identifier: BSD-2-Clause
//
// Bytes from a pipe, a terminal or a socket, which come when they come.
//
//     [ given to libpcap | start ..< end, to be given | free ]     0 <= start <= end <= capacity
//
// The stream over it keeps nothing of its own: it asks here for every run of bytes. So what is here
// is all there is, and whether the next record is whole can be told without waiting for it.
// Whoever made the descriptor non-blocking is not told otherwise: it is waited for.

import CPcap
import Pcap

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What was read from a descriptor and not yet given to libpcap.
@safe
struct PipeInput: ~Copyable {
  private let descriptor: Int32
  private let bytes: UnsafeMutableRawPointer
  private var start = 0
  private var end = 0
  private var isAtEnd = false
  private static let capacity = 262_144

  init(descriptor: Int32) {
    self.descriptor = descriptor
    unsafe bytes = .allocate(byteCount: Self.capacity, alignment: 16)
  }

  deinit {
    _ = closeDescriptor(descriptor)
    unsafe bytes.deallocate()
  }

  /// Moves up to `count` bytes to `target`, waiting for the first if none are here.
  ///
  /// - Returns: how many, 0 at the end, -1 if the system refuses or a signal came; `errno` says which.
  mutating func take(_ count: Int, into target: UnsafeMutableRawPointer) -> Int {
    while start == end, !isAtEnd {
      if fill() { continue }
      guard errno == EAGAIN else { return -1 }
      if !waitUntilReady(descriptor, POLLIN) { return -1 }
    }
    let given = Swift.min(count, end - start)
    // In bounds: start..<end is filled, and `target` has room for `count`.
    unsafe target.copyMemory(from: bytes + start, byteCount: given)
    start += given
    return given
  }

  /// The first bytes, which stay: `count` of them, or fewer at the end.
  ///
  /// - Returns: nil if the system refuses or a signal came; `errno` says which.
  mutating func peek(_ count: Int) -> [UInt8]? {
    while end - start < Swift.min(count, Self.capacity), !isAtEnd {
      if fill() { continue }
      guard errno == EAGAIN, waitUntilReady(descriptor, POLLIN) else { return nil }
    }
    // In bounds: start..<end is filled.
    let there = unsafe UnsafeRawBufferPointer(start: bytes + start, count: end - start)
    return unsafe Array(there.prefix(count))
  }

  /// Whether reading the next record waits for nothing, as far as can be told: it is here, or the
  /// end is, or it is too large or too odd to be judged here.
  mutating func hasRecord(_ format: CaptureFormat, isByteSwapped: Bool) -> Bool {
    while !isAtEnd, !isRecordHere(format, isByteSwapped) {
      guard isReadable(descriptor) else { return false }
      // An error is libpcap's to meet.
      if !fill() { return errno != EAGAIN }
    }
    return true
  }

  /// Waits for more to come; gives false if the time is over or a signal came.
  func wait(_ milliseconds: Int32) -> Bool {
    isReadable(descriptor, atMostMilliseconds: milliseconds)
  }

  /// Reads once, into the room behind what is here.
  ///
  /// - Returns: false, with `errno`, if nothing was read and it is not the end.
  private mutating func fill() -> Bool {
    if start > 0 {
      // In bounds: start..<end is filled, and moves to the front.
      unsafe bytes.copyMemory(from: bytes + start, byteCount: end - start)
      (start, end) = (0, end - start)
    }
    // In bounds: end <= capacity.
    let count = unsafe read(descriptor, bytes + end, Self.capacity - end)
    if count < 0 { return false }
    if count == 0 { isAtEnd = true }
    end += count
    return true
  }

  private func isRecordHere(_ format: CaptureFormat, _ isByteSwapped: Bool) -> Bool {
    func word(_ offset: Int) -> Int {
      // In bounds: asked for only where so many bytes are here.
      let word = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
      return Int(isByteSwapped ? word.byteSwapped : word)
    }
    // A full buffer without a whole record: no waiting makes room for more.
    if end - start == Self.capacity { return true }
    switch format {
    case .pcap, .modified:
      let header = format == .pcap ? 16 : 24
      guard end - start >= header else { return false }
      let captured = word(start + 8)
      return captured > Self.capacity - header || end - start >= header + captured
    case .pcapng:
      var place = start
      while end - place >= 8 {
        let (type, byteCount) = (word(place), word(place + 4))
        if byteCount < 12 || byteCount > Self.capacity { return true }
        if end - place < byteCount { return false }
        // A block without a packet is read together with the next.
        if type == 2 || type == 3 || type == 6 { return true }
        place += byteCount
      }
      return false
    }
  }
}

/// Whether reading gives something, be it the end, within a time.
private func isReadable(_ descriptor: Int32, atMostMilliseconds limit: Int32 = 0) -> Bool {
  var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
  return unsafe poll(&wanted, 1, limit) > 0
}

/// A stream over `input`, which must live longer.
func openStream(over input: UnsafeMutablePointer<PipeInput>) -> UnsafeMutablePointer<FILE>? {
  #if canImport(Darwin)
    unsafe funopen(
      input,
      { context, target, count in
        guard let context = unsafe context, let target = unsafe target else { return -1 }
        let input = unsafe context.assumingMemoryBound(to: PipeInput.self)
        return unsafe Int32(input.pointee.take(Int(count), into: target))
      }, nil, nil, nil)
  #else
    unsafe cpcap_open_reader(input) { context, target, count in
      guard let context = unsafe context, let target = unsafe target else { return -1 }
      let input = unsafe context.assumingMemoryBound(to: PipeInput.self)
      return unsafe input.pointee.take(count, into: target)
    }
  #endif
}
