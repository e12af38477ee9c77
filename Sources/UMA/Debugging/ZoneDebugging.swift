// SPDX-License-Identifier: BSD-2-Clause

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a zone watches its items for.
///
/// A zone with any of these uses no caches: each allocation comes from its slab and each free goes
/// back to it, and `initialize`, `importItem`, `exportItem` and `finalize` run every time. So every
/// free item is in one known state, and a table tells exactly which items are out, who allocated
/// each and who freed it last. An item freed twice, one of another zone and a pointer into the
/// middle of one are always reported, with both sites; the options add to that.
///
/// Given when a zone is made, or by the environment for zones that were not told:
///
///     MBUMA_DEBUG=junk,redzone,guard,leaks            every zone
///     MBUMA_DEBUG=junk,leaks:mbuf,mbuf_cluster        zones of these names
///
/// A fault ends the process with one line on standard error. A zone that uses none of it pays
/// nothing: the allocator's fast path is the same.
///
/// BSD: `INVARIANTS`, with `trash_ctor` and `trash_dtor`; `memguard`.
public struct ZoneDebugging: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt8

  /// Options with these bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Free items are filled with 0xdeadc0de, and looked at when they are allocated again, when their
  /// slab is released, and by `checkItems()`: a write after free shows.
  ///
  /// BSD: `trash_ctor`, `trash_dtor`.
  public static let junk = ZoneDebugging(rawValue: 1 << 0)

  /// Bytes before and after each item hold a pattern, looked at when it is freed and by
  /// `checkItems()`: a write beyond its ends shows.
  public static let redzones = ZoneDebugging(rawValue: 1 << 1)

  /// Each item ends at a page that cannot be touched, and cannot be touched itself while it is free:
  /// a read or write beyond its end or after its free ends the process at once.
  ///
  /// It takes two mappings of the kernel per item in use, of which a process has 65,530 unless
  /// `vm.max_map_count` is raised; beyond, allocations are denied. No effect where pages of the
  /// system are larger than `PageArena.pageByteCount`.
  ///
  /// BSD: `memguard`.
  public static let guardPages = ZoneDebugging(rawValue: 1 << 2)

  /// A zone that is destroyed with items out says on standard error whose they are.
  ///
  /// BSD: `uma_zdestroy` says how many there are.
  public static let leaks = ZoneDebugging(rawValue: 1 << 3)

  /// An item freed to another zone than it came from is a fault, though both share a keg.
  ///
  /// BSD allows it.
  public static let ownZone = ZoneDebugging(rawValue: 1 << 4)

  /// All of it but `ownZone`.
  public static let all: ZoneDebugging = [.junk, .redzones, .guardPages, .leaks]
}

// MARK: - By environment

extension ZoneDebugging {
  /// What `MBUMA_DEBUG` asks for, read when the first zone is made.
  private static let fromEnvironment: (options: ZoneDebugging, zones: [Substring]) = {
    guard let value = unsafe getenv("MBUMA_DEBUG") else { return ([], []) }
    return parse(unsafe String(cString: value))
  }()

  private static let words: [(word: Substring, option: ZoneDebugging)] = [
    ("junk", .junk), ("redzone", .redzones), ("guard", .guardPages), ("leaks", .leaks),
    ("ownzone", .ownZone), ("all", .all),
  ]

  /// The options and zone names of a setting; words that mean nothing are reported and left out.
  static func parse(_ setting: String) -> (options: ZoneDebugging, zones: [Substring]) {
    let halves = setting.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    var options: ZoneDebugging = []
    for word in halves[0].split(separator: ",") {
      if let known = words.first(where: { $0.word == word }) {
        options.formUnion(known.option)
      } else {
        let names = words.map { String($0.word) }.joined(separator: ", ")
        StandardError.write("MBUMA_DEBUG: \(word) is none of \(names)")
      }
    }
    return (options, halves.count == 1 ? [] : halves[1].split(separator: ","))
  }

  /// What the environment asks of a zone with this name.
  static func ofEnvironment(forZone name: String) -> ZoneDebugging {
    let (options, zones) = fromEnvironment
    return zones.isEmpty || zones.contains { $0 == name } ? options : []
  }
}

/// Writes one line at a time, where no caller can be told.
enum StandardError {
  static func write(_ text: String) {
    var line = text + "\n"
    line.withUTF8 { bytes in
      // What cannot be written is lost; there is nowhere else to report it.
      #if canImport(Glibc)
        _ = unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
      #elseif canImport(Musl)
        _ = unsafe Musl.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
      #elseif canImport(Darwin)
        _ = unsafe Darwin.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
      #endif
    }
  }
}
