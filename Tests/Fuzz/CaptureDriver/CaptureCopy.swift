// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import Pcap

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A capture read in batches, mapped where that goes, and written again.
///
///     of a pcapng    bytes written == bytes read, up to the block that ends the reading
///     of a pcap      every frame is the same, unless one cannot be written
struct CaptureCopy {
  /// What is wrong with the copy; nil if nothing is.
  let fault: String?

  /// Copies a file whose bytes are known.
  init(of path: String, holding bytes: [UInt8], to output: String, from pool: MbufPool) throws {
    let journal = BlockJournal()
    guard
      var reader = try? CaptureReader(
        path: path, selecting: nil, noting: journal, mapping: true)
    else {
      fault = nil
      return
    }
    let format: CaptureFormat = reader.format == .pcapng ? .pcapng : .pcap
    guard
      var writer = try? CaptureWriter(
        path: output, format: format, linkType: reader.linkType, resolution: reader.resolution,
        copying: journal)
    else {
      fault = nil
      return
    }
    var isRefused = false
    var state = SourceState.more
    while case .more = state {
      var packets = PacketQueue()
      state = reader.receive(upTo: 7, into: &packets, from: pool)
      do { try writer.transmit(&packets, due: 0) } catch { isRefused = true }
    }
    do { try writer.close() } catch { isRefused = true }
    if reader.statistics.input.drops > 0 || (isRefused && format == .pcap) {
      fault = nil
    } else if format == .pcap {
      let comparison = try PacketComparison(of: path, with: output)
      fault = comparison.isIdentical ? nil : "the copy: \(comparison)"
    } else if !bytes.starts(with: [0x0a, 0x0d, 0x0d, 0x0a]) {
      // Compressed: what it expands to is not at hand.
      fault = nil
    } else if isRefused {
      fault = "the copy is refused"
    } else {
      fault = Self.fault(of: output, bytes, isWhole: reader.end == .clean)
    }
  }

  private static func fault(of output: String, _ bytes: [UInt8], isWhole: Bool) -> String? {
    let descriptor = unsafe open(output, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    var found = [UInt8](repeating: 0, count: bytes.count + 1)
    let count = unsafe found.withUnsafeMutableBytes {
      unsafe read(descriptor, $0.baseAddress, $0.count)
    }
    guard count >= 0, count <= bytes.count, bytes.starts(with: found[..<count]) else {
      return "the copy has other bytes: \(count) of \(bytes.count)"
    }
    return isWhole && count < bytes.count ? "the copy has \(count) bytes of \(bytes.count)" : nil
  }
}
