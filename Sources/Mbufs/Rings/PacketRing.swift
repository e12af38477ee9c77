// SPDX-License-Identifier: BSD-2-Clause
//
//     thread 1                                                           thread 2
//     queue --enqueue--> Producer --> [ slots, at most capacity ] --> Consumer --dequeue--> queue
//
// The queue of Lamport, "Specifying Concurrent Program Modules" (TOPLAS 5, 1983): one thread puts in,
// one takes out, and each alone writes its own index, so that there is no lock and no atomic
// read-modify-write. Two things are added. Each half keeps the other's index as it last saw it, and
// looks again only when that one leaves it no packet, or too little room: then a line of memory goes
// from core to core once for many packets, which is what FastForward (Giacomoni and others, PPoPP 2008)
// is about. And an index is published once for a batch. `rte_ring` with one producer and one consumer
// and `buf_ring` are alike, but take packets one by one or as arrays and know neither end nor sleep.
//
//     enqueued == dequeued + packetCount             while both halves live
//     enqueued == dequeued + freed with the ring     after both have ended
//
// A ring is open until either half closes it or ends; then nothing more goes in, and what is in it can
// be taken out still. The half that ends last frees what was not. RingCore.swift has the memory.

/// A queue from one thread to one other, with a limit and without a lock.
///
///     let ring = PacketRing(capacity: 1_024)
///     let handed = Mutex<PacketRing.Consumer?>(ring.consumer)      // for the other thread to take
///     var producer = ring.producer
///     …
///     if producer.enqueue(&packets) == .full { _ = producer.waitForRoom() }
///
/// Each half is owned by one thread at a time and cannot be copied, so there are never two producers.
/// Nothing is allocated after the ring is made, and nothing but ``Producer/waitForRoom(for:until:)`` and
/// ``Consumer/waitForPackets(_:until:)``, or waking who sleeps in them, calls the system.
///
/// BSD: `buf_ring`, for one producer and one consumer.
@frozen
public struct PacketRing: ~Copyable {
  /// The half that puts packets in.
  public let producer: Producer
  /// The half that takes packets out.
  public let consumer: Consumer

  /// An empty ring.
  ///
  /// - Parameter capacity: the most packets in it, at least 1; any number.
  public init(capacity: Int) {
    let core = RingCore(capacity: capacity)
    let parkers = RingParkers()
    producer = Producer(core, parkers)
    consumer = Consumer(core, parkers)
  }
}
