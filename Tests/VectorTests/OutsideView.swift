// SPDX-License-Identifier: BSD-2-Clause
import Synchronization

@testable import Mbufs

/// What went wrong in a case; throwing it ends the case.
struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A packet that sees the whole storage of an mbuf under test; no operation may change it.
final class OutsideView {
  private let packet: Packet
  private let bytes: [UInt8]

  init(_ packet: consuming Packet) {
    bytes = Self.bytes(of: packet)
    self.packet = packet
  }

  private static func bytes(of packet: borrowing Packet) -> [UInt8] {
    unsafe packet.bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }

  func check() throws {
    if Self.bytes(of: packet) != bytes { throw Failure("storage was written that others see") }
  }
}

/// Memory lent to a chain under test, that counts how often it comes back.
@safe
final class LentMemory: @unchecked Sendable {
  private let isReadOnly: Bool
  private let memory: UnsafeMutableRawBufferPointer
  private let releases = Atomic<Int>(0)
  private lazy var bytes = unsafe [UInt8](memory)

  init(byteCount: Int, isReadOnly: Bool) {
    self.isReadOnly = isReadOnly
    unsafe memory = .allocate(byteCount: byteCount, alignment: 16)
  }

  deinit { unsafe memory.deallocate() }

  func storage() -> ForeignStorage {
    unsafe ForeignStorage(unsafeLending: memory, isReadOnly: isReadOnly) { [self] in
      releases.add(1, ordering: .relaxed)
    }
  }

  var releaseCount: Int { releases.load(ordering: .acquiring) }

  /// Throws if the memory is read-only and not as it was at the first check.
  func check() throws {
    guard isReadOnly else { return }
    if unsafe !memory.elementsEqual(bytes) { throw Failure("read-only memory was written") }
  }
}
