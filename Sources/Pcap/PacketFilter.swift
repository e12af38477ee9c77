// SPDX-License-Identifier: BSD-2-Clause

import CPcap
public import Mbufs
public import Wire

/// A filter in the language of tcpdump, compiled for one link type.
///
///     let filter = try PacketFilter("udp port 53", linkType: .ethernet)
///     if filter.matches(packet) { ... }
@safe
public struct PacketFilter: ~Copyable, @unchecked Sendable {
  /// The expression it was made from.
  let expression: String
  private var program = unsafe bpf_program()

  /// Compiles an expression.
  ///
  /// - Parameters:
  ///   - expression: as in pcap-filter(7); an empty one matches every frame.
  ///   - linkType: that of the frames to look at.
  /// - Throws: `PcapError` of kind `.badFilter`.
  public init(_ expression: String, linkType: LinkType) throws(PcapError) {
    try self.init(expression, linkType: linkType, of: "-")
  }

  /// Compiles an expression for what has a name of its own, which the error gives.
  package init(_ expression: String, linkType: LinkType, of name: String) throws(PcapError) {
    guard
      let dead = unsafe pcap_open_dead(Int32(truncatingIfNeeded: linkType.rawValue), 262_144)
    else {
      throw PcapError(.library(message: "out of memory"), file: name)
    }
    // The program stands on its own once it is compiled.
    defer { unsafe pcap_close(dead) }
    try unsafe self.init(expression, for: dead, file: name)
  }

  /// Compiles for an open file: its byte order matters to some link types.
  init(_ expression: String, for pcap: OpaquePointer, file: String) throws(PcapError) {
    self.expression = expression
    let result = unsafe pcap_compile(pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN)
    guard result == 0 else {
      let message = unsafe String(cString: pcap_geterr(pcap))
      throw PcapError(.badFilter(expression: expression, message: message), file: file)
    }
  }

  deinit {
    var program = unsafe program
    unsafe pcap_freecode(&program)
  }

  /// Whether the frame matches.
  ///
  /// - Parameters:
  ///   - bytes: the frame, from its link header on.
  ///   - wireByteCount: bytes it had on the wire, what `len` means in an expression.
  func matches(_ bytes: RawSpan, wireByteCount: Int) -> Bool {
    var header = pcap_pkthdr()
    header.caplen = UInt32(clamping: bytes.byteCount)
    header.len = UInt32(clamping: wireByteCount)
    var program = unsafe program
    return unsafe bytes.withUnsafeBytes { frame in
      // The program reads within caplen bytes only.
      let start = unsafe frame.baseAddress?.assumingMemoryBound(to: UInt8.self)
      return unsafe pcap_offline_filter(&program, &header, start) != 0
    }
  }

  /// Whether the packet matches, by the bytes of its first segment.
  ///
  /// A test that reads behind them fails, as it does behind the end of a frame.
  public func matches(_ packet: borrowing Packet) -> Bool {
    matches(packet.bytes, wireByteCount: packet.wireByteCount)
  }
}
