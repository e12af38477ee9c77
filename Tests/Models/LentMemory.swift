// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs
import Synchronization

/// Memory to lend, 64 bytes of it unless told otherwise, that counts how often it comes back.
@safe
public final class LentMemory: @unchecked Sendable {
  /// Whether packets may not write it.
  public let isReadOnly: Bool
  private let memory: UnsafeMutableRawBufferPointer
  private let releases = Atomic<Int>(0)
  private lazy var bytes = unsafe [UInt8](memory)

  /// Memory full of 0xee.
  public init(isReadOnly: Bool = false, byteCount: Int = 64) {
    self.isReadOnly = isReadOnly
    unsafe memory = .allocate(byteCount: byteCount, alignment: 16)
    for index in 0..<byteCount { unsafe memory[index] = 0xee }
  }

  deinit { unsafe memory.deallocate() }

  /// A description to lend it by.
  public func storage() -> LentStorage {
    unsafe LentStorage(unsafeLending: memory, isReadOnly: isReadOnly) { [self] in
      releases.add(1, ordering: .relaxed)
    }
  }

  /// How often it came back.
  public var releaseCount: Int { releases.load(ordering: .acquiring) }

  /// Throws if the memory is not as it was at the first check.
  public func check() throws {
    if unsafe holds(UnsafeRawBufferPointer(memory), bytes[...]) { return }
    throw Failure(description: "read-only bytes \(bytes) became \(unsafe [UInt8](memory))")
  }
}
