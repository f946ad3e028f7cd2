"""`rows`: filters, pages, languages, and text that may hold anything."""

import re
import unittest

from harness import ROWS_LEFT, USAGE, MirrorCase

ARABIC = r"[\u0600-\u06ff]{3}"


class Rows(MirrorCase):
    def setUp(self):
        super().setUp()
        self.fill(5)
        self.db.psql("""INSERT INTO job (id, title, pay) VALUES (10, 'no', 9000),
                        (11, 'No salary', NULL), (12, 'x', 9000)""")
        self.agent.run("backfill", expect=ROWS_LEFT)

    def keys(self, *words):
        return [row["key"] for row in self.agent.run("rows", "--json", *words).json["rows"]]

    def test_filters_narrow_each_other(self):
        self.assertEqual(len(self.keys()), 8)
        self.assertEqual(self.keys("--state", "refused"), ["10", "11", "12"])
        self.assertEqual(self.keys("--code", "title.too_short"), ["10", "12"])
        self.assertEqual(self.keys("--state", "synced", "--code", "title.too_short"), [])
        self.assertEqual(self.keys("--mapping", "jobs", "--limit", "1"), ["1"])
        self.assertEqual(len(self.keys("--account", "default")), 8)

    def test_pages_meet_without_gap_or_overlap(self):
        seen, words = [], []
        while True:
            page = self.agent.run("rows", "--json", "--limit", "3", *words).json
            seen += [row["key"] for row in page["rows"]]
            if page["next"] is None:
                break
            words = ["--after", page["next"]]
        self.assertEqual(seen, sorted(map(str, [1, 2, 3, 4, 5, 10, 11, 12])))

    def test_what_follows_is_said_on_stderr(self):
        done = self.agent.run("rows", "--limit", "2")
        self.assertIn("--after 'jobs/10'", done.stderr)
        self.assertNotIn("--after", done.stdout)
        self.assertEqual(self.agent.run("rows", "--limit", "8").stderr, "")

    def test_reasons_come_in_either_language(self):
        self.assertNotRegex(self.agent.run("rows", "--state", "refused").stdout, ARABIC)
        self.assertRegex(self.agent.run("rows", "--state", "refused", "--lang", "ar").stdout, ARABIC)

    def test_failed_embeddings_are_found(self):
        self.db.psql("UPDATE qudra_sync.job SET embedding_status = 'failed' WHERE source_key = '3'")
        self.assertEqual(self.keys("--embedding", "failed"), ["3"])

    def test_a_state_that_is_none_gets_the_nearest_name(self):
        self.assertIn("refused", self.agent.run("rows", "--state", "refusd", expect=USAGE).stderr)
        self.agent.run("rows", "--limit", "0", expect=USAGE)
        self.agent.run("rows", "--limit", "many", expect=USAGE)
        self.agent.run("rows", "--after", "jobs", expect=USAGE)
        self.agent.run("rows", "--lang", "fr", expect=USAGE)

    def test_words_of_qudra_cannot_reach_the_terminal(self):
        self.db.psql(r"UPDATE qudra_sync.job SET error_message = E'a\033[2Jb\nc' "
                     "WHERE source_key = '10'")
        shown = self.agent.run("rows", "--code", "title.too_short").stdout
        self.assertNotIn("\033", shown)
        self.assertRegex(shown, re.escape("a?[2Jb c"))

    def test_no_rows_are_said_to_be_none(self):
        done = self.agent.run("rows", "--state", "held")
        self.assertEqual((done.stdout, done.stderr), ("", "no rows\n"))


if __name__ == "__main__":
    unittest.main()
