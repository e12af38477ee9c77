// SPDX-License-Identifier: BSD-2-Clause
public import Foundation

/// The bytes of a file.
///
/// Not `Data(contentsOf:)`, which leaks its buffer when the file is empty.
public func readFile(_ path: String) throws -> Data {
  let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
  defer { try? file.close() }
  return try file.readToEnd() ?? Data()
}

/// A folder that goes when the last who holds it does.
public final class TemporaryFolder: Sendable {
  /// Where it is.
  public let path: String

  /// Makes an empty one.
  public init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("mbuma-tests-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in it.
  public func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file and gives its path.
  public func write(_ bytes: Data, _ name: String) throws -> String {
    try bytes.write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  /// The size of a file, 0 if it is not there.
  public func byteCount(_ name: String) -> Int {
    let url = URL(fileURLWithPath: file(name))
    return (try? url.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0
  }

  /// The bytes of a file, none if it is not there.
  public func read(_ name: String) throws -> Data {
    guard FileManager.default.fileExists(atPath: file(name)) else { return Data() }
    return try readFile(file(name))
  }
}
