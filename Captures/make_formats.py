#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the small captures that no program writes: formats, link types and broken files.

    make_formats.py [DIRECTORY]      reads ntp.pcap and tun_raw.pcap there, writes the rest beside them

The same input gives the same output, byte for byte.
"""

import gzip
import struct
import sys
from pathlib import Path


class Capture:
    """A microsecond pcap in little-endian order: its header fields and its records."""

    def __init__(self, path):
        data = Path(path).read_bytes()
        assert data[:4] == b"\xd4\xc3\xb2\xa1", path
        self.data, self.header, self.records = data, struct.unpack("<IHHiIII", data[:24]), []
        at = 24
        while at < len(data):
            seconds, micro, captured, wire = struct.unpack_from("<IIII", data, at)
            self.records.append((seconds, micro, wire, data[at + 16 : at + 16 + captured]))
            at += 16 + captured


def pcap(records, link_type, order="<", magic=0xA1B2C3D4, scale=1, extra=b"", snapshot=262144):
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snapshot, link_type)
    for seconds, micro, wire, frame in records:
        out += struct.pack(order + "IIII", seconds, micro * scale, len(frame), wire) + extra + frame
    return out


def block(kind, body, order):
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + length + body + length


def section(order):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link_type, order, options=b""):
    return block(1, struct.pack(order + "HHI", link_type, 0, 262144) + options, order)


def enhanced(time, frame, order, number=0):
    fields = struct.pack(order + "IIIII", number, time >> 32, time & 0xFFFFFFFF, len(frame), len(frame))
    return block(6, fields + frame, order)


def nanoseconds(order):
    """The options "if_tsresol 9" and end of options."""
    return struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0)


def ip_packets(capture):
    """The IP packets of a raw capture, by version."""
    found = {4: [], 6: []}
    for record in capture.records:
        found[record[3][0] >> 4].append(record)
    return found


def main():
    place = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    ntp = Capture(place / "ntp.pcap")
    raw = Capture(place / "tun_raw.pcap")

    def write(name, data):
        (place / name).write_bytes(data)

    # The same packets in the other formats and orders.
    write("ntp_be.pcap", pcap(ntp.records, 1, ">"))
    write("ntp_nsec_be.pcap", pcap(ntp.records, 1, ">", 0xA1B23C4D, 1000))
    write("ntp_modified.pcap", pcap(ntp.records, 1, "<", 0xA1B2CD34, extra=bytes(8)))
    write("ntp.pcap.gz", gzip.compress(ntp.data, 9, mtime=0))
    # Big-endian pcapng; behind the third packet an unknown block and a packet without a time.
    out = section(">") + interface(1, ">", nanoseconds(">"))
    for index, (seconds, micro, _, frame) in enumerate(ntp.records):
        out += enhanced(seconds * 10**9 + micro * 1000, frame, ">")
        if index == 2:
            out += block(0x0F00, b"\x12\x34\x56\x78unknown", ">")
            out += block(3, struct.pack(">I", len(frame)) + frame, ">")
    write("ntp_be.pcapng", out)
    # Two interfaces of different link types, the second described after two packets.
    first, second = ntp.records[0], raw.records[0]
    out = section("<") + interface(1, "<")
    for seconds, micro, _, frame in ntp.records[:2]:
        out += enhanced(seconds * 10**6 + micro, frame, "<")
    out += interface(101, "<") + enhanced(second[0] * 10**6 + second[1], second[3], "<", 1)
    write("mixed_links.pcapng", out)

    # Link types whose systems are not at hand: the packets of tun_raw.pcap behind other headers.
    version = ip_packets(raw)
    write("ipv4.pcap", pcap(version[4], 228))
    write("ipv6.pcap", pcap(version[6], 229))
    family = {4: 2, 6: 24}

    def with_family(order):
        return [
            (s, u, wire + 4, struct.pack(order + "I", family[frame[0] >> 4]) + frame)
            for s, u, wire, frame in raw.records
        ]

    write("null.pcap", pcap(with_family("<"), 0))
    write("null_be.pcap", pcap(with_family(">"), 0, ">"))
    write("loop.pcap", pcap(with_family(">"), 108))

    # Files that end or break where they should not.
    seconds, micro, wire, frame = first
    write("cut_record.pcap", ntp.data[:-7])
    write("cut_header.pcap", ntp.data[: 24 + 16 + len(frame) + 9])
    write("header_only.pcap", ntp.data[:24])
    write("empty.pcap", b"")
    bad = bytearray(ntp.data)
    at = 24 + 16 + len(frame)
    bad[at + 8 : at + 12] = struct.pack("<I", 0x7FFFFFFF)
    write("bad_caplen.pcap", bytes(bad))
    # Lawful oddities: before 1970, more than a second of microseconds, no bytes, fewer on the wire
    # than captured, more on the wire than captured, time running backwards.
    odd = [
        (0xFFFFFFFF, 5, wire, frame),
        (seconds, 2_000_000, wire, frame),
        (seconds, 3, 0, b""),
        (seconds, 2, wire - 10, frame),
        (seconds, 1, 9_000, frame),
    ]
    write("odd.pcap", pcap(odd, 1, snapshot=0))


if __name__ == "__main__":
    main()
