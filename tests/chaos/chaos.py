#!/usr/bin/env python3
"""The proof of promises 1 and 2, by chance: edits, faults, kills and restarts, drawn from a seed.

    tests/chaos/chaos.py [--seed N]… [--seconds T] [--ledger FILE] [-v]

For T seconds everything happens at once to a working `run`. Then the faults end, and the agent must
find its way by itself: the sandbox holds what the table says, no job was created twice, nothing is
uncertain, and one more pass sends nothing. Without --seed every seed of seeds.txt is played;
--seconds 0 with no seed goes on with new ones for ever. The last line sums up what was played: with
--ledger, everything that ever wrote into that file.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "crash"))
from world import harness, now  # noqa: E402 (found by the line above)
from harness import AWAY, CONFIG, KEY, LOCKED, OK, ROWS_LEFT, Postgres, eventually  # noqa: E402

import partner  # noqa: E402
from breakage import ACCOUNT, Breakage  # noqa: E402
from draw import PART_A, PART_B, PARTNER, Draw, variant  # noqa: E402
from judge import Judge  # noqa: E402

SEEDS = Path(__file__).with_name("seeds.txt")
QUIET_S = 100  # longer than the minute after which a refused key is tried again
SECONDS = 8
BARE_PAGE = 60  # rows, where the list has no second page

EVENTS = {
    "insert": 8, "edit": 10, "retell": 3, "undo": 4, "pay": 6, "close": 6, "remove": 3, "restore": 3,
    "hide": 2, "twin": 1, "swap": 1, "spoil": 2, "mend": 2, "bury": 2, "exhume": 2, "rebirth": 1,
    "reload": 0.3, "rekey": 0.7, "long_transaction": 6, "notify": 1,
    "fault": 14, "new_key": 0.3, "vanish": 0.3, "meddle": 0.2, "kill": 3, "stop": 0.7, "pause": 1.5,
    "remap": 0.3, "restart_database": 0.5, "cut": 1.5, "deny": 0.4, "lock": 0.5}
BREAKS = ("kill", "stop", "pause", "restart_database", "cut", "deny", "lock", "new_key")

_second = None


def second_server():
    """Another server, for a source that is not where the state is."""
    global _second
    if _second is None:
        _second = Postgres(template=os.environ.get("QS_TEST_CLUSTER"))
    if _second.process is None:
        _second.start()
    return _second


class Chaos(partner.Partner, Breakage, Judge):
    def __init__(self, seed):
        self.draw = Draw(seed)
        self.setup = {name: self.draw.once(name, table) for name, table in PARTNER.items()}
        variants, options, endpoints = variant(self.draw, PART_A | PART_B)
        self.variants = variants
        self.is_bare = variants["list"] == "top" and variants["paging"] != "page"
        self.most_rows = BARE_PAGE if self.is_bare else 100000
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-"))
        self.options = [self.file_of(option) for option in options]
        self.name = f"chaos{seed}_{os.getpid()}"
        self.make_databases()
        self.sandbox = harness.Sandbox("--seed", str(seed), "--log-size", "50000", *self.options,
                                       plan=f"{self.setup['plan']}:{ACCOUNT}")
        self.key, self.keys, self.suffix = KEY, 0, ""
        self.next_id = self.revision = self.moved = 0
        self.agent = self.new_agent(endpoints)
        self.running, self.sessions, self.transactions, self.due, self.hand = [], [], [], [], None
        self.events, self.faults = Counter(), {}
        self.state_lost, self.report = False, ""

    def file_of(self, option):
        if option != "{cities}":
            return option
        path = self.folder / "cities"
        path.write_text("\n".join((*partner.CITIES, "Tabuk")) + "\n")
        return str(path)

    def make_databases(self):
        server = harness.shared_server()
        two = self.setup["databases"] == "two"
        self.db = server.database(self.name)
        self.source = second_server().database(self.name + "s") if two else self.db
        for database in {self.db, self.source}:
            database.create_agent_role()
        sees_all = self.setup["sweep"] == "never" and self.setup["detect"] == "watermark"
        self.source.psql(partner.table(self.setup) + ("GRANT" if sees_all else "REVOKE")
                         + " pg_read_all_stats " + ("TO" if sees_all else "FROM") + " qs_agent")

    def new_agent(self, endpoints):
        agent = harness.Agent(self.db.url(), self.sandbox.base_url, plan=self.setup["plan"])
        agent.configure(
            qudra={"timeout": "1s", "settle_wait": "3s", "endpoints": endpoints,
                   "quota": "1000" if self.variants["quota"] != "unlimited" else "unlimited",
                   "concurrency": int(self.setup["in flight"])},
            database={"statement_timeout": self.setup["statements"]},
            sync={"interval": "100ms", "overlap": "3s",
                  "full_scan_every": "3s" if self.setup["sweep"] == "often" else "1h",
                  "max_remove": "100000" if self.setup["guard"] == "off" else self.setup["guard"]})
        if self.source is not self.db:
            agent.configure(database={"source_url": self.source.url()})
        self.agent = agent
        self.write_mapping()
        self.migrate()
        return agent

    def migrate(self):
        self.agent.run("migrate")
        if self.setup["detect"] != "trigger":
            return
        owner = harness.Agent(self.db.url("postgres"), self.sandbox.base_url)
        if self.source is not self.db:
            owner.configure(database={"source_url": self.source.url("postgres")})
        owner.write("mappings/jobs.yaml", (self.agent.folder / "mappings/jobs.yaml").read_text())
        owner.run("migrate", "--triggers", "--role", "qs_agent")
        owner.close()

    # ---- statements and transactions -------------------------------------------------------------

    def sql(self, sql):
        """By itself, or within a transaction that stands open; rows that another holds are left."""
        chance = self.draw.numbers("sql")
        if self.transactions and chance.random() < 0.3:
            session = chance.choice(self.transactions)
        else:
            if self.hand not in self.sessions:
                self.hand = self.new_session("SET lock_timeout = '10ms'")
            session = self.hand
        try:
            session.run(sql)
        except (AssertionError, OSError) as e:
            self.end_session(session, None)
            if "ERROR" in str(e) and not re.search("lock timeout|deadlock|aborted", str(e)):
                raise

    def new_session(self, begin):
        session = self.source.session()
        self.sessions.append(session)
        session.run(begin)
        return session

    def long_transaction(self):
        """Opens one, or ends one that is open: what it wrote is seen late, or never."""
        chance = self.draw.numbers("long_transaction")
        if self.transactions and (len(self.transactions) > 1 or chance.random() < 0.6):
            self.end_session(self.transactions[0], chance.choice(("COMMIT", "COMMIT", "ROLLBACK")))
            return
        self.transactions.append(self.new_session("BEGIN; SET LOCAL lock_timeout = '10ms'"))

    def end_session(self, session, how):
        """`how` None: cut off."""
        if session not in self.sessions:
            return
        self.sessions.remove(session)
        if session in self.transactions:
            self.transactions.remove(session)
        try:
            if how:
                session.run(how)
        except (AssertionError, OSError):  # its server has cut it off before
            pass
        session.process.kill()
        session.process.wait()

    def drop_sessions(self):
        for session in list(self.sessions):
            self.end_session(session, None)

    def notify(self):
        self.sql("NOTIFY qudra_sync")

    # ---- the play --------------------------------------------------------------------------------

    def weights(self):
        """What can happen in this play, and how often."""
        weights = dict(EVENTS)
        if self.setup["detect"] == "watermark" and self.setup["sweep"] == "never":
            weights["bury"] = weights["rekey"] = 0  # nobody tells of a row that is no more
        if self.setup["detect"] == "trigger":
            weights["remap"] = 0  # wants its triggers made anew
        if self.is_bare:
            weights["rekey"] = 0  # each makes a job more
        return weights

    def later(self, seconds, what):
        self.due.append((now() + seconds, len(self.due), what))

    def do_what_is_due(self, until=None):
        for entry in sorted(self.due):
            if until is None or entry[0] <= until:
                self.due.remove(entry)
                entry[2]()

    def play(self, seconds):
        self.insert()
        self.running = [self.agent.start("run") for _ in range(1 + (self.setup["agents"] == "two"))]
        weights, end = self.weights(), now() + seconds
        while now() < end or any(at > now() + 2 for at, _, _ in self.due):
            event = self.draw.next("event", weights)
            self.events[event] += 1
            getattr(self, event)()
            self.do_what_is_due(now())
            self.see_that_they_run()

    def see_that_they_run(self):
        """Started while the database is away, or its rights are, an agent ends and leaves the rest to
        its supervisor; so does one that is told to read its mappings again before it has read them."""
        for at, agent in enumerate(self.running):
            status = agent.process.poll()
            if status in (AWAY, CONFIG, -signal.SIGHUP):
                agent.wait()
                self.running[at] = self.agent.start("run")
            elif status is not None:
                raise AssertionError(f"`run` ended with {status}:\n{agent.log[-3000:]}")

    # ---- quiet -----------------------------------------------------------------------------------

    @staticmethod
    def end(agent):
        """Once it has begun: before that, TERM ends a process as it ends any. It may have ended by
        itself, as in see_that_they_run."""
        agent.log_contains(r"\S")
        agent.send(signal.SIGTERM)
        status = agent.wait()
        if status not in (OK, AWAY, CONFIG):
            raise AssertionError(f"`run` ended with {status}:\n{agent.log[-3000:]}")

    def calm(self):
        self.do_what_is_due()
        for session in list(self.transactions):
            self.end_session(session, "COMMIT")
        self.allow()
        self.faults = self.sandbox.stats()["faults"]
        self.sandbox.no_faults()
        self.good_key()  # a request may have taken the last one with it
        self.hand_over_key()
        while len(self.running) > 1:
            self.end(self.running.pop(self.one_of("calm")))
        self.lift_quota()
        for _ in range(2):  # what Qudra refused without a reason
            self.wait_for(lambda: not self.restless())
            self.agent.run("retry", expect=(OK, ROWS_LEFT, LOCKED))
        by_person = self.events["vanish"] + self.events["meddle"]
        self.wait_for(lambda: not self.restless() and (by_person or not self.differences()))
        self.end(self.running.pop())
        if by_person:
            self.wait_for(lambda: not self.young())
            self.report = self.agent.run("reconcile", "--fix", expect=(OK, ROWS_LEFT)).text
        self.assert_at_rest()
        if self.setup["at the end"] == "the state is lost" and self.is_adoptable():
            self.lose_state()

    def young(self):
        """Rows whose job may not yet be listed: reconcile does not miss it."""
        return self.db.value("SELECT count(*) FROM qudra_sync.job "
                             "WHERE synced_at > now() - interval '4 seconds'")

    def lift_quota(self):
        """The month's quota ends no more: deferred rows go out. The mapping may have to be read again,
        too: a reload is refused while the database is away."""
        self.sandbox.admin("plan", {"account": ACCOUNT, "quota": "unlimited"})
        self.agent.configure(qudra={"quota": "unlimited"})
        self.running[0].send(signal.SIGHUP)

    def assert_at_rest(self):
        self.agent.run("once", expect=(OK, ROWS_LEFT))
        wrong = self.differences()
        if wrong:
            raise AssertionError(self.told(wrong))
        before = self.sandbox.stats()["requests_total"]
        self.agent.run("once", expect=(OK, ROWS_LEFT))
        sent = self.sandbox.stats()["requests_total"] - before
        if sent:
            raise AssertionError(f"not silent at the end: {self.sandbox.log()[-sent:]}")

    def is_adoptable(self):
        """Each row has its job, and the job its row's words."""
        refused = self.events["vanish"] and self.setup["on_missing"] == "refuse"
        return not refused and "--normalise" not in self.options

    def lose_state(self):
        """Every job is found again, and none is created anew."""
        before = self.sandbox.stats()["jobs"]["created"]
        self.db.psql("DROP SCHEMA qudra_sync CASCADE")
        self.state_lost = True
        self.migrate()
        self.report = self.agent.run("reconcile", "--adopt", expect=(OK, ROWS_LEFT)).text
        self.assert_at_rest()
        created = self.sandbox.stats()["jobs"]["created"] - before
        if created:
            raise AssertionError(f"{created} jobs were created anew after the state was lost")

    def wait_for(self, condition):
        def look():
            self.see_that_they_run()
            if self.db.value("SELECT count(*) FROM qudra_sync.job WHERE state = 'held'"):
                self.agent.run("release", expect=(OK, ROWS_LEFT, LOCKED))
            return condition()
        try:
            eventually(look, QUIET_S, what="quiet")
        except AssertionError as e:
            raise AssertionError(f"{e}; {self.restless()} rows wait; " + self.told(self.differences())
                                 ) from None

    def told(self, wrong):
        accounts = self.db.rows("SELECT fields_as_sent, fields_changed, trouble FROM qudra_sync.account")
        waiting = self.db.rows("SELECT * FROM qudra_sync.job WHERE state NOT IN ('synced', 'removed', "
                               "'refused') ORDER BY source_key LIMIT 3")
        return (f"{self.report}{accounts}, {len(wrong)} differences:\n  " + "\n  ".join(wrong[:8]) + "\n"
                + (self.story(wrong[0]) if wrong else "\n".join(map(str, waiting))))

    def verdict(self):
        """In numbers. A create that looks like a live job is a duplicate, save where rows do."""
        stats, wrong = self.sandbox.stats(), self.differences()
        alike = any(self.events[event] for event in ("twin", "swap", "rekey"))
        return {"pushed": sum(stats["jobs"][what] for what in ("created", "updated", "deleted")),
                "requests": stats["requests_total"],
                "duplicates": max(0 if alike or self.state_lost else stats["duplicates"],
                                  sum("belongs to no row" in line for line in wrong)),
                "lost": sum("is not at Qudra" in line for line in wrong),
                "uncertain": self.db.value("SELECT count(*) FROM qudra_sync.create_attempt")}

    def close_all(self):
        self.drop_sessions()
        self.agent.close()
        self.sandbox.stop()
        harness.shared_server()
        for database in {self.db, self.source}:
            database.drop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def about(self):
        usual = {name: next(iter(table)) for name, table in (PART_A | PART_B).items()}
        odd = [f"{name}: {drawn}" for name, drawn in self.variants.items() if drawn != usual[name]]
        return (f"     {', '.join(f'{k} {v}' for k, v in self.setup.items())}\n"
                f"     {', '.join(odd) or 'Qudra as assumed'}\n"
                f"     {dict(self.events)}\n     {self.faults}")


# ---- seeds and sums ------------------------------------------------------------------------------


def play(seed, seconds, verbose):
    """One seed's line of the ledger."""
    begin, chaos, verdict, failure = now(), None, {}, None
    try:
        chaos = Chaos(seed)
        chaos.play(seconds)
        chaos.calm()
        verdict = chaos.verdict()
        if verdict["duplicates"] or verdict["lost"] or verdict["uncertain"]:
            failure = f"{chaos.sandbox.stats()['duplicate_list']}"
    except Exception as e:  # whatever it is: hours of other seeds must not end with it
        told = str(e) if isinstance(e, AssertionError) else traceback.format_exc()
        failure = told[:8000] + "\nthe end of the log:\n" + "".join(
            line for agent in (chaos.running if chaos else ()) for line in agent.lines[-30:])
        if chaos:
            chaos.faults = chaos.faults or chaos.sandbox.stats()["faults"]
    finally:
        if chaos:
            chaos.close_all()
    spent = now() - begin
    print(f"{'FAIL' if failure else 'ok  '} seed {seed} in {spent:.0f} s: "
          + ", ".join(f"{name} {n}" for name, n in verdict.items()), flush=True)
    if verbose or failure:
        print(chaos.about() if chaos else "", flush=True)
    if failure:
        print(f"---- make chaos SEED={seed} T={seconds:g}\n{failure}\n----", flush=True)
    return {"seed": seed, "seconds": round(spent), "failed": bool(failure), "verdict": verdict,
            "faults": chaos.faults if chaos else {}, "events": chaos.events if chaos else {}}


def sum_up(lines):
    """The summary, in one line."""
    verdict, faults, events = Counter(), Counter(), Counter()
    for line in lines:
        verdict.update(line["verdict"])
        faults.update(line["faults"])
        events.update(line["events"])
    failed = [str(line["seed"]) for line in lines if line["failed"]]
    numbers = ", ".join(f"{name} {n}" for name, n in verdict.items())
    return (f"chaos: {len(lines)} seeds in {sum(line['seconds'] for line in lines)} s, {numbers}; "
            f"{faults.total()} faults: {', '.join(f'{kind} {n}' for kind, n in sorted(faults.items()))}; "
            f"breaks: {', '.join(f'{name} {events[name]}' for name in BREAKS)}; "
            + (f"FAILED: {' '.join(failed)}" if failed else "none failed"))


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
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="goes on with the sums in it")
    parser.add_argument("-v", dest="verbose", action="store_true", help="show what was drawn")
    args = parser.parse_args()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="qs-chaos-"))
    folder.chmod(0o711)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    lines = []
    try:
        for seed in seeds_of(args):
            lines.append(play(seed, args.seconds or SECONDS, args.verbose))
            if args.ledger:
                with args.ledger.open("a") as ledger:
                    ledger.write(json.dumps(lines[-1]) + "\n")
    except KeyboardInterrupt:
        pass
    finally:
        harness.remove_shared_server()
        if _second:
            _second.remove()
        shutil.rmtree(folder, ignore_errors=True)
    failed = any(line["failed"] for line in lines)
    if args.ledger and args.ledger.exists():
        lines = [json.loads(line) for line in args.ledger.read_text().splitlines()]
    print(sum_up(lines))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
