"""A property: whatever the schedule of the partner's transactions, every committed change is pushed
and nothing that did not change.

Several sessions begin, write, commit and roll back in random order, so that what was written first
often commits last, and the agent polls at random moments in between. Between two polls nothing else
happens, hence what a poll must send is known exactly: after each one the mirror is exact, and the
requests are as many as there are rows that differ. QS_SEED repeats a schedule, QS_SCHEDULES sets how
many are tried in each mode.
"""

import os
import random
import unittest

from harness import MirrorCase, Postgres, eventually, mirror_differences

SEED = int(os.environ.get("QS_SEED", random.randrange(1 << 30)))
SCHEDULES = int(os.environ.get("QS_SCHEDULES", 1))
SESSIONS, STEPS = 4, 60


class Writer:
    """A session of the partner's with rows of its own, so that it never waits for another."""

    def __init__(self, case, first):
        self.case, self.session = case, case.source.session()
        self.ids, self.before, self.open, self.next = [], [], False, first

    def step(self):
        random = self.case.random
        if not self.open:
            self.session.run("BEGIN")
            self.open, self.before = True, list(self.ids)
        elif random.random() < 0.3:
            self.end(random.random() < 0.75)
        else:
            self.session.run(random.choice(self.writes())())

    def end(self, commits):
        self.session.run("COMMIT" if commits else "ROLLBACK")
        self.open = False
        if not commits:
            self.ids = self.before

    def writes(self):
        mostly = [self.insert, self.insert]
        return mostly + [self.rename, self.touch, self.back, self.pay, self.remove] * bool(self.ids)

    def insert(self):
        self.next += SESSIONS
        self.ids = [*self.ids, self.next]
        return f"INSERT INTO job (id, title) VALUES ({self.next}, 'Post {self.next}')"

    def rename(self):
        return f"UPDATE job SET title = 'Post {self.any()}, {self.case.random.random()}' WHERE id = {self.any()}"

    def touch(self):
        return f"UPDATE job SET updated_at = clock_timestamp() WHERE id = {self.any()}"

    def back(self):
        return (f"UPDATE job SET pay = pay + 1 WHERE id = {self.any()};"
                f"UPDATE job SET pay = pay - 1 WHERE id = {self.last}")

    def pay(self):
        return f"UPDATE job SET pay = pay + 500 WHERE id = {self.any()}"

    def remove(self):
        gone = self.any()
        self.ids = [i for i in self.ids if i != gone]
        return self.case.REMOVE.format(gone)

    def any(self):
        self.last = self.case.random.choice(self.ids)
        return self.last


class ScheduleCase(MirrorCase):
    """`detect: watermark`, where the oldest transaction can be seen."""

    sandbox_options = (*MirrorCase.sandbox_options, "--log-size", "100000")
    sees_everyone = True
    overlap = "0s"
    other_server = False
    REMOVE = "UPDATE job SET deleted_at = now() WHERE id = {}"

    def setUp(self):
        super().setUp()
        self.source = self.db
        self.agent.configure(sync={"overlap": self.overlap, "max_remove": "1000",
                                   "full_scan_every": "24h"})
        if self.other_server:
            self.use_another_server()
        self.source.psql("REVOKE pg_read_all_stats FROM qs_agent")
        if self.sees_everyone:
            self.source.psql("GRANT pg_read_all_stats TO qs_agent")
            self.addCleanup(self.source.psql, "REVOKE pg_read_all_stats FROM qs_agent")
        # Of an emptied table nothing is removed: the guard would hold the last row that goes.
        self.source.psql("INSERT INTO job (id, title) VALUES (-1, 'Stays')")
        self.prepare()

    def use_another_server(self):
        server = Postgres(template=os.environ.get("QS_TEST_CLUSTER")).start()
        self.addCleanup(server.remove)
        self.source = server.database("ats")
        self.source.create_agent_role()
        self.source.psql(self.TABLE)
        self.agent.configure(database={"source_url": self.source.url()})

    def prepare(self):
        pass

    def wanted(self):
        return {row["id"]: {"title": row["title"], "description": row["body"], "city": row["city"],
                            "employment_type": row["contract"], "salary_min": int(row["pay"]),
                            "status": "active" if row["open"] else "closed"}
                for row in self.source.rows("SELECT * FROM job WHERE deleted_at IS NULL")}

    def poll(self, held):
        """One pass. Returns what Qudra holds after it: what the table makes, and nothing else."""
        wanted = self.wanted()
        creates = wanted.keys() - held.keys()
        changes = {key for key in held if wanted.get(key) != held[key]}
        before = len(self.sandbox.log())
        self.agent.run("once")
        sent = [r["method"] for r in self.sandbox.log()[before:] if r["method"] != "GET"]
        self.assertEqual(mirror_differences(self.db, self.sandbox, wanted), [])
        posts = sent.count("POST")
        self.assertEqual(posts > 0, bool(creates), sent)
        self.assertEqual(len(sent) - posts, len(changes), sent)
        return wanted

    def writers(self, first=0):
        return [Writer(self, first + i) for i in range(SESSIONS)]

    def run_schedule(self, writers, held):
        for _ in range(STEPS):
            if self.random.random() < 0.15:
                held = self.poll(held)
            else:
                self.random.choice(writers).step()
        for writer in writers:
            if writer.open:
                writer.end(True)
        held = self.poll(held)
        with self.no_requests():
            return self.poll(held)

    def test_random_schedules(self):
        held = {}
        for number in range(SCHEDULES):
            with self.subTest(seed=SEED + number):
                self.random = random.Random(SEED + number)
                writers = self.writers(number * 100000)
                held = self.run_schedule(writers, held)
                for writer in writers:
                    writer.session.close()

    def test_while_the_agent_runs(self):
        """Polls at moments that nobody chose; only the end can be told."""
        self.random = random.Random(SEED)
        self.agent.configure(sync={"interval": "100ms"})
        running, writers = self.agent.start(), self.writers()
        for _ in range(STEPS * 3):
            self.random.choice(writers).step()
        for writer in writers:
            if writer.open:
                writer.end(True)
        wanted = self.wanted()
        eventually(lambda: not mirror_differences(self.db, self.sandbox, wanted),
                   what=f"the mirror is exact (seed {SEED})")
        running.stop()
        for writer in writers:
            writer.session.close()
        with self.no_requests():
            self.agent.run("once")


class WatermarkUnseen(ScheduleCase):
    """Where the oldest transaction cannot be seen, `overlap` covers it."""
    sees_everyone = False
    overlap = "1m"


class WatermarkOtherServer(ScheduleCase):
    other_server = True


class Scan(ScheduleCase):
    MAPPING = MirrorCase.MAPPING.replace("  updated_at: updated_at\n", "  detect: scan\n")
    REMOVE = "DELETE FROM job WHERE id = {}"


class ScanOtherServer(Scan):
    other_server = True


class Trigger(ScheduleCase):
    MAPPING = MirrorCase.MAPPING.replace("  updated_at: updated_at\n", "  detect: trigger\n")
    REMOVE = "DELETE FROM job WHERE id = {}"

    def prepare(self):
        owner = self.new_agent()
        owner.configure(database={"url": self.url("postgres"), "source_url": self.source.url("postgres")})
        owner.run("migrate", "--triggers", "--role", "qs_agent")


class TriggerOtherServer(Trigger):
    other_server = True


if __name__ == "__main__":
    unittest.main()
