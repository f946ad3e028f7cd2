"""A create that was decided upon and had to wait says what its row says when it leaves."""

import unittest

from harness import eventually
from test_triggers import TriggerCase


class WhileSettleLooks(TriggerCase):
    """No create leaves while lost ones are looked for: what was decided before may be old by then. With
    triggers, what was seen once is not looked at again."""

    def lose_one(self):
        """It is looked for twice, the second time for long."""
        self.fill(1)
        self.sandbox.fault("timeout", match={"method": "POST"})
        running = self.agent.start("once")
        eventually(lambda: self.sandbox.requests("POST"), what="a create is on its way")
        running.kill()
        self.sandbox.no_faults()
        self.sandbox.fault("slow", match={"method": "GET", "nth": 2}, ms=4000)

    def wants(self, key):
        rows = self.db.rows(f"SELECT desired_hash FROM qudra_sync.job WHERE source_key = '{key}'")
        return rows[0]["desired_hash"] if rows else None

    def test_an_edit_meanwhile_is_not_lost(self):
        self.lose_one()
        running = self.agent.start("run")
        eventually(lambda: len(self.sandbox.requests("GET")) == 2, what="the second look begins")
        self.fill(1, first=2)
        first = eventually(lambda: self.wants(2), what="the new row is seen")
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 2")
        eventually(lambda: self.wants(2) != first, what="the edit is seen")
        eventually(self.is_mirrored)
        running.stop()
        self.assert_mirrored()


if __name__ == "__main__":
    unittest.main()
