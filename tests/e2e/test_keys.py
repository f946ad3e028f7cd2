"""A key that is replaced while requests with the old one are still on their way."""

import unittest

from harness import KEY, MirrorCase, eventually

FRESH = "qk_test_fresh"
SLOW_MS = 3000


class AKeyThatIsReplaced(MirrorCase):
    sandbox_options = (*MirrorCase.sandbox_options, "--key", f"{FRESH}:growth:{KEY}")

    def setUp(self):
        super().setUp()
        self.fill(10)
        self.agent.run("backfill")
        self.agent.configure(log={"level": "debug"}, sync={"refresh_for": "0s"})

    def edit(self, row):
        self.db.psql(f"UPDATE job SET title = title || ' edited' WHERE id = {row}")

    def patches(self):
        return len(self.sandbox.requests("PATCH"))

    def test_a_late_refusal_of_the_old_key_does_not_stop_the_new_one(self):
        running = self.agent.start()
        self.edit(9)  # how much the window holds is told by the first answer
        eventually(self.is_mirrored)
        self.sandbox.admin("keys", {"action": "revoke", "key": KEY})
        self.sandbox.options(latency_ms=SLOW_MS)
        self.edit(1)
        eventually(lambda: self.patches() == 2)  # will be told 401 in a while
        self.sandbox.options(latency_ms=0)
        self.edit(2)
        running.log_contains("Qudra refuses its key")
        self.agent.write_key(FRESH)
        running.log_contains("new API key taken up")
        running.log_contains(r"request .*what=update.* status=401(.|\n)*status=401")
        self.edit(3)
        eventually(self.is_mirrored, 15)  # not a minute later
        running.stop()


if __name__ == "__main__":
    unittest.main()
