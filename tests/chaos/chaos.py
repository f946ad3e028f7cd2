#!/usr/bin/env python3
"""The proof of promises 1 and 2, by chance: edits, faults, kills and restarts, drawn from a seed.

    tests/chaos/chaos.py [--seed N]… [--seconds T] [-v]

For T seconds everything happens at once to a working `run`. Then the faults end, and the agent must
find its way by itself: the sandbox holds what the table says, no job was created twice, nothing is
uncertain, and one more pass sends nothing. Without --seed every seed of seeds.txt is played;
--seconds 0 with no seed goes on with new ones for ever.
"""

import argparse
import os
import random
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "crash"))
from world import TABLE, harness, now  # noqa: E402 (found by the line above)
from harness import AWAY, LOCKED, OK, ROWS_LEFT, MirrorCase, eventually  # noqa: E402

SEEDS = Path(__file__).with_name("seeds.txt")
QUIET_S = 100  # longer than the minute after which a refused key is tried again
ACCOUNT = "acme"
CITIES = ("Riyadh", "Jeddah", "Dammam", "Abha")

# Any request may meet these. `gone_404` is missing: a server that says so of a job that is there
# cannot be told from one that is right. `revoke_key` is an event of its own.
FAULTS = ("429", "503", "500", "502_html", "reset_before", "reset_after", "timeout", "timeout_after",
          "5xx_after", "502_html_after", "half_body", "garbage_json", "drop_headers",
          "lie_remaining", "slow", "repeat_page", "wrong_count", "no_index", "shuffle",
          "half_applied", "mixed_207", "bulk_refused")

# A list for each thing that Qudra does not document: what the sandbox does, what agent.yaml says.
VARIANTS = (
    [((), {})] + [(("--bulk-shape", s), {}) for s in ("data", "jobs", "items", "top")],
    [((), {}), (("--bulk-no-index",), {}), (("--bulk-shuffle",), {}), (("--bulk-inline",), {})],
    [((), {}), (("--bulk-status", "200"), {}), (("--bulk-status", "207"), {})],
    [((), {}), (("--update", "put"), {"update_method": "PUT"}), (("--update", "both"), {})],
    [((), {}), (("--update-answer", "204"), {})],
    [((), {}), (("--delete-answer", "200"), {})],
    [((), {}), (("--gone-status", "410"), {})],
    [((), {}), (("--wrap", "data"), {}), (("--wrap", "job"), {})],
    [((), {})] + [(("--list-name", n), {}) for n in ("jobs", "items", "results")],
    [((), {}), (("--cursor", "pagination"), {}), (("--cursor", "meta"), {}),
     (("--paging", "page"), {"paging": "page"}),
     (("--list-name", "top", "--paging", "page"), {"paging": "page"})],
    [((), {}), (("--list-delay-ms", "600"), {})],
    [((), {}), (("--normalise", "trim,fold,nfc,markdown"), {}), (("--normalise", "defaults"), {})],
    [((), {}), (("--retry-after", "date"), {})],
    [((), {}), (("--idempotency", "honoured"), {})],
    [((), {}), (("--latency-ms", "20", "--jitter-ms", "60"), {})],
)


def draw_variant(chance):
    options, endpoints = [], {}
    for choices in VARIANTS:
        more, settings = choices[0] if chance.random() < 0.5 else chance.choice(choices)
        options += more
        endpoints.update(settings)
    return options, endpoints


class Chaos:
    def __init__(self, seed, verbose):
        self.seed, self.verbose = seed, verbose
        self.chance = random.Random(seed)
        options, endpoints = draw_variant(self.chance)
        self.plan = self.chance.choice(("free", "growth", "growth", "scale"))
        self.delete = self.chance.random() < 0.4
        self.options = options
        self.server = harness.shared_server()
        self.db = self.server.database(f"chaos{seed}_{os.getpid()}")
        self.db.create_agent_role()
        self.db.psql(TABLE)
        self.sandbox = harness.Sandbox("--no-limit", "--quota", "unlimited", "--seed", str(seed),
                                       *options, plan=f"{self.plan}:{ACCOUNT}")
        self.agent = self.new_agent(endpoints)
        self.running = None
        self.session = None
        self.keys = 0
        self.next_id = self.revision = 0
        self.events = Counter()

    def new_agent(self, endpoints):
        agent = harness.Agent(self.db.url(), self.sandbox.base_url, plan=self.plan)
        agent.configure(
            qudra={"timeout": "1s", "settle_wait": "2s", "endpoints": endpoints},
            sync={"interval": "100ms", "overlap": "3s", "full_scan_every": "3s",
                  "max_remove": "100000"})
        agent.write("mappings/jobs.yaml", MirrorCase.MAPPING.replace(
            "fields:", "  on_removed: delete\nfields:") if self.delete else MirrorCase.MAPPING)
        agent.run("migrate")
        return agent

    # ---- events: what the partner does -----------------------------------------------------------

    def sql(self, sql):
        """By itself, or within the transaction that stands open; a row that this one holds is left."""
        if self.session and self.chance.random() < 0.3:
            self.session.run(sql)
            return
        try:
            self.db.psql(f"SET lock_timeout = '10ms'; {sql}")
        except AssertionError as e:
            if "lock timeout" not in str(e):
                raise

    def some(self, most):
        """A condition that a few rows meet. Row 0 is never touched: a source that is empty
        removes nothing."""
        most = self.chance.randint(1, most)
        return f"id > 0 AND id % {self.chance.randint(2, 9)} = 1 AND id > {self.next_id - most * 9}"

    def insert(self):
        n = self.chance.choice((1, 1, 3, 12, 150 if self.plan != "free" else 5))
        body = self.chance.choice(("A good job.", "Two  spaces", "* one\n* two"))
        self.sql(f"INSERT INTO job (id, title, body, city, pay) SELECT i, 'Job ' || i, '{body}', "
                 f"'{self.chance.choice(CITIES)}', 5000 + i "
                 f"FROM generate_series({self.next_id}, {self.next_id + n - 1}) i")
        self.next_id += n

    def edit(self):
        self.revision += 1
        self.sql(f"UPDATE job SET title = 'Job ' || id || ' rev {self.revision}' "
                 f"WHERE {self.some(20)}")

    def undo(self):
        self.sql(f"UPDATE job SET title = 'Job ' || id, pay = 5000 + id WHERE {self.some(40)}")

    def pay(self):
        self.sql(f"UPDATE job SET pay = pay + 7 WHERE {self.some(20)}")

    def close(self):
        self.sql(f"UPDATE job SET open = NOT open WHERE {self.some(10)}")

    def remove(self):
        self.sql(f"UPDATE job SET deleted_at = now() WHERE {self.some(6)}")

    def restore(self):
        self.sql(f"UPDATE job SET deleted_at = NULL WHERE {self.some(40)}")

    def drop_rows(self):
        self.sql(f"DELETE FROM job WHERE {self.some(4)}")

    def long_transaction(self):
        """Opens one, or ends the one that is open: what it wrote is seen late, or never."""
        if self.session is None:
            self.session = self.db.session()
            self.session.run("BEGIN")
        else:
            self.end_session(self.chance.choice(("COMMIT", "COMMIT", "ROLLBACK")))

    def end_session(self, how):
        if self.session:
            self.session.run(how)
            self.session.close()
            self.session = None

    # ---- events: what breaks ---------------------------------------------------------------------

    def fault(self):
        kind = self.chance.choice(FAULTS)
        rule = {"match": {"nth": self.chance.randint(1, 4)}, "times": self.chance.randint(1, 3)}
        if kind == "repeat_page":
            rule["match"]["method"] = "GET"
        if kind in ("slow", "timeout"):
            rule["ms"] = 1500
        if kind in ("429", "503"):
            rule["value"] = 1
        self.sandbox.fault(kind, **rule)

    def new_key(self):
        """The key is revoked, and a new one of the same account put into its place."""
        old, self.keys = f"{harness.KEY}{self.keys or ''}", self.keys + 1
        new = f"{harness.KEY}{self.keys}"
        self.sandbox.admin("keys", {"key": new, "account": ACCOUNT, "plan": self.plan})
        self.sandbox.admin("keys", {"action": "revoke", "key": old})
        self.agent.write_key(new)

    def kill(self):
        self.running.kill()
        self.start()

    def stop(self):
        self.running.send(signal.SIGTERM)
        self.running.wait()
        self.start()

    def restart_database(self):
        self.end_session("ROLLBACK")
        self.server.restart(self.chance.choice((signal.SIGQUIT, signal.SIGINT)))

    def start(self):
        self.agent.running.clear()
        self.running = self.agent.start("run")

    WEIGHTS = {insert: 8, edit: 10, undo: 4, pay: 6, close: 6, remove: 3, restore: 3, drop_rows: 2,
               long_transaction: 6, fault: 14, new_key: 0.3, kill: 3, stop: 0.7,
               restart_database: 0.5}

    # ---- the play --------------------------------------------------------------------------------

    def play(self, seconds):
        self.insert()
        self.start()
        events, weights = list(self.WEIGHTS), list(self.WEIGHTS.values())
        end = now() + seconds
        while now() < end:
            event = self.chance.choices(events, weights)[0]
            self.events[event.__name__] += 1
            event(self)
            self.see_that_it_runs()

    def see_that_it_runs(self):
        """Started while the database is away, it ends with 69 and leaves it to its supervisor."""
        status = self.running.process.poll()
        if status == AWAY:
            self.start()
        elif status is not None:
            raise AssertionError(f"`run` ended with {status}:\n{self.running.log[-3000:]}")

    def calm(self):
        self.end_session("COMMIT")
        self.faults = dict(self.sandbox.stats()["faults"])
        self.sandbox.no_faults()
        for which in (("retry",), ("retry",)):  # what Qudra refused without a reason
            self.wait_for(lambda: not self.restless())
            self.agent.run(*which, expect=(OK, ROWS_LEFT, LOCKED))
        self.wait_for(lambda: not self.restless() and not self.differences())
        self.running.stop()
        self.agent.run("once")
        before = self.sandbox.stats()["requests_total"]
        self.agent.run("once")
        sent = self.sandbox.stats()["requests_total"] - before
        if sent:
            raise AssertionError(f"not silent at the end: {self.sandbox.log()[-sent:]}")

    def wait_for(self, condition):
        def look():
            self.see_that_it_runs()
            return condition()
        try:
            eventually(look, QUIET_S)
        except AssertionError as e:
            wrong = self.differences()
            account = self.db.rows("SELECT fields_as_sent, fields_changed FROM qudra_sync.account")
            raise AssertionError(
                f"{e}\n{self.restless()} rows wait, {account}, {len(wrong)} differences:\n  "
                + "\n  ".join(wrong[:8]) + "\n" + self.story(wrong[0] if wrong else "")) from None

    def story(self, difference):
        """Everything that is known of the first row or job that differs."""
        key = re.search(r"'Job (\d+)|^(\d+)", difference)
        if key is None:
            return ""
        key = key[1] or key[2]
        jobs = [j for j in self.sandbox.jobs() if re.match(rf"Job {key}\b", j["title"])]
        paths = [j["id"] for j in jobs]
        lines = [*self.db.rows(f"SELECT * FROM job WHERE id = {key}"),
                 *self.db.rows(f"SELECT * FROM qudra_sync.job WHERE source_key = '{key}'"), *jobs,
                 *(r for r in self.sandbox.log() if r["path"].rsplit("/", 1)[1] in paths)]
        return "\n".join(map(str, lines))

    def restless(self):
        return self.db.value("SELECT (SELECT count(*) FROM qudra_sync.create_attempt) + (SELECT "
                             "count(*) FROM qudra_sync.job WHERE state IN "
                             "('pending', 'sending', 'uncertain', 'deferred'))")

    def expected(self):
        return {r["id"]: {"title": r["title"], "description": r["body"], "city": r["city"],
                          "employment_type": r["contract"], "salary_min": int(r["pay"]),
                          "status": "active" if r["open"] else "closed"}
                for r in self.db.rows("SELECT * FROM job WHERE deleted_at IS NULL")}

    def differences(self):
        """A server that changes text is judged by the words, and without what it adds."""
        expected = self.expected()
        if "--normalise" not in self.options:
            return harness.mirror_differences(self.db, self.sandbox, expected)
        return harness.mirror_differences(self.db, Plain(self.sandbox),
                                          {key: plain(job) for key, job in expected.items()})

    def verdict(self):
        stats = self.sandbox.stats()
        return {"faults": sum(self.faults.values()), "pushed": stats["jobs"]["created"]
                + stats["jobs"]["updated"] + stats["jobs"]["deleted"],
                "duplicates": stats["duplicates"], "lost": len(self.differences()),
                "uncertain": self.db.value("SELECT count(*) FROM qudra_sync.create_attempt")}

    def close_all(self):
        if self.session:
            self.session.process.kill()
        self.agent.close()
        self.sandbox.stop()
        harness.shared_server()
        self.db.drop()


class Plain:
    """The sandbox's jobs as `plain` shows them."""

    def __init__(self, sandbox):
        self.sandbox = sandbox

    def jobs(self):
        return [plain(job) for job in self.sandbox.jobs()]


def plain(job):
    return {**job, "description": " ".join(re.findall(r"\w+", job.get("description") or "")),
            "salary_max": None}


def play(seed, seconds, verbose):
    chaos, begin = Chaos(seed, verbose), now()
    try:
        chaos.play(seconds)
        chaos.calm()
        verdict = chaos.verdict()
    except Exception:
        print(f"FAIL seed {seed}: make chaos SEED={seed} T={seconds:g}\n"
              f"  plan {chaos.plan}, {' '.join(chaos.options)}\n  {dict(chaos.events)}")
        if chaos.running:
            print("  the end of the log:\n" + "".join(chaos.running.lines[-30:]))
        raise
    finally:
        chaos.close_all()
    bad = verdict["duplicates"] or verdict["lost"] or verdict["uncertain"]
    print(f"{'FAIL' if bad else 'ok  '} seed {seed} in {now() - begin:.0f} s: "
          + ", ".join(f"{name} {n}" for name, n in verdict.items()), flush=True)
    if verbose or bad:
        print(f"     plan {chaos.plan}, {' '.join(chaos.options) or 'nothing unusual'}\n"
              f"     {dict(chaos.events)}\n     {chaos.faults}", flush=True)
    return chaos.faults, verdict, bad


def seeds_of(args):
    if args.seeds:
        yield from args.seeds
    elif args.seconds is None or args.seconds > 0:
        for line in SEEDS.read_text().splitlines():
            if line and not line.startswith("#"):
                yield int(line.split()[0])
    else:
        seed = random.SystemRandom().randrange(1, 1_000_000)
        while True:
            yield seed
            seed += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", dest="seeds", action="append", type=int, metavar="N")
    parser.add_argument("--seconds", type=float, metavar="T", help="of chaos, for each seed")
    parser.add_argument("-v", dest="verbose", action="store_true", help="show what was drawn")
    args = parser.parse_args()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="qs-chaos-"))
    folder.chmod(0o711)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    faults, sums, failed = Counter(), Counter(), []
    try:
        for seed in seeds_of(args):
            try:
                by_kind, verdict, bad = play(seed, args.seconds or 8, args.verbose)
                faults.update(by_kind)
                sums.update(verdict)
            except AssertionError as e:
                bad = True
                print(f"---- {str(e)[:6000]}\n----", flush=True)
            if bad:
                failed.append(seed)
    except KeyboardInterrupt:
        pass
    finally:
        if harness._server:
            harness._server.remove()
        shutil.rmtree(folder, ignore_errors=True)
    print("faults:", ", ".join(f"{kind} {n}" for kind, n in sorted(faults.items())))
    print("in all:", ", ".join(f"{name} {n}" for name, n in sums.items()),
          *(["; failed:", *failed] if failed else []))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
