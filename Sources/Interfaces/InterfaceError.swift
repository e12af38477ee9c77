// SPDX-License-Identifier: BSD-2-Clause
public import Wire

/// Why a source, a sink or an interface could not go on: what failed, why, and what to do.
public struct InterfaceError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was wrong.
  public enum Kind: Equatable, Sendable {
    /// It was finished.
    case closed
    /// It is there, but carries nothing for now (ENETDOWN).
    case down
    /// The packet has more bytes than the link takes.
    case tooLong(byteCount: Int, limit: Int)
    /// The packet has another link type than the link.
    case wrongLinkType(LinkType, wanted: LinkType)
    /// The packet cannot be put out as it is: for instance its time does not fit the file.
    case unfit
    /// A system call refused; its name, if known, and its error number.
    case system(call: String, errno: Int32)
    /// The input ends inside a packet.
    case cut
    /// What comes next in the input is no valid packet.
    case corrupt
    /// The input, or a part of it, is of a kind that is not supported.
    case unsupported
    /// The request is not valid, such as a filter that does not compile.
    case misuse
    /// Anything else.
    case failed
  }

  /// What was wrong.
  public let kind: Kind
  /// What failed and where, in one line.
  public let what: String
  /// Why, in one line.
  public let why: String
  /// What to do, in one line; empty if there is nothing.
  public let advice: String
  /// The packet that failed, counted from 1 at this end of the link; nil if it was not a packet.
  public let packet: Int?
  /// Where in the input that packet begins; nil if there is no such place.
  public let byteOffset: Int?

  /// Puts the parts together.
  ///
  /// - Parameters:
  ///   - kind: what was wrong.
  ///   - what: what failed and where.
  ///   - why: the reason; the kind's own words if left out.
  ///   - advice: what to do about it.
  ///   - packet: number of the packet that failed, from 1.
  ///   - byteOffset: where in the input it begins.
  public init(
    _ kind: Kind, _ what: String, why: String? = nil, advice: String = "", packet: Int? = nil,
    byteOffset: Int? = nil
  ) {
    self.kind = kind
    self.what = what
    self.why = why ?? kind.words
    self.advice = advice
    self.packet = packet
    self.byteOffset = byteOffset
  }

  /// The same error, with the packet that it is about.
  ///
  /// - Parameters:
  ///   - packet: its number, from 1.
  ///   - input: where it came from.
  package func about(packet: Int, of input: String) -> InterfaceError {
    InterfaceError(
      kind, "\(input), packet \(packet): \(what)", why: why, advice: advice, packet: packet,
      byteOffset: byteOffset)
  }

  /// Whether the packet left at the front of the queue is at fault, and the next one may pass.
  public var isAboutPacket: Bool {
    switch kind {
    case .tooLong, .wrongLinkType, .unfit: true
    case .closed, .down, .system, .cut, .corrupt, .unsupported, .misuse, .failed: false
    }
  }

  /// Whether it may be nothing but a signal that came while something was read.
  package var isBrokenOff: Bool {
    // EINTR, as every system numbers it; a library says in words alone why a read failed.
    kind == .failed || kind == .system(call: "read", errno: 4)
  }

  /// The exit status for a command that ends by this error.
  ///
  /// 1 something refused, 3 the input is cut, corrupt or of no known kind, 64 a mistake in the call, 77
  /// a capability is missing.
  package var exitCode: Int32 {
    // EPERM and EACCES, as every system numbers them; a file may be denied to whoever has capabilities.
    let (notPermitted, denied): (Int32, Int32) = (1, 13)
    switch kind {
    case .system(_, notPermitted): return 77
    case .system(_, denied) where advice.contains("setcap"): return 77
    case .cut, .corrupt, .unsupported: return 3
    case .misuse: return 64
    case .closed, .down, .tooLong, .wrongLinkType, .unfit, .system, .failed: return 1
    }
  }

  /// The parts in one line.
  public var description: String {
    advice.isEmpty ? "\(what): \(why)" : "\(what): \(why); \(advice)"
  }
}

extension InterfaceError.Kind {
  /// The reason where the kind says it all.
  fileprivate var words: String {
    switch self {
    case .closed: "it is closed"
    case .down: "it is down"
    case .tooLong(let byteCount, let limit): "\(byteCount) bytes, where \(limit) are the most"
    case .wrongLinkType(let type, let wanted): "link type \(type), where \(wanted) is taken"
    case .unfit: "the packet does not fit"
    case .system(let call, let errno): "\(call): \(systemMessage(errno))"
    case .cut: "it ends inside a packet"
    case .corrupt: "it cannot be read any further"
    case .unsupported: "it is of a kind that is not supported"
    case .misuse: "the request is not valid"
    case .failed: "it failed"
    }
  }
}
