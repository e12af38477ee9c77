// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import Pcap
import TestSupport
import Testing
import Wire

/// Packets in batches are the frames one by one, whatever the batches.
@Suite struct BatchTests {
  /// What is told of a packet.
  private struct Told: Equatable {
    var frame: Frame
    var linkType: UInt32
  }

  private func told(_ path: String) throws -> ([Told], CaptureEnd?, Int) {
    var reader = try CaptureReader(path: path)
    var all: [Told] = []
    while let frame = reader.nextFrame() {
      var told = Told(frame: Frame(frame), linkType: frame.linkType.rawValue)
      told.frame.wireByteCount = min(told.frame.wireByteCount, 0xffff_fffe)
      all.append(told)
    }
    return (all, reader.end, reader.byteCount)
  }

  @Test(arguments: try Captures.names())
  func batchesAreTheFramesInOrder(_ name: String) throws {
    let path = Captures.path(name)
    guard let (wanted, end, byteCount) = try? told(path) else { return }
    let pool = MbufPool()
    for limit in [1, 2, 7, 32, 1_000] {
      var reader = try CaptureReader(path: path)
      var found: [Told] = []
      var state = SourceState.more
      while case .more = state {
        var packets = PacketQueue()
        state = reader.receive(upTo: limit, into: &packets, from: pool)
        #expect(packets.packetCount <= limit)
        while let packet = packets.dequeue() {
          found.append(Told(frame: Frame(packet), linkType: packet.linkType))
        }
        #expect(reader.packetCount == found.count && reader.recordCount == found.count)
        let last = reader.recordBytes.byteCount
        #expect(
          found.isEmpty || reader.end != nil || last >= found[found.count - 1].frame.bytes.count)
      }
      try #require(found == wanted, "\(name), \(limit)")
      #expect(reader.end == end && reader.byteCount == byteCount)
      #expect(reader.statistics.input.bytes == byteCount)
    }
    #expect(pool.outstanding == 0)
  }

  @Test(arguments: ["ntp.pcap", "offload.pcap", "ntp_modified.pcap"])
  func aPoolThatDeniesInTheMiddleOfABatchLosesNothingThatStaysAway(_ name: String) throws {
    let path = Captures.path(name)
    let (wanted, _, _) = try told(path)
    for held in 1..<6 {
      let pool = MbufPool(clusterLimit: held, mbufLimit: held)
      var reader = try CaptureReader(path: path)
      var found: [Told] = []
      var state = SourceState.more
      while case .more = state {
        var packets = PacketQueue()
        state = reader.receive(upTo: 32, into: &packets, from: pool)
        while let packet = packets.dequeue() {
          found.append(Told(frame: Frame(packet), linkType: packet.linkType))
        }
      }
      let input = reader.statistics.input
      #expect(found.count == input.packets && input.packets + input.drops == wanted.count)
      // Only a frame that no free pool can hold is lost.
      if input.drops == 0 { #expect(found == wanted) }
      #expect(reader.end == .clean)
    }
  }

  @Test func thePlaceOfTheLastRecordIsKnownBehindABatch() throws {
    let records:
      [(seconds: UInt32, fraction: UInt32, captured: UInt32, wire: UInt32, bytes: [UInt8])] =
        (1...5).map { (UInt32($0), 0, UInt32($0), UInt32($0), [UInt8](repeating: 9, count: $0)) }
    let file = try TemporaryFile(pcap(records))
    let pool = MbufPool()
    for limit in 1...5 {
      var reader = try CaptureReader(path: file.path)
      var packets = PacketQueue()
      _ = reader.receive(upTo: limit, into: &packets, from: pool)
      #expect(packets.packetCount == limit)
      let before = (1..<limit).reduce(24) { $0 + 16 + $1 }
      #expect(reader.byteOffset == before)
      #expect(reader.recordBytes.byteCount == 16 + limit)
    }
  }
}
