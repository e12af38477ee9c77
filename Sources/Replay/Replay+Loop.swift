// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
internal import Mbufs
import Wire

/// The loop that every packet passes: decode, count, hand on.
///
/// Allocates and retains nothing. What it leaves in `packets` is to be transmitted.
@inline(never)
func replayLoop<Sink: ReplaySink & ~Copyable>(
  _ packets: inout PacketQueue, _ tally: inout FrameTally, to sink: inout Sink
) {
  var leaving = PacketQueue()
  while var packet = packets.dequeue() {
    if !Sink.looksAtFrames, let frame = tally.countPlain(packet) {
      if frame == .udp { packet.checksumState = .verified }
      leaving.enqueue(packet)
      continue
    }
    let frame = packet.decoded()
    // What was verified need not be verified again by whom the packet goes to.
    if tally.count(packet, frame) == .valid { packet.checksumState = .verified }
    sink.take(packet, frame, &leaving)
  }
  packets.append(&leaving)
}
