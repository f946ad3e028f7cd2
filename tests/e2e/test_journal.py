"""Creates are journalled before they leave, together where they leave together."""

import unittest

from harness import MirrorCase, eventually
from proxies import Cutter


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


class AnAnswerThatIsLost(MirrorCase):
    """The connection is cut at the n-th statement, done by the server, while the agent goes on."""

    def test_leaves_no_row_behind(self):
        wire = Cutter(self.server)
        self.addCleanup(wire.close)
        self.fill(3)
        self.agent.run("backfill")
        self.agent.configure(database={"url": wire.url(self.db.name, self.db.AGENT)},
                             qudra={"settle_wait": "200ms"})
        running = self.agent.start()
        running.log_contains("started")
        for n in range(1, 21):
            wire.cut_at(n, True)
            self.fill(1, first=100 + n, title="Nurse")
            eventually(lambda n=n: self.states().get(str(100 + n)) == "synced", 30)
        wire.cut_at(0, False)
        running.stop()
        self.assert_mirrored()


if __name__ == "__main__":
    unittest.main()
