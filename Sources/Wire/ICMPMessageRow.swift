// SPDX-License-Identifier: BSD-2-Clause

// Every ICMP message that has a name, one row each: what documentation, tests and sockets go by.
//
//     type, code  ->  name, RFC, whether an error, what it does to the socket that sent the datagram
//
// Rows are in the order of type and code, none twice. A row without a code is for those of its type
// that have no row of their own. Only errors have an effect.

/// What an ICMP error does to the socket whose datagram it quotes.
@frozen
public enum ICMPEffect: UInt8, CaseIterable, Hashable, Sendable, BitwiseCopyable {
  /// Nothing: no error, or one that the socket is not told of.
  case none
  /// Nobody is there to take it, or someone forbids it: `ECONNREFUSED`.
  case refused
  /// It does not get there, for now: `EHOSTUNREACH`.
  case unreachable
  /// It is longer than the path takes: `EMSGSIZE`.
  case messageTooBig
  /// A field or an option of it is not understood: `ENOPROTOOPT`.
  case notSupported
}

/// One ICMP message that has a name.
public struct ICMPMessageRow<MessageType: ICMPMessageType>: Hashable, Sendable {
  /// What kind of message.
  public let type: MessageType
  /// Which of its kind; nil for all that have no row of their own.
  public let code: UInt8?
  /// What the document calls it, in lower case.
  public let name: String
  /// The number of the RFC that says what it means.
  public let rfc: Int
  /// What it does to the socket whose datagram it quotes.
  public let effect: ICMPEffect

  /// Whether it tells of a datagram that went wrong.
  public var isError: Bool { type.isError }

  init(
    _ type: MessageType, _ code: UInt8?, _ name: String, rfc: Int, _ effect: ICMPEffect = .none
  ) {
    self.type = type
    self.code = code
    self.name = name
    self.rfc = rfc
    self.effect = effect
  }
}

extension ICMPMessageType {
  /// The row of this kind of message with a code, or that of the kind; nil if it has no name.
  public func message(code: UInt8) -> ICMPMessageRow<Self>? {
    Self.messages.first { $0.type == self && ($0.code == code || $0.code == nil) }
  }

  /// What this kind of message with a code does to the socket whose datagram it quotes.
  ///
  /// - Complexity: O(rows); errors are rare, and their senders are limited.
  public func effect(code: UInt8) -> ICMPEffect {
    isError ? message(code: code)?.effect ?? .none : .none
  }
}

extension ICMPType {
  /// Every message that has a name, by type and code.
  public static let messages: [ICMPMessageRow<ICMPType>] = [
    ICMPMessageRow(.echoReply, nil, "echo reply", rfc: 792),
    ICMPMessageRow(.unreachable, UnreachableCode.net, "net unreachable", rfc: 792, .unreachable),
    ICMPMessageRow(.unreachable, UnreachableCode.host, "host unreachable", rfc: 792, .unreachable),
    ICMPMessageRow(
      .unreachable, UnreachableCode.protocol, "protocol unreachable", rfc: 792, .refused),
    ICMPMessageRow(.unreachable, UnreachableCode.port, "port unreachable", rfc: 792, .refused),
    ICMPMessageRow(
      .unreachable, UnreachableCode.fragmentationNeeded, "fragmentation needed", rfc: 1191,
      .messageTooBig),
    ICMPMessageRow(
      .unreachable, UnreachableCode.sourceRouteFailed, "source route failed", rfc: 792,
      .unreachable),
    ICMPMessageRow(
      .unreachable, UnreachableCode.netUnknown, "destination network unknown", rfc: 1122,
      .unreachable),
    ICMPMessageRow(
      .unreachable, UnreachableCode.hostUnknown, "destination host unknown", rfc: 1122,
      .unreachable),
    ICMPMessageRow(
      .unreachable, UnreachableCode.sourceIsolated, "source host isolated", rfc: 1122,
      .unreachable),
    ICMPMessageRow(
      .unreachable, UnreachableCode.netProhibited, "network prohibited", rfc: 1122, .unreachable),
    ICMPMessageRow(
      .unreachable, UnreachableCode.hostProhibited, "host prohibited", rfc: 1122, .unreachable),
    ICMPMessageRow(
      .unreachable, UnreachableCode.netForService, "net unreachable for type of service",
      rfc: 1122, .unreachable),
    ICMPMessageRow(
      .unreachable, UnreachableCode.hostForService, "host unreachable for type of service",
      rfc: 1122, .unreachable),
    ICMPMessageRow(
      .unreachable, UnreachableCode.prohibited, "administratively prohibited", rfc: 1812,
      .refused),
    ICMPMessageRow(
      .unreachable, UnreachableCode.precedenceViolation, "host precedence violation", rfc: 1812,
      .refused),
    ICMPMessageRow(
      .unreachable, UnreachableCode.precedenceCutoff, "precedence cutoff in effect", rfc: 1812,
      .refused),
    ICMPMessageRow(.sourceQuench, nil, "source quench", rfc: 6633),
    ICMPMessageRow(.redirect, RedirectCode.net, "redirect for the network", rfc: 792),
    ICMPMessageRow(.redirect, RedirectCode.host, "redirect for the host", rfc: 792),
    ICMPMessageRow(
      .redirect, RedirectCode.netForService, "redirect for type of service and network", rfc: 792),
    ICMPMessageRow(
      .redirect, RedirectCode.hostForService, "redirect for type of service and host", rfc: 792),
    ICMPMessageRow(.echo, nil, "echo", rfc: 792),
    ICMPMessageRow(.routerAdvertisement, nil, "router advertisement", rfc: 1256),
    ICMPMessageRow(.routerSolicitation, nil, "router solicitation", rfc: 1256),
    ICMPMessageRow(
      .timeExceeded, TimeExceededCode.inTransit, "time to live exceeded in transit", rfc: 792,
      .unreachable),
    ICMPMessageRow(
      .timeExceeded, TimeExceededCode.reassembly, "fragment reassembly time exceeded", rfc: 792),
    ICMPMessageRow(
      .parameterProblem, ParameterProblemCode.pointer, "parameter problem", rfc: 792,
      .notSupported),
    ICMPMessageRow(
      .parameterProblem, ParameterProblemCode.missingOption, "required option missing", rfc: 1122,
      .notSupported),
    ICMPMessageRow(
      .parameterProblem, ParameterProblemCode.badLength, "bad length", rfc: 4884, .notSupported),
    ICMPMessageRow(.timestamp, nil, "timestamp", rfc: 792),
    ICMPMessageRow(.timestampReply, nil, "timestamp reply", rfc: 792),
    ICMPMessageRow(.informationRequest, nil, "information request", rfc: 6918),
    ICMPMessageRow(.informationReply, nil, "information reply", rfc: 6918),
    ICMPMessageRow(.addressMask, nil, "address mask request", rfc: 6918),
    ICMPMessageRow(.addressMaskReply, nil, "address mask reply", rfc: 6918),
  ]
}

extension ICMPv6Type {
  /// Every message that has a name, by type and code.
  public static let messages: [ICMPMessageRow<ICMPv6Type>] = [
    ICMPMessageRow(
      .unreachable, UnreachableCode.noRoute, "no route to destination", rfc: 4443, .unreachable),
    ICMPMessageRow(
      .unreachable, UnreachableCode.prohibited, "administratively prohibited", rfc: 4443,
      .refused),
    ICMPMessageRow(
      .unreachable, UnreachableCode.beyondScope, "beyond scope of source address", rfc: 4443,
      .unreachable),
    ICMPMessageRow(
      .unreachable, UnreachableCode.address, "address unreachable", rfc: 4443, .unreachable),
    ICMPMessageRow(.unreachable, UnreachableCode.port, "port unreachable", rfc: 4443, .refused),
    ICMPMessageRow(
      .unreachable, UnreachableCode.policy, "source address failed policy", rfc: 4443, .refused),
    ICMPMessageRow(
      .unreachable, UnreachableCode.reject, "reject route to destination", rfc: 4443, .refused),
    ICMPMessageRow(.packetTooBig, nil, "packet too big", rfc: 4443, .messageTooBig),
    ICMPMessageRow(
      .timeExceeded, TimeExceededCode.inTransit, "hop limit exceeded in transit", rfc: 4443,
      .unreachable),
    ICMPMessageRow(
      .timeExceeded, TimeExceededCode.reassembly, "fragment reassembly time exceeded", rfc: 4443),
    ICMPMessageRow(
      .parameterProblem, ParameterProblemCode.header, "erroneous header field", rfc: 4443,
      .notSupported),
    ICMPMessageRow(
      .parameterProblem, ParameterProblemCode.nextHeader, "unrecognized next header", rfc: 4443,
      .refused),
    ICMPMessageRow(
      .parameterProblem, ParameterProblemCode.option, "unrecognized option", rfc: 4443,
      .notSupported),
    ICMPMessageRow(
      .parameterProblem, ParameterProblemCode.incompleteHeaders, "incomplete header chain",
      rfc: 7112, .notSupported),
    ICMPMessageRow(.echo, nil, "echo request", rfc: 4443),
    ICMPMessageRow(.echoReply, nil, "echo reply", rfc: 4443),
    ICMPMessageRow(.listenerQuery, nil, "multicast listener query", rfc: 3810),
    ICMPMessageRow(.listenerReportV1, nil, "multicast listener report", rfc: 2710),
    ICMPMessageRow(.listenerDone, nil, "multicast listener done", rfc: 2710),
    ICMPMessageRow(.routerSolicitation, nil, "router solicitation", rfc: 4861),
    ICMPMessageRow(.routerAdvertisement, nil, "router advertisement", rfc: 4861),
    ICMPMessageRow(.neighborSolicitation, nil, "neighbor solicitation", rfc: 4861),
    ICMPMessageRow(.neighborAdvertisement, nil, "neighbor advertisement", rfc: 4861),
    ICMPMessageRow(.redirect, nil, "redirect", rfc: 4861),
    ICMPMessageRow(.listenerReport, nil, "multicast listener report, version 2", rfc: 3810),
  ]
}
