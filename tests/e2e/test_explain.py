"""`explain`: one row's whole story, ending in what happens next or what a person must do."""

import unittest

from harness import ROWS_LEFT, USAGE, MirrorCase

ARABIC = r"[\u0600-\u06ff]{3}"


class Story(MirrorCase):
    def setUp(self):
        super().setUp()
        self.fill(3)
        self.db.psql("INSERT INTO job (id, title) VALUES (10, 'no')")
        self.agent.run("backfill", expect=ROWS_LEFT)

    def story(self, key, *words):
        return self.agent.run("explain", "jobs", key, "--json", *words).json

    def next(self, key):
        return self.story(key)["next"]["what"]

    def test_it_tells_source_steps_payload_record_decision_and_next(self):
        story = self.story("1")
        self.assertEqual(story["source"]["key"], {"id": "1"})
        self.assertIn({"field": "title", "step": "column title", "output": "Engineer 1",
                       "refused": None}, story["steps"])
        self.assertEqual(story["payload"]["title"], "Engineer 1")
        self.assertEqual(story["recorded"]["job_id"], self.row(1)["job_id"])
        self.assertEqual(story["decision"], {"operation": None, "fields": []})
        self.assertIn(story["next"]["what"], ("nothing", "embedding"))

    def test_the_same_on_one_screen(self):
        shown = self.agent.run("explain", "jobs", "1").stdout
        for said in ("Source", "Mapping", "Payload", "Recorded", "Decision", "Next"):
            self.assertRegex(shown, rf"(?m)^{said}")
        self.assertLess(len(shown.splitlines()), 50)

    def test_a_refused_row_says_which_rule_and_who_must_mend_it(self):
        story = self.story("10")
        self.assertEqual([r["rule"] for r in story["refusals"]], ["title.too_short"])
        self.assertRegex(story["refusals"][0]["message_ar"], ARABIC)
        self.assertIsNone(story["payload"])
        self.assertEqual((story["next"]["what"], story["next"]["needs_person"]), ("mend", True))
        self.assertRegex(self.agent.run("explain", "jobs", "10", "--lang", "ar").stdout, ARABIC)

    def test_a_changed_row_says_which_fields_go(self):
        self.db.psql("UPDATE job SET title = 'Edited', pay = 9500 WHERE id = 1")
        story = self.story("1")
        self.assertEqual(story["decision"], {"operation": "update",
                                             "fields": ["title", "salary_min"]})
        self.assertEqual(story["next"]["what"], "found_by_next_pass")

    def test_a_new_row_is_known_though_nothing_is_recorded(self):
        self.fill(1, first=50)
        story = self.story("50")
        self.assertIsNone(story["recorded"])
        self.assertEqual(story["decision"]["operation"], "create")
        self.assertEqual(story["next"]["command"], "systemctl start qudra-sync")

    def test_a_row_that_is_gone_waits_for_the_guard(self):
        self.db.psql("DELETE FROM job WHERE id = 1; UPDATE job SET deleted_at = now() WHERE id = 2")
        for key in ("1", "2"):
            story = self.story(key)
            self.assertEqual((story["desired"], story["decision"]["operation"]), ("gone", "close"))
            self.assertEqual(story["next"]["what"], "removed_by_next_scan")
        self.assertIsNone(self.story("1")["source"])
        self.assertTrue(self.story("2")["source"]["removed"])

    def test_each_state_says_what_comes_next(self):
        clear = "UPDATE qudra_sync.job SET error_code = NULL, next_attempt_at = NULL " \
                "WHERE source_key = '1';"
        set_state = clear + "UPDATE qudra_sync.job SET {} WHERE source_key = '1'"
        for changes, expected in (
                ("state = 'pending', operation = 'update'", "sent"),
                ("state = 'pending', operation = 'update', next_attempt_at = now() + '1 h'",
                 "sent_again"),
                ("state = 'sending', operation = NULL", "answer"),
                ("state = 'uncertain'", "lookup"),
                ("state = 'uncertain', error_code = 'create.ambiguous'", "ambiguous"),
                ("state = 'deferred', operation = 'create', job_id = NULL", "quota"),
                ("state = 'held', operation = 'close'", "kept"),
                ("state = 'refused', operation = 'update'", "mend_or_retry"),
                ("state = 'synced', job_id = 'job_x', embedding_status = 'failed'",
                 "embedding_failed")):
            with self.subTest(expected):
                self.db.psql(set_state.format(changes))
                self.assertEqual(self.next("1"), expected)
        self.db.psql(set_state.format("state = 'held', operation = 'close'"))
        self.db.psql("DELETE FROM job WHERE id = 1")
        self.assertEqual(self.story("1")["next"]["command"], "qudra-sync release jobs '1'")

    def test_what_waits_at_an_account_that_is_stopped_waits_for_a_person(self):
        self.db.psql("UPDATE qudra_sync.job SET state = 'pending', operation = 'update' "
                     "WHERE source_key = '1'; "
                     "UPDATE qudra_sync.account SET trouble = 'Qudra refuses the key'")
        story = self.story("1")["next"]
        self.assertEqual((story["what"], story["needs_person"]), ("account", True))
        self.assertEqual(story["command"], "qudra-sync status")

    def test_every_next_is_told_in_arabic_too(self):
        self.assertRegex(self.story("1")["next"]["message_ar"], ARABIC)

    def test_a_key_that_is_nowhere_is_an_error(self):
        done = self.agent.run("explain", "jobs", "4711", expect=USAGE)
        self.assertIn("4711", done.stderr)
        self.assertIn("qudra-sync rows --mapping jobs", done.stderr)

    def test_a_key_of_another_type_is_an_error_of_the_command_line(self):
        self.assertIn("abc", self.agent.run("explain", "jobs", "abc", expect=USAGE).stderr)
        self.agent.run("explain", "jobs", "99999999999999999999", expect=USAGE)

    def test_a_key_may_be_written_otherwise_than_it_is_kept(self):
        self.assertEqual(self.story("01")["key"], "1")

    def test_an_unknown_mapping_gets_the_nearest_name(self):
        self.assertIn("jobs", self.agent.run("explain", "job", "1", expect=USAGE).stderr)


class TwoRowsWithOneKey(MirrorCase):
    MAPPING = MirrorCase.MAPPING.replace("table: public.job", "query: SELECT * FROM job "
                                         "CROSS JOIN generate_series(1, 2) AS twice")

    def test_they_are_refused_and_said_to_be_two(self):
        self.fill(1)
        story = self.agent.run("explain", "jobs", "1", "--json").json
        self.assertEqual(story["source"]["rows"], 2)
        self.assertEqual([r["rule"] for r in story["refusals"]], ["key.duplicate"])
        self.assertRegex(self.agent.run("explain", "jobs", "1").stdout, "2 with this key")


if __name__ == "__main__":
    unittest.main()
