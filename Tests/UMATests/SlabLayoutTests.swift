// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import UMA

@Suite struct SlabLayoutTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var byteCount: Int
    var alignment: Int
    var counted = false
    var stride: Int
    var items: Int
    var pages: Int
    var headerOffset: Int?
    var headerByteCount: Int

    var testDescription: String { "\(byteCount)/\(alignment)\(counted ? " counted" : "")" }
  }

  @Test(arguments: [
    // The mbuf: 31 * 256 + 64 <= 8192, and 15 in one page would be 93.75 %.
    Row(
      byteCount: 256, alignment: 256, stride: 256, items: 31, pages: 2, headerOffset: 8_128,
      headerByteCount: 64),
    // The cluster: 32 + 8 bytes rounded to a line, then 31 lines; 31 * 2048 + 2048 == 65536.
    Row(
      byteCount: 2_048, alignment: 8, counted: true, stride: 2_048, items: 31, pages: 16,
      headerOffset: 63_488, headerByteCount: 2_048),
    Row(
      byteCount: 2_048, alignment: 8, stride: 2_048, items: 31, pages: 16, headerOffset: 65_472,
      headerByteCount: 64),
    // 15 * 4096 of 65536 is 93.75 %: above 90, so still inside.
    Row(
      byteCount: 4_096, alignment: 8, counted: true, stride: 4_096, items: 15, pages: 16,
      headerOffset: 64_512, headerByteCount: 1_024),
    // 7 * 9216 of 65536 is 98.4 %.
    Row(
      byteCount: 9_216, alignment: 8, counted: true, stride: 9_216, items: 7, pages: 16,
      headerOffset: 65_024, headerByteCount: 512),
    // 3 * 16384 of 65536 is 75 %: the header moves out, and one item fills four pages.
    Row(
      byteCount: 16_384, alignment: 8, counted: true, stride: 16_384, items: 1, pages: 4,
      headerOffset: nil, headerByteCount: 128),
    Row(
      byteCount: 1 << 20, alignment: 4_096, stride: 1 << 20, items: 1, pages: 256,
      headerOffset: nil, headerByteCount: 64),
    // One byte is stored in eight: 12.5 % at best, so the header off the slab loses nothing.
    Row(
      byteCount: 1, alignment: 1, stride: 8, items: 512, pages: 1, headerOffset: nil,
      headerByteCount: 128),
    Row(
      byteCount: 64, alignment: 64, stride: 64, items: 63, pages: 1, headerOffset: 4_032,
      headerByteCount: 64),
  ])
  func table(_ row: Row) {
    let layout = SlabLayout(
      itemByteCount: row.byteCount, alignment: row.alignment,
      flags: row.counted ? .referenceCounted : [])
    #expect(layout.stride == row.stride)
    #expect(layout.itemCount == row.items)
    #expect(layout.pageCount == row.pages)
    #expect(layout.headerOffset == row.headerOffset)
    #expect(layout.headerByteCount == row.headerByteCount)
  }

  @Test func equationsHoldForEverySize() {
    for byteCount in Array(1...300) + Array(stride(from: 301, through: 20_000, by: 61)) {
      for alignment in [1, 8, 64, 256, 4_096] {
        for counted in [false, true] {
          check(
            SlabLayout(
              itemByteCount: byteCount, alignment: alignment,
              flags: counted ? .referenceCounted : []))
        }
      }
    }
  }

  private func check(_ layout: SlabLayout) {
    let items = layout.itemCount * layout.stride
    let isRight =
      layout.stride >= max(layout.itemByteCount, 8) && layout.stride % layout.alignment == 0
      && layout.stride < max(layout.itemByteCount, 8) + layout.alignment
      && layout.itemCount > 0
      && layout.byteCount == layout.pageCount * 4_096
      && layout.bitmapWordCount * 64 >= layout.itemCount
      && layout.headerByteCount
        == layout.counterOffset + (layout.hasReferenceCounters ? layout.itemCount * 64 : 0)
      && layout.counterOffset >= 32 + layout.bitmapWordCount * 8
      && layout.counterOffset % 64 == 0
    #expect(isRight, "\(layout)")
    if let offset = layout.headerOffset {
      #expect(items <= offset && offset + layout.headerByteCount == layout.byteCount, "\(layout)")
      #expect(layout.pageCount.nonzeroBitCount == 1 && layout.pageCount <= 16, "\(layout)")
      #expect(layout.efficiency >= 0.9, "\(layout)")
      // One item more would not have fitted.
      let more = SlabLayout.headerByteCount(
        itemCount: layout.itemCount + 1, counted: layout.hasReferenceCounters)
      #expect(items + layout.stride + more > layout.byteCount, "\(layout)")
    } else {
      #expect(items <= layout.byteCount && layout.byteCount - items < layout.stride, "\(layout)")
    }
  }

  /// The policy, said again without looking at the code: the first of 1, 2, 4, 8, 16 pages to reach
  /// 96 %, else the best if it reaches 90 %.
  @Test(arguments: [8, 24, 48, 100, 256, 320, 700, 1_024, 1_500, 2_048, 3_000, 4_096, 9_216])
  func fewestPagesWin(_ byteCount: Int) {
    let shares = [1, 2, 4, 8, 16].map { pages -> Double in
      var items = 0
      while (items + 1) * byteCount + 64 * ((32 + (items + 64) / 64 * 8 + 63) / 64) <= pages * 4_096
      {
        items += 1
      }
      return Double(items * byteCount) / Double(pages * 4_096)
    }
    let layout = SlabLayout(itemByteCount: byteCount, alignment: 4)
    let best = shares.max() ?? 0
    if let first = shares.firstIndex(where: { $0 >= 0.96 }) {
      #expect(layout.pageCount == 1 << first && layout.headerOffset != nil)
    } else if best >= 0.9 {
      #expect(layout.efficiency == best && layout.headerOffset != nil)
    } else {
      #expect(layout.headerOffset == nil)
    }
  }

  @Test func trapsOnNonsense() async {
    await #expect(processExitsWith: .failure) { _ = SlabLayout(itemByteCount: 0) }
    await #expect(processExitsWith: .failure) { _ = SlabLayout(itemByteCount: 16 << 20 + 1) }
    await #expect(processExitsWith: .failure) { _ = SlabLayout(itemByteCount: 8, alignment: 24) }
    await #expect(processExitsWith: .failure) { _ = SlabLayout(itemByteCount: 8, alignment: 8_192) }
  }
}
