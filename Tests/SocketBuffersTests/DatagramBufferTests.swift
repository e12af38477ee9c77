// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import Testing
import UMA
import Wire

func bytes(of packet: borrowing Packet) -> [UInt8] {
  var bytes: [UInt8] = []
  packet.forEachSegment { segment in
    unsafe segment.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }
  return bytes
}

@Suite struct DatagramBufferTests {
  @Test func theMarkOfARecordsEndStaysOnItsLastByteHoweverItLies() throws {
    let pool = MbufPool()
    var buffer = DatagramBuffer(limit: 10_000)
    for lengths in [[600], [300, 300], [200, 400, 300]] {
      for isEnded in [false, true] {
        var datagram = try packet(pool, lengths[0], headroom: 40)
        for length in lengths.dropFirst() { datagram.join(try packet(pool, length, headroom: 0)) }
        #expect(datagram.segmentCount == lengths.count)
        datagram.endsRecord = isEnded
        expect(buffer.append(datagram, from: alice, to: bob), is: .appended)
        buffer.checkInvariants()
        guard let back = buffer.receive() else {
          Issue.record("nothing received")
          continue
        }
        #expect(back.packet.endsRecord == isEnded, "\(lengths)")
      }
    }
  }

  @Test(arguments: [alice, carol], [bob, carol])
  func aDatagramComesBackAsItWentIn(source: Endpoint, destination: Endpoint) throws {
    let pool = MbufPool()
    var buffer = DatagramBuffer(limit: 10_000)
    for byteCount in [0, 1, 100, 168, 2_048, 5_000] {
      for headroom in [0, 39, 40, 168] {
        var datagram = try packet(pool, byteCount, headroom: headroom)
        datagram.timestampInNanoseconds = 77
        datagram.wireByteCount = 9_999
        datagram.header.flowHash = 5
        expect(buffer.append(datagram, from: source, to: destination), is: .appended)
        buffer.checkInvariants()
        guard let back = buffer.receive() else {
          Issue.record("nothing received")
          continue
        }
        #expect(back.source == source && back.destination == destination)
        #expect(back.packet.timestampInNanoseconds == 77)
        #expect(back.packet.wireByteCount == 9_999)
        #expect(back.packet.header.flowHash == 5)
        #expect(bytes(of: back.packet) == payload(byteCount, seed: 0))
        back.packet.checkInvariants()
        buffer.checkInvariants()
      }
    }
    #expect(pool.outstanding == 0)
  }

  @Test func theLimitIsExactAndARefusalChangesNothingButTheCountOfDrops() throws {
    let pool = MbufPool()
    // Two IPv4 endpoints are 16 bytes.
    var buffer = DatagramBuffer(limit: 3 * 116 + 15, storageLimit: 1 << 20)
    for _ in 0..<3 {
      expect(buffer.append(try packet(pool, 100), from: alice, to: bob), is: .appended)
      buffer.checkInvariants()
    }
    #expect(buffer.space == 15)
    expect(buffer.hasSpace(for: 0, from: alice, to: bob), is: false)
    expect(buffer.append(try packet(pool, 0), from: alice, to: bob), is: .full)
    #expect(buffer.drops == 1 && buffer.recordCount == 3 && buffer.byteCount == 3 * 116)
    buffer.checkInvariants()
    expect(buffer.dropFirst(), is: true)
    #expect(buffer.space == 131)
    expect(buffer.append(try packet(pool, 116), from: alice, to: bob), is: .full)
    expect(buffer.append(try packet(pool, 115), from: alice, to: bob), is: .appended)
    #expect(buffer.space == 0 && buffer.drops == 2)
    buffer.checkInvariants()
    buffer.flush()
    expect(buffer.isEmpty, is: true)
    #expect(buffer.byteCount == 0 && buffer.storageByteCount == 0)
    if buffer.receive() != nil { Issue.record("received from an empty buffer") }
    expect(buffer.dropFirst(), is: false)
    buffer.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func theStorageLimitHoldsSmallDatagramsToACount() throws {
    let pool = MbufPool()
    var buffer = DatagramBuffer(limit: 1_000)
    #expect(buffer.storageLimit == 8_000)
    var count = 0
    while buffer.append(try pool.packet(headroom: 64), from: alice, to: bob) == .appended {
      count += 1
      buffer.checkInvariants()
    }
    // Three clusters leave 1,088 bytes of storage; the fourth may go beyond.
    #expect(count == 4 && buffer.storageByteCount == 4 * 2_304)
    #expect(buffer.space == 8_000 - 4 * 2_304)
    buffer.reserve(limit: 2_000)
    expect(buffer.append(try pool.packet(headroom: 64), from: alice, to: bob), is: .appended)
    buffer.reserve(limit: 10)
    #expect(buffer.space == 80 - 5 * 2_304 && buffer.recordCount == 5)
    buffer.checkInvariants()
    buffer.flush()
    #expect(pool.outstanding == 0)
  }

  @Test func storageIsChargedInFullSharedOrNot() throws {
    let pool = MbufPool()
    var buffer = DatagramBuffer(limit: 1 << 20)
    expect(buffer.append(try packet(pool, 10), from: alice, to: bob), is: .appended)
    #expect(buffer.storageByteCount == 256)
    var original = try packet(pool, 1_000)
    // Sharing takes the headroom away, so the addresses need an mbuf of their own.
    expect(buffer.append(try original.sharedCopy(), from: alice, to: bob), is: .appended)
    #expect(buffer.storageByteCount == 256 + 256 + 2_304)
    expect(buffer.append(original, from: alice, to: bob), is: .appended)
    #expect(buffer.storageByteCount == 256 + 2 * (256 + 2_304))
    buffer.checkInvariants()
    for byteCount in [10, 1_000, 1_000] {
      if let back = buffer.receive() { #expect(back.packet.byteCount == byteCount) }
      buffer.checkInvariants()
    }
    expect(buffer.isEmpty, is: true)
    #expect(pool.outstanding == 0)
  }

  @Test func withoutAnMbufForTheAddressesTheDatagramIsRefused() throws {
    let pool = MbufPool()
    var buffer = DatagramBuffer(limit: 10_000)
    let tight = try packet(pool, 100, headroom: 0)
    let roomy = try packet(pool, 100, headroom: 16)
    pool.inject(FailurePlan(failing: 1, andAllLater: true))
    expect(buffer.append(tight, from: alice, to: bob), is: .noMemory)
    #expect(buffer.drops == 1 && buffer.recordCount == 0)
    expect(buffer.append(roomy, from: alice, to: bob), is: .appended)
    buffer.checkInvariants()
    pool.inject(nil)
    buffer.flush()
    #expect(pool.outstanding == 0)
  }

  @Test func aBufferThatEndsFreesWhatIsInIt() throws {
    let pool = MbufPool()
    do {
      var buffer = DatagramBuffer(limit: 10_000)
      expect(buffer.append(try packet(pool, 100), from: alice, to: bob), is: .appended)
    }
    #expect(pool.outstanding == 0)
  }
}

@Suite struct EndpointTests {
  @Test func endpointsReadAsPeopleWriteThem() {
    #expect(bob.description == "192.0.2.2:53")
    #expect(carol.description == "[2001:db8::7]:9")
  }
}
