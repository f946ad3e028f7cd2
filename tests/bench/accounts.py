"""Many employers in one agent: what an account costs while it works and while it rests."""

from pathlib import Path

import harness
from measure import MB, cpu_of, peak_of
from poll import looks, passes, running
from world import MAPPING, NARROW, PLAIN, World

ROWS_EACH = 200


class Employers:
    """A world of n accounts, each with a key and 200 small rows of one table."""

    def __init__(self, bench, n):
        self.n, self.rows = n, n * ROWS_EACH
        keys = bench.server.folder / f"keys_{n}"
        keys.write_text("".join(f"{self.key(i)}:scale:{self.name(i)}\n" for i in range(n)))
        self.sandbox = harness.Sandbox(*PLAIN, "--keys-file", str(keys), plan="scale")
        self.world = World(bench.server, f"employers_{n}", width=NARROW, sandbox=self.sandbox)
        self.world.db.psql(f"ALTER TABLE job ADD COLUMN employer text NOT NULL GENERATED ALWAYS AS "
                           f"('employer-' || id % {n}) STORED")
        agent = self.world.agent
        agent.write("mappings/jobs.yaml", MAPPING.format(detect="watermark").replace(
            "  priority:", "  account: employer\n  priority:"))
        for name in ("api_key_file", "quota"):
            agent.config["qudra"].pop(name)
        agent.configure(accounts="database", qudra={"plan": "scale"})
        self.add_accounts(Path(agent.folder, "keys"))
        self.world.grow(self.rows)

    @staticmethod
    def name(i):
        return f"employer-{i}"

    @staticmethod
    def key(i):
        return f"qk_test_employer_{i}"

    def add_accounts(self, folder):
        folder.mkdir()
        rows = []
        for i in range(self.n):
            path = folder / str(i)
            path.touch(mode=0o600)
            path.write_text(self.key(i) + "\n")
            rows.append(f"('{self.name(i)}', '{path}', 'scale', 'unlimited')")
        self.world.db.psql("INSERT INTO qudra_sync.account (name, api_key_file, plan, quota) VALUES "
                           + ", ".join(rows))

    def remove(self):
        self.world.remove()
        self.sandbox.stop()


def first_mirror(report, employers):
    world = employers.world
    spent = world.spend("backfill")
    live = world.sandbox.stats()["jobs"]["live"]
    assert live == employers.rows, f"{live} jobs of {employers.rows} rows"
    world.settle_down()
    report.figure(f"{employers.n:,} accounts × {ROWS_EACH} rows: peak memory of the first mirror",
                  spent.peak_bytes / MB, "MB", at_most=64,
                  note=f"{spent.wall_s:.0f} s, {spent.cpu_s:.1f} s CPU, "
                       f"{employers.rows / spent.wall_s:,.0f} jobs a second")


def at_rest(bench, employers):
    """What a poll costs, and the process as it then is."""
    world, report, name = employers.world, bench.report, f"{employers.n:,} accounts at rest"
    with running(world) as agent:
        harness.eventually(lambda: passes() >= 3, 120)
        pid, begin = agent.process.pid, passes()
        world.db.psql("SELECT pg_stat_statements_reset()")
        cpu = cpu_of(pid)
        harness.eventually(lambda: looks(world) >= bench.size.idle_polls, 600)
        cpu, found, polls = cpu_of(pid) - cpu, world.statements(), passes() - begin
        threads, peak = len(list(Path(f"/proc/{pid}/task").iterdir())), peak_of(pid)
    statements = sum(s["calls"] for s in found) / polls
    report.figure(f"{name}: statements a poll", statements)
    report.figure(f"{name}: time in the database, a poll",
                  sum(s["exec_ms"] + s["plan_ms"] for s in found) / polls, "ms")
    report.figure(f"{name}: CPU of the agent, a poll", cpu / polls * 1000, "ms")
    report.figure(f"{name}: threads", threads, at_most=1)
    report.figure(f"{name}: peak memory", peak / MB, "MB", at_most=64)
    return peak, statements


def accounts(bench):
    rests = []
    for n in bench.size.accounts:
        employers = Employers(bench, n)
        try:
            first_mirror(bench.report, employers)
            rests.append(at_rest(bench, employers))
        finally:
            employers.remove()
    few, many = bench.size.accounts
    bench.report.figure("memory of one more account, at rest",
                        (rests[1][0] - rests[0][0]) / (many - few) / 1024, "KB")
    bench.report.figure(f"statements a poll, {many:,} accounts / {few:,}",
                        rests[1][1] / rests[0][1], "×", at_most=1.1,
                        note="an account at rest has no query of its own")
