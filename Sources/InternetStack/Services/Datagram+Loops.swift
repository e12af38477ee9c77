// SPDX-License-Identifier: BSD-2-Clause
public import SocketBuffers

extension Datagram {
  /// Whether an answer to it might be answered in turn, and so on forever.
  ///
  /// A service that answers whatever comes must not answer another of its kind: one datagram with a
  /// forged source would keep the two of them busy until one ends (CVE-1999-0103 for echo and
  /// chargen, CVE-2024-2169 for DNS, NTP and TFTP). Echo, discard, daytime, quote of the day, chargen
  /// and time (RFC 862 to 868) have the ports 7, 9, 13, 17, 19 and 37, and their like are below 512
  /// as well, where no client sends from. A port of its own on another host, or on this one, is the
  /// same service. Port 0 wants no answer (RFC 768).
  ///
  ///     source port      0 ..< 512, or the destination port      true
  ///
  /// BSD: `dg_badinput` (OpenBSD, usr.sbin/inetd), `check_loop` (FreeBSD).
  public var mayLoop: Bool { source.port < 512 || source.port == destination.port }
}
