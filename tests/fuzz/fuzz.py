#!/usr/bin/env python3
"""Runs the fuzzers, each from its small corpus; what crashes one is kept beside the build.

    tests/fuzz/fuzz.py [--seconds T] [-j N] [--nice] [NAME]…
"""

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("QS_BUILD", HERE.parents[1] / "build/fuzz")).resolve()
NAMES = sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.c"))
INPUT_S = 10  # no input takes longer; one that others go before may have to wait
INPUT_NICE_S = 300


def fuzz(name, seconds, nice):
    with tempfile.TemporaryDirectory() as found:
        done = subprocess.run(
            [*(["nice", "-n19"] if nice else []), str(BUILD / "fuzz" / f"fuzz_{name}"),
             f"-max_total_time={seconds}", f"-timeout={INPUT_NICE_S if nice else INPUT_S}",
             "-rss_limit_mb=2048", "-max_len=8192", "-print_final_stats=1",
             f"-artifact_prefix={BUILD}/{name}-", found, str(HERE / "corpus" / name)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    runs = [line.split()[-1] for line in done.stderr.splitlines() if "executed_units" in line]
    print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name}: {runs[0] if runs else '?'} inputs",
          flush=True)
    if done.returncode != 0:
        print(done.stderr[-6000:])
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=int, default=60, metavar="T", help="for each")
    parser.add_argument("-j", dest="jobs", type=int, default=1, metavar="N", help="at a time")
    parser.add_argument("--nice", action="store_true", help="let whatever else runs go before")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    args = parser.parse_args()
    unknown = set(args.names) - set(NAMES)
    if unknown:
        parser.error(f"no such fuzzer: {', '.join(sorted(unknown))} (known: {', '.join(NAMES)})")
    with ThreadPoolExecutor(args.jobs) as pool:
        done = pool.map(lambda name: fuzz(name, args.seconds, args.nice), args.names or NAMES)
        return 0 if all(list(done)) else 1


if __name__ == "__main__":
    sys.exit(main())
