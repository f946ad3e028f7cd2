"""Promise 3: no request earns a 429, none that is allowed stays unused, waiting is no failure."""

import time
import unittest

from harness import MirrorCase, eventually


class TheLimit(MirrorCase):
    plan = "free"
    sandbox_options = ("--limit", "20", "--window", "2", "--quota", "unlimited")

    def new_agent(self, **options):
        agent = super().new_agent(**options)
        agent.configure(qudra={"headroom": 0})
        return agent

    def windows(self):
        """Of the key: all but the first and the last, which are not filled."""
        return self.sandbox.stats()["keys"][0]["windows"][1:-1]

    def test_no_request_is_refused_and_windows_are_filled(self):
        self.fill(110)
        self.agent.run("backfill")
        self.assert_mirrored()
        windows = self.windows()
        self.assertGreaterEqual(len(windows), 2)
        used = sum(w["used"] for w in windows) / sum(w["allowed"] for w in windows)
        self.assertGreater(used, 0.85, windows)

    def test_headroom_is_left_to_others(self):
        self.agent.configure(qudra={"headroom": "50%"})
        self.fill(50)
        self.agent.run("backfill")
        self.assert_mirrored()
        for window in self.windows():
            self.assertLessEqual(window["used"], 11, window)


class AFullWindow(MirrorCase):
    plan = "free"
    sandbox_options = ("--limit", "20", "--window", "8", "--quota", "unlimited")

    def test_the_next_agent_waits_for_the_one_after_it(self):
        self.agent.configure(qudra={"headroom": 0})
        self.fill(30)
        running = self.agent.start()
        eventually(lambda: self.sandbox.stats()["jobs"]["created"] >= 20)
        running.stop()
        self.agent.run("once")
        self.assert_mirrored()


class RequestsInFlight(MirrorCase):
    sandbox_options = ("--limit", "100000", "--quota", "unlimited", "--latency-ms", "100")

    def test_a_large_window_takes_as_many_as_are_allowed(self):
        self.agent.configure(qudra={"concurrency": 32})
        self.fill(200)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET title = 'Edited ' || id")
        self.agent.run("once")
        self.assert_mirrored()
        self.assertGreaterEqual(self.sandbox.stats()["in_flight_peak"], 24)


class RefusalsOfTheServer(MirrorCase):
    def test_retry_after_is_honoured(self):
        self.fill(10)
        self.sandbox.fault("429", value=2, match={"method": "POST"}, times=1)
        begin = time.monotonic()
        self.agent.run("backfill")
        self.assertGreaterEqual(time.monotonic() - begin, 1.9)
        self.assert_mirrored()

    def test_waiting_uses_up_no_attempt(self):
        self.fill(1)
        self.sandbox.fault("429", value=1, match={"method": "POST"}, times=2)
        self.agent.run("backfill")
        self.assertEqual(self.row(1)["attempts"], 0)

    def test_server_errors_are_tried_again_with_backoff(self):
        self.fill(10)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1")
        self.sandbox.fault("500", match={"method": "PATCH"}, times=2)
        self.agent.run("once")
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.requests("PATCH")), 3)


if __name__ == "__main__":
    unittest.main()
