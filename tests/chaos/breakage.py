"""What breaks meanwhile: requests, keys, the agents' processes, databases, rights and locks."""

import signal
from pathlib import Path

import harness
from partner import SUFFIX, mapping

ACCOUNT = "acme"

# Every kind that the sandbox knows, but `revoke_key`, which is an event of its own. A weight is how
# often it comes.
FAULTS = {kind: 1 for kind in (
    "429", "503", "500", "502_html", "reset_before", "reset_after", "timeout", "timeout_after",
    "5xx_after", "502_html_after", "half_body", "garbage_json", "drop_headers", "lie_remaining", "slow",
    "repeat_page", "wrong_count", "no_index", "shuffle", "half_applied", "mixed_207", "bulk_refused",
    "gone_404", "plan_change")}
FAULTS["plan_change"] = 0.3
# Only these requests may meet it. A server that says of a job which is there that it is gone cannot be
# told from one that is right, so a 404 to an update is not among them; nor one to a read where updates
# replace the job, for there a close reads it first.
ONLY = {"repeat_page": ("GET",), "gone_404": ("GET", "POST")}
ONLY.update({kind: ("POST",) for kind in ("wrong_count", "no_index", "shuffle", "half_applied",
                                          "mixed_207", "bulk_refused")})


class Breakage:
    """Events named here break something. A mixin, as Partner."""

    # ---- Qudra -----------------------------------------------------------------------------------

    def fault(self):
        kind, chance = self.draw.next("fault", FAULTS), self.draw.numbers("fault")
        rule = {"match": {}}
        if chance.random() < 0.85:
            rule["match"]["nth"] = chance.randint(1, 4)
            rule["times"] = chance.randint(1, 3)
        else:  # bad weather
            rule["match"]["probability"] = 0.3
            rule["times"] = 12
        if kind in ONLY:
            rule["match"]["method"] = chance.choice(ONLY[kind])
            if kind == "gone_404" and self.variants["update"] == "put":
                rule["match"]["method"] = "POST"
        elif chance.random() < 0.2:
            rule["match"]["method"] = chance.choice(("GET", "POST"))
        if kind in ("slow", "timeout"):
            rule["ms"] = 1500
        if kind in ("429", "503"):
            rule["value"] = chance.choice((0, 1, 1))
        if kind == "plan_change":
            rule["plan"] = chance.choice(("free", "growth", "scale"))
        self.sandbox.fault(kind, **rule)

    def new_key(self):
        """The key is rotated: for a while both are good, or neither."""
        chance, old = self.draw.numbers("new_key"), self.key
        how = chance.choice(("at once", "revoked first", "revoked under a request", "revoked later"))
        if how in ("at once", "revoked later"):
            self.good_key()
            self.hand_over_key()
        if how == "revoked under a request":
            self.sandbox.fault("revoke_key", match={"nth": 1}, times=1)
        elif how != "revoked later":
            self.sandbox.admin("keys", {"action": "revoke", "key": old})
        if how == "revoked later":
            self.later(0.5, lambda: self.sandbox.admin("keys", {"action": "revoke", "key": old}))
        elif how != "at once":
            self.good_key()
            self.later(0.5, self.hand_over_key)

    def good_key(self):
        self.keys += 1
        self.key = f"{harness.KEY}{self.keys}"
        self.sandbox.admin("keys", {"key": self.key, "account": ACCOUNT, "plan": self.setup["plan"]})

    def hand_over_key(self):
        """As one who knows how: an agent that starts just now finds the old one or the new one."""
        fresh = self.agent.write("key.new", self.key + "\n")
        fresh.chmod(0o600)
        fresh.rename(self.agent.folder / "key")

    def settled_jobs(self, name, most):
        """Jobs that rows own and nothing is wrong with: what a person at Qudra does to others cannot
        be told from what is ours."""
        ids = self.db.rows("SELECT job_id FROM qudra_sync.job WHERE state = 'synced' "
                           "AND job_id IS NOT NULL ORDER BY job_id")
        chance = self.draw.numbers(name)
        return chance.sample([row["job_id"] for row in ids], min(len(ids), chance.randint(1, most)))

    def vanish(self):
        """A person deletes jobs at Qudra."""
        self.by_person(self.settled_jobs("vanish", 2), {"deleted": True})

    def meddle(self):
        """A person edits a job at Qudra."""
        self.by_person(self.settled_jobs("meddle", 1), {"city": "Tabuk", "status": "paused"})

    def by_person(self, jobs, change):
        for job in jobs:
            try:
                self.sandbox.admin(f"jobs/{job}", change)
            except AssertionError as e:  # the agent was faster
                if "no live job" not in str(e):
                    raise

    # ---- the agents' processes -------------------------------------------------------------------

    def one_of(self, name):
        return self.draw.numbers(name).randrange(len(self.running))

    def kill(self):
        at = self.one_of("kill")
        self.running[at].kill()
        self.running[at] = self.agent.start("run")

    def stop(self):
        at = self.one_of("stop")
        self.awake(self.running[at])
        self.running[at].send(signal.SIGTERM)
        self.running[at].wait()
        self.running[at] = self.agent.start("run")

    def pause(self):
        """A process stands still and goes on; beside another one also for longer than its lease."""
        chance = self.draw.numbers("pause")
        agent = self.running[self.one_of("pause")]
        long = len(self.running) > 1 and chance.random() < 0.15
        agent.send(signal.SIGSTOP)
        self.later(10.5 if long else chance.uniform(0.05, 1.5), lambda: self.awake(agent))

    @staticmethod
    def awake(agent):
        """Only one that stands still: the leak checker stops a process at its end, and a SIGCONT then
        takes away the stop that it waits for, for ever."""
        if agent.process.poll() is not None:
            return
        state = Path(f"/proc/{agent.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        if state == "T":
            agent.send(signal.SIGCONT)

    def remap(self):
        """The mapping is another one, and the agents are told so."""
        self.suffix = "" if self.suffix else SUFFIX
        self.write_mapping()
        for agent in self.running:
            if agent.process.poll() is None:
                agent.send(signal.SIGHUP)

    def write_mapping(self):
        title = f"{{sql: \"title || '{self.suffix}'\"}}" if self.suffix else "{column: title}"
        self.agent.write("mappings/jobs.yaml", mapping(self.setup, title))

    # ---- databases -------------------------------------------------------------------------------

    def restart_database(self):
        chance = self.draw.numbers("restart_database")
        server = chance.choice((self.source.server, self.db.server))
        how = chance.choice((signal.SIGQUIT, signal.SIGQUIT, signal.SIGINT))
        if server is self.source.server:
            self.drop_sessions()
        server.restart(how)

    def cut(self):
        """The agents' connections are cut, or what they just do is cancelled."""
        chance = self.draw.numbers("cut")
        what = chance.choice(("pg_terminate_backend", "pg_cancel_backend"))
        chance.choice((self.source, self.db)).psql(
            f"SELECT {what}(pid) FROM pg_stat_activity WHERE usename = 'qs_agent' "
            f"AND datname = current_database() AND pid % 3 <> {chance.randint(0, 2)}")

    def deny(self):
        """The table may not be read for a while."""
        self.sql("REVOKE SELECT ON job FROM qs_agent")
        self.later(self.draw.numbers("deny").uniform(0.2, 1.5), self.allow)

    def allow(self):
        self.drop_sessions()  # it may hold the lock that GRANT waits for
        self.source.psql("GRANT SELECT ON job TO qs_agent")

    def lock(self):
        """Nobody may read the table for a while."""
        session = self.new_session("BEGIN; SET LOCAL lock_timeout = '10ms'")
        try:
            session.run("LOCK TABLE job")
        except (AssertionError, OSError):  # somebody was first
            self.end_session(session, None)
            return
        self.later(self.draw.numbers("lock").uniform(0.1, 1.5),
                   lambda: self.end_session(session, "ROLLBACK"))
