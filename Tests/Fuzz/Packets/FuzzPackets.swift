// SPDX-License-Identifier: BSD-2-Clause
import FuzzDriver

// libFuzzer has one thread.
nonisolated(unsafe) private let fuzzer = PacketFuzzer()

/// What libFuzzer calls with each input; a finding ends the process, and the input is kept.
@c(LLVMFuzzerTestOneInput)
public func fuzzPackets(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do {
    try unsafe fuzzer.run([UInt8](UnsafeBufferPointer(start: start, count: count)))
  } catch {
    fatalError("\(error)")
  }
  return 0
}
