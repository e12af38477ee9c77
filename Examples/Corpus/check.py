# SPDX-License-Identifier: BSD-2-Clause
"""The check of corpus.py, which `check` runs: check.py MBUMA FOLDER

The command that the workers are given is a script before mbuma, which writes down its worker and the
capture, and waits a little. So there is a middle, and it is known whom to kill in it:

    captures written down == captures + those that were looked at again
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from distributed import Client, LocalCluster

sys.dont_write_bytecode = True
import corpus

# Whoever begins with the tenth capture has it in its hand for long. The rest goes to mbuma as it is.
SLOW = """#!/bin/sh
case $1 in info|replay)
  echo "$PPID" >>'{log}'
  if [ "$(wc -l <'{log}')" -eq 10 ]; then sleep 3; else sleep 0.1; fi ;;
esac
exec '{mbuma}' "$@"
"""
# What differs from run to run, and what threads and processes make of zones.
OF_A_RUN = ("duration_ns", "rate_pps", "rate_bps", "zones")


def fail(why):
    print(f"Corpus check: {why}", file=sys.stderr)
    sys.exit(1)


def run_and_kill(arguments, log, workers):
    """Runs corpus.py, and kills the worker that has begun with the tenth capture."""
    run = subprocess.Popen(
        [sys.executable, corpus.__file__, *arguments], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while len(begun := log.read_text().split()) < 10:
        if time.monotonic() > deadline or run.poll() is not None:
            fail(f"it did not get to a tenth capture: {run.communicate()[1].decode()}")
        time.sleep(0.005)
    victim = int(begun[9])
    if victim not in workers:
        fail(f"process {victim} began with a capture, and is no worker of {workers}")
    os.kill(victim, signal.SIGKILL)
    report, _ = run.communicate(timeout=60)
    return run.returncode, report, len(log.read_text().split())


def of_one_process(mbuma, files, kind):
    """The reports of one process, merged."""
    reports = b"".join(
        subprocess.run([mbuma, kind, "--json", "--", *some], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL).stdout
        for some in ([files] if kind == "info" else [[file] for file in files]))
    return subprocess.run(
        [mbuma, "merge-reports", "-"], input=reports, stdout=subprocess.PIPE, check=True).stdout


def without_times(report):
    fields = json.loads(report)
    return {name: value for name, value in fields.items() if name not in OF_A_RUN}


def main():
    mbuma, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    files = corpus.captures([folder])
    with tempfile.TemporaryDirectory() as scratch, LocalCluster(
            n_workers=3, threads_per_worker=1, processes=True, memory_limit=0,
            dashboard_address=None, silence_logs="CRITICAL") as cluster, Client(cluster) as client:
        log, slow = pathlib.Path(scratch, "begun"), pathlib.Path(scratch, "mbuma")
        slow.write_text(SLOW.format(log=log, mbuma=mbuma))
        slow.chmod(0o755)
        for kind in ("info", "replay"):
            log.write_text("")
            client.wait_for_workers(3, timeout=30)
            workers = client.run(os.getpid).values()
            arguments = ["--scheduler", cluster.scheduler_address, "--mbuma", str(slow), folder]
            if kind == "replay":
                arguments.insert(0, "--replay")
            status, report, begun = run_and_kill(arguments, log, workers)
            alone = of_one_process(mbuma, files, kind)
            same = (report == alone if kind == "info"
                    else without_times(report) == without_times(alone))
            if not same:
                fail(f"{kind}: the report of three workers is not that of one process")
            # Some captures are cut, which the exit status says.
            if status != 3:
                fail(f"{kind}: exit {status}")
            if begun <= len(files):
                fail(f"{kind}: {begun} captures were begun with, none again")
            print(f"{kind}: {len(files)} captures by 3 workers, one killed, {begun - len(files)} "
                  "looked at again: the report is that of one process")


if __name__ == "__main__":
    main()
