// SPDX-License-Identifier: BSD-2-Clause

/// The name under which the lock checker knows a lock.
///
/// Order is learned and checked between classes, not between single locks: what one pair of locks
/// did right, another pair of the same classes does in the same order or is reported. Equal names
/// are one class.
///
///     static let table = LockClass("port table")
///     let ports = WitnessedLock(PortTable(), class: Self.table)
///
/// BSD: the type argument of `mtx_init`, and a witness of witness(4).
@frozen
public struct LockClass: Hashable, Sendable, CustomStringConvertible {
  let number: UInt32
  /// Whether a thread may hold several locks of this class at once.
  public let mayNest: Bool

  /// The class of this name, which is declared by its first use.
  ///
  /// Classes are few and live as long as the process. Keep the handle where a lock is taken often.
  ///
  /// - Parameters:
  ///   - name: what reports call it.
  ///   - mayNest: a thread may hold several locks of the class at once, because something else
  ///     puts them in order.
  /// - Precondition: the name was not declared with another `mayNest`.
  ///
  /// BSD: `MTX_DUPOK` for a class that may nest.
  public init(_ name: String, mayNest: Bool = false) {
    let (number, isSame) = LockClassNames.shared.withLock { $0.number(of: name, mayNest) }
    precondition(isSame, "lock class \(name): declared both with and without mayNest")
    self.number = number
    self.mayNest = mayNest
  }

  /// The name given at its declaration.
  public var name: String {
    LockClassNames.shared.withLock { $0.classes[Int(number)].name }
  }

  /// Its name.
  public var description: String { name }

  /// The locks of zones that have no class of their own; a look at several zones holds several.
  public static let zone = LockClass("zone", mayNest: true)
  /// The lock of a zone with a class of its own; zones of equal names share one.
  ///
  /// BSD: `UMA_ZONE_MTXCLASS`.
  init(ofZone name: String) { self.init("zone \(name)", mayNest: true) }

  /// The locks of kegs.
  static let keg = LockClass("keg")
  /// The locks on the list of zones and on that of threads' tables, never both held at once.
  static let registry = LockClass("registry")
}

/// All classes of the process, by number.
struct LockClassNames {
  var classes: [(name: String, mayNest: Bool)] = []
  private var numbers: [String: UInt32] = [:]

  static let shared = Guarded(LockClassNames())

  mutating func number(of name: String, _ mayNest: Bool) -> (UInt32, isSame: Bool) {
    if let number = numbers[name] {
      return (number, classes[Int(number)].mayNest == mayNest)
    }
    let number = UInt32(classes.count)
    classes.append((name, mayNest))
    numbers[name] = number
    return (number, true)
  }
}
