// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

@testable import Pcap

/// Readers as sources, writers as sinks.
@Suite struct InterfaceTests {
  /// A capture of frames of 300 bytes, numbered by their times in microseconds from 1 on.
  private func capture(_ file: TemporaryFile, _ count: Int) throws {
    let pool = MbufPool()
    var writer = try CaptureWriter(path: file.path, linkType: .ethernet, resolution: .micro)
    for number in 1...count {
      let frame = Frame([UInt8](repeating: UInt8(number), count: 300), time: Int64(number) * 1_000)
      try writer.write(packet(frame, from: pool))
    }
    try writer.close()
  }

  private func times(_ queue: borrowing PacketQueue) -> [Int64] {
    var times: [Int64] = []
    queue.forEach { times.append($0.timestampInNanoseconds / 1_000) }
    return times
  }

  @Test func aReaderGivesBatchesThenItsEnd() throws {
    let file = try TemporaryFile()
    try capture(file, 5)
    let pool = MbufPool()
    var reader = try CaptureReader(path: file.path)
    #expect(reader.traits == LinkTraits(linkType: .ethernet, timeUnitInNanoseconds: 1_000))
    var queue = PacketQueue()
    #expect(reader.receive(upTo: 3, into: &queue, from: pool) == .more)
    #expect(times(queue) == [1, 2, 3])
    #expect(reader.receive(upTo: 3, into: &queue, from: pool) == .ended(nil))
    #expect(times(queue) == [1, 2, 3, 4, 5])
    #expect(reader.receive(upTo: 3, into: &queue, from: pool) == .ended(nil))
    queue.forEach { #expect($0.header.linkType == LinkType.ethernet.rawValue) }
    #expect(reader.statistics.input.packets == 5 && reader.statistics.input.bytes == 1_500)
  }

  /// A pool of three clusters: no frame is lost as long as the caller frees what it got.
  @Test func aFrameThatThePoolDeniesBehindOthersIsTheNextOneAgain() throws {
    let file = try TemporaryFile()
    try capture(file, 10)
    try leakChecked(clusterLimit: 3) { pool in
      var reader = try CaptureReader(path: file.path)
      var all: [Int64] = []
      var state = SourceState.more
      while state == .more {
        var queue = PacketQueue()
        state = reader.receive(upTo: 32, into: &queue, from: pool)
        all += times(queue)
        #expect(queue.packetCount <= 3)
      }
      #expect(all == Array(1...10) && state == .ended(nil))
      #expect(reader.statistics.input.drops == 0 && reader.packetCount == 10)

      // Whoever keeps the packets loses one frame a call, and finds it counted.
      reader = try CaptureReader(path: file.path)
      var queue = PacketQueue()
      var calls = 0
      while reader.receive(upTo: 32, into: &queue, from: pool) == .more { calls += 1 }
      #expect(times(queue) == [1, 2, 3] && calls == 8)
      #expect(reader.statistics.input.drops == 7 && reader.packetCount == 10)
      #expect(reader.statistics.input.packets == 3 && reader.statistics.input.bytes == 900)
    }
  }

  @Test func aFrameKeptBackIsGivenByEveryWayToRead() throws {
    let file = try TemporaryFile()
    try capture(file, 3)
    try leakChecked(clusterLimit: 1) { pool in
      for way in 0..<2 {
        var reader = try CaptureReader(path: file.path)
        do {
          var queue = PacketQueue()
          #expect(reader.receive(upTo: 9, into: &queue, from: pool) == .more)
          #expect(times(queue) == [1])
        }
        if way == 0 {
          #expect(reader.nextFrame()?.timestampInNanoseconds == 2_000)
        } else {
          let packet = try reader.next(into: pool)
          #expect(packet?.timestampInNanoseconds == 2_000)
        }
        #expect(reader.packetCount == 2 && reader.byteCount == 600)
        #expect(reader.nextFrame()?.timestampInNanoseconds == 3_000)
      }
    }
  }

  @Test func aCutFileSaysSoWithWhatItHad() throws {
    let file = try TemporaryFile()
    try capture(file, 2)
    let bytes = try fileBytes(file.path)
    try file.write(Array(bytes.dropLast(7)))
    let pool = MbufPool()
    var reader = try CaptureReader(path: file.path)
    var queue = PacketQueue()
    let state = reader.receive(upTo: 9, into: &queue, from: pool)
    #expect(times(queue) == [1])
    guard case .ended(let error?) = state else {
      Issue.record("\(state)")
      return
    }
    #expect(error.kind == .cut && error.packet == 2 && error.byteOffset == 24 + 316)
    #expect(error.description == reader.end?.error?.description)
  }

  @Test func aWriterLeavesThePacketThatItCannotWriteAtTheFront() throws {
    let file = try TemporaryFile()
    try leakChecked { pool in
      var writer = try CaptureWriter(
        path: file.path, linkType: .raw, resolution: .micro, snapshotByteCount: 100)
      var queue = PacketQueue()
      // Fit, of another link type, too long, with a time that does not fit, fit.
      let kinds: [(LinkType, Int, Int64)] = [
        (.raw, 10, 1_000), (.ethernet, 10, 2_000), (.raw, 101, 3_000), (.raw, 10, 4_001),
        (LinkType(rawValue: 101), 100, 5_000),
      ]
      for (linkType, byteCount, time) in kinds {
        let frame = Frame([UInt8](repeating: 1, count: byteCount), time: time)
        var packet = try packet(frame, from: pool)
        packet.header.linkType = linkType.rawValue
        queue.enqueue(packet)
      }
      let wanted: [InterfaceError.Kind] = [
        .wrongLinkType(.ethernet, wanted: .raw), .tooLong(byteCount: 101, limit: 100), .unfit,
      ]
      for (index, kind) in wanted.enumerated() {
        let error = #expect(throws: InterfaceError.self) { try writer.transmit(&queue) }
        #expect(error?.kind == kind && error?.isAboutPacket == true)
        #expect(times(queue).first == Int64(index) + 2)
        _ = queue.dequeue()
      }
      try writer.transmit(&queue)
      #expect(queue.isEmpty == true)
      #expect(writer.statistics.output.packets == 2 && writer.statistics.output.bytes == 110)
      try writer.push()
      #expect(try readFrames(file.path).0.map(\.time) == [1_000, 5_000])
      try writer.finish()
    }
  }

  @Test func everyErrorOfAFileHasAKindAndTheSameWords() {
    let kinds: [(PcapError.Kind, InterfaceError.Kind)] = [
      (.notFound, .system(call: "open", errno: 2)), (.empty, .cut),
      (.truncated(wanted: 2, available: 1), .cut), (.corrupt(message: "x"), .corrupt),
      (.badMagic(7), .unsupported), (.noInterface, .unsupported),
      (.badFilter(expression: "x", message: "y"), .misuse), (.timeNotExact(nanoseconds: 1), .unfit),
      (.unwritable(errno: 28), .system(call: "write", errno: 28)),
      (.library(message: "x"), .failed),
    ]
    for (kind, wanted) in kinds {
      let error = PcapError(kind, file: "a.pcap", packet: 3, byteOffset: 4)
      let onLink = InterfaceError(error)
      #expect(onLink.kind == wanted)
      #expect(onLink.description == error.description)
      #expect(onLink.packet == 3 && onLink.byteOffset == 4)
    }
  }
}
