"""A create is lost whose text Qudra hands back changed, although all texts before came back as sent."""

import unittest

from harness import MirrorCase

CHANGED = "Two  blanks, __bold__ and <b>strong</b>"


class LostAndChanged(MirrorCase):
    sandbox_options = (*MirrorCase.sandbox_options, "--normalise", "trim,fold,markdown,html")

    def setUp(self):
        super().setUp()
        self.fill(3)
        self.agent.run("once")  # from now on the agent has seen every field come back as sent
        self.sandbox.fault("reset_after", match={"method": "POST"}, times=1)

    def assert_one_job_each(self, n):
        """As assert_mirrored, for texts that differ by design."""
        self.assertEqual(self.sandbox.stats()["jobs"]["created"], n)
        self.assertEqual(self.db.value("SELECT created FROM qudra_sync.quota"), n)
        rows = self.db.rows("SELECT job_id, state FROM qudra_sync.job")
        self.assertEqual({row["state"] for row in rows}, {"synced"}, rows)
        self.assertEqual({row["job_id"] for row in rows}, {job["id"] for job in self.sandbox.open()})
        with self.no_requests():
            self.agent.run("once")

    def test_a_description_is_known_by_its_words(self):
        self.db.psql(f"INSERT INTO job (id, title, body) VALUES (4, 'Cook', '{CHANGED}')")
        self.agent.run("once")
        self.assert_one_job_each(4)

    def test_a_title_is_known_by_its_words(self):
        self.db.psql(f"INSERT INTO job (id, title) VALUES (4, '{CHANGED}')")
        self.agent.run("once")
        self.assert_one_job_each(4)

    def test_twins_get_a_job_each(self):
        self.db.psql(f"INSERT INTO job (id, title, body) SELECT i, 'Cook', '{CHANGED}' "
                     "FROM generate_series(4, 6) i")
        self.agent.run("once")
        self.assert_one_job_each(6)


class LostAndChangedOfSingles(LostAndChanged):
    plan = "free"


if __name__ == "__main__":
    unittest.main()
