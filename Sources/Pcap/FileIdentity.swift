// SPDX-License-Identifier: BSD-2-Clause

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Which file a path or a descriptor leads to, whatever its name: links are followed, and so are
/// names like `/dev/stdin` and `/proc/self/fd/3`.
package struct FileIdentity: Equatable, Sendable {
  private let device: UInt64
  private let node: UInt64
  private let kind: UInt32

  /// The file that a path leads to; nil if there is none.
  package init?(path: String) {
    var status = stat()
    guard unsafe stat(FileName.systemName(path), &status) == 0 else { return nil }
    self.init(status)
  }

  /// The file that is open under a number; nil if none is.
  package init?(descriptor: Int32) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  /// The file that is read for `path`, "-" for standard input.
  package init?(input path: String) {
    if path == "-" { self.init(descriptor: 0) } else { self.init(path: path) }
  }

  /// The file that is written for `path`, "-" for standard output.
  package init?(output path: String) {
    if path == "-" { self.init(descriptor: 1) } else { self.init(path: path) }
  }

  private init(_ status: stat) {
    device = UInt64(truncatingIfNeeded: status.st_dev)
    node = UInt64(truncatingIfNeeded: status.st_ino)
    kind = UInt32(status.st_mode & S_IFMT)
  }

  /// Whether it is a file proper: positions mean something, and it can be read again.
  package var isRegular: Bool { kind == UInt32(S_IFREG) }

  /// Whether it is a folder.
  package var isFolder: Bool { kind == UInt32(S_IFDIR) }

  /// Whether it is a pipe or a socket: what two write to it, one reader gets mixed.
  package var isStream: Bool { kind == UInt32(S_IFIFO) || kind == UInt32(S_IFSOCK) }

  /// Whether what is written to it stays there, over what was there before: a file or a disk, and
  /// no pipe, terminal or null device.
  package var keepsBytes: Bool { isRegular || kind == UInt32(S_IFBLK) }

  /// Whether the file that is open under a number has bytes before the place where the next one goes.
  package static func isContinued(descriptor: Int32) -> Bool {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, FileIdentity(status).isRegular else {
      return false
    }
    let isAppending = fcntl(descriptor, F_GETFL) & O_APPEND != 0
    return isAppending ? status.st_size > 0 : lseek(descriptor, 0, SEEK_CUR) > 0
  }

  /// Whether writing to `other` changes what is read from this file.
  package func isOverwritten(byWritingTo other: FileIdentity?) -> Bool {
    keepsBytes && self == other
  }
}
