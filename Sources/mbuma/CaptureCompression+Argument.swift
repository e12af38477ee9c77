// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Pcap

extension CaptureCompression: ExpressibleByArgument {
  /// How it is chosen, for help.
  static let forms = "gzip, zstd, lz4 or none, whatever its name says: .gz, .zst, .lz4"
}
