// SPDX-License-Identifier: BSD-2-Clause

import CPcap
import Pcap

extension LibpcapReader {
  /// Opens a capture file.
  ///
  /// - Parameters:
  ///   - path: the file, or "-" for standard input; a byte `b` that is not UTF-8 is U+10FF00 + `b`.
  ///   - filter: a tcpdump expression; only frames that match it are given.
  /// - Throws: `PcapError`, whose kind says whether the system, the file or the filter is at fault.
  public init(path: String, filter: String? = nil) throws(PcapError) {
    let file = try LibpcapFile(path: path)
    let prelude: CapturePrelude
    let pcap: OpaquePointer
    do throws(PcapError) {
      prelude = try CapturePrelude(try file.peek(path: path), file: path)
      unsafe pcap = try unsafe Self.open(file, path)
    } catch {
      file.close()
      file.release()
      throw error
    }
    var program: PacketFilter?
    if let filter {
      do throws(PcapError) {
        program = try unsafe PacketFilter(filter, for: pcap, file: path)
      } catch {
        unsafe pcap_close(pcap)
        file.release()
        throw error
      }
    }
    unsafe self.init(
      pcap: pcap, file: file, filter: program, path: path, format: prelude.format,
      resolution: prelude.resolution)
  }

  /// Which file is being read.
  package var identity: FileIdentity { file.identity }

  private static func open(
    _ file: borrowing LibpcapFile, _ path: String
  ) throws(PcapError) -> OpaquePointer {
    var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    let pcap = unsafe pcap_fopen_offline_with_tstamp_precision(
      file.stream, UInt32(PCAP_TSTAMP_PRECISION_NANO), &message)
    guard let pcap = unsafe pcap else {
      let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw PcapError(
        LibraryMessage(String(decoding: text, as: UTF8.self)).openKind, file: path,
        byteOffset: unsafe file.isRegular ? position(of: file.stream) : nil)
    }
    return unsafe pcap
  }

  /// How the reading ended, from what libpcap's last call gave.
  func finish(_ result: Int32) -> CaptureEnd {
    if result == PCAP_ERROR_BREAK { return .clean }
    let message = unsafe LibraryMessage(String(cString: pcap_geterr(pcap)))
    let record = recordCount + 1
    let place = unsafe file.isRegular ? position(of: file.stream) : nil
    func error(_ kind: PcapError.Kind, back byteCount: Int) -> PcapError {
      PcapError(kind, file: path, packet: record, byteOffset: place.map { $0 - byteCount })
    }
    if let (wanted, available) = message.truncation {
      let kind = PcapError.Kind.truncated(wanted: wanted, available: available)
      return .cut(error(kind, back: available + headerByteCount(before: wanted, message)))
    }
    if message.text.hasPrefix("error reading") {
      return .cut(error(.library(message: message.text), back: 0))
    }
    if let kind = message.unsupportedKind { return .unsupported(error(kind, back: 0)) }
    guard message.isOfLength(format) else {
      return .corrupt(error(.corrupt(message: message.text), back: 0))
    }
    // The header of the record or block was read, and nothing behind it.
    if format == .pcapng, let place, file.word(at: place - 8) == 0x0a0d_0d0a {
      return .unsupported(error(.mixedByteOrders(message: message.text), back: 8))
    }
    return .corrupt(error(.corrupt(message: message.text), back: headerByteCount))
  }

  /// Bytes before the data of a record, or before the body of a block.
  private var headerByteCount: Int {
    switch format {
    case .pcap: 16
    case .modified: 24
    case .pcapng: 8
    }
  }

  /// Bytes of the record already read when the ones wanted were missing.
  private func headerByteCount(before wanted: Int, _ message: LibraryMessage) -> Int {
    if message.isInHeader { return 0 }
    // libpcap reads the eight bytes of a block's header with the words it uses for the body.
    if format == .pcapng, wanted == headerByteCount { return 0 }
    return headerByteCount
  }
}
