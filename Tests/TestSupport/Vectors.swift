// SPDX-License-Identifier: BSD-2-Clause
public import Foundation

/// Files of recorded facts, one JSON object per line, in the folder `Vectors` beside a test.
///
/// `MBUMA_VECTORS=DIR` in the environment has the same tests read files of the same names and
/// format in another folder.
public enum Vectors {
  /// The lines of a file, each one object.
  public static func lines(of name: String, beside file: String = #filePath) throws -> [Data] {
    let folder =
      ProcessInfo.processInfo.environment["MBUMA_VECTORS"] ?? bundled("", beside: file)
    return try readFile("\(folder)/\(name)").split(separator: UInt8(ascii: "\n")).map { Data($0) }
  }

  /// The path of a file in the folder `Vectors` beside a test.
  public static func bundled(_ name: String, beside file: String = #filePath) -> String {
    URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Vectors")
      .appendingPathComponent(name).path
  }

  /// The objects of some lines; a key `some_name` is the property `someName`.
  public static func decode<Row: Decodable>(_ lines: [Data], as row: Row.Type) throws -> [Row] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try lines.map { try decoder.decode(row, from: $0) }
  }
}
