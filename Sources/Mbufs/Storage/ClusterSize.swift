// SPDX-License-Identifier: BSD-2-Clause

/// The sizes in which clusters come, each from a zone of its own.
///
/// BSD: MCLBYTES, MJUMPAGESIZE, MJUM9BYTES, MJUM16BYTES (sys/sys/param.h).
@frozen
public enum ClusterSize: UInt8, CaseIterable, Sendable {
  /// 2,048 bytes: an Ethernet frame.
  case standard
  /// 4,096 bytes, a page.
  case page
  /// 9,216 bytes: a jumbo frame in one piece.
  case jumbo9
  /// 16,384 bytes.
  case jumbo16

  /// Bytes of a cluster.
  @inlinable
  public var byteCount: Int {
    switch self {
    case .standard: 2_048
    case .page: 4_096
    case .jumbo9: 9_216
    case .jumbo16: 16_384
    }
  }

  /// The zone's name.
  var zoneName: String {
    switch self {
    case .standard: "mbuf_cluster"
    case .page: "mbuf_jumbo_page"
    case .jumbo9: "mbuf_jumbo_9k"
    case .jumbo16: "mbuf_jumbo_16k"
    }
  }

  /// The limit that a pool gives it at first: half of that of the next smaller size.
  ///
  /// - Parameter clusterLimit: the limit of standard clusters; 0, no limit, is none for any.
  ///
  /// BSD: `tunable_mbinit`.
  func firstLimit(_ clusterLimit: Int) -> Int {
    clusterLimit == 0 ? 0 : Swift.max(1, clusterLimit >> Int(rawValue))
  }

  /// The smallest size that holds `byteCount` bytes; nil if none does.
  static func holding(_ byteCount: Int) -> ClusterSize? {
    allCases.first { $0.byteCount >= byteCount }
  }

  /// How an mbuf with such a cluster is marked.
  @inlinable
  var kind: StorageKind {
    switch self {
    case .standard: .cluster
    case .page: .jumboPage
    case .jumbo9: .jumbo9
    case .jumbo16: .jumbo16
    }
  }
}
