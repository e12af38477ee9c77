// SPDX-License-Identifier: BSD-2-Clause
//
// Writes what passes at one end of a link to a sink, as tcpdump does:
//
//     caller <--receive---- wrapped            caller ----transmit--> wrapped
//                 |                                       |
//            shared copies --> trace                 shared copies of what was accepted --> trace
//
// The traffic is what it would be without it: the same packets, bytes, states and errors. Copies
// share clusters and cost an mbuf a segment. A trace that lacks memory or fails loses records:
//
//     passed == traced + denied + lost        passed: packets received or accepted through here
//
//     denied   no mbuf for a copy
//     lost     the trace's sink refused the copy, had no room, or had failed before
//
// While a trace's sink keeps a copy, the storage is shared, and who writes into the packet copies it
// first; a sink that writes at once, as a capture does, keeps none.

public import Mbufs

/// Writes a copy of each packet that passes to a sink, and disturbs nothing.
///
///     var link = Tracer(link, to: try CaptureWriter(path: "trace.pcap", …))
///
/// It is a source, a sink or an interface, as what it wraps is.
///
/// BSD: `bpf_mtap`.
public struct Tracer<Wrapped: ~Copyable, Trace: PacketSink & ~Copyable>: ~Copyable {
  /// What the packets come from or go to.
  public var wrapped: Wrapped
  /// What gets the copies.
  public var trace: Trace
  /// Packets whose copy the trace's sink accepted.
  public private(set) var traced = 0
  /// Packets not traced for want of an mbuf.
  public private(set) var denied = 0
  /// Packets not traced because the trace's sink did not accept them.
  public private(set) var lost = 0
  /// What ended the trace; nil while it goes on.
  public private(set) var traceError: InterfaceError?

  /// Traces what passes through `wrapped`.
  public init(_ wrapped: consuming Wrapped, to trace: consuming Trace) {
    self.wrapped = wrapped
    self.trace = trace
  }

  /// Copies of the packets of a queue, from the first on, as far as there are mbufs.
  private static func copies(of packets: inout PacketQueue) -> PacketQueue {
    var copies = PacketQueue()
    var seen = PacketQueue()
    var isDenied = false
    while !isDenied, var packet = packets.dequeue() {
      do throws(MbufError) { copies.enqueue(try packet.sharedCopy()) } catch { isDenied = true }
      seen.enqueue(packet)
    }
    seen.append(&packets)
    swap(&seen, &packets)
    return copies
  }

  /// Gives the first copies to the trace: those of the `passed` packets that did pass.
  private mutating func record(_ copies: inout PacketQueue, passed: Int) {
    var wanted = PacketQueue()
    while wanted.packetCount < passed, let copy = copies.dequeue() { wanted.enqueue(copy) }
    denied += passed - wanted.packetCount
    while traceError == nil, !wanted.isEmpty {
      let before = wanted.packetCount
      do throws(InterfaceError) {
        try trace.transmit(&wanted)
        traced += before - wanted.packetCount
        break
      } catch {
        traced += before - wanted.packetCount
        if !error.isAboutPacket { traceError = error }
        if wanted.dequeue() != nil { lost += 1 }
      }
    }
    lost += wanted.packetCount
  }
}

extension Tracer: LinkEnd where Wrapped: LinkEnd & ~Copyable, Trace: ~Copyable {
  /// Those of the wrapped.
  public var traits: LinkTraits { wrapped.traits }

  /// Those of the wrapped.
  public var statistics: InterfaceStatistics { wrapped.statistics }

  /// That of the wrapped.
  public var descriptor: Int32? { wrapped.descriptor }

  /// That of the wrapped.
  public var formatName: String? { wrapped.formatName }
}

extension Tracer: PacketSource where Wrapped: PacketSource & ~Copyable, Trace: ~Copyable {
  /// Receives from the wrapped, and traces what came.
  ///
  /// - Throws: what the wrapped throws.
  public mutating func receive(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
  ) throws(InterfaceError) -> SourceState {
    var fresh = PacketQueue()
    defer { queue.append(&fresh) }
    do throws(InterfaceError) {
      let state = try wrapped.receive(upTo: packetLimit, into: &fresh, from: pool)
      record(&fresh)
      return state
    } catch {
      record(&fresh)
      throw error
    }
  }

  /// Waits for the wrapped.
  public mutating func wait(milliseconds: Int32) -> Bool {
    wrapped.wait(milliseconds: milliseconds)
  }

  /// Has the wrapped let nothing more in.
  public mutating func stopArrivals() -> Bool { wrapped.stopArrivals() }

  /// Those of the wrapped.
  public var inputDropsByReason: [(reason: String, count: Int)] { wrapped.inputDropsByReason }

  private mutating func record(_ packets: inout PacketQueue) {
    guard traceError == nil else {
      lost += packets.packetCount
      return
    }
    var copies = Self.copies(of: &packets)
    record(&copies, passed: packets.packetCount)
  }
}

extension Tracer: PacketSink where Wrapped: PacketSink & ~Copyable, Trace: ~Copyable {
  /// Sends to the wrapped, and traces what that accepted.
  ///
  /// - Throws: what the wrapped throws.
  public mutating func transmit(
    _ packets: inout PacketQueue, due: Int64
  ) throws(InterfaceError) {
    let before = packets.packetCount
    let isTracing = traceError == nil
    var copies = isTracing ? Self.copies(of: &packets) : PacketQueue()
    defer {
      let passed = before - packets.packetCount
      if isTracing { record(&copies, passed: passed) } else { lost += passed }
    }
    try wrapped.transmit(&packets, due: due)
  }

  /// Pushes both; what is wrong with the trace is in `traceError`.
  ///
  /// - Throws: what the wrapped throws.
  public mutating func push() throws(InterfaceError) {
    settleTrace { trace throws(InterfaceError) in try trace.push() }
    try wrapped.push()
  }

  /// Finishes both; what is wrong with the trace is in `traceError`.
  ///
  /// - Throws: what the wrapped throws.
  public mutating func finish() throws(InterfaceError) {
    settleTrace { trace throws(InterfaceError) in try trace.finish() }
    try wrapped.finish()
  }

  private mutating func settleTrace(_ body: (inout Trace) throws(InterfaceError) -> Void) {
    do throws(InterfaceError) {
      try body(&trace)
    } catch {
      if traceError == nil { traceError = error }
    }
  }

  /// That of the wrapped.
  public var queuedPacketCount: Int { wrapped.queuedPacketCount }

  /// Those of the wrapped.
  public var dropsByReason: [(reason: String, count: Int)] { wrapped.dropsByReason }
}
