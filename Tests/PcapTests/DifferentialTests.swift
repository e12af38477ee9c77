// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Libpcap
import Pcap
import TestSupport
import Testing
import Wire

/// What libpcap 1.10 does not do, and this library's reader does.
private enum LibpcapLimit: String, CaseIterable {
  /// It cuts frames to the snapshot length of the header.
  case snapshotLength
  /// It ends at an interface of another link type than the first.
  case mixedLinkTypes
  /// It ends at an interface of another snapshot length than the first.
  case mixedSnapshotLengths
  /// It ends at a section of the other byte order.
  case mixedByteOrders
  /// It reads no pcap 2.5 or later, and no pcapng 1.1, or 1.3 or later.
  case version
  /// It takes fractions of a second from 2^31 on for negative, in this machine's order alone; and
  /// seconds from 2^31 on in this order alone.
  case signs
  /// It refuses ticks that 64 bits cannot count in a second.
  case tickUnit
  /// It refuses options of an interface that are cut, come twice or have another length.
  case options
  /// It reads no section block of more than 1 MiB, and no other block of more than 16 MiB.
  case blockLength
  /// It looks at neither length of the first section as it does at those of all other blocks.
  case firstSection

  /// The limit that made libpcap end before this library's reader; nil if it is none of these.
  init?(_ theirs: PcapError?, own: PcapError?) {
    switch theirs?.kind {
    case .mixedLinkTypes: self = .mixedLinkTypes
    case .mixedSnapshotLengths: self = .mixedSnapshotLengths
    case .mixedByteOrders: self = .mixedByteOrders
    case .unsupportedVersion: self = .version
    case .corrupt(let message) where message.contains("if_tsresol option resolution"):
      self = .tickUnit
    case .corrupt(let message)
    where message.contains("block of type 1 in") || message.contains("Interface Description Block"):
      self = .options
    case .corrupt(let message)
    where message.contains("BT_SHB_INSANE_MAX") || message.hasPrefix("pcapng block size"):
      self = .blockLength
    default: return nil
    }
  }
}

/// What one reader makes of a file.
private struct Reading {
  var openError: PcapError?
  var frames: [Frame] = []
  var end: CaptureEnd?
  var snapshotByteCount = 0
  var isByteSwapped = false

  init(own path: String) {
    do throws(PcapError) {
      var reader = try CaptureReader(path: path)
      frames = allFrames(&reader)
      end = reader.end
    } catch {
      openError = error
    }
  }

  init(libpcap path: String) {
    do throws(PcapError) {
      var reader = try LibpcapReader(path: path)
      (snapshotByteCount, isByteSwapped) = (reader.snapshotByteCount, reader.isByteSwapped)
      while let frame = reader.nextFrame() { frames.append(Frame(frame)) }
      end = reader.end
    } catch {
      openError = error
    }
  }

  /// Why nothing more came.
  var error: PcapError? { openError ?? end?.error }
}

/// How two readings differ: what a limit of libpcap explains, and what none does.
private struct Differences {
  private(set) var unexplained: [String] = []
  private(set) var limits: Set<LibpcapLimit> = []

  init(_ own: Reading, _ theirs: Reading) {
    for (index, pair) in zip(own.frames, theirs.frames).enumerated() {
      compare(pair.0, pair.1, theirs, "packet \(index + 1)")
    }
    let isSameEnd =
      own.frames.count == theirs.frames.count
      && own.error.map { InterfaceError($0).kind } == theirs.error.map { InterfaceError($0).kind }
    if isSameEnd { return }
    if theirs.frames.count <= own.frames.count,
      let limit = LibpcapLimit(theirs.error, own: own.error)
    {
      limits.insert(limit)
    } else if own.openError?.byteOffset == 0, case .corrupt? = own.openError?.kind {
      limits.insert(.firstSection)
    } else {
      unexplained.append(
        "\(own.frames.count) frames, \(own.error?.description ?? "clean"); by libpcap "
          + "\(theirs.frames.count), \(theirs.error?.description ?? "clean")")
    }
  }

  private mutating func compare(
    _ own: Frame, _ theirs: Frame, _ reading: Reading, _ place: String
  ) {
    if own.bytes != theirs.bytes {
      let isCut = theirs.bytes == Array(own.bytes.prefix(reading.snapshotByteCount))
      note(.snapshotLength, isCut, "\(place): bytes")
    }
    if own.wireByteCount != theirs.wireByteCount { unexplained.append("\(place): wire length") }
    if own.time != theirs.time {
      // By 2^32 seconds, microseconds or nanoseconds.
      let difference = (theirs.time &- own.time).magnitude
      let isSign = [1_000_000_000, 1_000, 1].contains { difference == UInt64($0) << 32 }
      note(.signs, isSign, "\(place): \(own.time), by libpcap \(theirs.time)")
    }
  }

  private mutating func note(_ limit: LibpcapLimit, _ isIt: Bool, _ what: String) {
    if isIt { limits.insert(limit) } else { unexplained.append(what) }
  }
}

/// This library's reader beside libpcap's: each difference is one of the limits above.
@Suite struct DifferentialTests {
  private func differences(_ path: String) -> Differences {
    Differences(Reading(own: path), Reading(libpcap: path))
  }

  @Test func bothReadersAgreeOnEveryCapture() throws {
    for name in try Captures.names() {
      let differences = differences(Captures.path(name))
      #expect(differences.unexplained == [], "\(name)")
      #expect(
        differences.limits == (name == "mixed_links.pcapng" ? [.mixedLinkTypes] : []), "\(name)")
    }
  }

  @Test func bothReadersAgreeOnCapturesWithFlippedBytesAndCutOnes() throws {
    var random = SeededRandom()
    let file = try TemporaryFile()
    var seen: Set<LibpcapLimit> = []
    for name in try Captures.names() {
      let original = try Captures.bytes(name)
      guard !original.isEmpty else { continue }
      for _ in 0..<Steps.of(original.count < 20_000 ? 2_000 : 200) {
        var bytes = original
        for _ in 0..<Int.random(in: 0...4, using: &random) {
          // Half of them among the headers.
          let limit = random.chance(50) ? bytes.count : min(bytes.count, 200)
          bytes[Int.random(in: 0..<limit, using: &random)] = .random(in: 0...255, using: &random)
        }
        if random.chance(25) { bytes.removeLast(.random(in: 0...bytes.count, using: &random)) }
        try file.write(bytes)
        let differences = differences(file.path)
        #expect(differences.unexplained == [], "\(name)")
        seen.formUnion(differences.limits)
      }
    }
    #expect(seen.isSuperset(of: [.version, .mixedLinkTypes]))
  }

  @Test func everyLinkTypeHasLibpcapsNumbers() throws {
    let file = try TemporaryFile()
    for number: UInt32 in 0..<400 {
      try file.write(words([0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 262_144, number]))
      let own = try CaptureReader(path: file.path)
      let theirs = try LibpcapReader(path: file.path)
      #expect(own.linkType == theirs.linkType, "\(number)")
      #expect(own.snapshotByteCount == theirs.snapshotByteCount, "\(number)")
      let type = LinkType(rawValue: number)
      guard let inFile = type.inFile else { continue }
      try file.write(words([0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 262_144, inFile]))
      #expect(try LibpcapReader(path: file.path).linkType == type, "\(number)")
    }
  }
}
