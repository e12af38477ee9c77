// SPDX-License-Identifier: BSD-2-Clause

/// Where an mbuf's data lies and to whom the storage goes back.
///
/// BSD: `ext_type`.
@frozen
@usableFromInline
enum StorageKind: UInt8, Sendable {
  /// In the mbuf itself.
  case inner
  /// In the cluster that the packet zone keeps attached to this mbuf.
  case packet
  /// In a cluster held by reference.
  case cluster
  /// In a cluster of a page.
  case jumboPage
  /// In a cluster of 9,216 bytes.
  case jumbo9
  /// In a cluster of 16,384 bytes.
  case jumbo16
  /// In memory lent to the pool.
  case lent
}
