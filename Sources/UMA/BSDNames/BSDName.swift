// SPDX-License-Identifier: BSD-2-Clause
//
// Whoever writes a BSD name is told the Swift one by the compiler, whatever is passed along:
//
//     let m = m_pullup(packet, 28)    error: 'm_pullup' has been replaced by 'Packet.pullUp(_:)'
//
// A stub of the right parameters would not do: a packet cannot be passed to a C signature, and a
// call that fits no signature gets an error about its arguments, not about the name. So each stub is a property
// of one type that can be called with anything and gives anything. It has no values, and what is
// below has no code: nothing of it is in a program.

/// What the name of a BSD routine stands for: nothing but a hint at the Swift name.
public enum BSDName {
  /// A call of nothing.
  @export(implementation)
  public func callAsFunction() { switch self {} }

  /// A call of nothing for a result.
  @_disfavoredOverload
  @export(implementation)
  public func callAsFunction<R: ~Copyable>() -> R { switch self {} }

  /// A call of one argument.
  @export(implementation)
  public func callAsFunction<A: ~Copyable & ~Escapable>(_ a: borrowing A) { switch self {} }

  /// A call of one argument for a result.
  @_disfavoredOverload
  @export(implementation)
  public func callAsFunction<R: ~Copyable, A: ~Copyable & ~Escapable>(_ a: borrowing A) -> R {
    switch self {}
  }

  /// A call of two arguments.
  @export(implementation)
  public func callAsFunction<A: ~Copyable & ~Escapable, B: ~Copyable & ~Escapable>(
    _ a: borrowing A, _ b: borrowing B
  ) { switch self {} }

  /// A call of two arguments for a result.
  @_disfavoredOverload
  @export(implementation)
  public func callAsFunction<
    R: ~Copyable, A: ~Copyable & ~Escapable, B: ~Copyable & ~Escapable
  >(_ a: borrowing A, _ b: borrowing B) -> R { switch self {} }

  /// A call of three arguments or more.
  @export(implementation)
  public func callAsFunction<
    A: ~Copyable & ~Escapable, B: ~Copyable & ~Escapable, C: ~Copyable & ~Escapable, each D
  >(_ a: borrowing A, _ b: borrowing B, _ c: borrowing C, _ more: repeat each D) { switch self {} }

  /// A call of three arguments or more for a result.
  @_disfavoredOverload
  @export(implementation)
  public func callAsFunction<
    R: ~Copyable, A: ~Copyable & ~Escapable, B: ~Copyable & ~Escapable,
    C: ~Copyable & ~Escapable, each D
  >(_ a: borrowing A, _ b: borrowing B, _ c: borrowing C, _ more: repeat each D) -> R {
    switch self {}
  }

  // MARK: With an address first

  /// A call with an address.
  @export(implementation)
  public func callAsFunction<A: ~Copyable & ~Escapable>(_ a: inout A) { switch self {} }

  /// A call with an address for a result.
  @_disfavoredOverload
  @export(implementation)
  public func callAsFunction<R: ~Copyable, A: ~Copyable & ~Escapable>(_ a: inout A) -> R {
    switch self {}
  }

  /// A call with an address and an argument.
  @export(implementation)
  public func callAsFunction<A: ~Copyable & ~Escapable, B: ~Copyable & ~Escapable>(
    _ a: inout A, _ b: borrowing B
  ) { switch self {} }

  /// A call with an address and an argument for a result.
  @_disfavoredOverload
  @export(implementation)
  public func callAsFunction<
    R: ~Copyable, A: ~Copyable & ~Escapable, B: ~Copyable & ~Escapable
  >(_ a: inout A, _ b: borrowing B) -> R { switch self {} }

  /// A call with an address and more arguments.
  @export(implementation)
  public func callAsFunction<
    A: ~Copyable & ~Escapable, B: ~Copyable & ~Escapable, C: ~Copyable & ~Escapable, each D
  >(_ a: inout A, _ b: borrowing B, _ c: borrowing C, _ more: repeat each D) { switch self {} }

  /// A call with an address and more arguments for a result.
  @_disfavoredOverload
  @export(implementation)
  public func callAsFunction<
    R: ~Copyable, A: ~Copyable & ~Escapable, B: ~Copyable & ~Escapable,
    C: ~Copyable & ~Escapable, each D
  >(_ a: inout A, _ b: borrowing B, _ c: borrowing C, _ more: repeat each D) -> R {
    switch self {}
  }
}
