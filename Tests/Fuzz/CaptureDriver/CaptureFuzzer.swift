// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Pcap

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs inputs, each as a capture that both readers read.
public final class CaptureFuzzer {
  /// An input that is not read as it should be.
  public struct Finding: Error, CustomStringConvertible {
    /// What is wrong, in one line.
    public let description: String
  }

  private let path: String
  private let descriptor: Int32
  private let pool = MbufPool(clusterLimit: 64)

  /// A fuzzer with a file in memory, where that can be had.
  public init() {
    let folder = unsafe access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    path = "\(folder)/mbuma-fuzz-\(getpid())-\(UInt32.random(in: 0...(.max))).pcap"
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    precondition(descriptor >= 0, "cannot make \(path): \(errno)")
  }

  deinit {
    close(descriptor)
    unsafe unlink(path)
    unsafe unlink(path + ".copy")
  }

  /// Runs one input; throws if the readers differ in what no limit of libpcap explains, or a copy does from
  /// what was copied.
  public func run(_ bytes: [UInt8]) throws -> Set<LibpcapLimit> {
    ftruncate(descriptor, 0)
    let count = unsafe bytes.withUnsafeBytes { bytes in
      unsafe pwrite(descriptor, bytes.baseAddress, bytes.count, 0)
    }
    precondition(count == bytes.count, "cannot write \(path): \(errno)")
    let differences = CaptureDifferences(path)
    if let first = differences.unexplained.first { throw Finding(description: first) }
    try readPackets()
    let copy = try CaptureCopy(of: path, holding: bytes, to: path + ".copy", from: pool)
    if let fault = copy.fault { throw Finding(description: fault) }
    return differences.limits
  }

  /// Reads the file into packets, and each block of it.
  private func readPackets() throws {
    if var reader = try? CaptureReader(path: path) {
      while let packet = try? reader.next(into: pool) { packet.checkInvariants() }
      while let frame = reader.nextFrame() { _ = (frame.comments, frame.flags) }
      guard reader.end != nil else { throw Finding(description: "no end") }
    }
    if var blocks = try? BlockReader(path: path) {
      var byteCount = 0
      while let block = try? blocks.next() { byteCount += block.byteCount }
    }
    guard pool.outstanding == 0 else { throw Finding(description: "packets are out") }
  }
}
