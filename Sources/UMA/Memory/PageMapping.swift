// SPDX-License-Identifier: BSD-2-Clause

/// A page source that remembers one word for each of its pages.
///
/// A keg keeps there which slab a page belongs to, so that a slab is found from any address in it.
/// Every page of a slab is tagged when the slab is made and untagged before it goes back, so a
/// page that is with no slab has the word 0.
///
/// BSD: `vsetslab`, `vtoslab` (sys/vm/uma_int.h), which borrow the page's descriptor.
public protocol PageMapping: PageSource {
  /// Remembers `owner` for each of `pageCount` adjacent pages; 0 forgets.
  ///
  /// - Parameters:
  ///   - owner: the word to remember.
  ///   - pages: what `allocatePages` returned, or pages within.
  ///   - pageCount: how many, at least 1.
  func setOwner(_ owner: UInt, of pages: UnsafeMutableRawPointer, _ pageCount: Int)

  /// The word of the page that holds `address`; 0 if it has none or is not of this source.
  func owner(of address: UnsafeMutableRawPointer) -> UInt
}
