// SPDX-License-Identifier: BSD-2-Clause
import CUMA

/// Whose account a hook's allocations are on.
extension CallSite {
  /// Runs a hook; what it allocates and frees is on the account of `site`.
  static func onBehalf<Result>(of site: CallSite, _ body: () -> Result) -> Result {
    if unsafe mbuma_hook_site() != nil { return body() }
    return unsafe withUnsafePointer(to: site) { here in
      unsafe mbuma_set_hook_site(here)
      defer { mbuma_set_hook_site(nil) }
      return body()
    }
  }

  /// The site that a hook was run for on this thread, or `site` outside of hooks.
  static func outermost(_ site: CallSite) -> CallSite {
    guard let outer = unsafe mbuma_hook_site() else { return site }
    // Set by `onBehalf`, which stands further up on this stack.
    return unsafe outer.assumingMemoryBound(to: CallSite.self).pointee
  }
}
