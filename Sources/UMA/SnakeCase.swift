// SPDX-License-Identifier: BSD-2-Clause

extension String {
  /// The name of an enumeration's case as reports and JSON spell it.
  ///
  ///     limitReached          limit_reached
  ///     unsupportedIPv6       unsupported_ipv6
  ///     linuxSLL2_tooShort    linux_sll2_too_short
  ///
  /// A word begins at a capital letter that follows a small letter or a digit.
  package init(snakeCase name: some Any) {
    var isInsideWord = false
    self = "\(name)".reduce(into: "") { result, letter in
      if letter.isUppercase, isInsideWord { result += "_" }
      isInsideWord = letter.isLowercase || letter.isNumber
      result += letter.lowercased()
    }
  }
}
