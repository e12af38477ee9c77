#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the live check asks of capture files and reports.

    frames.py is-ethernet FILE [--xdp]      whether an Ethernet carries its frames; with --xdp, in 2 KiB
    frames.py compare SENT HEARD REPORT     the same frames in order, and the counts of the report
    frames.py make FILE COUNT GAP_NS        COUNT frames of 60 bytes, so many nanoseconds apart
    frames.py rate REPORT PPS NAME          prints the rate reached; it may be off by 0.1 %
"""
import json
import struct
import sys


def read(path):
    """The link type and the frames of a pcap of this machine's byte order."""
    data = open(path, "rb").read()
    magic, *_, link = struct.unpack("<IHHiIII", data[:24])
    assert magic in (0xa1b2c3d4, 0xa1b23c4d), hex(magic)
    frames, place = [], 24
    while place + 16 <= len(data):
        captured = struct.unpack("<IIII", data[place:place + 16])[2]
        frames.append(data[place + 16:place + 16 + captured])
        place += 16 + captured
    return link, frames


def is_ethernet(path, method=""):
    try:
        link, frames = read(path)
    except (OSError, struct.error):
        return False
    lengths = [len(frame) for frame in frames]
    longest = 2048 if method == "--xdp" else 65549
    # The kernel sends nothing that is shorter than the link header.
    return link == 1 and lengths and min(lengths) >= 14 and max(lengths) <= longest


def compare(sent_path, heard_path, report_path):
    _, sent = read(sent_path)
    _, heard = read(heard_path)
    report = json.load(open(report_path))
    for number, (a, b) in enumerate(zip(sent, heard), 1):
        if a != b:
            print(f"frame {number} differs: {len(a)} bytes sent, {len(b)} heard")
            return False
    counts = [len(sent), len(heard), report["packets_sent"], report["confirmed"]]
    if len(set(counts)) != 1:
        print("sent, heard, told and confirmed: %d, %d, %d, %d" % tuple(counts))
        return False
    return True


def make(path, count, gap):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, 1))
        for number in range(count):
            seconds, nanoseconds = divmod(number * gap, 10**9)
            frame = bytes.fromhex("020000000b0102000000000a88b5") + struct.pack("<I", number)
            frame = frame.ljust(60, b"\0")
            file.write(struct.pack("<IIII", seconds, nanoseconds, 60, 60) + frame)


def rate(report_path, wanted, name):
    report = json.load(open(report_path))
    # From the first packet to the last there is one gap less than packets.
    reached = (report["packets_sent"] - 1) * 1e9 / report["lateness"]["span_ns"]
    error = (reached / wanted - 1) * 100
    late = report["lateness"]
    print(
        f"{name}: {reached:.2f} packets/s, {error:+.4f} %, late by {late['p50_ns'] / 1e3:.2f} us (p50), "
        f"{late['p99_ns'] / 1e3:.1f} us (p99)")
    return abs(error) <= 0.1 and report["confirmed"] == report["packets_sent"]


COMMANDS = {
    "is-ethernet": is_ethernet,
    "compare": compare,
    "make": lambda path, count, gap: make(path, int(count), int(gap)) is None,
    "rate": lambda path, wanted, name: rate(path, float(wanted), name),
}
sys.exit(0 if COMMANDS[sys.argv[1]](*sys.argv[2:]) else 1)
