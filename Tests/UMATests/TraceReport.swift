// SPDX-License-Identifier: BSD-2-Clause

/// What a replay compared, for the line it prints.
struct TraceReport {
  var traces = 0
  var steps = 0
  /// Recorded facts met as they stand.
  var exactFacts = 0
  /// Recorded facts met less what we parted by.
  var relativeFacts = 0
  /// Balance equations that held.
  var equations = 0
  /// Steps of allocations, by what stood in their way.
  var free = 0
  var nearLimit = 0
  var shortOfPages = 0
  var withFailingHook = 0
  /// Those of them that gave as many items as recorded.
  var asRecorded = 0
  /// Those whose number of items is certain by our own rule.
  var byOurRule = 0
  var zeroedItems = 0
  var freedItems = 0
  var blockings = 0

  var text: String {
    """
    \(traces) traces, \(steps) steps: \(exactFacts) recorded facts met, \(relativeFacts) more less \
    what we parted by, \(equations) equations held
    \(free + nearLimit + shortOfPages) steps of allocations: \(free) with nothing near, \
    \(nearLimit) near a limit, \(shortOfPages) short of pages, \(withFailingHook) of them all with \
    a failing hook; \(asRecorded) gave as many as recorded, \(byOurRule) exactly what our rule \
    says, \(free + nearLimit + shortOfPages - byOurRule) between bounds
    \(zeroedItems) zeroed items, \(freedItems) items freed unharmed, \(blockings) waits that blocked
    """
  }
}
