// SPDX-License-Identifier: BSD-2-Clause
import CaptureFuzzDriver

// libFuzzer has one thread.
nonisolated(unsafe) private let fuzzer = CaptureFuzzer()

/// What libFuzzer calls with each input; a finding ends the process, and the input is kept.
@c(LLVMFuzzerTestOneInput)
public func fuzzCaptures(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do {
    _ = try unsafe fuzzer.run([UInt8](UnsafeBufferPointer(start: start, count: count)))
  } catch {
    fatalError("\(error)")
  }
  return 0
}
