"""A bulk answer without index and in any order, in which some items failed: whose failure it is cannot be
told from where it stands."""

import unittest

from harness import MirrorCase


class SomeFailed(MirrorCase):
    sandbox_options = ("--no-limit", "--bulk-no-index", "--bulk-shuffle")

    def test_the_quota_ends_within_the_request(self):
        self.sandbox.options(quota=30)
        self.fill(60)
        self.agent.run("once", expect=None)
        self.assertEqual(self.sandbox.stats()["jobs"]["created"], 30)
        self.sandbox.options(quota="unlimited")
        self.agent.configure(qudra={"quota": "1000"})
        self.agent.run("once")
        self.assert_mirrored()

    def test_every_second_item_fails(self):
        self.sandbox.options(quota="unlimited")
        self.sandbox.fault("mixed_207", match={"method": "POST"}, times=1)
        self.fill(60)
        self.agent.run("once", expect=None)
        self.agent.run("retry", expect=None)
        self.agent.run("once")
        self.assert_mirrored()


if __name__ == "__main__":
    unittest.main()
