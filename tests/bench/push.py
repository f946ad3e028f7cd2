"""What it costs to send: the first backfill and updates, beside the partner's script and wrk."""

import re
import subprocess
import tempfile
import time
from pathlib import Path

import harness
from measure import cpus, walls
from recorder import Recorder
from world import HERE, PAYLOAD, PLAIN, reference

WRK_ROWS = 20_000
BARE_ROWS, BARE_BATCH = 100_000, 400

# The least that promises 1 and 2 ask of a database: a create is noted and committed before it
# leaves, its id is recorded and the note dropped in a second transaction; no id stands twice.
BARE_TABLES = f"""
    CREATE TABLE bare_job (key bigint PRIMARY KEY, job_id text,
                           EXCLUDE USING hash (job_id WITH =));
    CREATE TABLE bare_attempt (key bigint PRIMARY KEY);
    INSERT INTO bare_job SELECT generate_series(1, {BARE_ROWS});
    VACUUM ANALYZE bare_job"""
BARE_WORK = f"""
    DO $$BEGIN
        FOR at IN 1..{BARE_ROWS} BY {BARE_BATCH} LOOP
            INSERT INTO bare_attempt SELECT generate_series(at, at + {BARE_BATCH - 1});
            COMMIT;
            UPDATE bare_job SET job_id = 'job_' || left(md5(key::text), 16)
             WHERE key BETWEEN at AND at + {BARE_BATCH - 1};
            DELETE FROM bare_attempt WHERE key BETWEEN at AND at + {BARE_BATCH - 1};
            COMMIT;
        END LOOP;
    END$$"""


def wrk_rate(world, seconds):
    """Requests a second that wrk reaches with the bodies of the first rows, on a fresh sandbox."""
    sandbox = harness.Sandbox(*PLAIN, plan="scale")
    try:
        with tempfile.TemporaryDirectory(prefix="qs-") as folder:
            bodies = Path(folder, "bodies")
            bodies.write_text(world.db.psql(
                f"SELECT json_build_object('jobs', json_agg({PAYLOAD} ORDER BY id)) FROM job "
                f"WHERE id <= {WRK_ROWS} GROUP BY (id - 1) / 100") + "\n")
            done = subprocess.run(["wrk", "-t1", "-c8", f"-d{seconds}s", "-s", HERE / "wrk.lua",
                                   sandbox.address, "--", bodies, harness.KEY],
                                  capture_output=True, text=True, check=True)
    finally:
        sandbox.stop()
    assert "Non-2xx" not in done.stdout, done.stdout
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])


def bare_rate(world):
    """Requests of a hundred a second that one session of the server could record at best."""
    for statement in BARE_TABLES.split(";"):
        world.db.psql(statement)
    began = time.monotonic()
    world.db.psql(BARE_WORK)
    rate = BARE_ROWS / 100 / (time.monotonic() - began)
    world.db.psql("DROP TABLE bare_job, bare_attempt")
    return rate


def first_backfills(bench, rows):
    """What they cost the agent and the partner's script, taking turns."""
    ours, theirs = [bench.world(rows).mirror().first], [bench.partner()[1]]
    for _ in range(bench.size.rounds - 1):
        with bench.fresh_world(rows) as world:
            ours.append(world.spend("backfill"))
        with bench.fresh_world(rows) as world:
            theirs.append(reference(world, "backfill"))
    return ours, theirs


def backfill(bench):
    rows, report = bench.size.scans[0], bench.report
    ours, theirs = first_backfills(bench, rows)
    first, (world, _) = ours[0], bench.partner()
    rate, possible = first.requests / first.wall_s, wrk_rate(world, bench.size.wrk_s)
    report.ratio(f"{rows:,} rows: CPU, agent / Python", cpus(ours), cpus(theirs), at_most=0.1,
                 note=f"agent {min(cpus(ours)):.2f} s, Python {min(cpus(theirs)):.2f} s")
    report.ratio(f"{rows:,} rows: wall, agent / Python", walls(ours), walls(theirs),
                 note=f"agent {min(walls(ours)):.1f} s, Python {min(walls(theirs)):.1f} s")
    report.figure("request rate, agent / wrk", rate / possible, "×", at_least=0.8,
                  note=f"agent {rate:.0f}/s from start to end, wrk {possible:.0f}/s")
    report.figure("request rate, agent / the server's bare recording", rate / bare_rate(world), "×",
                  note="the least that promises 1 and 2 write, in one session, by keys in a row")
    report.figure("jobs a minute, of the 1,000,000 that Scale allows", rows / first.wall_s * 60,
                  note=f"a core alone for the agent: {rows / first.cpu_s * 60:,.0f}")
    report.figure("CPU per 100 jobs created", first.cpu_s / rows * 1e5, "ms")
    report.figure("requests per 100 jobs created", first.requests / rows * 100)
    report.figure("statements that write the state, a request", first.writes / first.requests,
                  at_most=2)


# ---- updates -------------------------------------------------------------------------------------


def change(world, n):
    world.db.psql(f"UPDATE job SET pay_max = pay_max + 100 WHERE id <= {n}")
    world.settle_down()


def fields_sent(world, n=5):
    """The names in the bodies of a few updates."""
    change(world, n)
    recorder = Recorder(world.sandbox.address)
    world.agent.configure(qudra={"base_url": recorder.base_url})
    try:
        world.spend("once")
    finally:
        world.agent.configure(qudra={"base_url": world.sandbox.base_url})
        recorder.close()
    bodies = [body for body in recorder.bodies if body]
    assert len(bodies) == n, bodies
    return sorted({name for body in bodies for name in body})


def updates(bench):
    n, report = bench.size.updates, bench.report
    world = bench.world(bench.size.scans[0]).mirror()
    change(world, n)
    before, writes = world.sandbox.stats(), world.writes()
    ours = world.spend("once")
    after = world.sandbox.stats()
    requests = after["requests_total"] - before["requests_total"]
    assert after["jobs"]["updated"] - before["jobs"]["updated"] == n
    writes = world.writes() - writes

    script, _ = bench.partner()
    change(script, n)
    theirs = reference(script, "update")
    report.figure(f"{n:,} updates: requests for each", requests / n, at_most=1)
    report.figure(f"{n:,} updates: CPU, agent / Python", ours.cpu_s / theirs.cpu_s, "×",
                  at_most=0.2, note=f"agent {ours.cpu_s:.2f} s, Python {theirs.cpu_s:.2f} s")
    report.figure(f"{n:,} updates: wall, agent / Python", ours.wall_s / theirs.wall_s, "×",
                  note=f"agent {ours.wall_s:.1f} s, Python {theirs.wall_s:.1f} s")
    report.figure("statements that write the state, per 100 updates", writes / n * 100)
    report.figure("peak memory", ours.peak_bytes / 2**20, "MB", at_most=24)
    fields = fields_sent(world)
    report.figure("fields in a body", len(fields), at_most=1, note=", ".join(fields))
