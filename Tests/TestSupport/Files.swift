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
