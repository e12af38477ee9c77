// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport

/// Files of recorded facts, one JSON object per line, in the folder `Vectors` beside this file.
///
/// `MBUMA_VECTORS=DIR` in the environment has the same tests read files of the same names and
/// format in another folder.
enum Vectors {
  static let folder =
    ProcessInfo.processInfo.environment["MBUMA_VECTORS"]
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Vectors").path

  /// The lines of a file, each one object.
  static func lines(of name: String) throws -> [Data] {
    try readFile("\(folder)/\(name)").split(separator: UInt8(ascii: "\n")).map { Data($0) }
  }

  /// The objects of some lines; a key `some_name` is the property `someName`.
  static func decode<Row: Decodable>(_ lines: [Data], as row: Row.Type) throws -> [Row] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try lines.map { try decoder.decode(row, from: $0) }
  }
}
