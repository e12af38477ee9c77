// SPDX-License-Identifier: BSD-2-Clause
//
// Reports of many runs, taken in one after the other:
//
//     merge(info A, info B) == info A B               the files of both, and their total made anew
//     merge(merge(a, b), c) == merge(a, merge(b, c))  of either kind
//     merge(a) == a
//
// and without regard to order, but that files and inputs are listed as they came.

import Interfaces
import Pcap
import Reports

/// Reports of one kind, on their way into one.
struct ReportMerge {
  /// What may be merged, by its schema.
  enum Kind: String, CaseIterable {
    /// Of `info`.
    case info = "mbuma.info/1"
    /// Of `replay`.
    case replay = "mbuma.replay/1"

    /// What the report calls what it is about, a file or an input each.
    var list: String { self == .info ? "files" : "inputs" }
  }

  /// What the reports are; nil before the first.
  private(set) var kind: Kind?
  /// Files of reports of `info`, in order.
  private(set) var files: [JSONValue] = []
  private var wasInterrupted = false
  /// The merged report of replays; nil before the first.
  private(set) var replay: JSONValue?
  private var names: [String: Int] = [:]

  /// Names of captures that are in the reports more than once, in order.
  var namedTwice: [String] { names.filter { $1 > 1 && $0 != "-" }.keys.sorted() }

  /// Takes in the reports of a file, "-" for standard input.
  ///
  /// - Throws: a fault of the file or the system; of kind `.corrupt` for what is no report, with its
  ///   place, and `.misuse` for one of another kind than those before.
  mutating func read(_ path: String) throws(InterfaceError) {
    let bytes: [UInt8]
    do throws(PcapError) {
      bytes = try FileBytes.all(of: path)
    } catch {
      throw InterfaceError(error)
    }
    let name = path == "-" ? "standard input" : path.printable
    var reader = JSONReader(bytes)
    var count = 0
    while let report = try Self.next(&reader, of: name) {
      count += 1
      try add(report, from: name, at: reader.startOffset)
    }
    if count == 0 {
      throw InterfaceError(
        .corrupt, "\(name), byte 0: there is no report in it", why: "it has \(bytes.count) bytes",
        advice: "give what info --json or replay --json printed", byteOffset: 0)
    }
  }

  private static func next(
    _ reader: inout JSONReader, of name: String
  ) throws(InterfaceError) -> JSONValue? {
    do throws(JSONReader.Failure) {
      return try reader.next()
    } catch {
      throw InterfaceError(
        .corrupt, "\(name), byte \(error.byteOffset): this is no JSON", why: error.why,
        advice: "give what info --json or replay --json printed", byteOffset: error.byteOffset)
    }
  }

  /// Takes in a report.
  private mutating func add(
    _ report: JSONValue, from name: String, at place: Int
  ) throws(InterfaceError) {
    guard let schema = report["schema"]?.string, let kind = Kind(rawValue: schema) else {
      let found =
        report["schema"]?.string.map { "its schema is \($0.printable)" } ?? "it has no schema"
      throw InterfaceError(
        .unsupported, "\(name), byte \(place): this report cannot be merged",
        why: "\(found), and not one of " + Kind.allCases.map(\.rawValue).joined(separator: ", "),
        advice: "give what info --json or replay --json printed", byteOffset: place)
    }
    if let before = self.kind, before != kind {
      throw InterfaceError(
        .misuse, "\(name), byte \(place): this report is of another kind",
        why: "it is \(schema), and those before are \(before.rawValue)",
        advice: "merge each kind by itself", byteOffset: place)
    }
    guard let list = report[kind.list]?.elements, list.allSatisfy({ $0["file"]?.string != nil })
    else {
      throw InterfaceError(
        .corrupt, "\(name), byte \(place): this report cannot be merged",
        why: "it has no \(kind.list) with names", advice: "make the report again",
        byteOffset: place)
    }
    self.kind = kind
    for file in list { names[file["file"]?.string ?? "", default: 0] += 1 }
    switch kind {
    case .info:
      files += list
      wasInterrupted = wasInterrupted || report["interrupted"]?.truth == true
    case .replay: replay = replay.map { ReplayMerge.merged($0, report) } ?? report
    }
  }

  /// The merged report; `top` is how many addresses and ports all files together list.
  func json(top: Int) -> JSONValue {
    replay ?? InfoCommand.json(files, top: top, wasInterrupted: wasInterrupted)
  }
}
