// SPDX-License-Identifier: BSD-2-Clause
import UMA

// Chains that become packets, and packets that become chains.

extension MbufChain {
  /// Links a packet's mbufs behind ours; its header ends.
  ///
  /// - Precondition: as for a chain.
  /// - Complexity: O(segments of the packet).
  ///
  /// BSD: `m_demote`, `mc_append`.
  public mutating func append(_ packet: consuming Packet) { append(packet.demoted()) }

  /// Takes everything out as a packet; nil if there is no mbuf to carry its header.
  ///
  /// - Throws: `MbufError.exhausted` if the first mbuf has data in the header's place and there is
  ///   no mbuf to put in front; the chain is unchanged.
  ///
  /// BSD: `M_MOVE_PKTHDR` onto a plain mbuf.
  public mutating func takePacket(
    file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet? {
    guard let first = head else { return nil }
    let front = try first.withHeader(byteCount, CallSite(file, line))
    setHead(nil)
    return Packet(front)
  }

  /// Lends the chain as a packet, so that any of a packet's operations can be done to it.
  ///
  /// What `body` says of the packet in its header ends with it.
  ///
  /// - Returns: what `body` returns; nil, without a call, if there is no mbuf.
  /// - Throws: what `body` throws; `MbufError.exhausted` as `takePacket(file:line:)` does.
  /// - Complexity: O(segments), for the totals.
  public mutating func withPacket<Result: ~Copyable>(
    file: StaticString = #fileID, line: UInt = #line,
    _ body: (inout Packet) throws(MbufError) -> Result
  ) throws(MbufError) -> Result? {
    guard let first = head else { return nil }
    var packet = Packet(try first.withHeader(byteCount, CallSite(file, line)))
    setHead(nil)
    do throws(MbufError) {
      let result = try body(&packet)
      takeBack(packet, lentFrom: first)
      return result
    } catch {
      takeBack(packet, lentFrom: first)
      throw error
    }
  }

  private mutating func takeBack(_ packet: consuming Packet, lentFrom first: Mbuf) {
    var front = packet.release()
    front.dropPacketHeader()
    // The mbuf that only carried the header has done its work.
    if front != first, front.byteCount == 0, let next = front.next {
      front.freeOne()
      front = next
    }
    setHead(front)
  }
}

extension Packet {
  /// The packet's mbufs as a chain; its header ends, tags and all.
  ///
  /// - Complexity: O(segments).
  ///
  /// BSD: `m_demote`.
  public consuming func demoted() -> MbufChain {
    let first = release()
    first.dropPacketHeader()
    return MbufChain(first)
  }
}
