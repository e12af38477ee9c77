// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// The built `mbuma`, run as a person runs it.
struct Command {
  /// How a run ended and what it wrote.
  struct Result {
    let status: Int32
    let output: Data
    let diagnostics: String

    /// Standard output as text.
    var text: String { String(decoding: output, as: UTF8.self) }

    /// Standard output as one JSON object.
    func json() throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: output) as? [String: Any])
    }
  }

  /// The package's folder, where runs begin.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The folder of the programs built with these tests.
  static let products: URL = {
    let own = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let places = [Bundle.main.bundleURL, own, root.appendingPathComponent(".build/debug")]
    return places.first { isThere($0.appendingPathComponent("mbuma").path) } ?? own
  }()

  /// The bundled captures, sorted by name.
  static let captures: [String] = {
    let names = try? FileManager.default.contentsOfDirectory(atPath: "\(root.path)/Captures")
    return (names ?? []).filter(isCapture).sorted()
  }()

  static func isCapture(_ name: String) -> Bool {
    [".pcap", ".pcapng", ".pcap.gz"].contains { name.hasSuffix($0) }
  }

  static func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  private let folder: TemporaryFolder
  private let process: pid_t

  /// Starts the command, or another program.
  ///
  /// - Parameters:
  ///   - input: what to read from standard input; /dev/null by default.
  ///   - output: where standard output goes, if a test does not want to see it.
  init(
    _ arguments: [String], program: String = "\(products.path)/mbuma", input: Int32? = nil,
    output: String? = nil
  ) throws {
    folder = try TemporaryFolder()
    let output = output ?? folder.file("output")
    let null = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer { close(null) }
    process = try Self.spawn(
      program, arguments, input: input ?? null, output: output, folder.file("diagnostics"))
  }

  /// Starts a program in the package's folder, with no signal blocked or ignored: the thread that
  /// does it may block them all, and who started the tests may have had some ignored.
  private static func spawn(
    _ program: String, _ arguments: [String], input: Int32, output: String, _ diagnostics: String
  ) throws -> pid_t {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = unsafe posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    // For the whole process, and always the same.
    guard FileManager.default.changeCurrentDirectoryPath(root.path) else {
      throw POSIXError(.ENOENT)
    }
    unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, output, flags, 0o600)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, diagnostics, flags, 0o600)
    let words = unsafe ([program] + arguments).map { unsafe strdup($0) }
    defer { unsafe words.forEach { unsafe free($0) } }
    var process: pid_t = 0
    let result = unsafe posix_spawn(
      &process, program, &actions, &attributes, words + [nil], environ)
    guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: result) ?? .EIO) }
    return process
  }

  func signal(_ number: Int32) { kill(process, number) }

  /// Waits until the run has come so far; ends it if that takes too long.
  func wait(until isFar: () -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while !isFar() {
      if ContinuousClock.now > deadline {
        signal(SIGKILL)
        _ = try finish()
        throw POSIXError(.ETIMEDOUT)
      }
      usleep(1_000)
    }
  }

  /// Waits for its end.
  func finish() throws -> Result {
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { throw POSIXError(.ECHILD) }
    }
    // As WIFEXITED and WEXITSTATUS have it; a signal's number counts from 128, as in a shell.
    let ended = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    return Result(
      status: ended, output: try folder.read("output"),
      diagnostics: String(decoding: try folder.read("diagnostics"), as: UTF8.self))
  }

  /// Runs it to its end.
  static func run(
    _ arguments: String..., input: Int32? = nil, output: String? = nil
  ) throws -> Result {
    try run(arguments, input: input, output: output)
  }

  static func run(
    _ arguments: [String], input: Int32? = nil, output: String? = nil
  ) throws -> Result {
    try Command(arguments, input: input, output: output).finish()
  }
}

/// A pipe of which no started program inherits the ends.
final class TestPipe {
  let reader: Int32
  private let writer: FileHandle

  init() {
    let pipe = Pipe()
    writer = pipe.fileHandleForWriting
    reader = dup(pipe.fileHandleForReading.fileDescriptor)
    for descriptor in [reader, writer.fileDescriptor, pipe.fileHandleForReading.fileDescriptor] {
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
  }

  deinit { close(reader) }

  func write(_ bytes: Data) throws { try writer.write(contentsOf: bytes) }

  func end() throws { try writer.close() }

  /// Whether something is in it that nobody has read.
  var hasBytes: Bool {
    var wanted = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&wanted, 1, 0) > 0
  }
}

/// A capture file in the making: pcap 2.4, this machine's byte order, microseconds.
struct CaptureBytes {
  private(set) var data = Data()

  init(linkType: UInt32 = 1) {
    append(0xa1b2_c3d4 as UInt32)
    append(2 as UInt16)
    append(4 as UInt16)
    for word: UInt32 in [0, 0, 262_144, linkType] { append(word) }
  }

  /// Adds frames of zeroes, which are of no protocol.
  mutating func addFrames(_ count: Int, byteCount: Int) {
    for index in 0..<count {
      for word in [1_700_000_000, UInt32(index), UInt32(byteCount), UInt32(byteCount)] {
        append(word)
      }
      data.append(Data(count: byteCount))
    }
  }

  private mutating func append(_ word: some FixedWidthInteger) {
    unsafe withUnsafeBytes(of: word) { unsafe data.append(contentsOf: $0) }
  }
}
