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
    let plain = tally.countPlain(packet)
    // What was verified need not be verified again by whom the packet goes to.
    if plain == .udp { packet.checksumState = .verified }
    if plain != nil, !Sink.looksAtFrames {
      leaving.enqueue(packet)
      continue
    }
    let frame = packet.decoded()
    if plain == nil, tally.count(packet, frame) == .valid { packet.checksumState = .verified }
    sink.take(packet, frame, &leaving)
  }
  packets.append(&leaving)
}
