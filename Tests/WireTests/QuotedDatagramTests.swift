// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@Suite struct QuotedDatagramTests {
  // A datagram of 8 + 100 bytes from 192.0.2.1:4660 to 198.51.100.7:53, as a router quotes it.
  static let ipv4 = "4500 0080 0001 0000 4011 0000 c0000201 c6336407"
  static let udp = "1234 0035 006c beef"
  static let ipv6 =
    "6000 0000 0010 1140 20010db8000000000000000000000001 20010db8000000000000000000000002"

  func failure(
    _ bytes: [UInt8], _ parse: (RawSpan) throws(ParseError) -> QuotedDatagram
  ) -> ParseError? {
    do throws(ParseError) {
      _ = try parse(bytes.raw)
      return nil
    } catch {
      return error
    }
  }

  @Test func ofIPv4() throws {
    let bytes = [UInt8](hex: Self.ipv4 + Self.udp)
    let quote = try QuotedDatagram(ipv4: bytes.raw)
    #expect(quote.source == .v4(IPv4Address(192, 0, 2, 1)))
    #expect(quote.destination == .v4(IPv4Address(198, 51, 100, 7)))
    #expect(quote.protocol == .udp && quote.isDestinationFinal && quote.fragmentOffset == 0)
    #expect(quote.transportOffset == 20 && quote.transportByteCount == 8)
    #expect(quote.transportBytes == 0x1234_0035_006c_beef)
    #expect(quote.sourcePort == 0x1234 && quote.destinationPort == 53)
    #expect(quote.tcpSequenceNumber == nil && quote.echoIdentifier == nil && !quote.isError)
    for count in 0..<bytes.count {
      #expect(
        failure(Array(bytes[..<count])) { (span) throws(ParseError) in
          try QuotedDatagram(ipv4: span)
        } == ParseError(.ipv4, .tooShort, wanted: count < 20 ? 20 : 28, available: count))
    }
    #expect(try QuotedDatagram(ipv4: (bytes + [1, 2, 3]).raw) == quote)
  }

  @Test func ofIPv4WithOptionsAndOfAFragment() throws {
    let options = "4600 0084 0001 0000 4006 0000 c0000201 c6336407 94040000"
    let segment = try QuotedDatagram(ipv4: [UInt8](hex: options + "1234 0050 89abcdef").raw)
    #expect(segment.transportOffset == 24)
    #expect(segment.destinationPort == 80 && segment.tcpSequenceNumber == 0x89ab_cdef)
    let later = "4500 0080 0001 0002 4011 0000 c0000201 c6336407" + Self.udp
    let fragment = try QuotedDatagram(ipv4: [UInt8](hex: later).raw)
    #expect(fragment.fragmentOffset == 16 && fragment.sourcePort == nil)
    #expect(fragment.transportByteCount == 0 && fragment.transportBytes == 0)
  }

  @Test func ofIPv4WithLengthsThatAreNotToBeTrusted() throws {
    // Fewer than 8 bytes behind the header, followed by what the link filled up with.
    let short = "4500 0016 0001 0000 4011 0000 c0000201 c6336407 1234 0035"
    let quote = try QuotedDatagram(ipv4: [UInt8](hex: short).raw)
    #expect(quote.transportByteCount == 2 && quote.sourcePort == nil)
    // A total below the header says nothing.
    let zero = "4500 0000 0001 0000 4011 0000 c0000201 c6336407"
    #expect(try QuotedDatagram(ipv4: [UInt8](hex: zero + Self.udp).raw).destinationPort == 53)
    #expect(
      failure([UInt8](hex: zero)) { (span) throws(ParseError) in try QuotedDatagram(ipv4: span) }
        == ParseError(.ipv4, .tooShort, wanted: 28, available: 20))
    for (first, error) in [
      (UInt8(0x65), ParseError(.ipv4, .badVersion, wanted: 4, available: 6)),
      (0x44, ParseError(.ipv4, .badHeaderLength, wanted: 20, available: 16)),
      (0x4f, ParseError(.ipv4, .tooShort, wanted: 68, available: 28)),
    ] {
      var bytes = [UInt8](hex: Self.ipv4 + Self.udp)
      bytes[0] = first
      let found = failure(bytes) { (span) throws(ParseError) in try QuotedDatagram(ipv4: span) }
      #expect(found == error)
    }
  }

  @Test func ofIPv6() throws {
    let bytes = [UInt8](hex: Self.ipv6 + Self.udp)
    let quote = try QuotedDatagram(ipv6: bytes.raw)
    #expect(quote.source == .v6(IPv6Address(high: 0x2001_0db8_0000_0000, low: 1)))
    #expect(quote.destination == .v6(IPv6Address(high: 0x2001_0db8_0000_0000, low: 2)))
    #expect(quote.transportOffset == 40 && quote.destinationPort == 53)
    for count in 0..<40 {
      #expect(
        failure(Array(bytes[..<count])) { (span) throws(ParseError) in
          try QuotedDatagram(ipv6: span)
        } == ParseError(.ipv6, .tooShort, wanted: 40, available: count))
    }
    for count in 40..<48 {
      let cut = try QuotedDatagram(ipv6: Array(bytes[..<count]).raw)
      #expect(cut.transportByteCount == count - 40)
      #expect(cut.sourcePort == (count < 44 ? nil : 0x1234))
    }
    let wrong = failure([0x40] + bytes[1...]) { (span) throws(ParseError) in
      try QuotedDatagram(ipv6: span)
    }
    #expect(wrong == ParseError(.ipv6, .badVersion, wanted: 6, available: 4))
  }

  @Test func ofIPv6WithExtensions() throws {
    var bytes = [UInt8](hex: Self.ipv6)
    bytes[6] = 43
    // A routing header with one router still to visit, then the first fragment of a datagram.
    bytes += [UInt8](hex: "2c00 0401 00000000" + "1100 0001 00000007" + Self.udp)
    let quote = try QuotedDatagram(ipv6: bytes.raw)
    #expect(!quote.isDestinationFinal && quote.transportOffset == 56)
    #expect(quote.protocol == .udp && quote.sourcePort == 0x1234)
    bytes[50] = 1
    let later = try QuotedDatagram(ipv6: bytes.raw)
    #expect(later.fragmentOffset == 256 && later.sourcePort == nil)
    let cut = failure(Array(bytes[..<55])) { (span) throws(ParseError) in
      try QuotedDatagram(ipv6: span)
    }
    #expect(cut == ParseError(.ipv6Extension, .tooShort, wanted: 8, available: 7, offset: 48))
  }

  @Test func ofAnICMPMessage() throws {
    let header = Self.ipv4.replacing("4011", with: "4001")
    let echo = try QuotedDatagram(ipv4: [UInt8](hex: header + "0800 0000 00070001").raw)
    #expect(echo.echoIdentifier == 7 && echo.sourcePort == nil && !echo.isError)
    let error = try QuotedDatagram(ipv4: [UInt8](hex: header + "0303 0000 00000000").raw)
    #expect(error.echoIdentifier == nil && error.isError)
    let header6 = Self.ipv6.replacing("1140", with: "3a40")
    let echo6 = try QuotedDatagram(ipv6: [UInt8](hex: header6 + "8000 0000 00090001").raw)
    #expect(echo6.echoIdentifier == 9 && !echo6.isError)
    let error6 = try QuotedDatagram(ipv6: [UInt8](hex: header6 + "01").raw)
    #expect(error6.isError)
  }

  @Test func anyBytesAreReadOrRefused() {
    var random = SeededRandom()
    var count = 0
    for _ in 0..<20_000 {
      var bytes = random.bytes(random.below(120))
      if !bytes.isEmpty, !random.oneIn(4) { bytes[0] = random.oneIn(2) ? 0x45 : 0x60 }
      for quote in [
        try? QuotedDatagram(ipv4: bytes.raw), try? QuotedDatagram(ipv6: bytes.raw),
      ] {
        guard let quote else { continue }
        count += 1
        #expect(quote.transportOffset + quote.transportByteCount <= bytes.count)
        #expect(0...8 ~= quote.transportByteCount)
      }
    }
    #expect(count > 1000)
  }

  @Test func anErrorFitsItsLimit() {
    #expect(ICMPHeader.quotedByteCount(of: 28) == 28)
    #expect(ICMPHeader.quotedByteCount(of: 1500) + 20 + 8 == 576)
    #expect(ICMPHeader.quotedByteCount(of: 1500, ipHeaderByteCount: 60) + 60 + 8 == 576)
    #expect(ICMPv6Header.quotedByteCount(of: 1500) + 40 + 8 == 1280)
    #expect(ICMPv6Header.quotedByteCount(of: 1232) == 1232)
    #expect(ICMPv6Header.quotedByteCount(of: 9000, extensionByteCount: 16) == 1216)
  }
}
