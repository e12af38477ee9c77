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

  /// Whether a file is there, or the name can be nothing but a capture's: a filter given as one
  /// argument, such as "net 10.0.0.0/8", has a space in it.
  private static func looksLikeFile(_ name: String) -> Bool {
    if FileIdentity(name) != nil { return true }
    if name.contains(" ") { return false }
    return name.contains("/") || name.contains(".pcap") || name.hasSuffix(".cap")
  }
}

/// Which file a path leads to.
struct FileIdentity: Equatable {
  private let device: UInt64
  private let node: UInt64
  /// Whether it can be read again: not a pipe, a terminal or a device.
  let isRegular: Bool

  init?(_ path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    device = UInt64(truncatingIfNeeded: status.st_dev)
    node = UInt64(truncatingIfNeeded: status.st_ino)
    isRegular = status.st_mode & S_IFMT == S_IFREG
  }

  /// Whether what the path leads to can be read only once, as standard input can.
  static func isReadableOnce(_ path: String) -> Bool {
    path == "-" || FileIdentity(path)?.isRegular == false
  }

  /// Whether both paths lead to the same file.
  static func isSame(_ a: String, _ b: String) -> Bool {
    guard let first = FileIdentity(a), let second = FileIdentity(b) else { return false }
    return first == second
  }
}
