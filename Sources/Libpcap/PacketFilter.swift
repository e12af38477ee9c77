// SPDX-License-Identifier: BSD-2-Clause
//
// An expression and the programs that libpcap makes of it: one for each link type and byte order that
// frames were met of, the first one to be used again and again.
//
//     programs     0 for "udp" over Ethernet   1 for "udp" over raw IP ...
//     current      a copy of the one that frames are tried by
//
// For a link type libpcap makes one program for this host's interfaces and another for files, which may
// come from any: BSD loopback has its address family in the order and by the numbers of the machine that
// captured. So that it makes one for a file, it has to believe that it reads one of that order.

import CPcap
public import Pcap
public import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A filter in the language of tcpdump.
///
///     let filter = try PacketFilter("udp port 53", linkType: .ethernet)
///     if filter.matches(packet) { ... }
@safe
public struct PacketFilter: ~Copyable, @unchecked Sendable {
  /// What libpcap made of the expression for some frames.
  @safe
  private struct Program {
    let linkType: LinkType
    let isByteSwapped: Bool
    var code = unsafe bpf_program()
  }

  /// The expression it was made from.
  let expression: String
  /// What is filtered, for errors.
  private let name: String
  /// Whether the frames come from files.
  private let isOfFiles: Bool
  private var programs: [Program] = []
  private var current = unsafe bpf_program()

  /// A filter that has to be prepared before it is used.
  init(unprepared expression: String, of name: String, isOfFiles: Bool) {
    self.expression = expression
    self.name = name
    self.isOfFiles = isOfFiles
  }

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
    self.init(unprepared: expression, of: name, isOfFiles: false)
    try prepare(for: linkType, isByteSwapped: false)
  }

  /// Compiles for an open file.
  init(_ expression: String, for pcap: OpaquePointer, file: String) throws(PcapError) {
    self.init(unprepared: expression, of: file, isOfFiles: true)
    let linkType = unsafe LinkType(rawValue: UInt32(bitPattern: pcap_datalink(pcap)))
    try unsafe compile(for: pcap, linkType, isByteSwapped: pcap_is_swapped(pcap) != 0)
  }

  deinit {
    for var program in programs { unsafe pcap_freecode(&program.code) }
  }

  private mutating func compile(
    for pcap: OpaquePointer, _ linkType: LinkType, isByteSwapped: Bool
  ) throws(PcapError) {
    var program = unsafe Program(linkType: linkType, isByteSwapped: isByteSwapped)
    let result = unsafe pcap_compile(pcap, &program.code, expression, 1, PCAP_NETMASK_UNKNOWN)
    guard result == 0 else {
      let message = unsafe String(cString: pcap_geterr(pcap))
      throw PcapError(.badFilter(expression: expression, message: message), file: name)
    }
    // It stands on its own once it is compiled.
    programs.append(program)
    unsafe current = program.code
  }

  /// Whether the frame matches.
  ///
  /// - Parameters:
  ///   - bytes: the frame, from its link header on.
  ///   - wireByteCount: bytes it had on the wire, what `len` means in an expression.
  public func matches(_ bytes: RawSpan, wireByteCount: Int) -> Bool {
    var header = pcap_pkthdr()
    header.caplen = UInt32(clamping: bytes.byteCount)
    header.len = UInt32(clamping: wireByteCount)
    var program = unsafe current
    return unsafe bytes.withUnsafeBytes { frame in
      // The program reads within caplen bytes only.
      let start = unsafe frame.baseAddress?.assumingMemoryBound(to: UInt8.self)
      return unsafe pcap_offline_filter(&program, &header, start) != 0
    }
  }
}

extension PacketFilter: FrameFilter {
  /// Has frames of a link type tried by the program for it, which is compiled the first time.
  ///
  /// - Throws: `PcapError` of kind `.badFilter`.
  public mutating func prepare(
    for linkType: LinkType, isByteSwapped: Bool
  ) throws(PcapError) {
    for program in programs {
      if program.linkType == linkType, program.isByteSwapped == isByteSwapped {
        return unsafe current = program.code
      }
    }
    let opened = unsafe isOfFiles ? openedFile(linkType, isByteSwapped) : openedDead(linkType)
    guard let pcap = unsafe opened else {
      throw PcapError(.library(message: "out of memory"), file: name)
    }
    defer { unsafe pcap_close(pcap) }
    try unsafe compile(for: pcap, linkType, isByteSwapped: isByteSwapped)
  }
}

/// What libpcap compiles for where the frames are this host's.
private func openedDead(_ linkType: LinkType) -> OpaquePointer? {
  unsafe pcap_open_dead(Int32(truncatingIfNeeded: linkType.rawValue), 262_144)
}

/// What libpcap compiles for where frames are a file's: one without frames, of an order.
private func openedFile(_ linkType: LinkType, _ isByteSwapped: Bool) -> OpaquePointer? {
  guard let number = linkType.inFile else { return unsafe openedDead(linkType) }
  var header: [UInt32] = [0xa1b2_c3d4, 0, 0, 0, 262_144, number]
  // Two halves: the major version first, then the minor.
  header[1] = (UInt16(littleEndian: 1) == 1) == isByteSwapped ? 0x0002_0004 : 0x0004_0002
  if isByteSwapped { header = header.map(\.byteSwapped) }
  var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
  // libpcap reads the header at once, and closes the stream when it is closed itself.
  guard let stream = unsafe fmemopen(&header, 24, "rb") else { return nil }
  let pcap = unsafe pcap_fopen_offline(stream, &message)
  if unsafe pcap == nil { unsafe fclose(stream) }
  return unsafe pcap
}
