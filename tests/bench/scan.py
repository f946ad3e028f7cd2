"""A scan that finds nothing to do, beside psql copying the same rows; and the peak of memory."""

import re

import harness
from measure import MB, cpus, spend, walls
from world import COLUMNS, NARROW, World


def compiled_select(world):
    """The SELECT of a scan as the mapping compiles it, from the server's log, without LIMIT."""
    log = world.server.folder / "log"
    end = log.stat().st_size
    world.server.psql("ALTER ROLE qs_agent SET log_statement = 'all'")
    try:
        world.agent.run("backfill")
    finally:
        world.server.psql("ALTER ROLE qs_agent RESET log_statement")
    found = re.search(r'execute [^:]*: (SELECT source\."id"::text.*?ORDER BY source\."id")\s*LIMIT',
                      log.read_bytes()[end:].decode(), re.S)
    return " ".join(found[1].split())


def copy(world, select):
    """psql reading what the agent reads, as fast as psql can."""
    return spend([*harness.psql_command(world.db.url()), "-c",
                  f"\\copy ({select}) TO '/dev/null'"], "/tmp", harness.plain_environment())


def without_change(bench):
    for rows in bench.size.scans:
        world = bench.world(rows).mirror()
        select, before = compiled_select(world), world.requests()
        ours, theirs, plain = [], [], []
        for _ in range(bench.size.scan_rounds):
            theirs.append(copy(world, select))
            ours.append(world.spend("backfill"))
            plain.append(copy(world, f"SELECT {COLUMNS} FROM public.job"))
        tell(bench.report, rows, ours, theirs, plain)
        bench.report.figure(f"{rows:,} rows: requests", world.requests() - before, at_most=0)


def tell(report, rows, ours, theirs, plain):
    report.ratio(f"{rows:,} rows: wall, agent / psql COPY", walls(ours), walls(theirs), at_most=1.5,
                 note=f"agent {min(walls(ours)):.2f} s, psql {min(walls(theirs)):.2f} s")
    report.ratio(f"{rows:,} rows: wall, agent / psql COPY of the bare columns", walls(ours),
                 walls(plain), note=f"psql {min(walls(plain)):.2f} s")
    report.ratio(f"{rows:,} rows: CPU, agent / psql", cpus(ours), cpus(theirs), at_most=1.5,
                 note=f"agent {min(cpus(ours)):.2f} s, psql {min(cpus(theirs)):.2f} s; "
                      f"{min(cpus(ours)) / rows * 1e6:.1f} µs a row")


def highest_of_a_short_run(bench, rows):
    """A first backfill of few rows is over before it has met its own peak: the highest of some."""
    peaks = []
    for _ in range(bench.size.rounds):
        with bench.fresh_world(rows) as world:
            peaks.append(world.spend("backfill").peak_bytes)
    return max(peaks)


def memory(bench):
    scans, backfills = [], []
    for rows in bench.size.memory:
        world = bench.world(rows).mirror()
        scans.append(world.spend("backfill").peak_bytes)
        backfills.append(world.first.peak_bytes if backfills
                         else highest_of_a_short_run(bench, rows))
        bench.report.figure(f"{rows:,} rows: peak of a scan", scans[-1] / MB, "MB", at_most=24)
        bench.report.figure(f"{rows:,} rows: peak of the first backfill", backfills[-1] / MB, "MB",
                            at_most=24)
    bench.report.figure("scan: largest peak / smallest", max(scans) / min(scans), "×", at_most=1.05)
    bench.report.figure("first backfill: largest peak / smallest", max(backfills) / min(backfills),
                        "×", at_most=1.05)


def memory_of_five_million(bench):
    world = World(bench.server, "small_rows", 5_000_000, width=NARROW)
    try:
        world.mirror()
        bench.report.figure("5,000,000 small rows: peak of the first backfill",
                            world.first.peak_bytes / MB, "MB", at_most=24)
        bench.report.figure("5,000,000 small rows: peak of a scan",
                            world.spend("backfill").peak_bytes / MB, "MB", at_most=24)
    finally:
        world.remove()
