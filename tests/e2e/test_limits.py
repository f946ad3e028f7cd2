"""What the agent writes down of its limits, and that it writes nothing while nothing happens."""

import unittest

from harness import MirrorCase, eventually


class Limits(MirrorCase):
    sandbox_options = ("--limit", "300", "--quota", "unlimited")

    def limits(self):
        return self.db.value("SELECT limits FROM qudra_sync.account")

    def test_they_say_what_the_headers_said(self):
        self.agent.configure(qudra={"headroom": 0, "quota": 50})
        self.fill(5)
        self.agent.run("backfill")
        limits = self.limits()
        self.assertEqual((limits["limit"], limits["left"], limits["used"]), (300, 299, 1))
        self.assertEqual((limits["learned"], limits["requests_a_minute"]), (True, 300))
        self.assertEqual((limits["quota"], limits["created"]), (50, 5))
        window = self.agent.run("status", "--json").json["accounts"][0]["window"]
        self.assertEqual((window["limit"], window["left"]), (300, 299))

    def test_an_idle_agent_does_not_write_them(self):
        self.fill(5)
        running = self.agent.start()
        eventually(lambda: (self.limits() or {}).get("created") == 5)
        self.db.psql("UPDATE qudra_sync.account SET limits = limits || '{\"limit\": 1}'")
        eventually(lambda: self.agent.run("status", "--json").json["accounts"][0]["agent"])
        running.stop()
        self.assertEqual(self.limits()["limit"], 1)


if __name__ == "__main__":
    unittest.main()
