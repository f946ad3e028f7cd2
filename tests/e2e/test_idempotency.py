"""A server that honours Idempotency-Key: each create has a key of its own, its repetition the same."""

import unittest

from harness import ROWS_LEFT, MirrorCase


class HonouredKeys(MirrorCase):
    plan = "free"
    sandbox_options = (*MirrorCase.sandbox_options, "--idempotency", "honoured", "--log-size", "1000")
    MAPPING = MirrorCase.MAPPING.replace("fields:", "  on_removed: delete\nfields:")

    def test_a_row_that_was_deleted_and_comes_back_as_it_was_gets_a_job_of_its_own(self):
        self.fill(3)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET deleted_at = now() WHERE id = 2")
        self.agent.run("once")
        self.assertEqual(len(self.sandbox.live()), 2)
        self.db.psql("UPDATE job SET deleted_at = NULL WHERE id = 2")
        self.agent.run("once")
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.jobs()), 4)

    def test_a_job_that_was_deleted_at_qudra_is_made_anew(self):
        self.fill(3)
        self.agent.run("backfill")
        self.sandbox.admin(f"jobs/{self.sandbox.titled('Engineer 2')['id']}", {"deleted": True})
        self.agent.run("reconcile", "--fix")
        self.assert_mirrored()

    def twins_lose_their_answers(self, first, second):
        """One of the two is there, and whichever row it is bound to, the other row gets its own."""
        self.agent.configure(qudra={"settle_wait": "500ms", "timeout": "2s"})
        self.db.psql("INSERT INTO job (id, title) SELECT i, 'Twin' FROM generate_series(1, 2) i")
        for kind in (first, second):
            self.sandbox.fault(kind, match={"method": "POST"}, times=1)
        self.agent.run("backfill")
        self.assertEqual(self.sandbox.stats()["faults"], {"reset_after": 1, "reset_before": 1})
        self.assertEqual(len(self.sandbox.jobs()), 2)
        self.assertEqual(self.db.value("SELECT count(DISTINCT job_id) FROM qudra_sync.job "
                                       "WHERE state = 'synced'"), 2)

    def test_a_twin_is_not_given_the_others_job_for_ever(self):
        self.twins_lose_their_answers("reset_after", "reset_before")

    def test_nor_is_the_other_one(self):
        self.twins_lose_their_answers("reset_before", "reset_after")


class KeysOfOneCreate(MirrorCase):
    sandbox_options = HonouredKeys.sandbox_options

    def remember_keys(self):
        """Each key that is journalled, with its row, in the order of sending."""
        self.db.psql("""
            CREATE TABLE public.sent (n serial, source_key text, idempotency_key text);
            CREATE FUNCTION remember() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS
                $$BEGIN INSERT INTO public.sent (source_key, idempotency_key)
                        VALUES (NEW.source_key, NEW.idempotency_key); RETURN NEW; END$$;
            CREATE TRIGGER remember BEFORE INSERT ON qudra_sync.create_attempt
                FOR EACH ROW EXECUTE FUNCTION public.remember()""")

    def keys(self):
        return [row["idempotency_key"]
                for row in self.db.rows("SELECT * FROM public.sent ORDER BY n")]

    def test_a_create_that_is_sent_again_keeps_its_key_and_a_retry_by_a_person_has_another(self):
        self.remember_keys()
        self.fill(1)
        self.sandbox.fault("reset_before", match={"method": "POST"}, times=1)
        self.sandbox.fault("503", match={"method": "POST"}, times=1, value=1)
        self.sandbox.fault("bulk_refused", match={"method": "POST"}, times=1)
        self.agent.run("backfill", expect=ROWS_LEFT)
        first = self.keys()
        self.assertEqual(len(first), 3)
        self.assertEqual(len(set(first)), 1)
        self.agent.run("retry")
        self.agent.run("once")
        self.assert_mirrored()
        self.assertEqual(len(self.keys()), 4)
        self.assertNotIn(self.keys()[-1], first)


if __name__ == "__main__":
    unittest.main()
