// SPDX-License-Identifier: BSD-2-Clause
import Libpcap
import Pcap
import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The arguments of a command that takes capture files and then a filter.
enum CaptureArguments {
  /// What stands between files and a filter, if anything does.
  private static let separator = "--"

  /// The arguments of this process, in which names of files may be any bytes.
  static var ofProcess: [String] {
    (1..<Int(max(CommandLine.argc, 1))).compactMap { index in
      // In bounds: there are `argc` of them, and each ends with a 0.
      unsafe CommandLine.unsafeArgv[index].map { argument in
        FileName.string(
          of: unsafe Array(UnsafeRawBufferPointer(start: argument, count: strlen(argument))))
      }
    }
  }

  /// Keeps the separator, which the parser would take out: it takes the first of two.
  static func keepingSeparator(_ arguments: some Sequence<String>) -> [String] {
    let arguments = Array(arguments)
    guard let place = arguments.firstIndex(of: separator) else { return arguments }
    return Array(arguments[...place] + arguments[place...])
  }

  /// Whether files and a filter are told apart by a separator: one that comes first does not.
  static func hasSeparator(_ arguments: [String]) -> Bool {
    arguments.dropFirst().contains(separator)
  }

  /// Splits them: files first, and from the first that names no file on, the filter's words.
  ///
  /// The first argument is a file whether or not it is there, so that a wrong name is reported as
  /// one.
  static func split(_ arguments: [String]) -> (inputs: [String], filter: String?) {
    if let place = arguments.firstIndex(of: separator) {
      let rest = Array(arguments[(place + 1)...])
      if place == 0 { return split(rest) }
      return (Array(arguments[..<place]), rest.joined(separator: " "))
    }
    let rest = arguments.indices.dropFirst().first { index in
      arguments[index] != "-" && !looksLikeFile(arguments[index], filter: arguments[index...])
    }
    guard let rest else { return (arguments, nil) }
    return (Array(arguments[..<rest]), arguments[rest...].joined(separator: " "))
  }

  /// The interface that an argument names where a file may stand, as "link:eth0" does; nil for a file.
  static func link(_ name: String) -> String? {
    name.hasPrefix("link:") ? String(name.dropFirst("link:".count)) : nil
  }

  /// Whether a file is there, or the name can be nothing but a capture's: a filter given as one
  /// argument, such as "net 10.0.0.0/8", has a space in it.
  ///
  /// A folder is no capture, so its name is one only if it does not begin a filter.
  private static func looksLikeFile(_ name: String, filter: ArraySlice<String>) -> Bool {
    if let file = FileIdentity(path: name) {
      return !file.isFolder || !isFilter(filter.joined(separator: " "))
    }
    if name.contains(" ") { return false }
    if link(name) != nil { return true }
    return name.contains("/") || name.contains(".pcap") || name.hasSuffix(".cap")
      || CaptureCompression(ofFileNamed: name) != .uncompressed
  }

  /// Whether this is an expression in tcpdump's language.
  private static func isFilter(_ expression: String) -> Bool {
    (try? PacketFilter(expression, linkType: .ethernet)) != nil
  }
}
