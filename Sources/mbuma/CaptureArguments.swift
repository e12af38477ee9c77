// SPDX-License-Identifier: BSD-2-Clause
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The arguments of a command that takes capture files and then a filter.
enum CaptureArguments {
  /// Splits them: files first, and from the first that names no file on, the filter's words.
  ///
  /// The first argument is a file whether or not it is there, so that a wrong name is reported as
  /// one.
  static func split(_ arguments: [String]) -> (inputs: [String], filter: String?) {
    let rest = arguments.dropFirst().firstIndex { $0 != "-" && !looksLikeFile($0) }
    guard let rest else { return (arguments, nil) }
    return (Array(arguments[..<rest]), arguments[rest...].joined(separator: " "))
  }

  /// Whether a file is there, or the name can be nothing but a capture's.
  private static func looksLikeFile(_ name: String) -> Bool {
    name.contains("/") || name.contains(".pcap") || name.hasSuffix(".cap")
      || FileIdentity(name) != nil
  }
}

/// Which file a path leads to.
struct FileIdentity: Equatable {
  private let device: UInt64
  private let node: UInt64

  init?(_ path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    device = UInt64(truncatingIfNeeded: status.st_dev)
    node = UInt64(truncatingIfNeeded: status.st_ino)
  }

  /// Whether both paths lead to the same file.
  static func isSame(_ a: String, _ b: String) -> Bool {
    guard let first = FileIdentity(a), let second = FileIdentity(b) else { return false }
    return first == second
  }
}
