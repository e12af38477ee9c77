// SPDX-License-Identifier: BSD-2-Clause
//
// What moves packets, as three protocols. A source gives packets, a sink takes them, an interface
// does both; batches are queues, which never allocate:
//
//     source --receive--> PacketQueue --transmit--> sink
//
// What is true of one packet stands in its header: the link type of its first byte, the state of its
// checksum, a VLAN tag taken off, its time stamp. What is true of all stands in `LinkTraits`: link
// type, MTU, unit of time, and who computes checksums. The due time is a parameter of `transmit`, one
// for the batch, and so each of its packets': the time stamp says when a packet was seen and must
// reach a file unchanged, and a caller that paces hands over what is due together.
//
// A source. In one call at most `packetLimit` packets go behind those that the queue has:
//
//     arrived == input.packets + input.drops + input.errors
//     input.drops == sum of inputDropsByReason
//
//     .more          there may be more at once: a packet was given or a loss counted, so a loop ends
//     .idle          nothing more for now (would block): wait for `descriptor`, or for the clock
//     .ended(nil)    nothing will come any more, and nothing is missing
//     .ended(error)  nothing will come any more: the input is cut, corrupt or not supported
//     throws         this call failed; what the queue was given stays, and the next call may work
//
// Where the pool denies a packet, a source that has given one in this call returns `.more` and loses
// nothing: its caller may free some. If it has given none, it drops the packet and counts it.
//
// A sink. It takes packets from the front of the queue, and what it takes it has accepted:
//
//     accepted == output.packets + output.drops + output.errors + queuedPacketCount
//     output.drops == sum of dropsByReason
//
//     returns, queue empty       all were accepted
//     returns, some left         would block: those left were not accepted, in order, untouched
//     throws, some left          the first one left is the one at fault if the error is about a
//                                packet (`isAboutPacket`), else nothing goes on for now
//
// What can be seen of a packet beforehand (too long, wrong link type) is refused by a throw and stays
// with the caller, who may cut or drop it. What the medium loses later is counted: as an error if
// something failed, else as a drop with its reason. Packets in flight when a call fails are sent,
// queued or counted; none is counted twice.
//
//     push()    puts out what is queued, as far as it goes without waiting
//     finish()   puts out or counts all of it: queuedPacketCount == 0, then `transmit` throws .closed
//
// The caller pushes when its source is idle, and finishes at the end. A sink that just ends does
// what `finish` does, but cannot say whether it worked. A value is for one thread at a time.

/// What sources and sinks have in common: one end of a link.
///
/// BSD: `struct ifnet`, as far as `ifconfig` and `netstat -i` show it.
public protocol LinkEnd: ~Copyable {
  /// What is true of all packets here; by default anything may come.
  var traits: LinkTraits { get }

  /// Packets so far, in and out; a source counts the one, a sink the other.
  var statistics: InterfaceStatistics { get }

  /// A descriptor to wait for with poll(2): readable when packets are there, writable when they are
  /// taken; nil if there is none.
  var descriptor: Int32? { get }

  /// How the medium lays packets out, for reports: "pcapng"; nil if there is no name for it.
  var formatName: String? { get }
}

extension LinkEnd where Self: ~Copyable {
  /// Anything may come.
  public var traits: LinkTraits { LinkTraits() }

  /// There is none.
  public var descriptor: Int32? { nil }

  /// There is no name for it.
  public var formatName: String? { nil }
}
