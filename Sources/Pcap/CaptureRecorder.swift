// SPDX-License-Identifier: BSD-2-Clause
//
//     source --> packets of the pool --> filter --> cut to the snapshot length --> file in hand
//        |                                 |                                         |
//     ring_full, pool_exhausted          filter                    output_failed, after_end
//
//     received == written + sum of drops        whatever ends it
//
// States: recording; draining, where it was stopped or its time is over: nothing more is let in, and
// what had come is written still; sealed, by a rule that counts or by a failure: nothing more is
// written. Rules that count are looked at behind every packet, times between batches and at least
// four times a second.
//
// What was captured is in the file a quarter of a second later, or at once if that is asked for: an
// idle source has the file flushed, and a busy one fills the writer's buffer.

public import Interfaces
public import Mbufs

/// Writes the packets of a source into capture files until something ends that.
public struct CaptureRecorder: ~Copyable {
  /// How a recording is made.
  public struct Settings: Sendable {
    /// The most bytes of a frame that are written, 1...262,144.
    public var snapshotByteCount = 262_144
    /// What ends the recording.
    public var stop = StopRules()
    /// Whether packets are put out as soon as they are written.
    public var flushesAtOnce = false

    /// Whole frames, without an end.
    public init() {}
  }

  private var source: any PacketSource & ~Copyable
  private var series: CaptureSeries
  private let filter: (any FrameFilter & ~Copyable)?
  private let settings: Settings
  private let pool: MbufPool
  private var losses = RecordingLosses()
  private var progress = RecordingProgress()
  private var fileStart: Int64 = 0
  private var flushed: Int64 = 0
  private var end: RecordingReport.End?
  private var isSealed = false
  private var error: InterfaceError?

  /// Packets of one batch.
  private static var batchPacketCount: Int { 64 }
  /// The longest time, in nanoseconds, for which a packet is not in the file.
  private static var patience: Int64 { 250_000_000 }

  /// Prepares a recording.
  ///
  /// - Parameters:
  ///   - source: where packets come from; it is idle while none do.
  ///   - series: where they go.
  ///   - filter: what is written, prepared for the link type; nil for everything.
  ///   - settings: how.
  ///   - pool: where packets come from.
  public init(
    from source: consuming any PacketSource & ~Copyable, into series: consuming CaptureSeries,
    filter: consuming (any FrameFilter & ~Copyable)? = nil, settings: Settings = Settings(),
    pool: MbufPool
  ) {
    precondition(
      1...262_144 ~= settings.snapshotByteCount,
      "snapshot length of \(settings.snapshotByteCount) bytes")
    precondition(settings.stop.packetCount ?? 1 >= 1, "a recording of no packet")
    self.source = source
    self.series = series
    self.filter = filter
    self.settings = settings
    self.pool = pool
  }

  /// Records until a rule, the source, a failure or `isStopped` ends it.
  ///
  /// - Parameters:
  ///   - clock: tells the time; nothing waits for it.
  ///   - isStopped: asked between batches, and when a signal breaks waiting off.
  ///   - onProgress: told the packets written so far, between batches.
  public consuming func run(
    clock: any PacketClock, isStopped: () -> Bool = { false }, onProgress: (Int) -> Void = { _ in }
  ) -> RecordingReport {
    let start = clock.now
    (fileStart, flushed) = (start, start)
    while end == nil {
      let now = clock.now
      progress.nanoseconds = now - start
      progress.fileNanoseconds = now - fileStart
      lookAtTime(now, isStopped())
      guard end == nil else { break }
      let state = recordBatch(now)
      onProgress(series.packetCount)
      if end == nil { rest(state, now) }
    }
    // What had come by now is written still, where the source can tell.
    if source.stopArrivals() {
      while !isSealed, recordBatch(clock.now) == .more {}
    }
    do throws(PcapError) { try series.close() } catch { fail(error) }
    return report(clock.now - start)
  }

  /// Ends the recording, or begins the next file, if it is time.
  private mutating func lookAtTime(_ now: Int64, _ isStopped: Bool) {
    if isStopped {
      end = .stopped
    } else if settings.stop.isOver(progress) {
      end = .rule(.duration)
    } else if series.rotation?.isOver(progress) == true {
      if progress.fileNumber >= settings.stop.fileCount ?? .max {
        end = .rule(.files)
      } else {
        do throws(PcapError) { try beginFile(now) } catch { fail(error) }
      }
    }
  }

  /// Takes a batch from the source and writes it.
  private mutating func recordBatch(_ now: Int64) -> SourceState {
    var packets = PacketQueue()
    let left = (settings.stop.packetCount ?? .max) - series.packetCount
    var state: SourceState
    do throws(InterfaceError) {
      state = try source.receive(
        upTo: Swift.min(left, Self.batchPacketCount), into: &packets, from: pool)
    } catch {
      state = .ended(error)
    }
    do throws(PcapError) {
      while !isSealed, !packets.isEmpty { try write(&packets, now) }
      losses.afterEnd += packets.packetCount
    } catch {
      losses.refused += packets.packetCount
      fail(error)
    }
    if case .ended(let failure) = state, end == nil {
      end = failure == nil ? .sourceEnded : .failed
      error = failure
    }
    return state
  }

  /// Writes packets until there are none, or the file or the recording is full; begins the next file.
  private mutating func write(_ packets: inout PacketQueue, _ now: Int64) throws(PcapError) {
    let (rotation, stop) = (series.rotation, settings.stop)
    let filePacketLimit = (stop.packetCount ?? .max) - (series.packetCount - series.filePacketCount)
    let limits = RecordingLimits(
      packetCount: Swift.min(rotation?.packetCount ?? .max, filePacketLimit),
      byteCount: Swift.min(rotation?.fileByteCount ?? .max, stop.fileByteCount ?? .max),
      snapshotByteCount: settings.snapshotByteCount)
    try recordLoop(&packets, into: &series, filter, limits, &losses)
    noteProgress()
    if let rule = stop.reached(by: progress, isFull: rotation?.isFull(progress) == true) {
      if end == nil { end = .rule(rule) }
      isSealed = true
    } else if !packets.isEmpty {
      try beginFile(now)
    }
  }

  private mutating func beginFile(_ now: Int64) throws(PcapError) {
    try series.beginFile()
    fileStart = now
    progress.fileNanoseconds = 0
    noteProgress()
  }

  private mutating func noteProgress() {
    progress.packetCount = series.packetCount
    progress.fileNumber = series.fileCount
    progress.filePacketCount = series.filePacketCount
    progress.fileByteCount = series.fileByteCount
  }

  /// Has packets put out when it is time, and waits where there are none.
  private mutating func rest(_ state: SourceState, _ now: Int64) {
    if settings.flushesAtOnce || state == .idle && now - flushed >= Self.patience {
      do throws(PcapError) { try series.flush() } catch { return fail(error) }
      flushed = now
    }
    guard state == .idle else { return }
    var left = flushed + Self.patience - now
    if let limit = settings.stop.nanoseconds {
      left = Swift.min(left, limit - progress.nanoseconds)
    }
    if let limit = series.rotation?.nanoseconds {
      left = Swift.min(left, limit - progress.fileNanoseconds)
    }
    // Rounded up, or the last of a millisecond would be spent asking.
    _ = source.wait(milliseconds: Int32((Swift.max(left, 0) + 999_999) / 1_000_000))
  }

  private mutating func fail(_ reason: PcapError) {
    end = .failed
    isSealed = true
    if error == nil { error = InterfaceError(reason) }
  }

  private mutating func report(_ nanoseconds: Int64) -> RecordingReport {
    var report = RecordingReport()
    let input = source.statistics.input
    report.linkType = series.linkType
    report.received = input.total
    report.written = series.packetCount
    report.bytesWritten = series.byteCount
    report.cut = losses.cut
    report.drops = source.inputDropsByReason
    report.drops += [
      (reason: "input_errors", count: input.errors), ("filter", losses.filtered),
      ("after_end", losses.afterEnd), ("output_failed", losses.refused + series.lostCount),
    ].filter { $0.count > 0 }
    report.filesBegun = series.fileCount
    report.filesKept = series.keptFileCount
    report.lastFile = series.fileName
    report.durationInNanoseconds = nanoseconds
    report.end = end ?? .sourceEnded
    report.error = error
    assert(report.received == report.written + report.dropped, "a packet is not accounted for")
    return report
  }
}

/// Packets that went no further than the recorder, and those that it shortened.
private struct RecordingLosses {
  var filtered = 0
  var cut = 0
  var afterEnd = 0
  var refused = 0
}

/// How far the file in hand may grow, and how long a frame may be.
private struct RecordingLimits {
  let packetCount: Int
  let byteCount: Int
  let snapshotByteCount: Int
}

/// The loop that every packet passes: filter, cut, write.
///
/// Allocates and retains nothing. It leaves packets where the file is full.
@inline(never)
private func recordLoop(
  _ packets: inout PacketQueue, into series: inout CaptureSeries,
  _ filter: borrowing (any FrameFilter & ~Copyable)?, _ limits: RecordingLimits,
  _ losses: inout RecordingLosses
) throws(PcapError) {
  while var packet = packets.dequeue() {
    let isWanted =
      switch filter {
      case .some(let filter): filter.matches(packet)
      case .none: true
      }
    guard isWanted else {
      losses.filtered += 1
      continue
    }
    guard series.filePacketCount < limits.packetCount, series.fileByteCount < limits.byteCount
    else { return packets.putBack(packet) }
    if packet.byteCount > limits.snapshotByteCount {
      packet.trimBack(packet.byteCount - limits.snapshotByteCount)
      losses.cut += 1
    }
    do throws(PcapError) {
      try series.write(packet)
    } catch {
      losses.refused += 1
      throw error
    }
  }
}
