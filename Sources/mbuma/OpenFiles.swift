// SPDX-License-Identifier: BSD-2-Clause

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How many files this process may have open.
enum OpenFiles {
  /// Raises the limit as far as the system lets it, where so many files are to be open at once.
  static func allow(_ count: Int) {
    var limit = rlimit()
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let resource = RLIMIT_NOFILE
    #endif
    // A few more for outputs, standard streams and what libraries open.
    let wanted = rlim_t(count + 64)
    guard unsafe getrlimit(resource, &limit) == 0, limit.rlim_cur < wanted else { return }
    limit.rlim_cur = Swift.min(wanted, limit.rlim_max)
    _ = unsafe setrlimit(resource, &limit)
  }
}
