"""What `run` costs while nothing happens, and how fast it is when something does."""

import re
import statistics
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import harness
from measure import cpu_of, percentile
from world import World, start_server

METRICS_PORT = 19464
PACE_S = 0.1  # between two single changes
TUPLES = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_user_tables"


def metric(name, labels=""):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{METRICS_PORT}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = re.search(rf"^{name}{{{labels}[^}}]*}} (\S+)", text, re.M)
    return float(found[1]) if found else 0.0


def passes():
    return metric("qudra_sync_passes_total", 'outcome="whole"')


@contextmanager
def running(world, interval="1s"):
    """The agent at work, past its first pass and with nothing left to do."""
    world.agent.configure(sync={"interval": interval},
                          metrics={"listen": f"127.0.0.1:{METRICS_PORT}"})
    agent = world.agent.start()
    try:
        agent.log_contains("started")
        harness.eventually(lambda: passes() >= 1, 120, "the first pass")
        yield agent
    finally:
        agent.stop()


# ---- idle ----------------------------------------------------------------------------------------


def backends(world):
    """CPU seconds of the agent's sessions at the server."""
    pids = world.db.rows("SELECT pid FROM pg_stat_activity WHERE usename = 'qs_agent'")
    return sum(cpu_of(row["pid"]) for row in pids)


def tuples(world):
    world.db.psql("SELECT pg_stat_force_next_flush()")
    return world.db.value(TUPLES)


def looks(world):
    """Statements on the source's table: polls are awaited by them, as a scrape wakes the agent."""
    return sum(s["calls"] for s in world.statements("""query ~ '"job" AS source'"""))


def idle(bench):
    world, report = bench.world(bench.size.scans[-1]).mirror(), bench.report
    with running(world) as agent:
        harness.eventually(lambda: passes() >= 3, 60)
        begin, requests, pid = passes(), world.requests(), agent.process.pid
        world.db.psql("SELECT pg_stat_statements_reset()")
        written, cpu, server_cpu = tuples(world), cpu_of(pid), backends(world)
        harness.eventually(lambda: looks(world) >= bench.size.idle_polls, 600)
        cpu, server_cpu, found = cpu_of(pid) - cpu, backends(world) - server_cpu, world.statements()
        polls = passes() - begin
        written, requests = tuples(world) - written, world.requests() - requests
    beats = [s for s in found if "A heartbeat: keeps all" in s["query"]]
    source = [s for s in found if '"job" AS source' in s["query"]]
    calls = sum(s["calls"] for s in found)
    ms = sum(s["exec_ms"] + s["plan_ms"] for s in found)
    report.figure(f"{world.rows:,} rows: requests to Qudra", requests, at_most=0)
    report.figure("statements on the source's table, a poll",
                  sum(s["calls"] for s in source) / polls, at_most=1)
    report.figure("statements of all kinds, a poll", calls / polls,
                  note="; ".join(f"{s['calls'] / polls:.2f} {first_words(s['query'])}"
                                 for s in found if s["calls"] / polls > 0.05))
    report.figure("time in the database, a poll", ms / polls, "ms", at_most=1)
    report.figure("CPU of the agent, a poll", cpu / polls * 1000, "ms", at_most=1)
    report.figure("CPU of its sessions at the server, a poll", server_cpu / polls * 1000, "ms")
    beaten = sum(s["calls"] for s in beats)
    report.figure("rows written, besides heartbeats", max(0, written - beaten),
                  at_most=0, note=f"{beaten} heartbeats in {polls:.0f} polls")


def first_words(query):
    return re.sub(r"\s+", " ", re.sub(r"--\s*", "", query))[:60].strip()


# ---- from a change to its request ----------------------------------------------------------------


def way_of_changes(world, n, sql):
    """ms from just before a commit to the arrival of its request, for n single changes."""
    change = f"BEGIN; {sql}; SELECT extract(epoch FROM clock_timestamp()) * 1000; COMMIT"
    ids = {row["source_key"]: row["job_id"] for row in world.db.rows(
        f"SELECT source_key, job_id FROM qudra_sync.job WHERE source_key::bigint <= {n}")}
    session, began = world.db.session(), {}
    for i in range(1, n + 1):
        began[ids[str(i)]] = float(session.run(change.format(id=i)))
        time.sleep(PACE_S)  # the pace of the changes, not a wait for anything
    session.close()

    def arrivals():
        log = world.sandbox.admin(f"log?limit={2 * n}")["requests"]
        seen = {r["path"].rsplit("/", 1)[1]: r["at_ms"] for r in log if r["method"] == "PATCH"}
        return {job: at for job, at in seen.items() if job in began and at >= began[job] - 1}
    harness.eventually(lambda: len(arrivals()) == n, 60, "every change's request")
    return [max(0.0, at - began[job]) for job, at in arrivals().items()]


def tell_ways(report, name, ways):
    note = f"{len(ways)} changes; median {statistics.median(ways):.1f} ms, largest {max(ways):.0f}"
    report.figure(f"{name}: p50", percentile(ways, 50), "ms", at_most=10)
    report.figure(f"{name}: p99", percentile(ways, 99), "ms", at_most=50, note=note)


def notify(bench):
    world = bench.world(bench.size.scans[0]).mirror()
    world.sandbox.options(latency_ms=0)
    sql = "UPDATE job SET pay_min = pay_min + 1 WHERE id = {id}; NOTIFY qudra_sync"
    with running(world, "30s"):
        tell_ways(bench.report, "change and NOTIFY → request",
                  way_of_changes(world, bench.size.changes, sql))
    world.sandbox.options(latency_ms=1)


# ---- the opt-in trigger --------------------------------------------------------------------------


def transactions(world, seconds):
    """Transactions a second that pgbench reaches, changing single rows."""
    with tempfile.TemporaryDirectory(prefix="qs-") as folder:
        script = Path(folder, "script.sql")
        script.write_text(f"\\set id random(1, {world.rows})\n"
                          "UPDATE job SET pay_min = 6000 + :id % 3000 WHERE id = :id;\n")
        done = subprocess.run(
            [harness.postgres_programs() / "pgbench", "-n", "-c2", "-j1", "-M", "prepared",
             f"-T{seconds}", "-f", script, world.db.url("postgres")],
            capture_output=True, text=True, check=True, env=harness.plain_environment())
    return float(re.search(r"tps = ([\d.]+)", done.stdout)[1])


def as_owner(world, *words):
    """A command that needs the table's owner, who is not the agent's role."""
    world.agent.configure(database={"url": world.db.url("postgres")})
    try:
        world.agent.run(*words)
    finally:
        world.agent.configure(database={"url": world.db.url()})


# The least that a trigger in PL/pgSQL can do and still note a key: no table of ours, no index, no
# comparison, no NOTIFY. What it costs is the limit of what any outbox can reach.
BAREST = """
    CREATE TABLE noted (key text);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN INSERT INTO noted VALUES (NEW.id); RETURN NULL; END$$;
    CREATE TRIGGER note AFTER UPDATE ON job FOR EACH ROW EXECUTE FUNCTION note();
"""


def with_the_barest_trigger(world, seconds):
    world.db.psql(BAREST)
    try:
        return transactions(world, seconds)
    finally:
        world.db.psql("DROP TRIGGER note ON job; DROP FUNCTION note; DROP TABLE noted")


# A partner's server waits for its disk at each commit, as ours otherwise does not: what the trigger
# adds is held against what a write costs there.
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


def triggers(bench):
    server = start_server(**DURABLE)
    world = World(server, "triggers", bench.size.churn_rows, detect="trigger")
    try:
        touched, untouched, barest = [], [], []
        for _ in range(bench.size.rounds):
            untouched.append(transactions(world, bench.size.pgbench_s))
            barest.append(with_the_barest_trigger(world, bench.size.pgbench_s))
            as_owner(world, "migrate", "--triggers")
            touched.append(transactions(world, bench.size.pgbench_s))
            as_owner(world, "migrate", "--drop-triggers")
        bench.report.figure("pgbench: transactions a second, with the trigger / without",
                            max(touched) / max(untouched), "×", at_least=0.95,
                            note=f"without {max(untouched):.0f}/s; with the barest trigger there "
                                 f"can be {max(barest) / max(untouched):.2f} ×")
        as_owner(world, "migrate", "--triggers")
        world.mirror()
        world.sandbox.options(latency_ms=0)
        with running(world, "30s"):
            tell_ways(bench.report, "change, by trigger → request",
                      way_of_changes(world, bench.size.changes,
                                     "UPDATE job SET pay_max = pay_max + 1 WHERE id = {id}"))
    finally:
        world.remove()
        server.remove()
