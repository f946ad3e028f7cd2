#!/usr/bin/env python3
"""`make bench`: the figures of speed and size, as ratios and counts of one run.

    tests/bench/bench.py [--size full|small] [--only SECTION,…] [--out FILE] [--list]

It exits with 0 when every section ran, whether or not a goal was reached: a figure that falls short
is marked. QS_BUILD names the build that is judged.
"""

import argparse
import contextlib
import os
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
os.environ.setdefault("QS_BUILD", str(ROOT / "build" / "release"))
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

import accounts  # noqa: E402 (found by the line above)
import budget  # noqa: E402
import harness  # noqa: E402
import poll  # noqa: E402
import program  # noqa: E402
import push  # noqa: E402
import scan  # noqa: E402
import stages  # noqa: E402
import state  # noqa: E402
from report import Report  # noqa: E402
from sizes import SIZES  # noqa: E402
from world import SETTINGS, World, reference, start_server  # noqa: E402

# In this order. Those that are not in ALL take long and run when they are asked for.
SECTIONS = {
    "program": program.size_and_start,
    "backfill": push.backfill,
    "stages": stages.shares,
    "scan": scan.without_change,
    "memory": scan.memory,
    "updates": push.updates,
    "idle": poll.idle,
    "notify": poll.notify,
    "triggers": poll.triggers,
    "state": state.size_and_churn,
    "settling": state.settling,
    "pacing": budget.pacing,
    "sharing": budget.sharing,
    "accounts": accounts.accounts,
    "memory5m": scan.memory_of_five_million,
}
ALL = [name for name in SECTIONS if name != "memory5m"]


class Bench:
    """What the sections share: the server, the worlds made so far, the report."""

    def __init__(self, size, report):
        self.size, self.report = SIZES[size], report
        self.server = start_server()
        self.worlds = {}
        self.script = None

    def world(self, rows):
        """The world of that many rows; made at first use, and then kept."""
        if rows not in self.worlds:
            self.worlds[rows] = World(self.server, f"rows_{rows}", rows)
        return self.worlds[rows]

    @contextlib.contextmanager
    def fresh_world(self, rows):
        """One that was never mirrored, for a single use."""
        world = World(self.server, "fresh", rows)
        try:
            yield world
        finally:
            world.remove()

    def partner(self):
        """The partner's script in a world of its own: the world, and what its backfill cost."""
        if self.script is None:
            world = World(self.server, "reference", self.size.scans[0])
            self.script = world, reference(world, "backfill")
        return self.script

    def close(self):
        for world in [*self.worlds.values(), *(self.script or ())[:1]]:
            world.remove()
        self.server.remove()


def run(bench, names):
    for name in names:
        bench.report.section = name
        print(f"\n{name} …", flush=True)
        start = time.monotonic()
        try:
            SECTIONS[name](bench)
        except Exception as e:  # noqa: BLE001 (the other sections still have their say)
            traceback.print_exc()
            bench.report.broke(e)
        print(f"  {time.monotonic() - start:.0f} s", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--only", default="", help="sections, with commas")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / "report.json")
    parser.add_argument("--list", action="store_true", help="the sections' names")
    given = parser.parse_args()
    given.names = [name for name in given.only.split(",") if name] or ALL
    unknown = [name for name in given.names if name not in SECTIONS]
    if unknown:
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    return given


def main():
    given = arguments()
    if given.list:
        print("\n".join(SECTIONS))
        return 0
    for needed in ("qudra-sync", "qudra-sandbox"):
        if not (harness.BUILD / needed).exists():
            sys.exit(f"bench: no {needed} in {harness.BUILD}: `make bench` builds it")
    report = Report(command=" ".join(["tests/bench/bench.py", *sys.argv[1:]]),
                    sizes=asdict(SIZES[given.size]),
                    postgresql={**harness.Postgres.SETTINGS, **SETTINGS})
    bench = Bench(given.size, report)
    try:
        run(bench, given.names)
    finally:
        bench.close()
    report.show()
    report.write(given.out)
    print(f"written to {given.out}")
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
