// SPDX-License-Identifier: BSD-2-Clause
//
// A regular file in memory without a copy. Two things can happen to it meanwhile: it grows, which does
// not show, and it is cut. What was cut off is zeroes up to the end of its page, and behind that the
// system answers the next look with SIGBUS, of which the process would end. So
//
//     bytes of a mapping are what was in the file  <=>  a look at the file's length, after they were
//                                                       copied, finds that they are still there
//
// and SIGBUS within a mapping has zeroes put in the place of what is gone, for that look to find. The
// handler asks a table of the mappings that there are; a fault elsewhere goes to who was asked before.
//
//     slot    free: start 0     claimed: start 1     mapped: start <= address < end
//
// Pages are got 2 MiB at a time, ahead, and given back behind, so that what the process has in memory does
// not grow with the file.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file's bytes, mapped.
@safe
struct FileMapping: ~Copyable {
  /// Where the file begins.
  let base: UnsafeMutableRawPointer
  /// Bytes of the file when it was mapped.
  let byteCount: Int
  private let descriptor: Int32
  private let slot: Int
  /// Pages before this place are got, those before `released` given back.
  private var got = 0
  private var released = 0

  private static var stepByteCount: Int { 2_097_152 }

  /// Maps a file; nil if it has no bytes, the system refuses or there are too many mappings.
  static func make(_ descriptor: Int32) -> FileMapping? {
    #if canImport(Glibc)
      var status = stat()
      guard unsafe fstat(descriptor, &status) == 0, status.st_size > 0,
        let slot = MappingGuard.claim()
      else { return nil }
      let count = Int(status.st_size)
      guard let base = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0),
        unsafe base != MAP_FAILED
      else {
        MappingGuard.release(slot)
        return nil
      }
      MappingGuard.watch(UInt(bitPattern: base), count, slot)
      return unsafe FileMapping(base, count, descriptor, slot)
    #else
      return nil
    #endif
  }

  private init(_ base: UnsafeMutableRawPointer, _ byteCount: Int, _ descriptor: Int32, _ slot: Int)
  {
    unsafe self.base = base
    self.byteCount = byteCount
    self.descriptor = descriptor
    self.slot = slot
  }

  deinit {
    #if canImport(Glibc)
      _ = unsafe munmap(base, byteCount)
      MappingGuard.release(slot)
    #endif
  }

  /// Whether the file still has its bytes up to a place.
  ///
  /// Moves the descriptor's own place, which is nobody else's; this is the shortest way to ask.
  func isThere(upTo place: Int) -> Bool { Int(lseek(descriptor, 0, SEEK_END)) >= place }

  /// Gets the pages behind a place, if they are not there, and gives those before it back.
  mutating func prepare(_ place: Int) {
    #if canImport(Glibc)
      let step = Self.stepByteCount
      while got < byteCount, got < place + step / 2 {
        // MADV_POPULATE_READ, since Linux 5.14; without it pages come one by one.
        _ = unsafe madvise(base + got, Swift.min(step, byteCount - got), 22)
        got += step
      }
      while released + step <= place {
        _ = unsafe madvise(base + released, step, Int32(MADV_DONTNEED))
        released += step
      }
    #endif
  }
}
