#!/usr/bin/env python3
"""The proof of many employers and several agents: one table, an account for each employer, four
agents that share them out, and everything that can happen to agents and keys meanwhile.

    tests/many/many.py [--accounts N] [--rows N] [--agents N] [--seconds T] [--window S]
                       [--seed N] [-v]

For T seconds rows are edited, closed, moved from one employer to another; agents are killed,
stopped for longer than they are believed to live and then continued, cut off from the database,
ended and added; keys are revoked and renewed; the quotas of the free plan are used up. Then all is
quiet. Every employer's open jobs must be what the table says, as far as its quota goes; nothing was
created twice; no account got over its limit; no close of a healthy account took longer than two
windows; and the agents hold as many accounts each, give or take one.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402 (found by the line above)
from harness import MirrorCase, content, eventually  # noqa: E402

PLANS = ("free", "free", "growth", "growth", "scale")
STOPPED_S = 12  # longer than an agent is believed to live without a heartbeat
QUIET_S = 300
EVEN_S = 30  # that the shares are even again
TABLE = MirrorCase.TABLE + """
    ALTER TABLE job ADD COLUMN employer text NOT NULL;
    ALTER TABLE job ADD COLUMN closed_at double precision;
    CREATE INDEX ON job (employer);
"""
MAPPING = MirrorCase.MAPPING.replace("  removed:",
                                     "  account: employer\n  priority: id\n  removed:")


def program(url, world):
    """A folder with the configuration that all agents have."""
    made = harness.Agent(url, world.sandbox.base_url)
    del made.config["qudra"]["api_key_file"], made.config["qudra"]["quota"]
    made.configure(accounts="database", qudra={"timeout": "3s"},
                   sync={"interval": "500ms", "max_remove": "1000000"})
    made.write("mappings/jobs.yaml", MAPPING)
    return made


class Agent:
    """A process of `run` with a role of its own, so that it alone can be cut off."""

    def __init__(self, world, number):
        self.world, self.role = world, f"agent_{number}"
        world.db.psql(f"CREATE ROLE {self.role} LOGIN IN ROLE {world.db.AGENT} INHERIT")
        self.program = program(world.db.url(self.role), world)
        self.busy_until = 0  # stopped or cut off till then
        self.back = None     # how it comes back
        self.lives = []      # its processes, the last is the one that runs
        self.start()

    def all_logs(self):
        return "".join(f"---- {number}\n{life.log}" for number, life in enumerate(self.lives, 1))

    def start(self):
        self.program.running.clear()
        self.running = self.program.start("run")
        self.lives.append(self.running)

    def kill(self):
        self.running.kill()
        self.start()

    def end(self):
        self.running.log_contains(" started ")
        self.running.stop()
        self.start()

    def sleep(self):
        self.running.send(signal.SIGSTOP)
        self.comes_back(lambda: self.running.send(signal.SIGCONT))

    def cut_off(self):
        self.running.log_contains(" started ")  # a login refused at the very start ends it
        self.world.db.psql(f"ALTER ROLE {self.role} NOLOGIN; SELECT count(pg_terminate_backend(pid)) "
                           f"FROM pg_stat_activity WHERE usename = '{self.role}'")
        self.comes_back(lambda: self.world.db.psql(f"ALTER ROLE {self.role} LOGIN"))

    def comes_back(self, how):
        self.busy_until, self.back = time.monotonic() + STOPPED_S, how

    def look_after(self, at_once=False):
        if self.back and (at_once or time.monotonic() >= self.busy_until):
            self.back()
            self.back = None
        status = self.running.process.poll()
        if status is not None:
            raise AssertionError(f"`run` ended with {status}:\n{self.running.log[-3000:]}")


class World:
    def __init__(self, options):
        self.options, self.chance = options, random.Random(options.seed)
        self.names = [f"employer-{i:04}" for i in range(options.accounts)]
        self.late_s = 2 * options.window
        self.plan = {name: PLANS[i % len(PLANS)] for i, name in enumerate(self.names)}
        self.keys = Counter()
        self.revoked = {}   # employer: when it gets its new key
        self.unhealthy = set()  # had no working key for a while
        self.revision = 0
        self.events = Counter()
        self.folder = Path(tempfile.mkdtemp(prefix="qs-many-"))
        self.server = harness.shared_server()
        self.db = self.server.database(f"many_{os.getpid()}")
        self.db.create_agent_role()
        self.db.psql(TABLE)
        self.sandbox = self.start_sandbox()
        self.agents = []

    def start_sandbox(self):
        keys = self.folder / "keys.txt"
        keys.write_text("".join(f"{self.key(name)}:{self.plan[name]}:{name}\n" for name in self.names))
        return harness.Sandbox("--keys-file", str(keys), "--window", str(self.options.window),
                               "--latency-ms", "5", "--jitter-ms", "20")

    # ---- employers -------------------------------------------------------------------------------

    def key(self, name):
        return f"qk_test_{name}_{self.keys[name]}"

    def write_key(self, name):
        path = self.folder / name
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(self.key(name) + "\n")
        fresh.rename(path)
        return path

    def add_accounts(self):
        rows = ", ".join(f"('{name}', '{self.write_key(name)}', '{self.plan[name]}')"
                         for name in self.names)
        self.db.psql(f"INSERT INTO qudra_sync.account (name, api_key_file, plan) VALUES {rows}")

    def fill(self):
        n = len(self.names)
        self.db.psql(f"INSERT INTO job (id, title, employer, pay, updated_at) SELECT i, 'Job ' || i, "
                     f"'employer-' || lpad((i % {n})::text, 4, '0'), 5000 + i, now() - interval '1 day' "
                     f"FROM generate_series(1, {self.options.rows}) i")

    # ---- events ----------------------------------------------------------------------------------

    def some(self, most):
        ids = self.chance.sample(range(1, self.options.rows + 1), self.chance.randint(1, most))
        return f"id IN ({', '.join(map(str, ids))}) AND open"

    def edit(self):
        self.revision += 1
        self.db.psql(f"UPDATE job SET title = 'Job ' || id || ' rev {self.revision}' "
                     f"WHERE {self.some(10)}")

    def close(self):
        self.db.psql(f"UPDATE job SET open = false, closed_at = extract(epoch FROM clock_timestamp()) "
                     f"WHERE {self.some(5)}")

    def move(self):
        self.revision += 1
        self.db.psql(f"UPDATE job SET employer = '{self.chance.choice(self.names)}', "
                     f"title = 'Job ' || id || ' rev {self.revision}' WHERE {self.some(3)}")

    def revoke_key(self):
        name = self.chance.choice(self.names)
        if name in self.revoked:
            return
        self.sandbox.admin("keys", {"action": "revoke", "key": self.key(name)})
        self.revoked[name] = time.monotonic() + self.chance.uniform(0, 15)
        self.unhealthy.add(name)

    def renew_keys(self, at_once=False):
        for name, when in list(self.revoked.items()):
            if at_once or time.monotonic() >= when:
                self.keys[name] += 1
                self.sandbox.admin("keys", {"key": self.key(name), "account": name,
                                            "plan": self.plan[name]})
                self.write_key(name)
                del self.revoked[name]

    def one_agent(self):
        free = [agent for agent in self.agents if agent.back is None]
        return self.chance.choice(free) if len(free) > len(self.agents) / 2 else None

    def agent_event(how):
        def event(self):
            agent = self.one_agent()
            if agent:
                how(agent)
        event.__name__ = how.__name__
        return event

    def add_agent(self):
        if len(self.agents) < 2 * self.options.agents:
            self.agents.append(Agent(self, len(self.agents)))

    WEIGHTS = {edit: 30, close: 30, move: 6, revoke_key: 2}
    AGENT_WEIGHTS = {agent_event(Agent.kill): 3, agent_event(Agent.end): 2,
                     agent_event(Agent.sleep): 2, agent_event(Agent.cut_off): 2, add_agent: 1}

    # ---- the play --------------------------------------------------------------------------------

    def begin(self):
        first = program(self.db.url(), self)
        first.run("migrate")
        first.close()
        self.add_accounts()
        self.fill()
        for number in range(self.options.agents):
            self.agents.append(Agent(self, number))
        eventually(lambda: self.closed_or_synced() > self.options.rows / 4, QUIET_S)

    def closed_or_synced(self):
        return self.db.value("SELECT count(*) FROM qudra_sync.job WHERE state = 'synced'")

    def play(self):
        self.play_began = time.time()
        end = time.monotonic() + self.options.seconds
        next_agent = time.monotonic()
        while time.monotonic() < end:
            self.happens(self.WEIGHTS)
            if time.monotonic() >= next_agent:
                self.happens(self.AGENT_WEIGHTS)
                next_agent += self.options.every
            self.renew_keys()
            for agent in self.agents:
                agent.look_after()

    def happens(self, weights):
        event = self.chance.choices(list(weights), list(weights.values()))[0]
        event(self)
        self.events[event.__name__] += 1

    def calm(self):
        self.renew_keys(at_once=True)
        for agent in self.agents:
            agent.look_after(at_once=True)
        try:
            eventually(lambda: self.restless() == 0 and not self.differences(), QUIET_S)
        except AssertionError as e:
            wrong = self.differences()
            raise AssertionError(f"{e}: {self.restless()} rows wait, {len(wrong)} differences:\n  "
                                 + "\n  ".join(wrong[:10])) from None
        self.see_that_shares_are_even()
        for agent in self.agents:
            agent.running.stop()

    def restless(self):
        return self.db.value(
            "SELECT (SELECT count(*) FROM qudra_sync.create_attempt) + (SELECT count(*) "
            "FROM qudra_sync.job WHERE state IN ('pending', 'sending', 'uncertain'))")

    def see_that_shares_are_even(self):
        """Every account is held, and no agent holds two more than another."""
        def are_even():
            self.shares = [row["n"] for row in self.db.rows(
                "SELECT count(a.name) AS n FROM qudra_sync.agent g "
                "LEFT JOIN qudra_sync.account a ON a.holder = g.name GROUP BY g.name")]
            return sum(self.shares) == len(self.names) and \
                len(self.shares) == len(self.agents) and max(self.shares) - min(self.shares) <= 1
        try:
            eventually(are_even, EVEN_S)
        except AssertionError as e:
            raise AssertionError(f"{e}: shares {sorted(self.shares)} of {len(self.names)}") from None

    # ---- the verdict -----------------------------------------------------------------------------

    def differences(self):
        """An employer's open jobs must be its open rows; fewer where its quota is used up."""
        jobs, rows = defaultdict(Counter), defaultdict(Counter)
        for job in self.sandbox.open():
            jobs[job["account"]][content(job)] += 1
        for row in self.db.rows("SELECT * FROM job WHERE open"):
            rows[row["employer"]][content(
                {"title": row["title"], "description": row["body"], "city": row["city"],
                 "employment_type": row["contract"], "salary_min": int(row["pay"]),
                 "currency": "SAR", "status": "active"})] += 1
        deferred = Counter({row["account"]: row["n"] for row in self.db.rows(
            "SELECT s.account, count(*) AS n FROM qudra_sync.job s JOIN job j "
            "ON s.source_key = j.id::text WHERE s.state = 'deferred' AND j.open "
            "GROUP BY s.account")})
        wrong = []
        for name in self.names:
            missing = sum((rows[name] - jobs[name]).values())
            if rows[name] != jobs[name] and (self.plan[name] == "scale" or missing != deferred[name]
                                             or jobs[name] - rows[name]):
                wrong.append(f"{name} ({self.plan[name]}): {missing} rows missing, {deferred[name]} "
                             f"deferred, {sum((jobs[name] - rows[name]).values())} jobs too many")
        return wrong

    def close_latencies(self):
        """Seconds from the commit of a close to Qudra's word, for employers whose key always worked.
        A row whose job is of its last employer, had been open at Qudra for two windows when the row
        was closed, so that its create was not in doubt any more, and was not edited since."""
        def seconds(text):
            return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
        jobs = {job["id"]: (seconds(job["created_at"]), seconds(job["updated_at"]))
                for job in self.sandbox.jobs() if job["status"] == "closed"}
        for row in self.db.rows(
                "SELECT s.job_id, j.employer, j.closed_at FROM job j JOIN qudra_sync.job s "
                "ON s.source_key = j.id::text WHERE NOT j.open AND s.account = j.employer "
                "AND s.job_id IS NOT NULL"):
            created, closed = jobs.get(row["job_id"], (float("inf"), 0))
            if row["employer"] not in self.unhealthy and created < row["closed_at"] - self.late_s:
                yield (closed - row["closed_at"],
                       f"{row['employer']} ({self.plan[row['employer']]}), closed "
                       f"{row['closed_at'] - self.play_began:.0f} s after the play began")

    def verdict(self):
        stats = self.sandbox.stats()
        latencies = sorted(self.close_latencies())
        found = {"accounts": len(self.names), "rows": self.options.rows, "agents": len(self.agents),
                 "shares": f"{min(self.shares)}-{max(self.shares)}",
                 "requests": stats["requests_total"], "jobs": stats["jobs"]["created"],
                 "closes": len(latencies), "slowest_close_s": round(latencies[-1][0], 1),
                 "late": len([late for late in latencies if late[0] > self.late_s]),
                 "duplicates": stats["duplicates"], "over_the_limit": stats["breaches"],
                 **self.events}
        for seconds, what in latencies[-10:]:
            if seconds > self.late_s:
                print(f"late by {seconds - self.late_s:.1f} s: {what}")
        good = (latencies[-1][0] <= self.late_s and stats["duplicates"] == 0
                and stats["breaches"] == 0)
        return good, found

    def keep_logs(self):
        folder = harness.ROOT / "build" / "many"
        folder.mkdir(parents=True, exist_ok=True)
        for agent in self.agents:
            (folder / f"{agent.role}.log").write_text(agent.all_logs())
        print(f"the agents' logs are in {folder}")

    def end(self):
        for agent in self.agents:
            agent.program.close()
        self.sandbox.stop()
        self.db.drop()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    begun = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--rows", type=int, default=100000)
    parser.add_argument("--agents", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=300)
    # Qudra's is a minute. A shorter one shows more of them in a run, and is harder on closes: the
    # machine that runs all of this does not get faster with it.
    parser.add_argument("--window", type=int, default=20, help="seconds of a rate limit's window")
    parser.add_argument("--every", type=float, default=5, help="seconds between what agents suffer")
    parser.add_argument("--seed", type=int, default=1)
    world = World(parser.parse_args())
    try:
        world.begin()
        world.play()
        world.calm()
        good, found = world.verdict()
        if not good:
            world.keep_logs()
    except Exception:
        print(f"FAIL seed {world.options.seed}: {dict(world.events)}")
        world.keep_logs()
        raise
    finally:
        world.end()
    found["seconds"] = round(time.monotonic() - begun)
    print(f"{'ok  ' if good else 'FAIL'} seed {world.options.seed}: "
          + ", ".join(f"{name} {value}" for name, value in found.items()), flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
