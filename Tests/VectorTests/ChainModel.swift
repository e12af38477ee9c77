// SPDX-License-Identifier: BSD-2-Clause

/// What a chain holds, however it is arranged: the naive account that ours is held against.
struct ChainModel: Equatable {
  var bytes: [UInt8] = []
  var hasHeader = false
  var tags: [TagSpec] = []

  /// As a result is recorded.
  var json: JSON {
    var object = Self.describe(bytes)
    if bytes.count <= 24 { object["hex"] = .string(BytePattern.hex(bytes)) }
    if hasHeader { object["pkt"] = .int(bytes.count) }
    if hasHeader, !tags.isEmpty { object["tags"] = .array(tags.map(\.json)) }
    return .object(object)
  }

  /// How many bytes, and their hash.
  static func describe(_ bytes: [UInt8]) -> [String: JSON] {
    ["len": .int(bytes.count), "h": .string(BytePattern.hash(bytes))]
  }

  /// The same bytes with nothing said of them.
  var plain: ChainModel { ChainModel(bytes: bytes) }

  /// The first or, below 0, the last bytes taken away; at most all of them.
  mutating func adjust(_ count: Int) {
    let most = Swift.min(count.magnitude, UInt(bytes.count))
    if count < 0 { bytes.removeLast(Int(most)) } else { bytes.removeFirst(Int(most)) }
  }

  /// Bytes overwritten, and added behind with zeroes up to there.
  mutating func copyIn(_ other: [UInt8], at offset: Int) {
    if other.isEmpty { return }
    let end = offset + other.count
    if end > bytes.count { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
    bytes.replaceSubrange(offset..<end, with: other)
  }
}
