// SPDX-License-Identifier: BSD-2-Clause

/// Where kegs get their memory from, in whole pages.
///
/// The default is `PageArena`. A replacement can count pages, refuse them, or hand out memory of
/// its own; kegs call it with no lock held, from any thread.
///
/// BSD: `uma_alloc` and `uma_free` of `uma_zone_set_allocf`, `uma_zone_set_freef` (sys/vm/uma.h).
public protocol PageSource: AnyObject, Sendable {
  /// Returns `pageCount` adjacent pages of zeroes, or nil if there are none.
  ///
  /// - Parameters:
  ///   - pageCount: pages of `PageArena.pageByteCount` bytes, at least 1.
  ///   - alignment: the address is a multiple of this many bytes, a power of two.
  func allocatePages(_ pageCount: Int, alignment: Int) -> UnsafeMutableRawPointer?

  /// Takes back pages that `allocatePages` returned, with the same count.
  func freePages(_ pages: UnsafeMutableRawPointer, _ pageCount: Int)
}
