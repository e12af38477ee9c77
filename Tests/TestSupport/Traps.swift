// SPDX-License-Identifier: BSD-2-Clause

/// Whether the message of a trap has some words, where there is one: an optimised build's
/// preconditions trap without a word.
public func trap(_ message: String, says words: String) -> Bool {
  !_isDebugAssertConfiguration() || message.contains(words)
}
