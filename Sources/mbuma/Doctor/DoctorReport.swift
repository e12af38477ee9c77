// SPDX-License-Identifier: BSD-2-Clause
import Reports

/// All findings of a run.
struct DoctorReport {
  /// The interface that was looked at, if one was.
  let interface: String?
  let findings: [Finding]

  /// 0 if a capture and a replay have what they need; 77 if a permission is all they lack, else 1.
  var status: ExitStatus {
    let failures = findings.filter { $0.state == .fail }
    if failures.isEmpty { return .done }
    return failures.allSatisfy(\.isPermission) ? .permission : .failed
  }

  /// A line for each finding, and the command that puts it right on a line of its own below.
  var text: String {
    let width = (findings.map(\.name.count).max() ?? 0) + 2
    return findings.map { finding in
      let columns =
        Self.padded(finding.state.rawValue, 6) + Self.padded(finding.name, width) + finding.fact
      let fix = finding.fix.map { String(repeating: " ", count: 6) + $0 + "\n" } ?? ""
      return columns + "\n" + fix
    }.joined()
  }

  private static func padded(_ word: String, _ width: Int) -> String {
    word + String(repeating: " ", count: max(0, width - word.count))
  }

  /// One object, schema `mbuma.doctor/1`.
  var json: JSONValue {
    [
      "schema": "mbuma.doctor/1",
      "interface": interface.map { .string($0) } ?? .null,
      "exit": .integer(status.rawValue),
      "findings": .array(
        findings.map { finding in
          [
            "name": .string(finding.name),
            "state": .string(finding.state.rawValue),
            "fact": .string(finding.fact),
            "fix": finding.fix.map { .string($0) } ?? .null,
          ]
        }),
    ]
  }
}
