// SPDX-License-Identifier: BSD-2-Clause
//
// Who answers SIGBUS within a mapping (FileMapping.swift):
//
//     slot    free: start 0     claimed: start 1     mapped: start <= address < end
//
// The handler allocates nothing and locks nothing: it reads the table, and has the system put zeroes in
// the place of the pages from the fault to the mapping's end. Then the look that failed is made again.
// A fault elsewhere goes to who was asked before, or ends the process as it would have.

#if canImport(Glibc)
  import Glibc
  import Synchronization

  /// The table of mappings, and the handler that asks it.
  enum MappingGuard {
    private struct Slot: ~Copyable {
      let start = Atomic<UInt>(0)
      let end = Atomic<UInt>(0)
    }

    private static let slots = InlineArray<16, Slot> { _ in Slot() }
    // Written once, before the handler is set that reads it.
    private nonisolated(unsafe) static var previous = sigaction()
    private static let pageByteCount = UInt(sysconf(Int32(_SC_PAGESIZE)))
    private static let isInstalled: Bool = install()

    /// A slot of the table; nil if all are in use, or the system refuses the handler.
    static func claim() -> Int? {
      guard isInstalled else { return nil }
      for index in slots.indices {
        let (isFree, _) = slots[index].start.compareExchange(
          expected: 0, desired: 1, ordering: .acquiringAndReleasing)
        if isFree { return index }
      }
      return nil
    }

    /// Has a claimed slot answer for a mapping.
    static func watch(_ start: UInt, _ byteCount: Int, _ slot: Int) {
      slots[slot].end.store(start + UInt(byteCount), ordering: .releasing)
      slots[slot].start.store(start, ordering: .releasing)
    }

    /// Frees a slot, whose mapping nobody looks at any more.
    static func release(_ slot: Int) { slots[slot].start.store(0, ordering: .releasing) }

    /// The end of the mapping that an address lies in; nil if it lies in none.
    private static func end(of address: UInt) -> UInt? {
      for index in slots.indices {
        let start = slots[index].start.load(ordering: .acquiring)
        let end = slots[index].end.load(ordering: .acquiring)
        if start > 1, address >= start, address < end { return end }
      }
      return nil
    }

    private static func install() -> Bool {
      // What the handler asks is made before.
      _ = (slots.count, pageByteCount)
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_sigaction = { number, info, context in
        let fault = unsafe UInt(bitPattern: info?.pointee._sifields._sigfault.si_addr)
        let page = fault & ~(MappingGuard.pageByteCount - 1)
        if let end = MappingGuard.end(of: fault),
          let place = unsafe UnsafeMutableRawPointer(bitPattern: page)
        {
          let flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS
          if unsafe mmap(place, Int(end - page), PROT_READ, flags, -1, 0) == place { return }
        }
        unsafe MappingGuard.passOn(number, info, context)
      }
      action.sa_flags = Int32(SA_SIGINFO)
      return unsafe sigaction(SIGBUS, &action, &previous) == 0
    }

    /// Has a fault that is nobody's here go to who was asked before.
    private static func passOn(
      _ number: Int32, _ info: UnsafeMutablePointer<siginfo_t>?, _ context: UnsafeMutableRawPointer?
    ) {
      if unsafe previous.sa_flags & Int32(SA_SIGINFO) != 0,
        let handler = unsafe previous.__sigaction_handler.sa_sigaction
      {
        unsafe handler(number, info, context)
        return
      }
      // As it was: the same fault comes again at once, and ends the process or asks the old handler.
      unsafe sigaction(number, &previous, nil)
    }
  }
#endif
