// SPDX-License-Identifier: BSD-2-Clause

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the system calls an error number, as in "No such file or directory".
///
/// BSD: strerror(3).
package func systemMessage(_ errno: Int32) -> String {
  // The string is copied at once; the text of a number that is known never changes.
  unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
}
