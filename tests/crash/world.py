"""One table, one sandbox and one agent, made anew at will: what the proofs of issue 3 stand on.

A world is used by one thread. Its database is a copy of a template that was migrated once; its
sandbox forgets everything at each `renew`. What the mirror must be is said by plain Python, from
the table alone.
"""

import json
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402 (found by the line above)
from harness import AWAY, OK, ROWS_LEFT, MirrorCase, eventually  # noqa: E402

TABLE = MirrorCase.TABLE + """
    ALTER TABLE job ADD COLUMN qudra_id text, ADD COLUMN qudra_state text;
    GRANT UPDATE (qudra_id, qudra_state) ON job TO qs_agent;
"""
RESTLESS = "('pending', 'sending', 'uncertain')"
_names = threading.Lock()


class Template:
    """A database with the table and the schema `qudra_sync`, to be copied."""

    NAME = "qs_template"

    def __init__(self, server, triggers=None):
        self.server = server
        self.name = self.NAME + ("_triggers" if triggers else "")
        db = server.database(self.name)
        db.create_agent_role()
        db.psql(TABLE)
        agent = harness.Agent(db.url("postgres" if triggers else db.AGENT), "http://127.0.0.1:9/v1")
        agent.write("mappings/jobs.yaml", triggers or MirrorCase.MAPPING)
        agent.run("migrate")
        if triggers:
            agent.run("migrate", "--triggers")
            db.psql(f"""GRANT USAGE ON SCHEMA qudra_sync TO {db.AGENT};
                GRANT ALL ON ALL TABLES IN SCHEMA qudra_sync TO {db.AGENT};
                GRANT ALL ON ALL SEQUENCES IN SCHEMA qudra_sync TO {db.AGENT}""")
        agent.close()


class World:
    _count = 0

    def __init__(self, server, template, sandbox, agent):
        self.server, self.template, self.sandbox, self.agent = server, template, sandbox, agent
        self.db = None

    def renew(self, apart=False):
        """The table is empty, and Qudra has forgotten everything."""
        self.drop()
        with _names:
            World._count += 1
            name = f"w{World._count}"
        self.db = self.server.database(name, self.template.name, "STRATEGY file_copy")
        self.sandbox.admin("reset", {})
        urls = {"url": self.db.url()}
        self.agent.configure(database={**urls, "source_url": self.db.url()} if apart else urls)

    def drop(self):
        if self.db:
            self.db.drop()
            self.db = None

    def close(self):
        self.drop()
        self.agent.close()
        self.sandbox.stop()

    # ---- what a case does ------------------------------------------------------------------------

    def psql(self, sql):
        self.db.psql(sql)

    def fill(self, n, first=1):
        self.psql(f"INSERT INTO job (id, title) SELECT i, 'Engineer ' || i "
                  f"FROM generate_series({first}, {first + n - 1}) AS i")

    def lose_state(self):
        """As after DROP SCHEMA and `migrate`."""
        self.psql("TRUNCATE qudra_sync.job, qudra_sync.create_attempt, qudra_sync.account, "
                  "qudra_sync.agent, qudra_sync.quota, qudra_sync.watermark")

    def at_qudra(self, key, **changes):
        """A person there edits the job of this row, or deletes it."""
        job = self.db.value(f"SELECT job_id FROM qudra_sync.job WHERE source_key = '{key}'")
        self.sandbox.admin(f"jobs/{job}", changes)

    def die_waiting(self, n=1):
        """The agent is killed when `n` creates have come to Qudra and none has been answered."""
        self.sandbox.fault("slow", match={"method": "POST"}, ms=30000)
        running = self.agent.start("once")
        eventually(lambda: len(self.sandbox.requests("POST")) >= n, what=running.log)
        running.kill()
        self.sandbox.no_faults()

    def once(self, command="once", **environment):
        """A command; True when it lived, False when it died as it was told to."""
        self.agent.environment = environment
        done = self.agent.run(*command.split(), expect=None)
        self.agent.environment = {}
        if done.status not in (OK, ROWS_LEFT, -signal.SIGKILL):
            raise AssertionError(f"`{command}` ended with {done.status}\n{done.text}")
        return done.status != -signal.SIGKILL

    def outlive_the_database(self, command, at):
        """A command that stands still at this step while the database is stopped, as by a power cut,
        and started again. `run` comes right by itself; True when the step was reached."""
        self.agent.environment = {"QS_CRASH_AT": str(at), "QS_CRASH_STAND_STILL": "1"}
        running = self.agent.start(*command.split())
        self.agent.environment = {}
        eventually(lambda: state_of(running.process.pid) in "TZ", what=running.log)
        stood = state_of(running.process.pid) == "T"
        if stood:
            self.server.restart()
            running.send(signal.SIGCONT)
        if command == "run":
            try:
                eventually(self.is_calm)
            except AssertionError as e:
                raise AssertionError(f"{e}\n{running.log}") from None
            running.stop()
        elif running.wait() not in (OK, ROWS_LEFT, AWAY):
            raise AssertionError(f"`{command}` ended with {running.process.returncode}\n{running.log}")
        return stood

    # ---- what must hold in the end ---------------------------------------------------------------

    def restless(self):
        return self.db.rows(f"SELECT source_key, state::text, error_code FROM qudra_sync.job "
                            f"WHERE state IN {RESTLESS} UNION ALL "
                            f"SELECT source_key, 'in the journal', NULL FROM qudra_sync.create_attempt")

    def is_calm(self):
        """Every row is at Qudra as it is in the table, and nothing waits."""
        return not self.restless() and not harness.mirror_differences(self.db, self.sandbox,
                                                                      self.expected())

    def until_quiet(self, command="once", passes=8):
        """Passes until one has sent nothing and nothing waits for the next."""
        for _ in range(passes):
            sent = self.sent(lambda: self.once(command))
            left = self.restless()
            if not left and not sent:
                return
        raise AssertionError(f"not quiet after {passes} passes: {json.dumps(left[:8])}")

    def expected(self):
        """What the mapping makes of the table."""
        return {row["id"]: {"title": row["title"], "description": row["body"], "city": row["city"],
                            "employment_type": row["contract"], "salary_min": int(row["pay"]),
                            "status": "active" if row["open"] else "closed"}
                for row in self.db.rows("SELECT * FROM job WHERE deleted_at IS NULL")}

    def assert_mirrored(self, expected):
        harness.mirror_equal(self.db, self.sandbox, expected)

    def sent(self, what):
        """How many requests `what` makes the agent send."""
        before = self.sandbox.stats()["requests_total"]
        what()
        return self.sandbox.stats()["requests_total"] - before

    def assert_silent(self, command="once"):
        sent = self.sent(lambda: self.once(command))
        if sent:
            raise AssertionError(f"a pass with nothing to do sent {self.sandbox.log()[-sent:]}")


def state_of(pid):
    """One letter of proc(5): T for one that was stopped, Z for one that has ended."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def now():
    return time.monotonic()
