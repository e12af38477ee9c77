// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Mbufs
import Pcap
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Replay

/// Inputs that are gone through at once, and loops whose times rise.
@Suite struct MergeTests {
  private struct Seen: Equatable {
    var time: Int64
    var input: UInt8
    var number: UInt8
  }

  private func folder() throws -> TemporaryFolder { try TemporaryFolder() }

  /// A pcap of frames that say which input they are of and their number.
  private func write(_ times: [Int64], _ input: Int, _ folder: TemporaryFolder) throws -> String {
    let path = folder.file("\(input).pcap")
    var writer = try CaptureWriter(path: path, linkType: .ethernet, resolution: .nano)
    for (number, time) in times.enumerated() {
      let bytes = [UInt8(input), UInt8(number), 0, 0]
      try writer.write(
        unsafe CapturedFrame(
          bytes: bytes.span.bytes, timestampInNanoseconds: time, wireByteCount: 4))
    }
    try writer.close()
    return path
  }

  private func read(_ path: String) throws -> [Seen] {
    var reader = try CaptureReader(path: path)
    var seen: [Seen] = []
    while let frame = reader.nextFrame() {
      let bytes = frame.bytes
      let head = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
      seen.append(
        Seen(time: frame.timestampInNanoseconds, input: head[0], number: head[1]))
    }
    #expect(reader.end == .clean)
    return seen
  }

  /// The earliest head of all, one at a time.
  private func model(_ inputs: [[Int64]]) -> [Seen] {
    var places = inputs.map { _ in 0 }
    var seen: [Seen] = []
    while true {
      let heads = inputs.indices.filter { places[$0] < inputs[$0].count }
      guard let next = heads.min(by: { inputs[$0][places[$0]] < inputs[$1][places[$1]] }) else {
        return seen
      }
      seen.append(
        Seen(
          time: inputs[next][places[next]], input: UInt8(next), number: UInt8(places[next])))
      places[next] += 1
    }
  }

  private func merged(
    _ inputs: [[Int64]], limit: Int? = nil, loops: Int = 1
  ) throws -> (seen: [Seen], report: ReplayReport) {
    let folder = try folder()
    let paths = try inputs.enumerated().map { try write($1, $0, folder) }
    let output = folder.file("out.pcap")
    var plan = ReplayPlan(
      inputs: paths, destination: .file(output), loopCount: loops, limit: limit)
    plan.mergesInputs = true
    let report = run(plan)
    return (FileManager.default.fileExists(atPath: output) ? try read(output) : [], report)
  }

  @Test func packetsComeInTheOrderOfTheirTimes() throws {
    var random = SeededRandom(seed: 0x6d65_7267)
    for round in 0..<60 {
      let inputs = (0..<Int.random(in: 1...5, using: &random)).map { _ in
        var time: Int64 = 0
        return (0..<Int.random(in: 0...100, using: &random)).map { _ in
          // Now and then the same, and now and then back.
          time = max(0, time + Int64.random(in: -3...20, using: &random))
          return time
        }
      }
      let (seen, report) = try merged(inputs)
      try #require(seen == model(inputs), "round \(round), seed 0x6d657267")
      #expect(report.inputs.map(\.packets) == inputs.map(\.count))
      #expect(report.packetsSent == seen.count && report.outputError == nil)
    }
  }

  @Test func aLimitEndsItAndLoopsBeginAgain() throws {
    let inputs: [[Int64]] = [[1, 4, 7], [2, 5, 8], [3, 6, 9]]
    let (seen, report) = try merged(inputs, limit: 5)
    #expect(seen.map(\.time) == [1, 2, 3, 4, 5] && report.packetsSent == 5)
    #expect(report.inputs.map(\.packets) == [2, 2, 1])
    let (twice, _) = try merged(inputs, loops: 2)
    #expect(twice.map(\.time) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  }

  @Test func anInputThatCannotBeReadLeavesTheOthers() throws {
    let folder = try folder()
    let path = try write([1, 2], 0, folder)
    var plan = ReplayPlan(inputs: [folder.file("missing"), path, path])
    plan.mergesInputs = true
    let report = run(plan)
    #expect(report.inputs.map(\.packets) == [0, 2, 2])
    #expect(report.inputs[0].openError != nil && report.packetsSent == 4)
  }

  /// Counts how often it is asked to put out what it has.
  private final class Pushes: PacketOutput, Sendable {
    let count = Mutex(0)

    struct Sink: PacketSink, ~Copyable {
      let pushes: Pushes
      var statistics = InterfaceStatistics()

      mutating func transmit(_ packets: inout PacketQueue, due: Int64) {
        while let packet = packets.dequeue() { statistics.output.count(bytes: packet.byteCount) }
      }

      mutating func push() { pushes.count.withLock { $0 += 1 } }
    }

    func open(_ traits: LinkTraits) -> any PacketSink & ~Copyable { Sink(pushes: self) }
  }

  @Test func whatIsUnbufferedIsPutOutBatchByBatch() throws {
    let folder = try folder()
    let path = try write((0..<100).map { Int64($0) }, 0, folder)
    for isUnbuffered in [false, true] {
      let pushes = Pushes()
      var plan = ReplayPlan(
        inputs: CaptureFiles([path]).inputs, destination: .output(pushes))
      plan.isUnbuffered = isUnbuffered
      #expect(run(plan).packetsSent == 100)
      // Four batches of 32 at most.
      #expect(pushes.count.withLock { $0 } >= (isUnbuffered ? 4 : 0))
      if !isUnbuffered { #expect(pushes.count.withLock { $0 } < 4) }
    }
  }

  // MARK: Loops

  @Test func whatIsBetweenLoopsIsTheSpanAndTheMeanGap() {
    func step(_ times: [Int64], unit: Int64 = 1_000) -> Int64 {
      var loop = LoopTimes(unitInNanoseconds: unit)
      for time in times { loop.note(time) }
      return loop.step
    }
    #expect(step([]) == 0)
    #expect(step([5]) == 1_000)
    #expect(step([0, 1_000_000]) == 2_000_000)
    #expect(step([7_000, 2_000, 12_000]) == 15_000)
    // Whole microseconds, and behind the last whatever the gap.
    #expect(step([0, 1]) == 2_000)
    #expect(step([.min, .max]) == 0)
    // Whole seconds, where those are asked for.
    let second: Int64 = 1_000_000_000
    #expect(step([5], unit: second) == second)
    #expect(step([0, 1], unit: second) == 2 * second)
    #expect(step([0, 3 * second], unit: second) == 6 * second)
    #expect(step([0, .max], unit: 1) == 0 && step([0, .max], unit: .max) == 0)
    var loop = LoopTimes(unitInNanoseconds: 1_000)
    loop.note(0)
    loop.note(1_000)
    loop.endLoop()
    loop.note(50_000)
    loop.endLoop()
    #expect(loop.shift == 4_000 && LoopTimes.sum(.max - 1, loop.shift) == .max)
  }

  @Test(arguments: [false, true])
  func theTimesOfLoopsRiseAndAreVerified(isPreloaded: Bool) throws {
    let folder = try folder()
    let paths = [
      try write([1_000, 3_000, 2_000], 0, folder), try write([5_000, 9_000], 1, folder),
    ]
    let output = folder.file("out.pcap")
    let files = CaptureFiles(
      paths, selecting: nil, output: output, by: OwnEngine(), loopTimeUnit: 1_000)
    var plan = ReplayPlan(
      inputs: files.inputs, destination: .output(try #require(files.output)), loopCount: 3,
      isPreloaded: isPreloaded, verifies: true)
    plan.loopTimeUnit = 1_000
    let report = run(plan)
    let once: [Int64] = [1_000, 3_000, 2_000, 5_000, 9_000]
    #expect(
      try read(output).map(\.time) == once + once.map { $0 + 10_000 } + once.map { $0 + 20_000 })
    #expect(report.verification?.isIdentical == true && report.verification?.packetCount == 15)
  }
}
