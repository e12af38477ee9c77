// SPDX-License-Identifier: BSD-2-Clause
import InternetStack
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import UMA
import Wire

@Suite struct OutputTests {
  @Test func whatIsSentComesBackWithTheSamePayloadAtEverySize() throws {
    let pool = MbufPool()
    var stack = makeStack { $0.acceptsLocalSources = true }
    let sender = try stack.bind(port: 9)
    let receiver = try stack.bind(port: 7, address: us, limit: 1 << 20)
    stack.nowInNanoseconds = 1_234
    for byteCount in 0...1_472 {
      let payload = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let cuts = byteCount % 3 == 0 ? [] : [byteCount / 3]
      try stack.send(
        try packet(pool, payload, cutAt: cuts), from: sender, to: Endpoint(us, 7))
      guard let sent = stack.transmit() else {
        Issue.record("nothing to transmit")
        return
      }
      sent.checkInvariants()
      #expect(sent.byteCount == byteCount + 28 && sent.wireByteCount == byteCount + 28)
      #expect(sent.timestampInNanoseconds == 1_234)
      expect(stack.input(sent, linkType: .raw), is: nil)
      guard let back = stack.receive(receiver) else {
        Issue.record("nothing received")
        return
      }
      #expect(back.source == Endpoint(us, 9) && back.destination == Endpoint(us, 7))
      let same = bytes(of: back.packet) == payload
      #expect(same, "\(byteCount) bytes")
    }
    #expect(stack.statistics.sent == 1_473 && stack.statistics.refused == 0)
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func theBytesSentAreTheBytesOfTheRFCs() throws {
    let pool = MbufPool()
    var stack = makeStack()
    let socket = try stack.bind(port: 5_000)
    let payload = Array("ping".utf8)
    try stack.send(try packet(pool, payload), from: socket, to: Endpoint(them, 7))
    guard let sent = stack.transmit() else {
      Issue.record("nothing to transmit")
      return
    }
    let whole = bytes(of: sent)
    var expected = TestDatagram(
      fragment: 0x4000, source: us, destination: them, payload: payload)
    expected.headerChecksum = 0
    var model = expected.bytes
    // No router may cut it up, so that the identification means nothing (RFC 6864, 4.1).
    model.replaceSubrange(4..<6, with: [0, 0])
    let sum = ~onesSum(Array(model.prefix(20)))
    model.replaceSubrange(10..<12, with: words(sum))
    #expect(whole == model)
    let decoded = try DecodedFrame(
      strict: unsafe whole.span.bytes, linkType: .raw, capturedByteCount: whole.count,
      wireByteCount: whole.count)
    #expect(decoded.ipv4HeaderChecksum == .valid)
    #expect(unsafe decoded.transportChecksumResult(in: whole.span.bytes) == .valid)
  }

  @Test func aChecksumThatComesToZeroIsSentAsItsOtherZero() throws {
    let pool = MbufPool()
    var stack = makeStack { $0.acceptsLocalSources = true }
    let socket = try stack.bind(port: 9)
    let receiver = try stack.bind(port: 7)
    // With these two bytes the words sum to 0xffff.
    let blank = TestDatagram(source: us, sourcePort: 9, checksum: 0, payload: [0, 0])
    let sum = onesSum(Array(blank.bytes.dropFirst(20))) &+ 0
    var words32 = UInt32(sum) + UInt32(blank.partialChecksum)
    words32 = (words32 & 0xffff) + (words32 >> 16)
    let payload = words(~UInt16(words32))
    try stack.send(try packet(pool, payload), from: socket, to: Endpoint(us, 7))
    guard let sent = stack.transmit() else {
      Issue.record("nothing to transmit")
      return
    }
    #expect(bytes(of: sent)[26..<28] == [0xff, 0xff])
    expect(stack.input(sent, linkType: .raw), is: nil)
    expectDatagram(&stack, receiver, payload: payload)
    #expect(pool.outstanding == 0)
  }

  @Test func whatCannotBeSentIsRefusedWithTheNumbersAndLeavesNothingBehind() throws {
    let pool = MbufPool()
    var stack = makeStack { $0.outputLimitInPackets = 2 }
    let socket = try stack.bind(port: 9)
    let rest = try stack.bindCatchAll()
    func send(_ byteCount: Int, _ destination: Endpoint, from source: IPAddress? = nil)
      -> SendError?
    {
      do throws(SendError) {
        guard let packet = try? packet(pool, [UInt8](repeating: 1, count: byteCount)) else {
          return nil
        }
        try stack.send(packet, from: socket, to: destination, source: source)
        return nil
      } catch {
        return error
      }
    }
    #expect(send(65_508, Endpoint(them, 7)) == .tooLong(byteCount: 65_536, limit: 65_535))
    var options = SocketOptions()
    options.dontFragment = true
    stack.setOptions(options, of: socket)
    #expect(send(1_473, Endpoint(them, 7)) == .tooLong(byteCount: 1_501, limit: 1_500))
    stack.setOptions(SocketOptions(), of: socket)
    // Seven fragments.
    #expect(send(9_000, Endpoint(them, 7)) == .queueFull(limitInPackets: 2))
    #expect(send(4, Endpoint(them, 0)) == .noPort)
    let v6 = IPAddress.v6(IPv6Address(high: 1, low: 2))
    #expect(send(4, Endpoint(v6, 7)) == .unsupportedAddress(v6))
    #expect(send(4, Endpoint(them, 7), from: v6) == .notLocal(v6))
    #expect(send(4, Endpoint(them, 7), from: .v4(them)) == .notLocal(.v4(them)))
    #expect(send(4, Endpoint(.broadcast, 7)) == .broadcastNotAllowed(.broadcast))
    #expect(send(4, Endpoint(them, 7)) == nil)
    #expect(send(4, Endpoint(them, 7), from: .v4(us)) == nil)
    #expect(send(4, Endpoint(them, 7)) == .queueFull(limitInPackets: 2))
    let fromNoPort = try pool.packet()
    do throws(SendError) {
      try stack.send(fromNoPort, from: rest, to: Endpoint(them, 7))
      Issue.record("sent from no port")
    } catch {
      #expect(error == .noPort)
    }
    #expect(stack.statistics.sent == 2 && stack.statistics.refused == 10)
    #expect(stack.outputPacketCount == 2)
    while stack.transmit() != nil {}
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func anEchoReusesThePacketHeadersAndAll() throws {
    let pool = MbufPool()
    var stack = makeStack()
    let socket = try stack.bind(port: 7)
    let request = TestDatagram(payload: [UInt8](repeating: 9, count: 500))
    let frame = [UInt8](repeating: 2, count: 12) + [8, 0] + request.bytes
    let arrived = try packet(pool, frame)
    pool.inject(FailurePlan(failing: 1, andAllLater: true))
    expect(stack.input(arrived, linkType: .ethernet), is: nil)
    guard let datagram = stack.receive(socket) else {
      Issue.record("nothing received")
      return
    }
    try stack.send(
      datagram.packet, from: socket, to: datagram.source, source: datagram.destination.address)
    pool.inject(nil)
    guard let answer = stack.transmit() else {
      Issue.record("nothing to transmit")
      return
    }
    let decoded = bytes(of: answer)
    #expect(decoded[12..<20] == (words(us.bits) + words(them.bits))[...])
    #expect(decoded[20..<24] == (words(UInt16(7)) + words(UInt16(5_000)))[...])
    #expect(Array(decoded[28...]) == request.payload)
  }

  @Test func anyProtocolCanBeSent() throws {
    let pool = MbufPool()
    var stack = makeStack { $0.acceptsLocalSources = true }
    let raw = try stack.openRaw(protocol: .icmp)
    try stack.send(try packet(pool, [8, 0, 0xf7, 0xff]), protocol: .icmp, to: us)
    guard let sent = stack.transmit() else {
      Issue.record("nothing to transmit")
      return
    }
    expect(stack.input(sent, linkType: .raw), is: nil)
    if let back = stack.receive(raw) {
      #expect(Array(bytes(of: back.packet)[20...]) == [8, 0, 0xf7, 0xff])
    }
    #expect(stack.statistics.delivered == 1)
    #expect(pool.outstanding == 0)
  }
}
