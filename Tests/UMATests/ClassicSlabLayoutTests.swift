// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

@testable import UMA

/// The geometry of 2006 against what that allocator was seen to choose.
///
/// The rows are in `Vectors/uma-sizing.jsonl`, or in the folder that `MBUMA_VECTORS` names.
@Suite struct ClassicSlabLayoutTests {
  struct Row: Decodable {
    var size: Int
    var align: Int
    var flag: String
    var large: Int
    var rsize: Int
    var ipers: Int
    var ppera: Int
    var offpage: Int
    var hash: Int
    var pgoff: Int
    var assert: Bool?

    var flags: ZoneFlags? {
      let known: [String: ZoneFlags] = [
        "": [], "REFCNT": .referenceCounted, "MALLOC": .malloc, "VM": .bucketCacheOnly,
        "OFFPAGE": .offPage, "INTERNAL": .internalZone,
      ]
      return known[flag]
    }
  }

  /// The first line: sizes of the structures.
  struct Head: Decodable { var meta: [String: Int] }

  static let folder =
    ProcessInfo.processInfo.environment["MBUMA_VECTORS"]
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Vectors"

  @Test func everyRowIsAsItWasThere() throws {
    let lines = try readFile("\(Self.folder)/uma-sizing.jsonl").split(separator: UInt8(ascii: "\n"))
    let sizes = try JSONDecoder().decode(Head.self, from: #require(lines.first)).meta
    let size = { (name: String) in try #require(sizes[name]) }
    var constants = ClassicSlabLayout.Constants()
    #expect(constants.pageByteCount / constants.wasteDivisor == 409)
    constants.pageByteCount = try size("slab_size")
    constants.headerByteCount = try size("sizeof_head")
    constants.entryByteCount = try size("fritm")
    constants.countedEntryByteCount = try size("fritmref")
    constants.smallestByteCount = try size("smallest")
    constants.wasteDivisor = try size("slab_size") / size("max_waste")
    #expect(constants == ClassicSlabLayout.Constants())
    var mismatches = 0
    for line in lines.dropFirst() {
      let row = try JSONDecoder().decode(Row.self, from: line)
      let layout = ClassicSlabLayout(
        itemByteCount: row.size, alignmentMask: row.align, flags: try #require(row.flags),
        constants: constants)
      let isSame =
        layout.isLarge == (row.large == 1) && layout.realByteCount == row.rsize
        && layout.itemCount == row.ipers && layout.pageCount == row.ppera
        && layout.isOffPage == (row.offpage == 1) && layout.isHashed == (row.hash == 1)
        && (layout.headerOffset ?? -1) == row.pgoff && layout.isRefused == (row.assert ?? false)
      if !isSame {
        mismatches += 1
        print("\(row) is \(layout)")
      }
    }
    print("uma-sizing: \(lines.count - 1) rows, \(mismatches) mismatches")
    #expect(mismatches == 0)
    #expect(lines.count > 1_000 || ProcessInfo.processInfo.environment["MBUMA_VECTORS"] != nil)
    // The original made its pooled headers for the most items that the waste rule puts off page.
    for (flags, most) in [
      (ZoneFlags(), try size("max_ipers")),
      (.referenceCounted, try size("max_ipers_ref")),
    ] {
      let counts = (16...4_096).map { byteCount in
        let layout = ClassicSlabLayout(
          itemByteCount: byteCount, alignmentMask: 0, flags: flags, constants: constants)
        return layout.isOffPage ? layout.itemCount : 0
      }
      #expect(counts.max() == most)
    }
  }

  @Test func sizeBeforeAlignmentDecidesWhatIsLarge() {
    let layout = ClassicSlabLayout(itemByteCount: 4_000, alignmentMask: 255)
    #expect(!layout.isLarge && layout.isRefused && layout.isOffPage && layout.itemCount == 1)
    // SlabLayout looks at what the item takes with its alignment.
    #expect(SlabLayout(itemByteCount: 4_000, alignment: 256).itemCount == 15)
  }

  /// Nine tenths of the memory are items by the rules here, or at least as much as there.
  @Test(arguments: [16, 64, 256, 320, 1_024, 1_500, 2_048, 3_000, 4_096, 9_216, 16_384])
  func theRulesHereWasteNoMore(_ byteCount: Int) {
    let classic = ClassicSlabLayout(itemByteCount: byteCount, alignmentMask: 7)
    let header = classic.isOffPage ? 48 + 8 * classic.itemCount : 0
    let share = Double(classic.itemCount * byteCount) / Double(classic.pageCount * 4_096 + header)
    let layout = SlabLayout(itemByteCount: byteCount)
    #expect(layout.efficiency >= min(share, 0.9))
  }

  @Test func trapsOnNonsense() async {
    await #expect(processExitsWith: .failure) {
      _ = ClassicSlabLayout(itemByteCount: 0, alignmentMask: 7)
    }
    await #expect(processExitsWith: .failure) {
      _ = ClassicSlabLayout(itemByteCount: 8, alignmentMask: 8)
    }
  }
}
