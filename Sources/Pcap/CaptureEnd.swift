// SPDX-License-Identifier: BSD-2-Clause

/// How the reading of a capture ended.
public enum CaptureEnd: Equatable, Sendable {
  /// The file ends where a record ends.
  case clean
  /// The file ends inside a record.
  case cut(PcapError)
  /// A record or block cannot be one.
  case corrupt(PcapError)
  /// The file goes on in a way that is not read here, or that the filter means nothing for.
  case unsupported(PcapError)

  /// One word for reports: `clean`, `cut`, `corrupt` or `unsupported`.
  package var name: String {
    switch self {
    case .clean: "clean"
    case .cut: "cut"
    case .corrupt: "corrupt"
    case .unsupported: "unsupported"
    }
  }

  /// What went wrong, nil for `.clean`.
  public var error: PcapError? {
    switch self {
    case .clean: nil
    case .cut(let error), .corrupt(let error), .unsupported(let error): error
    }
  }
}
