// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

/// Any bytes are legal input: whatever they are, nothing traps and the invariants hold.
@Suite struct DecodedFrameAnyBytesTests {
  func check(_ bytes: [UInt8], _ type: LinkType, contiguous: Int, wire: Int) -> Bool {
    let frame = DecodedFrame(
      lax: bytes.raw.extracting(first: contiguous), linkType: type,
      capturedByteCount: bytes.count, wireByteCount: wire)
    let end = max(wire, bytes.count)
    var holds =
      frame.networkOffset <= frame.transportOffset
      && frame.transportOffset <= frame.payloadOffset
      && frame.payloadOffset + frame.declaredPayloadByteCount <= max(end, frame.payloadOffset)
      && frame.payloadOffset + frame.payloadByteCount <= max(bytes.count, frame.payloadOffset)
      && frame.payloadByteCount <= frame.declaredPayloadByteCount
      && frame.transportOffset + frame.transportByteCount <= max(end, frame.transportOffset)
    if frame.fragmentOffset > 0 {
      holds = holds && frame.transport == .none && !frame.hasTransportHeader
    }
    if contiguous == bytes.count {
      // Reads every byte that the checksum covers.
      _ = frame.transportChecksumResult(in: bytes.raw)
      holds = holds && frame.stop?.limitedBy != .segment
    }
    var counts = ProtocolCounts()
    counts.count(frame)
    return holds && counts.arp + counts.ipv4 + counts.ipv6 + counts.other == 1
      && counts.udp + counts.tcp + counts.icmp + counts.icmpv6 <= 1
  }

  @Test func randomBytes() {
    var random = SeededRandom()
    for round in 0..<100_000 {
      let bytes = random.bytes(random.below(random.oneIn(4) ? 200 : 64))
      let type = Frames.linkTypes[random.below(Frames.linkTypes.count)]
      let contiguous = random.oneIn(2) ? bytes.count : random.below(bytes.count + 1)
      guard check(bytes, type, contiguous: contiguous, wire: random.below(300)) else {
        Issue.record("round \(round): \(type) \(bytes)")
        return
      }
    }
  }

  @Test func damagedFrames() {
    var random = SeededRandom()
    for round in 0..<300_000 {
      let (etherType, packet) = Frames.packets[random.below(Frames.packets.count)]
      let type = Frames.linkTypes[random.below(Frames.linkTypes.count)]
      var bytes = Frames.link(type, etherType, packet)
      for _ in 0..<random.below(4) {
        // Headers, where it hurts; often the extreme values.
        let byte: UInt8 = random.oneIn(3) ? (random.oneIn(2) ? 0 : 0xff) : random.number()
        bytes[random.below(min(bytes.count, 70))] = byte
      }
      if random.oneIn(3) { bytes.removeLast(random.below(bytes.count + 1)) }
      if random.oneIn(4) { bytes += random.bytes(random.below(40)) }
      let contiguous = random.oneIn(2) ? bytes.count : random.below(bytes.count + 1)
      let wire = random.oneIn(2) ? bytes.count : random.below(2000)
      guard check(bytes, type, contiguous: contiguous, wire: wire) else {
        Issue.record("round \(round): \(type) \(bytes)")
        return
      }
    }
  }

  @Test func extremeCounts() {
    let bytes = Frames.ethernet(.ipv4, Frames.ipv4(.udp, Frames.udp([1])))
    for wire in [Int.min, -1, 0, .max] {
      let frame = DecodedFrame(bytes, wireByteCount: wire)
      #expect(frame.transport == .udp && frame.stop == nil)
    }
    let other = DecodedFrame(Frames.ethernet(.serviceVLAN, [0, 1, 9, 9]), wireByteCount: .max)
    #expect(other.network == .other)
  }
}
