// SPDX-License-Identifier: BSD-2-Clause
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whether memory holds these bytes: in one call, so that fuzzing does not watch each comparison.
func holds(_ memory: UnsafeRawBufferPointer, _ bytes: ArraySlice<UInt8>) -> Bool {
  guard memory.count == bytes.count else { return false }
  return unsafe bytes.withUnsafeBytes { bytes in
    guard let a = memory.baseAddress, let b = bytes.baseAddress else { return true }
    return unsafe memcmp(a, b, bytes.count) == 0
  }
}
