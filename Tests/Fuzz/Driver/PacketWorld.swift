// SPDX-License-Identifier: BSD-2-Clause
//
// An input is a program: its first byte says what the pools are like, then each operation is one
// byte and the numbers that it takes. Every sequence of bytes is a valid program.
//
//     [pools] [operation, slot, numbers...] [operation, slot, numbers...] ...
//
// After each operation every packet has the bytes, the header and the invariants that its model
// says, so that a write through shared storage shows in the packet that shares it. An operation that is denied
// memory leaves its packet as it was, to the segment. At the end nothing is out.

import Mbufs
import Models
import SocketBuffers
import UMA

/// Packets beside what each should be.
final class PacketWorld {
  /// A packet and its model; a class, so that an array can hold several.
  final class Slot {
    var packet: Packet
    var model: PacketModel

    init(_ packet: consuming Packet, _ model: PacketModel) {
      self.packet = packet
      self.model = model
      // Packets are new here, or made by what copies or drops tags as the model does.
      if self.model.tags == nil { self.model.tags = [] }
    }

    /// Puts a packet in and gives the one that was there.
    func exchange(_ other: consuming Packet) -> Packet {
      swap(&packet, &other)
      return other
    }
  }

  static let mostBytes = 20_000
  static let mostQueued = 8

  let pools: [MbufPool]
  var slots: [Slot] = []
  var chains: [ChainSlot] = []
  let socketBuffer = BufferSlot()
  var queue = PacketQueue()
  var queued: [PacketModel] = []
  var memories: [LentMemory] = []
  var input: FuzzInput
  private let home: PoolPair
  /// Whether something may be denied: there is a limit, or a plan for the next operation.
  private var isLimited: Bool
  private var isPlanned = false

  init(_ home: PoolPair, _ input: FuzzInput) throws {
    self.home = home
    self.input = input
    pools = home.pools
    isLimited = home.limit != 0
    for index in 0..<6 {
      slots.append(Slot(try pools[index & 1].smallPacket(), PacketModel()))
    }
    for _ in 0..<2 { chains.append(ChainSlot()) }
  }

  /// Runs the input to its end and looks at what is left.
  func run() throws {
    while !input.isAtEnd {
      let code = input.byte()
      guard let operation = PacketOperation(rawValue: UInt8(code & 0x3f)) else { continue }
      do {
        try perform(operation)
        try check()
      } catch {
        throw Failure(description: "\(operation): \(error)")
      }
      // A plan is for one operation.
      if isPlanned, operation != .injectFailure { plan(nil) }
    }
    plan(nil)
    try end()
  }

  func plan(_ plan: FailurePlan?) {
    if plan == nil, !isPlanned { return }
    isPlanned = plan != nil
    for pool in pools { pool.inject(plan) }
  }

  /// Throws for a denial for which there was no reason.
  func demandReason(_ error: MbufError) throws {
    guard case .exhausted = error, isLimited || isPlanned else { throw error }
  }

  /// Limits the clusters from now on; the pools may have more out already.
  func limit(to count: Int) {
    isLimited = true
    for pool in pools { pool.clusterLimit = count }
  }

  /// Does the same to a packet and to its model, unless the packet is denied memory; then it must
  /// be as it was.
  ///
  /// - Returns: whether it was done.
  @discardableResult
  func attempt(
    _ slot: Slot, _ operation: (inout Packet) throws(MbufError) -> Void,
    _ model: (inout PacketModel) -> Void
  ) throws -> Bool {
    let before = Shape(slot.packet)
    do {
      try operation(&slot.packet)
      model(&slot.model)
      return true
    } catch {
      try demandReason(error)
      let after = Shape(slot.packet)
      if after != before { throw Failure(description: "denied, and \(before) became \(after)") }
      return false
    }
  }

  func check() throws {
    for (index, slot) in slots.enumerated() {
      slot.packet.checkInvariants()
      if let difference = slot.model.difference(from: slot.packet) {
        throw Failure(description: "packet \(index): \(difference)")
      }
    }
    for (index, slot) in chains.enumerated() {
      try slot.check { "chain \(index)" }
    }
    try socketBuffer.check()
    queue.checkInvariants()
    for memory in memories where memory.isReadOnly { try memory.check() }
  }

  private func end() throws {
    while let packet = queue.dequeue() {
      if let difference = queued.removeFirst().difference(from: packet) {
        throw Failure(description: "queued packet: \(difference)")
      }
    }
    slots.removeAll()
    chains.removeAll()
    socketBuffer.buffer.flush()
    for memory in memories where memory.releaseCount != 1 {
      throw Failure(description: "lent memory was released \(memory.releaseCount) times")
    }
    try home.settle()
  }
}

/// What can be seen of how a packet lies in memory.
struct Shape: Equatable {
  let segments: [Int]
  let segmentCount: Int
  let headroom: Int
  let tailroom: Int
  let isWritable: Bool
  let storageByteCount: Int

  init(_ packet: borrowing Packet) {
    var segments: [Int] = []
    packet.forEachSegment { segments.append($0.byteCount) }
    self.segments = segments
    segmentCount = packet.segmentCount
    headroom = packet.headroom
    tailroom = packet.tailroom
    isWritable = packet.isWritable
    storageByteCount = packet.storageByteCount
  }
}
