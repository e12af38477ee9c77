// SPDX-License-Identifier: BSD-2-Clause

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes bytes until all are written or the system refuses; a signal does not end it, and a pipe
/// that somebody else made non-blocking is waited for.
///
/// - Returns: the bytes written, and the error number if that is not all of them, else 0.
package func writeAll(_ bytes: RawSpan, to descriptor: Int32) -> (done: Int, reason: Int32) {
  unsafe bytes.withUnsafeBytes { bytes in
    var done = 0
    while done < bytes.count, let start = bytes.baseAddress {
      // In bounds: `done` bytes were taken of those in the span.
      let count = unsafe write(descriptor, start + done, bytes.count - done)
      if count > 0 {
        done += count
      } else if count < 0, errno == EAGAIN {
        _ = waitUntilReady(descriptor, POLLOUT)
      } else if count < 0, errno != EINTR {
        return (done, errno)
      }
    }
    return (done, 0)
  }
}

/// Waits until a descriptor can be read or written, or has failed.
///
/// - Returns: false, with `errno`, if a signal ended the waiting.
package func waitUntilReady(_ descriptor: Int32, _ event: Int32) -> Bool {
  var wanted = pollfd(fd: descriptor, events: Int16(event), revents: 0)
  return unsafe poll(&wanted, 1, -1) >= 0
}

/// `close(2)`, whose name methods hide.
package func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }
