"""Promise 5: a row that is not mirrored says why, in English and in Arabic."""

import json
import tempfile
import unittest

from harness import OK, ROWS_LEFT, USAGE, MirrorCase

ARABIC = r"[\u0600-\u06ff]{3}"


class RowsThatBreakARule(MirrorCase):
    def setUp(self):
        super().setUp()
        self.fill(3)
        self.db.psql("""INSERT INTO job (id, title, city, contract, pay) VALUES
            (10, 'no', 'Riyadh', 'full_time', 9000),
            (11, 'No salary', 'Riyadh', 'full_time', NULL),
            (12, 'Odd contract', 'Riyadh', 'freelance', 9000),
            (13, 'No city', NULL, 'part_time', NULL),
            (14, repeat('x', 201), 'Riyadh', 'part_time', NULL)""")
        self.done = self.agent.run("backfill", expect=ROWS_LEFT)
        self.refused = {str(key) for key in (10, 11, 12, 13, 14)}

    def test_they_are_never_sent(self):
        self.assertEqual(len(self.sandbox.jobs()), 3)
        self.assertEqual(self.sandbox.stats()["jobs"]["items_failed"], 0)

    def test_each_is_recorded_with_rule_and_reason_in_both_languages(self):
        rules = {"10": "title", "11": "salary_min", "12": "employment_type", "13": "city",
                 "14": "title"}
        for key, field in rules.items():
            with self.subTest(key):
                row = self.row(key)
                self.assertEqual(row["state"], "refused")
                self.assertRegex(row["error_code"], field)
                self.assertRegex(row["error_message"], field)
                self.assertRegex(row["error_message_ar"], ARABIC)

    def test_a_pass_says_how_many_it_left_behind_and_where_to_look(self):
        self.assertIn("5 rows refused: `qudra-sync rows --state refused` tells why",
                      self.agent.run("once", expect=ROWS_LEFT).stderr)

    def test_a_backfill_counts_those_that_a_rule_refused(self):
        self.assertIn("created 3, updated 0, closed 0, deleted 0, refused 5", self.done.stdout)

    def test_rows_lists_them(self):
        shown = self.agent.run("rows", "--state", "refused").stdout
        for key in self.refused:
            self.assertRegex(shown, rf"\b{key}\b")
        self.assertNotRegex(shown, r"Engineer")

    def test_rows_speaks_arabic(self):
        shown = self.agent.run("rows", "--state", "refused", "--lang", "ar").stdout
        self.assertRegex(shown, ARABIC)

    def test_rows_gives_json(self):
        rows = self.agent.run("rows", "--state", "refused", "--json").json
        rows = rows["rows"] if isinstance(rows, dict) else rows
        self.assertEqual({row["key"] for row in rows}, self.refused)
        self.assertRegex(json.dumps(rows, ensure_ascii=False), ARABIC)

    def test_they_are_not_tried_again_while_they_stay_as_they_are(self):
        posts = len(self.sandbox.requests("POST"))
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual(len(self.sandbox.requests("POST")), posts)

    def test_a_mended_row_is_mirrored(self):
        self.db.psql("""UPDATE job SET title = 'Nurse', pay = 5000, contract = 'full_time',
                        city = 'Jeddah' WHERE id >= 10""")
        self.agent.run("once", expect=OK)
        self.assertEqual(set(self.states().values()), {"synced"})
        self.assertEqual(len(self.sandbox.live()), 8)

    def test_a_mirrored_row_that_breaks_a_rule_keeps_its_job_as_it_was(self):
        self.db.psql("UPDATE job SET title = 'x' WHERE id = 1")
        self.agent.run("once", expect=ROWS_LEFT)
        self.assertEqual(self.row(1)["state"], "refused")
        self.sandbox.titled("Engineer 1")


class RowsThatQudraRefuses(MirrorCase):
    """A city that the mapping takes for good, and this sandbox does not know."""

    def start_sandbox(self, *options, **more):
        cities = tempfile.NamedTemporaryFile("w", suffix=".txt")
        self.addCleanup(cities.close)
        cities.write("Riyadh\n")
        cities.flush()
        return super().start_sandbox(*options, "--cities", cities.name, **more)

    def setUp(self):
        super().setUp()
        self.fill(4)
        self.db.psql("INSERT INTO job (id, title, city) VALUES (9, 'Diver', 'Jeddah')")
        self.agent.run("backfill", expect=ROWS_LEFT)

    def test_the_others_of_the_request_are_created_once(self):
        self.assertEqual(len(self.sandbox.live()), 4)
        self.assertEqual(self.sandbox.stats()["duplicates"], 0)

    def test_qudras_words_are_kept_in_both_languages(self):
        row = self.row(9)
        self.assertEqual(row["state"], "refused")
        self.assertEqual(row["error_code"], "partner.validation_failed")
        self.assertRegex(row["error_message"], "city|City")
        self.assertRegex(row["error_message_ar"], ARABIC)
        self.assertRegex(row["request_id"], "req_")

    def test_retry_knows_the_mappings_in_either_form(self):
        for words in (("jbos", "1"), ("--mapping", "jbos")):
            self.assertIn('did you mean "jobs"?', self.agent.run("retry", *words, expect=USAGE).stderr)

    def test_retry_puts_it_back_in_line(self):
        done = self.agent.run("retry")
        self.assertRegex(done.text, r"\b1\b")
        before = self.sandbox.stats()["jobs"]["items_failed"]
        self.agent.run("once", expect=ROWS_LEFT)
        self.assertGreater(self.sandbox.stats()["jobs"]["items_failed"], before)


class ABulkRefusedWhole(RowsThatQudraRefuses):
    """The same, where one bad item spoils the request: it is isolated by halving."""

    sandbox_options = (*MirrorCase.sandbox_options, "--bulk-bad-item", "422")


if __name__ == "__main__":
    unittest.main()
