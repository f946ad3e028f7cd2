"""Creates are journalled before they leave, together where they leave together."""

import unittest

from harness import MirrorCase


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


if __name__ == "__main__":
    unittest.main()
