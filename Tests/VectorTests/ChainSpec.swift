// SPDX-License-Identifier: BSD-2-Clause

/// What an input mbuf is made of.
struct MbufSpec {
  /// Where its data lies: in itself (`s`), in a cluster that came with it (`p`) or apart (`c`), in
  /// a page (`j`), in 9 KiB (`9`), or in lent memory (`x`).
  let kind: String
  let storageByteCount: Int?
  let offset: Int
  let byteCount: Int
  let seed: Int
  /// How many others refer to its storage.
  let referencesOutside: Int
  let isReadOnly: Bool
  let endsRecord: Bool
  let type: Int

  init(_ json: JSON) {
    kind = json["k"]?.string ?? ""
    storageByteCount = json["size"]?.int
    offset = json["o"]?.int ?? 0
    byteCount = json["l"]?.int ?? 0
    seed = json["s"]?.int ?? 0
    referencesOutside = json["sh"]?.int ?? 0
    isReadOnly = json["ro"]?.int == 1
    endsRecord = json["eor"]?.int == 1
    type = json["t"]?.int ?? 1
  }

  var bytes: [UInt8] { BytePattern.bytes(byteCount, seed: seed) }
}

/// A tag: who defined it, its number, its payload.
struct TagSpec: Equatable {
  let cookie: Int
  let id: Int
  let bytes: [UInt8]

  /// What is recorded of a tag.
  var json: JSON {
    .array([.int(cookie), .int(id), .int(bytes.count), .int(bytes.first.map(Int.init) ?? -1)])
  }
}

/// What an input chain is made of.
struct ChainSpec {
  let mbufs: [MbufSpec]
  let hasHeader: Bool
  let tags: [TagSpec]
  /// The packet length, if it is deliberately wrong.
  let wrongByteCount: Int?

  init?(_ json: JSON?) {
    guard let list = json?["mb"]?.array else { return nil }
    mbufs = list.map(MbufSpec.init)
    hasHeader = list.first?["hdr"]?.int == 1
    tags = (json?["tags"]?.array ?? []).compactMap { tag in
      guard let tag = tag.array?.compactMap(\.int), tag.count == 4 else { return nil }
      return TagSpec(
        cookie: tag[0], id: tag[1], bytes: BytePattern.bytes(tag[2], seed: tag[3]))
    }
    wrongByteCount = json?["pktlen"]?.int
  }

  /// What the chain holds.
  var model: ChainModel {
    ChainModel(
      bytes: mbufs.flatMap(\.bytes), hasHeader: hasHeader, tags: hasHeader ? tags : [])
  }
}
