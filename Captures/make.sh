#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes the captures of this directory from real programs in network namespaces of its own.
#
#   make.sh deps                 install the Debian packages that are needed (root)
#   make.sh all [DIRECTORY]      make every capture, then the formats and the manifest
#   make.sh NAME [DIRECTORY]     make one: dns ntp udp6 offload tcp nano any raw vlan qinq
#   make.sh formats [DIRECTORY]  make those that need no traffic (no root)
#   make.sh manifest [DIRECTORY] write MANIFEST.tsv anew (no root)
#
# Needs root for the namespaces mbA mbR mbB mbS mbC1 mbC2, which go away at the end. No packet leaves
# them, and every step is bounded in time. Times and identifiers differ from run to run, so the
# files are kept; tests know their contents, and a new set needs new tables there.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d -t mbuma-captures.XXXXXX)
chmod 755 "$work"

deps() {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    iproute2 ethtool iputils-ping tcpdump wireshark-common dnsmasq-base bind9-dnsutils chrony \
    ntpsec-ntpdig openvswitch-switch wireguard-go wireguard-tools curl hping3 socat python3
}

say() { echo "$*" >&2; }
# shellcheck source=traffic.sh
. "$here/traffic.sh"

trap 'stop_all; remove_namespaces; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

make_formats() {
  editcap -F pcapng "$out/dns.pcap" "$out/dns.pcapng"
  editcap -F pcapng -s 96 "$out/udp_nsec.pcap" "$out/nsec_snap.pcapng"
  mergecap -F pcapng -I none -w "$out/multi_same.pcapng" "$out/dns.pcap" "$out/ntp.pcap"
  python3 "$here/make_formats.py" "$out"
}

# What libpcap says of each file, through tcpdump, and what is known of it.
make_manifest() {
  local file name type packets
  {
    echo '# SPDX-License-Identifier: BSD-2-Clause'
    printf '# file\tbytes\tsha256\tlink type\tpackets\tholds\tmade by\n'
    for file in "$out"/*; do
      name=${file##*/}
      case $name in *.pcap | *.pcapng | *.pcap.gz) ;; *) continue ;; esac
      # What libpcap does not expand is expanded for it.
      gzip -dcf "$file" >"$work/plain"
      tcpdump --count -nr "$work/plain" >/dev/null 2>"$work/type"
      type=$(sed -n 's/.*link-type \([A-Z0-9_]*\).*/\1/p' "$work/type")
      # Counted from a copy: the count is not said of a file that ends badly.
      packets=$(tcpdump -nr "$work/plain" -w - 2>/dev/null | tcpdump --count -nr - 2>/dev/null)
      packets=${packets%% *}
      printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "$(stat -c %s "$file")" \
        "$(sha256sum <"$file" | cut -d' ' -f1)" "${type:--}" "${packets:-0}" "$(about "$name")"
    done
  } >"$work/manifest" && cp "$work/manifest" "$out/MANIFEST.tsv"
}

about() {
  case $1 in
    any_sll.pcap) row "lo and veth by -i any, SLL; 60,000-byte datagrams" "socat, ping" ;;
    any_sll2.pcap) row "lo and veth by -i any, SLL2; 60,000-byte datagrams" "socat, ping" ;;
    bad_caplen.pcap) row "ntp.pcap, second captured length 0x7fffffff" formats ;;
    cut_header.pcap) row "ntp.pcap, cut inside the second record header" formats ;;
    cut_record.pcap) row "ntp.pcap, the last record cut 7 bytes short" formats ;;
    dns.pcap) row "DNS over IPv4 and IPv6, fragments of both, one retry by TCP" "dnsmasq, dig" ;;
    dns.pcapng) row "dns.pcap as pcapng" editcap ;;
    empty.pcap) row "nothing" formats ;;
    header_only.pcap) row "a file header and no packet" formats ;;
    ipv4.pcap) row "IPv4 packets of tun_raw.pcap, link type IPV4" formats ;;
    ipv6.pcap) row "IPv6 packets of tun_raw.pcap, link type IPV6" formats ;;
    loop.pcap) row "tun_raw.pcap behind OpenBSD loopback headers" formats ;;
    mixed_links.pcapng) row "Ethernet, then an interface of raw IP" formats ;;
    multi_same.pcapng) row "dns.pcap and ntp.pcap, two Ethernet interfaces" mergecap ;;
    nsec_snap.pcapng) row "udp_nsec.pcap as pcapng, nanoseconds, cut to 96 bytes" editcap ;;
    ntp.pcap) row "NTP over IPv4 and IPv6" "chronyd, ntpdig" ;;
    ntp.pcap.gz) row "ntp.pcap compressed" formats ;;
    ntp_be.pcap) row "ntp.pcap, big-endian" formats ;;
    ntp_be.pcapng) row "ntp.pcap, big-endian, nanoseconds, simple and unknown blocks" formats ;;
    ntp_modified.pcap) row "ntp.pcap with 24-byte record headers" formats ;;
    ntp_nsec_be.pcap) row "ntp.pcap, big-endian, nanoseconds" formats ;;
    null.pcap) row "tun_raw.pcap behind BSD loopback headers" formats ;;
    null_be.pcap) row "the same from a big-endian machine" formats ;;
    odd.pcap) row "odd times and lengths, snapshot length 0" formats ;;
    offload.pcap) row "unfinished checksums, frames up to 8,258 bytes" "socat, python3" ;;
    qinq.pcap) row "802.1ad 200 over 802.1Q 100, fragments" "Open vSwitch, socat, ping" ;;
    tcp_http.pcap) row "HTTP, resets, ICMP unreachable, bad UDP checksums" "curl, hping3" ;;
    tun_raw.pcap) row "raw IP of a tunnel interface, both versions" "wireguard-go, socat, ping" ;;
    udp6.pcap) row "UDP of 0 to 8,000 bytes, fragments, extension headers, UDP-Lite" socat ;;
    udp_nsec.pcap) row "captured in nanoseconds" socat ;;
    udp_snap64.pcap) row "frames cut to 64 bytes" socat ;;
    vlan.pcap) row "802.1Q 100, fragments" "Open vSwitch, socat, ping" ;;
    *) row - - ;;
  esac
}
row() { printf '%s\t%s' "$1" "${2/#formats/make_formats.py}"; }

what=${1:-}
out=${2:-$here}
[ -n "$what" ] || { sed -n '3,15p' "$0" >&2; exit 64; }
mkdir -p "$out"
out=$(cd "$out" && pwd)
case $what in
  deps) deps ;;
  formats) make_formats && make_manifest ;;
  manifest) make_manifest ;;
  all)
    for what in dns ntp udp6 offload tcp nano any raw vlan qinq formats; do
      say "$what"
      make_$what
    done
    make_manifest
    ;;
  dns | ntp | udp6 | offload | tcp | nano | any | raw | vlan | qinq) make_"$what" ;;
  *) say "make.sh: no capture is called $what"; exit 64 ;;
esac
