// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Libpcap
import Mbufs
import TestSupport
import Testing
import Wire

@testable import Pcap

/// One expression over frames of several link types.
@Suite struct FilterExpressionTests {
  /// An IPv4 datagram over UDP to a port, without checksums.
  private func datagram(toPort port: UInt8) -> [UInt8] {
    [0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
      + [156, 64, 0, port, 0, 8, 0, 0]
  }

  /// Ethernet, raw IP and BSD loopback by turns, to ports 1, 2, 3 and so on.
  private func mixed(_ count: UInt8, bigEndian: Bool = false) -> [UInt8] {
    var blocks = BlockBuilder(bigEndian: bigEndian)
    for type: UInt16 in [1, 101, 0] { blocks.interface(type) }
    let ethernet: [UInt8] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]
    for port in 1...count {
      let link = [ethernet, [], blocks.words([2])][Int(port - 1) % 3]
      blocks.enhanced(link + datagram(toPort: port), interface: UInt32(port - 1) % 3)
    }
    return blocks.bytes
  }

  @Test func anExpressionIsCompiledForEachLinkType() throws {
    // Sections of both orders: the family of BSD loopback is in the file's.
    let file = try TemporaryFile(mixed(30) + mixed(30, bigEndian: true))
    for (filter, count) in [("udp", 60), ("udp dst port 4 or udp dst port 5", 4), ("tcp", 0)] {
      var reader = try CaptureReader(path: file.path, filter: filter)
      #expect(allFrames(&reader).count == count, "\(filter)")
      #expect(reader.recordCount == 60 && reader.packetCount == count && reader.end == .clean)
    }
  }

  @Test func anExpressionThatMeansNothingForALaterLinkTypeEndsTheReading() throws {
    let file = try TemporaryFile(mixed(6))
    var reader = try CaptureReader(path: file.path, filter: "ether src 2:0:0:0:0:1")
    #expect(allFrames(&reader).count == 1)
    guard case .unsupported(let error)? = reader.end, case .badFilter = error.kind else {
      Issue.record("\(String(describing: reader.end))")
      return
    }
    #expect(error.packet == 2 && error.byteOffset != nil)
    #expect(InterfaceError(error).exitCode == 64)
    // It stays so.
    #expect(allFrames(&reader).isEmpty && reader.recordCount == 2)
  }

  /// Behind a step that has packets in hand, as `--frames` does.
  @Test func aFilterBehindAnInputIsCompiledForEachLinkTypeToo() throws {
    let file = try TemporaryFile(mixed(9))
    try leakChecked { pool in
      for (filter, count) in [
        ("udp dst port 4 or udp dst port 5", 2), ("ether src 2:0:0:0:0:1", 1),
      ] {
        let input = FilteredInput(CaptureFiles([file.path]).inputs[0], filter)
        var source = try input.open()
        var queue = PacketQueue()
        var state = SourceState.more
        while state == .more { state = try source.receive(upTo: 1, into: &queue, from: pool) }
        #expect(queue.packetCount == count)
        guard case .ended(let error) = state else {
          Issue.record("\(state)")
          continue
        }
        #expect(error?.kind == (count == 1 ? .misuse : nil))
      }
    }
  }

  @Test func framesThatAFilterMeansNothingForEndTheReadingOrArePassedBy() throws {
    // Raw IP is described first, and comes first, second and last.
    var blocks = BlockBuilder()
    for type: UInt16 in [101, 1] { blocks.interface(type) }
    let ethernet: [UInt8] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]
    for interface: UInt32 in [0, 0, 1, 0, 1, 1, 0] {
      blocks.enhanced(
        (interface == 1 ? ethernet : []) + datagram(toPort: 1), interface: interface)
    }
    let file = try TemporaryFile(blocks.bytes)
    let filter = "ether dst 02:00:00:00:00:02"
    var strict = try CaptureReader(path: file.path, filter: filter)
    #expect(allFrames(&strict).isEmpty)
    #expect(strict.end?.error?.packet == 1 && strict.end?.name == "unsupported")
    var reader = try CaptureReader(path: file.path, filter: filter)
    reader.passUnfit()
    #expect(allFrames(&reader).count == 3)
    #expect(reader.end == .clean && reader.recordCount == 7 && reader.packetCount == 3)
    #expect(reader.filterError?.packet == 1)
    // Where it means something for all, there is nothing to tell.
    var all = try CaptureReader(path: file.path, filter: "udp")
    all.passUnfit()
    #expect(allFrames(&all).count == 7)
    #expect(all.filterError == nil)
    // Nothing here is of a link that it is for.
    var raw = BlockBuilder()
    raw.interface(101)
    let other = try TemporaryFile(raw.bytes)
    #expect(throws: PcapError.self) { _ = try CaptureReader(path: other.path, filter: filter) }
  }
}
