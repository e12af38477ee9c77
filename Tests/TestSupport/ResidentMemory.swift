// SPDX-License-Identifier: BSD-2-Clause
#if os(Linux)
  import Glibc

  /// Bytes of memory this process has in use, from /proc/self/statm.
  package func residentByteCount() -> Int {
    guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
    defer { unsafe fclose(file) }
    var text = [CChar](repeating: 0, count: 256)
    guard unsafe fgets(&text, 255, file) != nil else { return 0 }
    let digits = text.prefix { $0 != 0 }.map { Character(UnicodeScalar(UInt8(bitPattern: $0))) }
    let pages = String(digits).split(separator: " ")[1]
    return (Int(pages) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
#endif
