// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
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

@Suite struct SizeClassAllocatorTests {
  static func take(
    _ byteCount: Int, _ type: MallocType, from memory: SizeClassAllocator, zeroed: Bool = false
  ) throws(MallocError) -> HeldItem {
    unsafe HeldItem(try memory.allocate(byteCount: byteCount, type: type, zeroed: zeroed))
  }

  static func isZero(_ item: HeldItem, byteCount: Int) -> Bool {
    // Each byte is the one before it, and the first is zero.
    unsafe byteCount == 0
      || item.address.load(as: UInt8.self) == 0
        && memcmp(item.address, item.address + 1, byteCount - 1) == 0
  }

  static func dirty(_ item: HeldItem, byteCount: Int) {
    unsafe item.address.initializeMemory(as: UInt8.self, repeating: 0xee, count: byteCount)
  }

  /// The sizes at which something changes, and what each may use.
  static let sizes: [(byteCount: Int, usable: Int)] = [
    (0, 16), (1, 16), (16, 16), (17, 32), (32, 32), (33, 64), (100, 128), (128, 128),
    (1_000, 1_024), (2_049, 4_096), (4_096, 4_096), (4_097, 8_192), (65_535, 65_536),
    (65_536, 65_536), (65_537, 69_632), (1_000_000, 1_003_520), (5 << 20, 5 << 20),
  ]

  @Test func everySizeHasItsClass() throws {
    let arena = PageArena(reservingByteCount: 64 << 20)
    let memory = SizeClassAllocator(pages: arena)
    let type = MallocType("sizes")
    for (byteCount, usable) in Self.sizes {
      let item = try Self.take(byteCount, type, from: memory)
      #expect(unsafe memory.usableByteCount(of: item.address) == usable)
      let alignment = usable > 4_096 || usable.nonzeroBitCount > 1 ? 4_096 : usable
      #expect(item.number % UInt(alignment) == 0, "\(byteCount) bytes")
      item.fill(1, byteCount: min(usable, 70_000))
      #expect(item.isFilled(1, byteCount: min(usable, 70_000)))
      #expect(type.statistics().inUse == 1 && type.statistics().bytesInUse == usable)
      unsafe memory.free(item.address, type: type)
    }
    #expect(type.statistics().inUse == 0 && type.statistics().bytesInUse == 0)
    #expect(type.statistics().highBytes == 5 << 20)
    #expect(memory.largeCount.load(ordering: .relaxed) == 0)
    memory.drain()
    #expect(arena.pagesOut == 0)
  }

  @Test func classesArePowersOfTwo() {
    let memory = SizeClassAllocator()
    #expect(memory.classes.map(\.byteCount) == (4...16).map { 1 << $0 })
    let wrong = (0...65_536).filter { byteCount in
      let index = SizeClassAllocator.classIndex(byteCount)
      return 16 << index < byteCount || (index > 0 && 16 << (index - 1) >= byteCount)
    }
    #expect(wrong == [])
  }

  @Test func runLengthsHaveFourStepsToADoubling() {
    for pages in 1...2_100 {
      let run = LargeRun.runPageCount(for: pages)
      #expect(run >= pages && run * 4 <= pages * 5, "\(pages)")
    }
    let lengths = Set((1_024...2_047).map { LargeRun.runPageCount(for: $0) })
    #expect(lengths == [1_024, 1_280, 1_536, 1_792, 2_048])
  }

  /// M_ZERO of memory that is fresh, and of memory that was used, of every kind.
  @Test func zeroedMemoryIsZero() throws {
    let memory = SizeClassAllocator()
    let type = MallocType("zeroed")
    for (byteCount, usable) in Self.sizes {
      for round in 0..<4 {
        let items = try (0..<5).map { _ in
          try Self.take(byteCount, type, from: memory, zeroed: true)
        }
        #expect(items.allSatisfy { Self.isZero($0, byteCount: byteCount) }, "\(byteCount)")
        for item in items {
          Self.dirty(item, byteCount: usable)
          unsafe memory.free(item.address, type: type)
        }
        // Used again, and fresh again: the pages of the last round but one have gone and come.
        if round == 2 { memory.drain() }
      }
      // Without it a small item is as its last user left it.
      if byteCount > 0, usable <= 65_536 {
        let item = try Self.take(byteCount, type, from: memory)
        #expect(!Self.isZero(item, byteCount: byteCount))
        unsafe memory.free(item.address, type: type)
      }
    }
    #expect(type.statistics().inUse == 0)
  }

  @Test func reallocateKeepsTheBytes() throws {
    var random = SeededRandom()
    let memory = SizeClassAllocator()
    let type = MallocType("grown")
    var held: [UInt8] = []
    var at: UnsafeMutableRawPointer?
    for _ in 0..<100 {
      let byteCount = Int.random(in: 1...(random.chance(20) ? 100_000 : 2_000), using: &random)
      let pointer = unsafe try memory.reallocate(at, byteCount: byteCount, type: type)
      let kept = min(held.count, byteCount)
      #expect(unsafe memcmp(pointer, held, kept) == 0)
      held = [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: byteCount)
      for place in stride(from: 0, to: byteCount, by: 61) { held[place] = UInt8(place & 255) }
      unsafe pointer.copyMemory(from: held, byteCount: byteCount)
      #expect(unsafe memory.usableByteCount(of: pointer) >= byteCount)
      #expect(type.statistics().inUse == 1)
      unsafe at = pointer
    }
    if let at = unsafe at { unsafe memory.free(at, type: type) }
    #expect(type.statistics().inUse == 0 && type.statistics().bytesInUse == 0)
  }

  @Test func reallocateStaysWhereItFits() throws {
    let memory = SizeClassAllocator()
    let type = MallocType("stays", limitInBytes: 8_192)
    let item = try Self.take(1_000, type, from: memory)
    item.fill(9, byteCount: 1_000)
    for byteCount in [513, 1_024, 1_000] {
      let same = unsafe try memory.reallocate(item.address, byteCount: byteCount, type: type)
      #expect(unsafe HeldItem(same) == item)
    }
    // Denied, the memory is as it was.
    #expect(throws: MallocError.limitReached(type: "stays", limitInBytes: 8_192)) {
      _ = unsafe try memory.reallocate(item.address, byteCount: 8_000, type: type)
    }
    #expect(item.isFilled(9, byteCount: 1_000))
    let small = unsafe HeldItem(try memory.reallocate(item.address, byteCount: 512, type: type))
    #expect(small != item)
    #expect(unsafe memory.usableByteCount(of: small.address) == 512)
    unsafe memory.free(small.address, type: type)
  }

  @Test(arguments: [0, 1])
  func randomAgainstAModel(_ mode: Int) throws {
    struct Held {
      var item: HeldItem
      var byteCount: Int
      var usable: Int
      var tag: UInt64
      var type: Int
    }
    var random = SeededRandom()
    let arena = PageArena(reservingByteCount: 1 << 30)
    let memory = SizeClassAllocator(pages: arena)
    let types = [MallocType("one"), MallocType("two")]
    var held: [Held] = []
    var ranges: [UInt: UInt] = [:]
    var requests: [UInt64] = [0, 0]
    let sizes = mode == 0 ? 1...2_000 : 1...400_000
    for step in 0..<3_000 {
      if random.chance(step < 1_500 ? 60 : 40) {
        let byteCount = Int.random(in: sizes, using: &random)
        let type = Int.random(in: 0...1, using: &random)
        let isZeroed = random.chance(50)
        let item = try Self.take(byteCount, types[type], from: memory, zeroed: isZeroed)
        if isZeroed, byteCount < 5_000 { #expect(Self.isZero(item, byteCount: byteCount)) }
        let usable = unsafe memory.usableByteCount(of: item.address)
        #expect(usable >= byteCount && ranges.updateValue(UInt(usable), forKey: item.number) == nil)
        let tag = random.next()
        item.fill(tag, byteCount: min(usable, 4_096))
        held.append(Held(item: item, byteCount: byteCount, usable: usable, tag: tag, type: type))
        requests[type] += 1
      } else if !held.isEmpty {
        let one = held.remove(at: Int.random(in: 0..<held.count, using: &random))
        #expect(one.item.isFilled(one.tag, byteCount: min(one.usable, 4_096)))
        ranges[one.item.number] = nil
        unsafe memory.free(one.item.address, type: types[one.type])
      }
      if random.chance(1) { memory.drain() }
    }
    let sorted = ranges.sorted { $0.key < $1.key }
    #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0.key + $0.value <= $1.key })
    for index in 0...1 {
      let mine = held.filter { $0.type == index }
      let statistics = types[index].statistics()
      #expect(statistics.inUse == mine.count && statistics.requests == requests[index])
      #expect(statistics.bytesInUse == mine.reduce(0) { $0 + $1.usable })
      #expect(statistics.highBytes >= statistics.bytesInUse)
      for one in mine { unsafe memory.free(one.item.address, type: types[index]) }
      #expect(types[index].statistics().bytesInUse == 0)
    }
    memory.drain()
    #expect(arena.pagesOut == 0)
    arena.checkInvariants()
  }

  struct Parcel {
    var item: HeldItem
    var filled: Int
    var tag: UInt64
    var type: MallocType
  }

  /// Where threads leave what they allocated, and take what others left.
  final class Exchange: Sendable {
    private let parcels = Guarded<[Parcel]>([])

    func swap(_ parcel: Parcel, _ random: inout SeededRandom) -> Parcel? {
      parcels.withLock { parcels in
        parcels.append(parcel)
        guard parcels.count > 200 else { return nil }
        return parcels.remove(at: Int.random(in: 0..<parcels.count, using: &random))
      }
    }

    func takeAll() -> [Parcel] {
      parcels.withLock { parcels in
        defer { parcels = [] }
        return parcels
      }
    }
  }

  /// Eight threads that allocate, and free what any of them has allocated.
  @Test func threadsShareTheMemory() {
    let arena = PageArena(reservingByteCount: 1 << 30)
    let memory = SizeClassAllocator(pages: arena)
    let types = (0..<3).map { MallocType("thread \($0)") }
    let exchange = Exchange()
    var random = SeededRandom()
    let seeds = (0..<8).map { _ in random.split() }
    onThreads(8) { thread in
      var random = seeds[thread]
      for _ in 0..<1_500 {
        let isLarge = random.chance(2)
        let byteCount = Int.random(in: isLarge ? 65_537...200_000 : 1...3_000, using: &random)
        let type = types[Int.random(in: 0...2, using: &random)]
        guard let item = try? Self.take(byteCount, type, from: memory, zeroed: true) else {
          Issue.record("denied")
          return
        }
        let filled = min(byteCount, 512)
        #expect(Self.isZero(item, byteCount: filled))
        let parcel = Parcel(item: item, filled: filled, tag: random.next(), type: type)
        item.fill(parcel.tag, byteCount: filled)
        if let received = exchange.swap(parcel, &random) { Self.free(received, to: memory) }
      }
    }
    let inUse = types.reduce(0) { $0 + $1.statistics().inUse }
    let rest = exchange.takeAll()
    #expect(inUse == rest.count)
    #expect(types.reduce(0) { $0 + $1.statistics().requests } == 8 * 1_500)
    for parcel in rest { Self.free(parcel, to: memory) }
    for type in types {
      #expect(type.statistics().inUse == 0 && type.statistics().bytesInUse == 0)
    }
    memory.drain()
    #expect(arena.pagesOut == 0)
  }

  static func free(_ parcel: Parcel, to memory: SizeClassAllocator) {
    #expect(parcel.item.isFilled(parcel.tag, byteCount: parcel.filled))
    unsafe memory.free(parcel.item.address, type: parcel.type)
  }

  /// A type's limit holds while threads race for its last bytes.
  @Test func aLimitHoldsBetweenThreads() {
    let memory = SizeClassAllocator()
    let type = MallocType("limited", limitInBytes: 100 * 64)
    let taken = (0..<4).map { _ in Box<[HeldItem]>() }
    onThreads(4) { thread in
      var items: [HeldItem] = []
      while let item = try? Self.take(64, type, from: memory) { items.append(item) }
      taken[thread].value = items
    }
    let items = taken.flatMap { $0.value ?? [] }
    #expect(items.count == 100 && Set(items).count == 100)
    #expect(type.statistics().bytesInUse == 6_400 && type.statistics().denials == 4)
    type.limitInBytes = 0
    #expect((try? Self.take(64, type, from: memory)).map { _ in 1 } == 1)
    for item in items { unsafe memory.free(item.address, type: type) }
    #expect(type.statistics().inUse == 1)
  }

  @Test func denialsSayWhatWasMissing() throws {
    let arena = PageArena(reservingByteCount: 2 << 20)
    let memory = SizeClassAllocator(name: "small", pages: arena)
    let type = MallocType("wanting")
    #expect(throws: MallocError.outOfPages(byteCount: 4 << 20)) {
      _ = try Self.take(4 << 20, type, from: memory)
    }
    #expect(throws: MallocError.outOfPages(byteCount: .max)) {
      _ = try Self.take(.max, type, from: memory)
    }
    var held: [HeldItem] = []
    var denial: MallocError?
    while denial == nil {
      do throws(MallocError) {
        held.append(try Self.take(65_536, type, from: memory))
      } catch {
        denial = error
      }
    }
    guard case .denied(let error) = denial else {
      Issue.record("\(String(describing: denial))")
      return
    }
    #expect(error.zoneName == "small 65536" && error.reason == .outOfMemory)
    #expect(held.count == 32)
    #expect(type.statistics().denials == 3 && type.statistics().inUse == 32)
    #expect(type.statistics().bytesInUse == 32 * 65_536)
    for item in held { unsafe memory.free(item.address, type: type) }
    let limited = MallocType("limited", limitInBytes: 100)
    #expect(throws: MallocError.limitReached(type: "limited", limitInBytes: 100)) {
      _ = try Self.take(65, limited, from: memory)
    }
    let text = MallocError.limitReached(type: "limited", limitInBytes: 100).description
    #expect(
      text == "type limited: limit of 100 bytes reached; raise limitInBytes of type limited")
  }

  /// Memory that is out when the allocator ends stays what it is.
  @Test func memoryOutlivesItsAllocator() throws {
    let type = MallocType("outlives")
    var memory: SizeClassAllocator? = SizeClassAllocator()
    let held = try [100, 100_000].map { byteCount in
      try memory.map { try Self.take(byteCount, type, from: $0) }
    }
    for item in held { item?.fill(5, byteCount: 100) }
    memory = nil
    for item in held { #expect(item?.isFilled(5, byteCount: 100) == true) }
  }
}
