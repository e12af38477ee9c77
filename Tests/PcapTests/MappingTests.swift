// SPDX-License-Identifier: BSD-2-Clause
#if os(Linux)
  import Glibc
  import Interfaces
  import Mbufs
  import Testing

  @testable import Pcap

  /// A file that is mapped is read as one that is not, whatever happens to it meanwhile.
  @Suite struct MappingTests {
    private let pool = MbufPool()

    /// 20,000 records of 0 to 190 bytes, none of which are zeroes alone.
    private func capture() -> (bytes: [UInt8], starts: [Int]) {
      var bytes = pcap([])
      var starts: [Int] = []
      for number in 0..<20_000 {
        let count = number * 7 % 191
        let frame = (0..<count).map { UInt8(truncatingIfNeeded: ($0 + number) | 1) }
        starts.append(bytes.count)
        bytes += words([UInt32(number + 1), 5, UInt32(count), UInt32(count)]) + frame
      }
      return (bytes, starts)
    }

    private func open(_ file: TemporaryFile) throws -> CaptureReader {
      let reader = try CaptureReader(
        path: file.path, selecting: nil, noting: nil, mapping: true)
      let isMapped = reader.input.isMapped
      try #require(isMapped)
      return reader
    }

    private func isMapped(_ reader: borrowing CaptureReader) -> Bool { reader.input.isMapped }

    /// Packets in batches, until there are so many or no more.
    private func frames(
      of reader: inout CaptureReader, atMost limit: Int = .max
    ) -> [Frame] {
      var found: [Frame] = []
      var state = SourceState.more
      while case .more = state, found.count < limit {
        var packets = PacketQueue()
        state = reader.receive(upTo: 32, into: &packets, from: pool)
        while let packet = packets.dequeue() { found.append(Frame(packet)) }
      }
      return found
    }

    @Test func packetsAreThoseOfTheFile() throws {
      let (bytes, starts) = capture()
      let file = try TemporaryFile(bytes)
      let wanted = try readFrames(file.path).0
      var reader = try open(file)
      let found = frames(of: &reader)
      #expect(found == wanted && wanted.count == starts.count)
      #expect(reader.end == .clean && !isMapped(reader))
    }

    /// Cut in the page that is read, at the ends of pages, before what was read, and far behind.
    @Test func aFileThatIsCutIsReadUpToThereAndNoFurther() throws {
      let (bytes, starts) = capture()
      let file = try TemporaryFile()
      try file.write(bytes)
      let wanted = try readFrames(file.path).0
      let taken = 320
      let here = starts[taken]
      let page = 4_096
      let places = [
        here - 5_000, here - 1, here, here + 1, here + 15, here + 16, here + 100, here + 700,
        (here / page + 1) * page, (here / page + 1) * page + 1, (here / page + 2) * page - 1,
        here + 20_000, starts[9_999], starts[9_999] + 3, bytes.count - 1,
      ]
      for place in places {
        try file.write(bytes)
        var reader = try open(file)
        var found = frames(of: &reader, atMost: taken)
        try #require(found.count == taken)
        unsafe #expect(truncate(file.path, place) == 0)
        found += frames(of: &reader)
        // Behind what was read before, the records that end by then.
        let ends = starts.dropFirst() + [bytes.count]
        let kept = place <= here ? taken : ends.count { $0 <= place }
        let isWhole = place <= here || ends.contains(place)
        try #require(found == Array(wanted.prefix(kept)), "cut at \(place), \(found.count) frames")
        #expect(reader.end?.name == (isWhole ? "clean" : "cut"), "cut at \(place)")
        #expect(reader.recordCount == kept && reader.packetCount == kept)
      }
      #expect(pool.outstanding == 0)
    }

    @Test func whatIsAppendedIsReadToo() throws {
      let (bytes, starts) = capture()
      let file = try TemporaryFile(Array(bytes[..<(starts[5_000] + 20)]))
      var reader = try open(file)
      var found = frames(of: &reader, atMost: 64)
      try file.write(bytes)
      found += frames(of: &reader)
      #expect(try readFrames(file.path).0 == found)
      #expect(reader.end == .clean)
    }

    @Test func thereAreMoreReadersThanMappings() throws {
      let file = try TemporaryFile(capture().bytes)
      var readers: [Box] = []
      for _ in 0..<20 {
        let reader = try CaptureReader(
          path: file.path, selecting: nil, noting: nil, mapping: true)
        readers.append(Box(reader))
      }
      // Other tests may have some of the sixteen.
      #expect(readers.count { isMapped($0.reader) } <= 16)
      #expect(readers.contains { !isMapped($0.reader) })
      for box in readers {
        let count = frames(of: &box.reader).count
        #expect(count == 20_000)
      }
    }

    private final class Box {
      var reader: CaptureReader
      init(_ reader: consuming CaptureReader) { self.reader = reader }
    }

    @Test func aPoolThatDeniesIsAskedAgain() throws {
      let file = try TemporaryFile(capture().bytes)
      let small = MbufPool(clusterLimit: 8, mbufLimit: 8)
      var reader = try open(file)
      var held = PacketQueue()
      var count = 0
      var state = SourceState.more
      while case .more = state {
        state = reader.receive(upTo: 32, into: &held, from: small)
        count += held.packetCount
        held = PacketQueue()
      }
      #expect(count + reader.statistics.input.drops == 20_000 && reader.end == .clean)
    }

    /// By the signal, or as a sanitizer that hears of it ends it.
    @Test func aFaultElsewhereStillEndsTheProcess() async {
      await #expect(processExitsWith: .failure) {
        let file = try TemporaryFile([UInt8](repeating: 7, count: 8_192))
        let capture = try TemporaryFile(pcap([(1, 2, 3, 3, [1, 2, 3])]))
        let reader = try CaptureReader(
          path: capture.path, selecting: nil, noting: nil, mapping: true)
        let descriptor = unsafe Glibc.open(file.path, O_RDONLY)
        let pages = unsafe mmap(nil, 8_192, PROT_READ, MAP_PRIVATE, descriptor, 0)
        unsafe truncate(file.path, 0)
        let byte = unsafe pages!.load(fromByteOffset: 4_096, as: UInt8.self)
        print(byte, reader.recordCount)
      }
    }
  }
#endif
