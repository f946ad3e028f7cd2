"""Creates are journalled before they leave, together where they leave together."""

import unittest

from harness import MirrorCase, eventually


class Together(MirrorCase):
    def test_a_statement_journals_several_requests(self):
        self.db.psql("CREATE TABLE written (n bigint); GRANT INSERT ON written TO qs_agent;"
                     "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
                     " INSERT INTO public.written SELECT count(*) FROM taken; RETURN NULL; END$$;"
                     "CREATE TRIGGER note AFTER INSERT ON qudra_sync.create_attempt"
                     " REFERENCING NEW TABLE AS taken FOR EACH STATEMENT EXECUTE FUNCTION note()")
        self.fill(2000)
        self.agent.run("backfill")
        self.assert_mirrored()
        journalled = self.db.rows("SELECT sum(n) AS rows, count(*) AS statements FROM written")[0]
        self.assertEqual(journalled["rows"], 2000)
        self.assertLessEqual(journalled["statements"], 10)


class ThatDoNotLeave(MirrorCase):
    """The parts of a request that was refused whole, when Qudra wants no more for half a minute."""

    def setUp(self):
        super().setUp()
        self.agent.configure(qudra={"concurrency": 1})
        self.fill(20)
        self.sandbox.fault("bulk_refused", match={"method": "POST", "nth": 1})
        self.sandbox.fault("429", match={"method": "POST", "nth": 1}, value=30)
        self.running = self.agent.start("run")
        eventually(lambda: self.sandbox.stats()["faults"].get("429"))

    def journalled(self):
        return self.db.value("SELECT count(*) FROM qudra_sync.create_attempt")

    def test_they_are_taken_out_of_the_journal_again(self):
        eventually(lambda: self.journalled() == 0)
        self.assertEqual(set(self.states().values()), {"pending"})
        self.running.kill()
        self.assertNotIn("uncertain", self.agent.resume("once").stderr)
        self.assert_mirrored()

    def test_an_agent_that_is_stopped_leaves_none_behind(self):
        self.running.stop()
        self.assertEqual(self.journalled(), 0)
        self.agent.run("once")
        self.assert_mirrored()


if __name__ == "__main__":
    unittest.main()
