// SPDX-License-Identifier: BSD-2-Clause
import Wire

extension IPv6Address {
  /// Whether this is the group of all nodes, of the interface or of the link (RFC 4291, 2.7.1).
  var isAllNodes: Bool { low == 1 && (high == 0xff02 << 48 || high == 0xff01 << 48) }
}
