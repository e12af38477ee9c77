// SPDX-License-Identifier: BSD-2-Clause
//
// Frames sent onto a link, held against those heard at its far end:
//
//     sent = settled | waiting             settled: in order, reordered, lost, or missing
//
//     a frame heard is the first that waits     in order
//     it is one that waits behind others        in order; those before it are missing
//     it is a missing one                       reordered
//     it is none of these                       foreign
//
//     sentCount == inOrder + reordered + lost + missing + waiting
//
// A missing frame is lost when there are too many of them, or at the end. Of frames that are the same
// byte for byte, the first that was sent is taken for the one heard.

/// What was sent and is still to be heard.
package struct FrameLedger: Sendable {
  private struct Sent: Sendable {
    let number: Int
    let bytes: [UInt8]
  }

  private var result = LinkVerification()
  /// Frames to be heard, from `first` on; those before are settled.
  private var waiting: [Sent] = []
  private var first = 0
  /// Frames that were passed over.
  private var missing: [Sent] = []

  /// The most frames that are missing and not yet lost.
  private static var missingLimit: Int { 1_024 }
  /// What a link pads shorter frames to, with zeroes.
  private static var shortestByteCount: Int { 60 }

  /// Nothing sent yet.
  package init() {}

  /// Frames that are still to be heard.
  package var waitingCount: Int { waiting.count - first }

  /// Notes a frame that was sent.
  package mutating func send(_ bytes: [UInt8]) {
    result.sentCount += 1
    waiting.append(Sent(number: result.sentCount, bytes: Self.padded(bytes)))
  }

  /// Settles what a frame that was heard settles.
  package mutating func hear(_ bytes: [UInt8]) {
    let bytes = Self.padded(bytes)
    if let place = waiting[first...].firstIndex(where: { $0.bytes == bytes }) {
      missing += waiting[first..<place]
      first = place + 1
      result.inOrderCount += 1
      loseMissing(downTo: Self.missingLimit)
      // Now and then, so that it costs each frame the same.
      if first > 4_096, first * 2 > waiting.count {
        waiting.removeFirst(first)
        first = 0
      }
    } else if let place = missing.firstIndex(where: { $0.bytes == bytes }) {
      missing.remove(at: place)
      result.reorderedCount += 1
    } else {
      result.foreignCount += 1
    }
  }

  /// What came of it all: what has not been heard by now is lost.
  ///
  /// - Parameters:
  ///   - unheardCount: frames that the far end had no room for.
  ///   - error: why it could not be listened to.
  package consuming func finish(
    unheardCount: Int = 0, error: InterfaceError? = nil
  ) -> LinkVerification {
    missing += waiting[first...]
    loseMissing(downTo: 0)
    result.unheardCount = unheardCount
    result.error = error
    return result
  }

  /// Gives the earliest of the missing frames up for lost.
  private mutating func loseMissing(downTo limit: Int) {
    let excess = missing.count - limit
    guard excess > 0 else { return }
    for frame in missing[..<excess] where result.lostFrames.count < LinkVerification.listLimit {
      result.lostFrames.append(frame.number)
    }
    result.lostCount += excess
    missing.removeFirst(excess)
  }

  private static func padded(_ bytes: [UInt8]) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: Swift.max(0, shortestByteCount - bytes.count))
  }
}
