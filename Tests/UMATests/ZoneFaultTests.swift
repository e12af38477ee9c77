// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Every misuse ends the process with a line that names zone, item and both sites.
@Suite struct ZoneFaultTests {
  /// Expects `line` on standard error, where ITEM stands for the item that the process announced.
  private func expect(
    _ result: ExitTest.Result?, says line: String, at location: SourceLocation = #_sourceLocation
  ) throws {
    let result = try #require(result)
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    let item = text.split(separator: "\n").first { $0.hasPrefix("item ") }?.dropFirst(5) ?? "?"
    let wanted = line.replacing("ITEM", with: item)
    #expect(text.contains(wanted), "\(text)", sourceLocation: location)
  }

  // MARK: Who frees what

  @Test func freedTwice() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let zone = Zone(name: "twice", itemByteCount: 64, debugging: .leaks)
      let item = try zone.announced()
      zone.release(item, at: 20)
      zone.release(item, at: 30)
    }
    try expect(
      result,
      says: "zone twice: item ITEM (64 bytes) freed twice: first at Test/B.swift:20, "
        + "again at Test/B.swift:30; allocated at Test/A.swift:10")
  }

  /// The destructor must not see an item that is with nobody: the free that follows reports it.
  @Test func freedTwiceIsToldBeforeTheDestructorRuns() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let ran = Box<Int>()
      let hooks = unsafe ItemHooks(destruct: { _ in
        ran.value = (ran.value ?? 0) + 1
        StandardError.write("destructor \(ran.value ?? 0)")
      })
      let zone = Zone(name: "twice", itemByteCount: 64, hooks: hooks, debugging: .guardPages)
      let item = try zone.announced()
      unsafe zone.free(item.address, file: "Test/B.swift", line: 20)
      unsafe zone.free(item.address, file: "Test/B.swift", line: 30)
    }
    try expect(result, says: "freed twice: first at Test/B.swift:20, again at Test/B.swift:30")
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(text.contains("destructor 1") && !text.contains("destructor 2"))
  }

  @Test func freedToAStranger() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let owner = Zone(name: "owner", itemByteCount: 64, debugging: .junk)
      let other = Zone(name: "other", itemByteCount: 128, debugging: .junk)
      other.release(try owner.announced(), at: 20)
    }
    try expect(
      result,
      says: "zone owner: item ITEM (64 bytes) freed to zone other at Test/B.swift:20; "
        + "allocated at Test/A.swift:10")
  }

  @Test func freedMemoryOfNobody() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let zone = Zone(name: "strict", itemByteCount: 64, debugging: .junk)
      let memory = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 16)
      StandardError.write("item \(ZoneFault.hex(UInt(bitPattern: memory)))")
      unsafe zone.freeItem(memory, file: "Test/B.swift", line: 20)
    }
    try expect(result, says: "zone strict: ITEM freed at Test/B.swift:20 is no item of it")
  }

  @Test func freedByTheMiddle() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let zone = Zone(name: "middle", itemByteCount: 64, debugging: .redzones)
      let item = try zone.announced()
      unsafe zone.freeItem(item.address + 12, file: "Test/B.swift", line: 20)
    }
    try expect(
      result,
      says: "zone middle: item ITEM (64 bytes): its byte 12 was freed at Test/B.swift:20, "
        + "not its start; allocated at Test/A.swift:10")
  }

  @Test func freedToAnotherZoneOfItsKeg() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let master = Zone(name: "master", itemByteCount: 64, debugging: .ownZone)
      let second = Zone(name: "second", sharing: master, hooks: ItemHooks())
      second.release(try master.announced(), at: 20)
    }
    try expect(
      result,
      says: "zone master: item ITEM (64 bytes) freed to zone second at Test/B.swift:20; "
        + "allocated at Test/A.swift:10")
  }

  @Test func crossingZonesOfAKegIsAllowedUnlessAskedAbout() throws {
    let master = Zone(name: "master", itemByteCount: 64, debugging: .all)
    let second = Zone(name: "second", sharing: master, hooks: ItemHooks())
    #expect(second.debugging == master.debugging && !second.debugging.isEmpty)
    second.give(try master.take())
    #expect(master.liveItems().isEmpty && second.liveItems().isEmpty)
    // The counts of the two drift, as they do in BSD; here they are set right.
    master.give(try second.take())
    #expect(second.destroy() == 0 && master.destroy() == 0)
  }

  @Test func anItemNobodyAllocated() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let zone = Zone(name: "fresh", itemByteCount: 64, debugging: .leaks)
      let first = try zone.announced()
      // Its neighbour on the slab, whose bit says free.
      let next = unsafe HeldItem(first.address + zone.layout.stride)
      zone.release(next, at: 20)
    }
    try expect(result, says: "(64 bytes) freed at Test/B.swift:20, but never allocated")
  }

  // MARK: Who writes where

  @Test func writtenAfterFree() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let zone = Zone(name: "junk", itemByteCount: 64, debugging: .junk)
      let item = try zone.announced()
      zone.release(item, at: 20)
      unsafe item.address.storeBytes(of: 0x1234, toByteOffset: 12, as: UInt32.self)
      _ = unsafe try zone.allocateItem(file: "Test/C.swift", line: 40)
    }
    try expect(
      result,
      says: "zone junk: item ITEM (64 bytes) written after it was freed: byte 12 holds "
        + "0x1234, not 0xdeadc0de; allocated at Test/A.swift:10, freed at Test/B.swift:20, "
        + "noticed at Test/C.swift:40")
  }

  @Test func writtenAfterFreeAndFoundWithTheSlab() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let zone = Zone(name: "junk", itemByteCount: 63, debugging: .junk)
      let item = try zone.announced()
      zone.release(item, at: 20)
      unsafe item.address.storeBytes(of: 7, toByteOffset: 62, as: UInt8.self)
      zone.drain()
    }
    try expect(
      result,
      says: "zone junk: item ITEM (63 bytes) written after it was freed: byte 62 holds "
        + "0x7, not 0xad; allocated at Test/A.swift:10, freed at Test/B.swift:20")
  }

  @Test func writtenAfterFreeAndAskedFor() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let zone = Zone(name: "junk", itemByteCount: 64, debugging: [.junk, .redzones])
      let item = try zone.announced()
      zone.release(item, at: 20)
      unsafe item.address.storeBytes(of: 7, as: UInt8.self)
      zone.checkItems(file: "Test/C.swift", line: 40)
    }
    try expect(
      result,
      says: "zone junk: item ITEM (64 bytes) written after it was freed: byte 0 holds "
        + "0xdeadc007, not 0xdeadc0de; allocated at Test/A.swift:10, freed at Test/B.swift:20, "
        + "noticed at Test/C.swift:40")
  }

  @Test(arguments: [60, 64, -1, -16])
  func writtenBeyondItsEnds(_ offset: Int) async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [offset = offset as Int] in
      let zone = Zone(name: "red", itemByteCount: 60, debugging: .redzones)
      let item = try zone.announced()
      unsafe item.address.storeBytes(of: 0x41, toByteOffset: offset, as: UInt8.self)
      zone.release(item, at: 20)
    }
    let side = offset < 0 ? "before its start" : "beyond its end"
    try expect(
      result,
      says: "zone red: item ITEM (60 bytes) written \(side): byte \(offset) holds 0x41, "
        + "not 0xfd; allocated at Test/A.swift:10, freed at Test/B.swift:20")
  }

  @Test func writtenBeyondItsEndAndAskedFor() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let zone = Zone(name: "red", itemByteCount: 64, debugging: .redzones)
      let item = try zone.announced()
      unsafe item.address.storeBytes(of: 0x41, toByteOffset: 64, as: UInt8.self)
      zone.checkItems(file: "Test/C.swift", line: 40)
    }
    try expect(
      result,
      says: "zone red: item ITEM (64 bytes) written beyond its end: byte 64 holds 0x41, "
        + "not 0xfd; allocated at Test/A.swift:10, noticed at Test/C.swift:40")
  }

  // MARK: Guard pages

  @Test func readAfterFree() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let zone = Zone(name: "guarded", itemByteCount: 64, debugging: .guardPages)
      let item = try zone.announced()
      item.firstWord = 7
      zone.release(item, at: 20)
      unsafe blackHole(item.address.load(fromByteOffset: 12, as: UInt32.self))
    }
    try expect(
      result,
      says: "zone guarded: item ITEM (64 bytes) touched while free, at byte 12; "
        + "allocated at Test/A.swift:10, freed at Test/B.swift:20")
  }

  @Test func writtenIntoTheGuardPage() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let zone = Zone(
        name: "guarded", itemByteCount: 5_000, debugging: [.guardPages, .redzones, .junk])
      zone.release(try zone.announced(at: 5), at: 20)
      let item = try zone.announced()
      for offset in 0..<6_000 {
        unsafe item.address.storeBytes(of: 0x41, toByteOffset: offset, as: UInt8.self)
      }
    }
    try expect(
      result,
      says: "zone guarded: item ITEM (5000 bytes) touched beyond its end, at byte 5000; "
        + "allocated at Test/A.swift:10, freed last at Test/B.swift:20")
  }

  @Test func theHandlerThatWasThereBeforeIsCalled() async throws {
    for isOurs in [true, false] {
      let result = await #expect(
        processExitsWith: .exitCode(3), observing: [\.standardErrorContent]
      ) { [isOurs = isOurs as Bool] in
        signal(SIGSEGV) { _ in _exit(3) }
        signal(SIGBUS) { _ in _exit(3) }
        let zone = Zone(name: "guarded", itemByteCount: 64, debugging: .guardPages)
        let item = try zone.announced()
        zone.release(item, at: 20)
        let address = isOurs ? item.number : 16
        guard let place = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
        unsafe place.storeBytes(of: 7, as: UInt8.self)
      }
      let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
      #expect(text.contains("touched while free") == isOurs)
    }
  }

  // MARK: Leaks

  @Test func aZoneEndedWithItemsOut() async throws {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardErrorContent]
    ) {
      let zone = Zone(name: "leaky", itemByteCount: 64, debugging: .leaks)
      for _ in 0..<3 { _ = unsafe try zone.allocateItem(file: "Test/A.swift", line: 10) }
      _ = unsafe try zone.allocateItem(file: "Test/C.swift", line: 40)
      #expect(zone.destroy() == 4)
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(text.contains("zone leaky: 4 items in use\n  3 items, 192 bytes, allocated at Test/A"))
    #expect(text.contains("\n  1 items, 64 bytes, allocated at Test/C.swift:40, oldest "))
  }
}

/// Keeps the compiler from dropping a read.
@inline(never)
private func blackHole(_ value: UInt32) { if value == 0x1234_5678 { print("read") } }

extension Zone {
  /// An item allocated at `Test/A.swift`, its address told on standard error.
  fileprivate func announced(at line: UInt = 10) throws(ZoneError) -> HeldItem {
    let item = unsafe HeldItem(try allocateItem(file: "Test/A.swift", line: line))
    if line == 10 { StandardError.write("item \(ZoneFault.hex(item.number))") }
    return item
  }

  fileprivate func release(_ item: HeldItem, at line: UInt) {
    unsafe freeItem(item.address, file: "Test/B.swift", line: line)
  }
}
