// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import InternetStack
import Replay
import Reports

/// What `mbuma echo` tells at its end.
struct EchoReport {
  let place: EchoPlace
  var stack = StackStatistics()
  var services: [(name: String, port: Int, statistics: UDPService.Statistics)] = []
  var link = InterfaceStatistics()
  var refused = 0
  var durationInNanoseconds: Int64 = 0
  var outstanding = 0
  /// The error that ended it.
  var error: InterfaceError?

  /// Packets that nobody took, by reason.
  private var drops: [(reason: String, count: Int)] {
    DropReason.allCases.compactMap { reason in
      let count = stack.dropped[reason]
      return count == 0 ? nil : (reason.name, Int(clamping: count))
    }
  }

  /// For people; the same facts as the JSON.
  var text: String {
    let own = stack.own
    let dropped = drops.map { "\($0.reason) \($0.count)" }
    var lines: [(String, String)] = [
      (
        "received",
        "\(Int(clamping: stack.received).counted("packet")) on \(place.description) in "
          + "\(durationInNanoseconds / 1_000_000) ms"
      ),
      (
        "of these",
        "\(stack.delivered) delivered, \(stack.handled) answered by the stack, "
          + "\(stack.joined) joined, \(stack.held) held"
      ),
    ]
    for service in services {
      let s = service.statistics
      var text = "\(s.received) received, \(s.answered) answered"
      if s.discarded > 0 { text += ", \(s.discarded) discarded" }
      if s.unanswered > 0 { text += ", \(s.unanswered) not answered: that might go on forever" }
      if s.refused > 0 { text += ", \(s.refused) refused" }
      lines.append((service.name, "port \(service.port): \(text)"))
    }
    lines.append(("ping", "\(own.echoReplies) answered"))
    lines.append(
      ("errors", "\(own.errors) sent, \(own.errorsLimited) not sent for their rate"))
    lines.append(
      (
        "neighbours",
        "\(own.solicitations) asked for, \(own.advertisements) answers and announcements, "
          + "\(own.neighbourDrops) packets lost"
      ))
    lines.append(("dropped", dropped.isEmpty ? "none" : dropped.joined(separator: ", ")))
    lines.append(
      (
        "sent",
        "\(link.output.packets.counted("packet")), \(link.output.bytes) bytes, \(refused) refused"
      ))
    lines.append(("outstanding", "\(outstanding.counted("mbuf"))"))
    return lines.map { name, value in
      name + String(repeating: " ", count: max(1, 12 - name.count)) + value + "\n"
    }.joined()
  }

  /// One object, schema `mbuma.echo/1`.
  var json: JSONValue {
    let own = stack.own
    return [
      "schema": "mbuma.echo/1",
      "on": .string(place.description),
      "packets_received": .integer(Int(clamping: stack.received)),
      "packets_delivered": .integer(Int(clamping: stack.delivered)),
      "packets_answered_by_stack": .integer(Int(clamping: stack.handled)),
      "fragments_joined": .integer(Int(clamping: stack.joined)),
      "fragments_held": .integer(Int(clamping: stack.held)),
      "services": .array(services.map(Self.json)),
      "echo_replies": .integer(Int(clamping: own.echoReplies)),
      "icmp_errors_sent": .integer(Int(clamping: own.errors)),
      "icmp_errors_limited": .integer(Int(clamping: own.errorsLimited)),
      "neighbour_solicitations": .integer(Int(clamping: own.solicitations)),
      "neighbour_advertisements": .integer(Int(clamping: own.advertisements)),
      "neighbour_drops": .integer(Int(clamping: own.neighbourDrops)),
      "drops": .object(drops.map { ($0.reason, .integer($0.count)) }),
      "packets_sent": .integer(link.output.packets),
      "bytes_sent": .integer(link.output.bytes),
      "packets_refused": .integer(refused),
      "duration_ns": .integer(Int(durationInNanoseconds)),
      "outstanding": .integer(outstanding),
      "error": error.map(\.json) ?? .null,
    ]
  }

  private static func json(
    _ service: (name: String, port: Int, statistics: UDPService.Statistics)
  ) -> JSONValue {
    let s = service.statistics
    return [
      "name": .string(service.name), "port": .integer(service.port),
      "received": .integer(Int(clamping: s.received)),
      "answered": .integer(Int(clamping: s.answered)),
      "discarded": .integer(Int(clamping: s.discarded)),
      "unanswered": .integer(Int(clamping: s.unanswered)),
      "refused": .integer(Int(clamping: s.refused)),
    ]
  }
}
