# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The networks, and one function per capture: part of make.sh, which sets `work`, a directory for
# scratch files, and `out`, where the captures go.

jobs_started=()

in_a() { ip netns exec mbA "$@"; }
in_r() { ip netns exec mbR "$@"; }
in_b() { ip netns exec mbB "$@"; }
start() { "$@" >>"$work/log" 2>&1 & jobs_started+=($!); }

stop_all() {
  local pid
  for pid in "${jobs_started[@]:-}"; do [ -n "$pid" ] && kill "$pid" 2>/dev/null; done
  sleep 0.2
  for pid in "${jobs_started[@]:-}"; do [ -n "$pid" ] && kill -9 "$pid" 2>/dev/null; done
  wait 2>/dev/null
  jobs_started=()
}

remove_namespaces() {
  local name
  for name in mbA mbR mbB mbS mbC1 mbC2; do
    ip netns list 2>/dev/null | grep -qw "^$name" || continue
    ip netns pids "$name" | xargs -r kill -9 2>/dev/null
    ip netns del "$name"
  done
}

#   mbA 10.99.1.2 fd99:1::2 --a0/ra-- mbR routes --rb/b0-- mbB 10.99.2.2 fd99:2::2
# network [off|on]: whether the end points leave checksums and segmentation to the interface
network() {
  local offload=${1:-off} name pair
  remove_namespaces
  for name in mbA mbR mbB; do
    ip netns add $name
    ip -n $name link set lo up
    ip netns exec $name sysctl -qw net.ipv6.conf.all.accept_dad=0 \
      net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0
  done
  ip link add a0 netns mbA address 02:99:00:00:01:02 type veth \
    peer name ra netns mbR address 02:99:00:00:01:01
  ip link add b0 netns mbB address 02:99:00:00:02:02 type veth \
    peer name rb netns mbR address 02:99:00:00:02:01
  for pair in "mbA a0" "mbR ra" "mbB b0" "mbR rb"; do
    # shellcheck disable=SC2086
    set -- $pair
    [ "$offload" = on ] || ip netns exec "$1" \
      ethtool -K "$2" tx off sg off tso off gso off gro off >/dev/null 2>&1
    ip -n "$1" link set "$2" up
  done
  address mbA a0 10.99.1.2 fd99:1::2
  address mbR ra 10.99.1.1 fd99:1::1
  address mbR rb 10.99.2.1 fd99:2::1
  address mbB b0 10.99.2.2 fd99:2::2
  in_r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
    net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
  ip -n mbA route add default via 10.99.1.1
  ip -n mbA -6 route add default via fd99:1::1
  ip -n mbB route add default via 10.99.2.1
  ip -n mbB -6 route add default via fd99:2::1
}

address() {
  ip -n "$1" addr add "$3/24" dev "$2"
  ip -n "$1" addr add "$4/64" dev "$2" nodad
}

# capture NAMESPACE INTERFACE FILE [tcpdump options]; done_capturing ends the latest
capture() {
  local namespace=$1 interface=$2 file=$3
  shift 3
  ip netns exec "$namespace" tcpdump -Z root -U -n -B 8192 --immediate-mode -i "$interface" \
    -w "$out/$file" "$@" 2>"$work/tcpdump.log" &
  capturing=$!
  for _ in $(seq 50); do
    grep -q 'listening on' "$work/tcpdump.log" && break
    sleep 0.05
  done
  sleep 0.1
}

done_capturing() {
  sleep 0.4
  kill -INT "$capturing" 2>/dev/null
  wait "$capturing" 2>/dev/null
  tail -3 "$work/tcpdump.log" | tr '\n' ' ' >&2
  echo >&2
}

# zeroes COUNT NAMESPACE ADDRESS: one datagram there and, from an echo, back
zeroes() {
  head -c "$1" /dev/zero | ip netns exec "$2" timeout 1 socat -b 65507 -t 0.3 - "$3" >/dev/null
}

echo_servers() { # NAMESPACE
  start ip netns exec "$1" socat -b 65507 UDP4-LISTEN:7000,fork,reuseaddr PIPE
  start ip netns exec "$1" socat -b 65507 UDP6-LISTEN:7000,fork,reuseaddr,ipv6only=1 PIPE
  sleep 0.3
}

make_dns() {
  local name server
  network
  {
    printf '%s\n' no-resolv no-hosts bind-interfaces listen-address=10.99.2.2,fd99:2::2 \
      edns-packet-max=4096 user=root "pid-file=$work/dnsmasq.pid" \
      host-record=host1.test,10.9.8.1,fd00::1 mx-host=test,mail.test,10 \
      srv-host=_sip._udp.test,sip.test,5060,1,2 ptr-record=1.8.9.10.in-addr.arpa,host1.test \
      cname=alias.test,host1.test
    for name in $(seq 60); do echo "host-record=many.test,10.9.9.$name"; done
    for name in $(seq 14); do printf 'txt-record=big.test,%d%0200d\n' "$name" 0 | tr 0 x; done
  } >"$work/dnsmasq.conf"
  start in_b dnsmasq -k -C "$work/dnsmasq.conf"
  sleep 0.4
  capture mbA a0 dns.pcap
  for name in "host1.test A" "host1.test AAAA" "alias.test A" "test MX" "_sip._udp.test SRV" \
    "-x 10.9.8.1" "nope.test A" "many.test A"; do
    for server in "+noedns @10.99.2.2" "@10.99.2.2" "@fd99:2::2"; do
      # shellcheck disable=SC2086
      in_a dig +tries=1 +time=1 $server $name >/dev/null
    done
  done
  # Answers longer than a frame, as fragments; then one cut to 512 bytes and asked for by TCP.
  in_a dig +tries=1 +time=1 +bufsize=4096 +ignore @10.99.2.2 big.test TXT >/dev/null
  in_a dig +tries=1 +time=1 +bufsize=4096 +ignore @fd99:2::2 big.test TXT >/dev/null
  in_a dig +tries=1 +time=1 +bufsize=512 @10.99.2.2 big.test TXT >/dev/null
  done_capturing
  stop_all
}

make_ntp() {
  network
  printf '%s\n' 'local stratum 3' 'allow all' 'port 123' 'cmdport 0' 'bindcmdaddress /' \
    "pidfile $work/chrony.pid" 'user root' >"$work/chrony.conf"
  start in_b chronyd -d -x -u root -f "$work/chrony.conf"
  sleep 1
  capture mbA a0 ntp.pcap
  for _ in 1 2 3; do
    in_a timeout 5 ntpdig -t 1 10.99.2.2 >/dev/null 2>&1
    in_a timeout 5 ntpdig -t 1 fd99:2::2 >/dev/null 2>&1
  done
  printf '%s\n' 'server 10.99.2.2 iburst maxsamples 4' 'cmdport 0' 'port 0' \
    "pidfile $work/client.pid" >"$work/client.conf"
  in_a timeout 12 chronyd -x -Q -t 8 -u root -f "$work/client.conf" >/dev/null 2>&1
  done_capturing
  stop_all
}

make_udp6() {
  local count
  network
  echo_servers mbB
  capture mbA a0 udp6.pcap
  for count in 1 2 17 100 1452 1453 3000 8000; do
    zeroes $count mbA 'UDP6:[fd99:2::2]:7000'
    zeroes $count mbA UDP4:10.99.2.2:7000
  done
  in_a python3 - <<'PYTHON'
import socket
there, option = ("fd99:2::2", 7001), bytes([0, 0, 1, 4, 0, 0, 0, 0])
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.sendto(b"", there)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_HOPOPTS, option)
s.sendto(b"with-hopopts", there)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_HOPOPTS, b"")
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, option)
s.sendto(b"with-dstopts", there)
s.sendto(b"F" * 2000, there)
there = ("10.99.2.2", 7001)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"", there)
s.setsockopt(socket.SOL_SOCKET, 11, 1)  # SO_NO_CHECK: no UDP checksum
s.sendto(b"nocheck", there)
s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes([0x94, 4, 0, 0]))  # router alert
s.sendto(b"router-alert", there)
lite = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 136)
lite.setsockopt(136, 10, 8)  # checksum over the header only
lite.sendto(b"udplite partial coverage", ("10.99.2.2", 7002))
PYTHON
  done_capturing
  stop_all
}

make_offload() {
  network on
  echo_servers mbB
  start in_b sh -c 'head -c 60000 /dev/zero | socat -u - TCP4-LISTEN:7003,reuseaddr'
  sleep 0.3
  capture mbA a0 offload.pcap
  for _ in 1 2 3; do zeroes 7 mbA UDP4:10.99.2.2:7000; done
  in_a python3 - <<'PYTHON'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_UDP, 103, 1000)  # UDP_SEGMENT
s.sendto(b"G" * 5500, ("10.99.2.2", 7001))
PYTHON
  in_a timeout 3 socat -u TCP4:10.99.2.2:7003 /dev/null
  done_capturing
  stop_all
}

make_tcp() {
  network
  mkdir "$work/www"
  start in_b sh -c "cd $work/www && python3 -m http.server -b 10.99.2.2 8000"
  sleep 1
  capture mbA a0 tcp_http.pcap
  in_a curl -s -m 5 http://10.99.2.2:8000/ >/dev/null
  in_a curl -s -m 2 http://10.99.2.2:81/ >/dev/null
  in_a hping3 -q -c 3 -i u20000 -S -p 8000 10.99.2.2 >/dev/null 2>&1
  in_a hping3 -q -c 3 -i u20000 --udp -p 9 -d 33 10.99.2.2 >/dev/null 2>&1
  in_a hping3 -q -c 2 -i u20000 --udp -b -p 9 10.99.2.2 >/dev/null 2>&1 # bad checksums
  done_capturing
  stop_all
}

make_nano() {
  local count
  network
  echo_servers mbB
  capture mbA a0 udp_nsec.pcap --nano
  for _ in 1 2 3 4 5; do zeroes 3 mbA UDP4:10.99.2.2:7000; done
  done_capturing
  capture mbA a0 udp_snap64.pcap -s 64
  for count in 10 300 1400; do zeroes $count mbA UDP4:10.99.2.2:7000; done
  done_capturing
  stop_all
}

make_any() {
  local version
  network on
  echo_servers mbA
  echo_servers mbB
  for version in any_sll2:LINUX_SLL2 any_sll:LINUX_SLL; do
    capture mbA any "${version%:*}.pcap" -y "${version#*:}"
    zeroes 6 mbA UDP4:127.0.0.1:7000
    zeroes 7 mbA 'UDP6:[::1]:7000'
    in_a ping -q -c 2 -i 0.2 127.0.0.1 >/dev/null
    zeroes 60000 mbA UDP4:127.0.0.1:7000
    zeroes 7 mbA UDP4:10.99.2.2:7000
    zeroes 8 mbA UDP4:127.0.0.1:7009
    done_capturing
  done
  stop_all
}

make_raw() {
  local end count
  network
  for end in A B; do
    (umask 077 && wg genkey >"$work/key$end")
    wg pubkey <"$work/key$end" >"$work/public$end"
    start ip netns exec mb$end env WG_PROCESS_FOREGROUND=1 LOG_LEVEL=error \
      WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1 wireguard-go -f mbwg$end
  done
  sleep 1
  tunnel A B 10.99.6.1 10.99.6.2 fd99:6::1 fd99:6::2 10.99.2.2
  tunnel B A 10.99.6.2 10.99.6.1 fd99:6::2 fd99:6::1 10.99.1.2
  start in_b socat -b 65507 UDP4-LISTEN:7000,fork,reuseaddr PIPE
  capture mbA mbwgA tun_raw.pcap
  in_a ping -q -c 2 -i 0.3 10.99.6.2 >/dev/null
  in_a ping -q -c 2 -i 0.3 fd99:6::2 >/dev/null
  for count in 1 200 1300 3000; do zeroes $count mbA UDP4:10.99.6.2:7000; done
  done_capturing
  stop_all
  rm -f /var/run/wireguard/mbwgA.sock /var/run/wireguard/mbwgB.sock
}

tunnel() { # END PEER OWN-4 PEER-4 OWN-6 PEER-6 ENDPOINT
  ip netns exec "mb$1" wg set "mbwg$1" listen-port 51820 private-key "$work/key$1" \
    peer "$(cat "$work/public$2")" allowed-ips "$4/32,$6/128" endpoint "$7:51820"
  address "mb$1" "mbwg$1" "$3" "$5"
  ip -n "mb$1" link set "mbwg$1" up
}

# Two customers behind two switches in user space, joined by t1--t2: tags need no kernel support.
switches() {
  local index
  remove_namespaces
  ip netns add mbS
  ip -n mbS link set lo up
  export OVS_RUNDIR=$work OVS_LOGDIR=$work OVS_DBDIR=$work OVS_SYSCONFDIR=$work
  rm -f "$work/conf.db"
  ovsdb-tool create "$work/conf.db" /usr/share/openvswitch/vswitch.ovsschema
  ip netns exec mbS ovsdb-server "--remote=punix:$work/db.sock" "--pidfile=$work/ovsdb.pid" \
    --detach "--log-file=$work/ovsdb.log" "$work/conf.db" 2>/dev/null
  vsctl --no-wait init
  ip netns exec mbS ovs-vswitchd "unix:$work/db.sock" "--pidfile=$work/vswitchd.pid" --detach \
    "--log-file=$work/vswitchd.log" --disable-system 2>/dev/null
  for index in 1 2; do
    ip netns add mbC$index
    ip -n mbC$index link set lo up
    ip netns exec mbC$index sysctl -qw net.ipv6.conf.default.accept_dad=0
    ip link add s$index netns mbS type veth \
      peer name e0 netns mbC$index address 02:99:00:00:03:0$index
    ip netns exec mbC$index ethtool -K e0 tx off >/dev/null 2>&1
    plug s$index
    ip -n mbC$index link set e0 up
    address mbC$index e0 10.99.3.$index fd99:3::$index
  done
  wire t1 t2
  vsctl add-br br1 -- set bridge br1 datapath_type=netdev \
    -- add-br br2 -- set bridge br2 datapath_type=netdev
}

vsctl() { ip netns exec mbS ovs-vsctl "--db=unix:$work/db.sock" --timeout=10 "$@"; }
plug() {
  ip netns exec mbS ethtool -K "$1" tx off >/dev/null 2>&1
  ip -n mbS link set "$1" mtu 1600 up
}
wire() {
  ip link add "$1" netns mbS type veth peer name "$2" netns mbS
  plug "$1"
  plug "$2"
}

customers_talk() {
  local count
  echo_servers mbC2
  ip netns exec mbC1 ping -q -c 2 -i 0.2 10.99.3.2 >/dev/null
  ip netns exec mbC1 ping -q -c 2 -i 0.2 fd99:3::2 >/dev/null
  for count in 1 100 1000 2500; do
    zeroes $count mbC1 UDP4:10.99.3.2:7000
    zeroes $count mbC1 'UDP6:[fd99:3::2]:7000'
  done
  done_capturing
  stop_all
  kill "$(cat "$work/vswitchd.pid")" "$(cat "$work/ovsdb.pid")" 2>/dev/null
  sleep 0.5
  remove_namespaces
}

make_vlan() {
  switches
  vsctl add-port br1 s1 tag=100 -- add-port br1 t1 trunks=100
  vsctl add-port br2 s2 tag=100 -- add-port br2 t2 trunks=100
  sleep 0.5
  capture mbS t1 vlan.pcap
  customers_talk
}

make_qinq() {
  local index ethtype=other_config:qinq-ethtype=802.1ad
  switches
  wire q1 q2
  vsctl set Open_vSwitch . other_config:vlan-limit=2
  # A provider between the two switches: tag 100 of the customers inside its own tag 200.
  for index in 1 2; do
    wire p$index p${index}x
    vsctl add-port br$index s$index tag=100 -- add-port br$index p$index trunks=100
    vsctl add-br pb$index -- set bridge pb$index datapath_type=netdev
    vsctl add-port pb$index p${index}x vlan_mode=dot1q-tunnel tag=200 $ethtype
    vsctl add-port pb$index q$index vlan_mode=trunk $ethtype
  done
  sleep 0.8
  capture mbS q1 qinq.pcap
  customers_talk
}

