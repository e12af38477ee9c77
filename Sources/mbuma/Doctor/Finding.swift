// SPDX-License-Identifier: BSD-2-Clause
//
// What `mbuma doctor` does goes one way, and each step is tested without the one before:
//
//     Probes          asks the kernel          opens and closes, changes nothing
//     HostFacts,      what it answered         values; tests make up any
//     InterfaceFacts
//     Finding         what that means          one for each thing looked at
//     DoctorReport    text, JSON, exit status  status == 0 if no finding is a `fail`

/// One thing that was looked at: how it is, and the command that puts it right if it is wrong.
struct Finding: Equatable {
  /// How much is wrong.
  enum State: String {
    /// As it should be.
    case ok
    /// A capture or a replay works, but this is worth knowing; or something else does not work.
    case note
    /// Something that a capture or a replay needs is missing.
    case fail
  }

  /// A word, by which scripts find it; it does not change.
  let name: String
  let state: State
  /// What was found, in one line.
  let fact: String
  /// A command for a shell; nil if nothing is wrong, or no command changes it.
  let fix: String?
  /// Whether a permission is what is missing.
  let isPermission: Bool

  private init(
    _ name: String, _ state: State, _ fact: String, _ fix: String?, isPermission: Bool = false
  ) {
    (self.name, self.state, self.fact, self.fix) = (name, state, fact, fix)
    self.isPermission = isPermission
  }

  static func ok(_ name: String, _ fact: String) -> Finding { Finding(name, .ok, fact, nil) }

  static func note(_ name: String, _ fact: String, fix: String? = nil) -> Finding {
    Finding(name, .note, fact, fix)
  }

  static func fail(
    _ name: String, _ fact: String, fix: String? = nil, isPermission: Bool = false
  ) -> Finding {
    Finding(name, .fail, fact, fix, isPermission: isPermission)
  }

  /// A word of a shell's command: quoted if a shell would see more in it than itself.
  static func quoted(_ word: String) -> String {
    let isPlain = word.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "/", ".", "_", "-", "+", ",", ":", "@", "=": true
      default: false
      }
    }
    if isPlain, !word.isEmpty { return word }
    return "'"
      + word.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: #"'\''"#) + "'"
  }
}
