#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Looks at every capture of some folders on the workers of a Dask cluster, and prints one report.

    corpus.py FOLDER ...                            on this machine, by a process for each processor
    corpus.py --scheduler tcp://HOST:8786 FOLDER    on a cluster whose workers see the same paths

A capture is a task of its own: `mbuma info --json FILE` on some worker, whose output is the task's
result. A result is fetched when it is there, and is kept by the capture's name, so that

    reports == captures, one each, whatever ran twice

A worker that dies has its tasks done by others, results that nobody fetched included. What no worker
could do within the retries, this machine does last. `mbuma merge-reports` then makes one report of all,
in the order of names: the one that `mbuma info --json` prints of all files on one machine.
"""
import argparse
import os
import shutil
import subprocess
import sys

from distributed import Client, LocalCluster, as_completed

ENDINGS = (".pcap", ".pcapng", ".cap")
# What a report is good with: all done, or a capture that is cut or corrupt, as the report says.
GOOD = (0, 3)


def captures(places):
    """The files that are given, and the captures of the folders, by name; each once."""
    files = []
    for place in places:
        if os.path.isdir(place):
            names = [entry.name for entry in os.scandir(place) if entry.name.endswith(ENDINGS)]
            # By their bytes, as the C locale has them.
            files += [os.path.join(place, name) for name in sorted(names, key=os.fsencode)]
        else:
            files.append(place)
    return list(dict.fromkeys(files))


def look(command, file):
    """Runs the command on a file: its exit status and its report."""
    # A name is bytes; a task has it as text with which the system gets the same bytes.
    run = subprocess.run(
        [*command, "--", os.fsencode(file)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    return run.returncode, run.stdout, run.stderr


def task(command, file):
    """What a worker does: the same, and a failure is one of the task, which is tried again."""
    status, report, errors = look(command, file)
    if status not in GOOD:
        raise RuntimeError(f"{file!r}: exit {status}: {errors.decode(errors='replace').strip()}")
    return status, report, errors


def progress(done, failed, count):
    """Tells how far it is, where a person watches."""
    if sys.stderr.isatty():
        text = f"{done} of {count} captures" + (f", {failed} again here" if failed else "")
        print(f"\r\033[K{text}" + ("\n" if done == count else ""), end="", file=sys.stderr, flush=True)


def look_at_all(client, command, files, retries):
    """The outcome for each file, by its name."""
    # Named by the file, so that a task is the same wherever it runs; high up, so that none is lost
    # among those of others.
    futures = {
        client.submit(task, command, file, key=f"mbuma-{os.getpid()}-{index}", retries=retries,
                      pure=False): file
        for index, file in enumerate(files)}
    outcomes = {}
    failed = 0
    for future, outcome in as_completed(futures, with_results=True, raise_errors=False):
        file = futures[future]
        if future.status != "finished":
            failed += 1
            print(f"corpus: {future.exception()}", file=sys.stderr)
            outcome = look(command, file)
        outcomes[file] = outcome
        # The cluster may forget it.
        future.release()
        progress(len(outcomes), failed, len(files))
    return outcomes


def merged(mbuma, outcomes, options):
    """Puts one report of all on standard output; the exit status of that."""
    with subprocess.Popen(
            [mbuma, "merge-reports", *options, "-"], stdin=subprocess.PIPE) as merge:
        try:
            for _, report, _ in outcomes:
                merge.stdin.write(report)
            merge.stdin.close()
        except BrokenPipeError:
            pass  # It has said why it ended.
        return merge.wait()


def main():
    parser = argparse.ArgumentParser(
        description="Look at every capture of folders on a Dask cluster, and print one report.")
    parser.add_argument("places", nargs="+", metavar="FOLDER", help="folders, or captures")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a cluster that is there")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count(), metavar="N",
        help="processes on this machine, without --scheduler")
    parser.add_argument(
        "--mbuma", default=shutil.which("mbuma") or "mbuma", metavar="PATH",
        help="the command, at the same path on every worker")
    parser.add_argument(
        "--replay", action="store_true", help="replay the captures, through checksums and counts")
    parser.add_argument("--text", action="store_true", help="a report for people")
    parser.add_argument("--top", default="5", metavar="N", help="addresses and ports to list")
    parser.add_argument("--retries", type=int, default=3, metavar="N", help="of a task that fails")
    options = parser.parse_args()
    files = captures(options.places)
    if not files:
        parser.error("there is no capture in it")
    if not shutil.which(options.mbuma):
        parser.error(f"there is no {options.mbuma}: name it by --mbuma")

    command = [options.mbuma, "replay", "--json"]
    if not options.replay:
        command = [options.mbuma, "info", "--json", "--top", options.top]
    # What mbuma takes is no memory of the worker's, so that has no limit here.
    cluster = options.scheduler or LocalCluster(
        n_workers=options.workers, threads_per_worker=1, processes=True, memory_limit=0,
        dashboard_address=None)
    with Client(cluster) as client:
        outcomes = look_at_all(client, command, files, options.retries)
    if not options.scheduler:
        cluster.close()

    # In the order of names, whoever was done first.
    outcomes = [outcomes[file] for file in files]
    for _, _, errors in outcomes:
        sys.stderr.write(errors.decode(errors="replace"))
    kind = ["--text"] if options.text else ["--json"]
    status = merged(options.mbuma, outcomes, [*kind, "--top", options.top])
    # As mbuma ends, by the first capture that is not as it should be.
    return status or next((status for status, _, _ in outcomes if status != 0), 0)


if __name__ == "__main__":
    sys.exit(main())
