// SPDX-License-Identifier: BSD-2-Clause

/// What the IP header of a datagram says beyond its ends, and whether it may be cut up.
struct Transmission: BitwiseCopyable {
  var timeToLive: UInt8
  var trafficClass: UInt8 = 0
  /// Refuses what does not fit, and tells routers not to cut it up either.
  var dontFragment = false
  /// Whether the interface is left the transport checksum: then the field holds the pseudo-header's sum.
  var isChecksumPartial = false
  /// Lets routers cut it up, since a link of its path is narrower than hosts may ask for.
  var routersMayCut = false
}
