"""The agent's own wall clock is set while it runs, by hours, forward and back: nothing hangs on it.

Only the agent's: the database, the sandbox and the tests go by the right time. See wall_clock.c.
"""

import signal
import struct
import time
import unittest

from harness import BUILD, MirrorCase, eventually

PRELOADED = BUILD / "wall_clock.so"  # the loader passes over one that is not there
HOUR_MS = 3600 * 1000
STEPS = (5 * HOUR_MS, -5 * HOUR_MS)
ROWS = 120  # more than a window of the plan "free" takes
SOON_S = 15  # for what takes a second or two: far less than any step


class ClockCase(MirrorCase):
    def setUp(self):
        super().setUp()
        self.clock = self.agent.folder / "clock"
        self.clock.write_bytes(struct.pack("=q", 0))

    def set_clock(self, ahead_ms):
        with self.clock.open("r+b") as file:  # the page that the agent has mapped
            file.write(struct.pack("=q", ahead_ms))

    def start(self, agent=None, **options):
        agent = agent or self.agent
        self.assertTrue(PRELOADED.is_file(), f"{PRELOADED} is made by `make test-programs`")
        agent.configure(**options)
        agent.environment = {
            "LD_PRELOAD": str(PRELOADED), "WALL_CLOCK_AHEAD": str(self.clock),
            "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:verify_asan_link_order=0"}
        return agent.start()

    def edit(self, title):
        self.db.psql(f"UPDATE job SET title = '{title}' WHERE id = 1")

    def arrives(self, title):
        """Waits for it at the sandbox alone, which costs next to nothing."""
        eventually(lambda: any(job["title"] == title for job in self.sandbox.live()), SOON_S)

    def faults(self, kind):
        return self.sandbox.stats()["faults"].get(kind, 0)


class Waits(ClockCase):
    def test_retry_after_and_back_off_are_as_long_as_before(self):
        self.sandbox.options(retry_after="date")  # of whole seconds
        self.fill(3)
        running = self.start()
        eventually(self.is_mirrored)
        for step in STEPS:
            self.assertGreater(self.waits_through(step, "429", 1, value=2), 900)
            self.waits_through(step, "500", 3)
        running.stop()
        self.assert_mirrored()

    def waits_through(self, step, kind, times, **rule):
        """The clock is set between the first failure and the second try: ms between those."""
        before, came = self.faults(kind), len(self.sandbox.requests("PATCH"))
        self.sandbox.fault(kind, match={"method": "PATCH"}, times=times, **rule)
        self.edit(f"{kind} and {step}")
        eventually(lambda: self.faults(kind) > before)
        self.set_clock(step)
        self.arrives(f"{kind} and {step}")
        at = [request["at_ms"] for request in self.sandbox.requests("PATCH")[came:]]
        self.assertEqual(len(at), times + 1, "as many requests as it takes")
        return at[1] - at[0]

    def test_a_schedule_is_not_put_off_by_a_clock_set_back(self):
        minute_in_2_s = 58000 - int(time.time() * 1000) % 60000
        self.fill(3)
        self.set_clock(minute_in_2_s)
        running = self.start(sync={"schedule": "* * * * *"})
        eventually(self.is_mirrored)
        for step in STEPS:
            self.edit(f"After {step}")
            self.set_clock(step + 58000 - int(time.time() * 1000) % 60000)
            self.arrives(f"After {step}")
        running.stop()


class Windows(ClockCase):
    """A real limit, of a window of two seconds."""

    plan = "free"
    sandbox_options = ("--quota", "unlimited", "--window", "2")

    def created(self):
        return self.sandbox.stats()["jobs"]["created"]

    def test_no_request_over_the_limit_and_none_long_after_it(self):
        running = self.start()
        for n, step in enumerate(STEPS):
            self.fill(ROWS, first=ROWS * n + 1)
            eventually(lambda: self.created() > ROWS * n)
            self.set_clock(step)
            eventually(lambda: self.created() == ROWS * (n + 1), SOON_S)
        eventually(self.is_mirrored)
        running.stop()
        self.assert_mirrored()


class Quotas(ClockCase):
    sandbox_options = ("--no-limit", "--quota", "3")

    def test_no_month_turns_but_that_of_qudra(self):
        self.fill(5)
        running = self.start(qudra={"quota": 3})
        eventually(lambda: sorted(self.states().values()) == ["deferred"] * 2 + ["synced"] * 3)
        for step in (40 * 24 * HOUR_MS, -40 * 24 * HOUR_MS):
            self.set_clock(step)
            self.edit(f"Edited at {step}")
            self.arrives(f"Edited at {step}")
        running.stop()
        self.assertNotIn("month has turned", running.log)
        self.assertEqual(self.sandbox.stats()["quota_refusals"], 0)


class Leases(ClockCase):
    def test_a_lease_lasts_as_long_as_before(self):
        """The other agent gets nothing while the first one lives, and all when it stands still; a
        clock set back does not let that one send for longer."""
        self.fill(3)
        first = self.start()
        eventually(self.is_mirrored)
        holder = self.db.value("SELECT holder FROM qudra_sync.account")
        second = self.new_agent().start("once")
        for step in STEPS:
            self.set_clock(step)
            self.edit(f"By the first, {step}")
            self.arrives(f"By the first, {step}")
        self.assertEqual(self.db.value("SELECT holder FROM qudra_sync.account"), holder)
        self.assertNotIn("declared dead", first.log + second.log)
        self.sandbox.fault("slow", match={"method": "PATCH"}, ms=300)
        self.edit("In flight")
        self.fill(2, first=10)
        eventually(lambda: self.sandbox.requests("PATCH"))
        first.send(signal.SIGSTOP)
        self.set_clock(STEPS[1])
        third = self.new_agent(qudra={"settle_wait": "200ms"}).start()
        third.log_contains("pass ended", SOON_S)
        eventually(self.is_mirrored)
        first.send(signal.SIGCONT)
        first.log_contains("declared dead by another agent")
        eventually(self.is_mirrored)
        for running in (third, first):
            running.stop()
        self.assert_mirrored()
        self.assertEqual(self.sandbox.stats()["jobs"]["created"], 5)


if __name__ == "__main__":
    unittest.main()
