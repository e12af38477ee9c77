#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the soak asks of captures and of what programs told.

    soak.py fits FILE                   whether every frame of a pcap fits an Ethernet of MTU 1,500
    soak.py run FOLDER METHOD STATUS BEFORE AFTER GROWTH FAULT...
                                        a line about a replay, and what is wrong with it behind it
    soak.py capture FILE STATUS         the same of a capture
    soak.py table FILE                  adds lines up, one for each method; fails if anything is wrong

FOLDER has report.json, errors and memory, which holds milliseconds and kilobytes resident, a line each.
"""
import collections
import json
import pathlib
import struct
import sys

# By what each fault may end a replay.
ENDING = {"far-flap", "near-flap", "far-mtu"}


def fits(path):
    if not pathlib.Path(path).exists():
        return False
    data = pathlib.Path(path).read_bytes()
    if len(data) < 40 or struct.unpack("<I", data[:4])[0] not in (0xa1b2c3d4, 0xa1b23c4d):
        return False
    if struct.unpack("<I", data[20:24])[0] != 1:
        return False
    place = 24
    while place + 16 <= len(data):
        captured, length = struct.unpack("<II", data[place + 8:place + 16])
        if not 14 <= captured <= 1514:
            return False
        place += 16 + captured
    return place == len(data)


def zones_in_use(report):
    """Items that are out. A cluster of a packet in a cache is with that packet."""
    used = {zone["item"]: zone["used_items"] for zone in report["zones"]}
    kept = next(zone for zone in report["zones"] if zone["item"] == "mbuf_packet")
    used["mbuf_cluster"] -= kept["cached_items"] + kept["free_items"]
    return {name: count for name, count in used.items() if count}


def growth(lines):
    """Kilobytes by which memory grew behind the first part of a run, and the most it had."""
    samples = [tuple(map(int, line.split())) for line in lines]
    if not samples:
        return 0, 0
    # Half the run, two seconds of a long one.
    settled = min(2000, samples[-1][0] / 2)
    first = next(kilobytes for at, kilobytes in samples if at >= settled)
    return samples[-1][1] - first, max(kilobytes for _, kilobytes in samples)


def run(folder, method, status, before, after, allowed, *faults):
    folder, status, counted = pathlib.Path(folder), int(status), int(after) - int(before)
    wrong = []
    grown, most = growth((folder / "memory").read_text().splitlines())
    errors = (folder / "errors").read_text().strip()
    try:
        report = json.loads((folder / "report.json").read_text())
    except ValueError:
        report = None
        wrong.append(f"no report: {errors}")
    sent = read = 0
    if report:
        read, sent, drops = report["packets_read"], report["packets_sent"], report["drops"]
        failed = report["output_error"]
        made = (report["over_mtu"] or {}).get("added", 0)
        if read + made != sent + sum(drops.values()):
            wrong.append(f"read {read} + made {made} != sent {sent} + dropped {drops}")
        if read != sum(each["packets"] for each in report["inputs"]):
            wrong.append(f"the inputs have other than {read} packets together")
        if report["outstanding"]:
            wrong.append(f"{report['outstanding']} mbufs outstanding")
        if used := zones_in_use(report):
            wrong.append(f"in use: {used}")
        confirmed = report["confirmed"]
        if method.startswith("raw"):
            # Nobody counts for raw sockets. All leave by one interface, which may drop some unheard.
            confirmed = sent
            if counted > sent or counted < sent and not ENDING & set(faults):
                wrong.append(f"sent {sent}, the kernel {counted}")
        elif confirmed != counted:
            wrong.append(f"confirmed {confirmed}, the kernel counted {counted}")
        if confirmed is not None and confirmed > sent:
            wrong.append(f"the kernel sent {confirmed}, more than {sent}")
        # The exit status says the first of these.
        partial = any(drops.get(name) for name in ("no_link_header", "send_failed"))
        cut = any(each["error"] for each in report["inputs"])
        expected = (1 if failed else 5 if confirmed is not None and confirmed < sent
                    else 3 if cut else 4 if sent == 0 else 2 if partial else 0)
        if status != expected:
            wrong.append(f"exit {status} where {expected} was due: {errors}")
        if failed and not ENDING & set(faults):
            wrong.append(f"ended without a fault: {failed}")
        if status == 5 and not ENDING & set(faults):
            wrong.append(f"sent {sent}, confirmed {confirmed} without a fault")
    elif status not in (0, 1, 2, 3, 4, 5):
        wrong.append(f"exit {status}")
    if grown > int(allowed):
        wrong.append(f"grew by {grown} KiB")
    print(method, status, read, sent, counted, grown, most, ",".join(faults) or "-",
          "; ".join(wrong).replace("\n", " "))


def capture(path, status):
    wrong = []
    report = json.loads(pathlib.Path(path).read_text())
    received, written = report["packets_received"], report["packets_written"]
    if received != written + sum(report["drops"].values()):
        wrong.append(f"received {received}, written {written}, dropped {report['drops']}")
    if int(status) != (1 if report["error"] else 4 if written == 0 else 2 if report["drops"] else 0):
        wrong.append(f"exit {status}, error {report['error']}")
    print("capture", status, received, written, 0, 0, 0, "-", "; ".join(wrong))


def table(path):
    rows, wrong = collections.OrderedDict(), []
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        method, *numbers, faults, what = line.split(" ", 8)
        status, read, sent, counted, grown, most = map(int, numbers)
        row = rows.setdefault(method, collections.Counter())
        row.update(runs=1, read=read, sent=sent, counted=counted,
                   faults=0 if faults == "-" else faults.count(",") + 1)
        row[f"exit{status}"] += 1
        row["grown"], row["most"] = max(row["grown"], grown), max(row["most"], most)
        if what:
            wrong.append(f"{number} {method}, faults {faults}: {what}")
            row["wrong"] += 1
    print("method          runs  exit 0  1  2  3  5  faults       read       sent    counted  "
          "grew KiB   most  wrong")
    for method, row in rows.items():
        print(f"{method:<15} {row['runs']:>4} {row['exit0']:>7} {row['exit1']:>2} {row['exit2']:>2} {row['exit3']:>2} "
              f"{row['exit5']:>2} {row['faults']:>7} {row['read']:>10} {row['sent']:>10} "
              f"{row['counted']:>10} {row['grown']:>9} {row['most']:>6} {row['wrong']:>6}")
    for each in wrong:
        print(f"wrong in run {each}")
    return 1 if wrong else 0


def main():
    what, *words = sys.argv[1:]
    if what == "fits":
        sys.exit(0 if fits(*words) else 1)
    sys.exit({"run": run, "capture": capture, "table": table}[what](*words) or 0)


if __name__ == "__main__":
    main()
