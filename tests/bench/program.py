"""The program itself: how large it is, and how soon its first query is there."""

import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import harness
from measure import MB
from world import World


def stripped_bytes():
    with tempfile.TemporaryDirectory(prefix="qs-") as folder:
        copy = Path(shutil.copy(harness.BUILD / "qudra-sync", folder))
        subprocess.run(["strip", copy], check=True)
        return copy.stat().st_size


def first_query_ms(world):
    """From the start of the process to the server's log line of its first statement."""
    log = world.server.folder / "log"
    end = log.stat().st_size
    start = time.time()
    world.agent.run("once")
    for line in log.read_bytes()[end:].decode().splitlines():
        words = line.split()
        if len(words) > 3 and words[1] == "qs_agent" and words[3] in ("statement:", "execute"):
            return (float(words[0]) - start) * 1000
    raise AssertionError("the program sent no statement")


def size_and_start(bench):
    bench.report.figure("size, stripped", stripped_bytes() / MB, "MB", at_most=1)
    world = World(bench.server, "start")
    try:
        world.server.psql("ALTER ROLE qs_agent SET log_statement = 'all'")
        times = [first_query_ms(world) for _ in range(bench.size.starts)]
        bench.report.figure("start to first query, median", statistics.median(times), "ms",
                            at_most=20, note=f"least {min(times):.1f}, most {max(times):.1f}")
    finally:
        world.server.psql("ALTER ROLE qs_agent RESET log_statement")
        world.remove()
