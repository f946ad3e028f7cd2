"""The first mirror of an account without a limit on new jobs: the pass takes keys, push reads rows."""

import re
import unittest

from harness import CONFIG, OK, ROWS_LEFT, MirrorCase, eventually


class AnOpenAccount(MirrorCase):
    plan = "scale"
    # 500 ms a request: there is time to do something in the middle.
    SLOW = ("--no-limit", "--quota", "unlimited", "--latency-ms", "500")

    def spoil(self, *keys):
        self.db.psql(f"UPDATE job SET title = 'x', contract = 'gig' WHERE id IN {(*keys, 0)}")

    def expected_without(self, *keys):
        return {key: payload for key, payload in super().expected().items() if key not in keys}

    def pages(self):
        """How many pages of rows and of keys alone a backfill's pass asks for. Each of its two
        connections proves the statement for rows once."""
        log = self.agent.run("backfill", "--log-level", "trace", expect=None).stderr
        scans = [sql for sql in re.findall(r"on=source sql=(.*)", log)
                 if re.search(r'id\\"\\nLIMIT \$1', sql)]
        rows = sum("body" in sql for sql in scans)
        return {"rows": rows - 2, "keys": len(scans) - rows}


class AFirstMirror(AnOpenAccount):
    def test_every_row_becomes_one_job_and_a_second_pass_sends_nothing(self):
        self.fill(730)
        self.agent.run("backfill")
        self.assert_mirrored()
        before = len(self.sandbox.requests("POST"))
        self.agent.run("backfill")
        self.agent.run("once")
        self.assertEqual(len(self.sandbox.requests("POST")), before)

    def test_rows_that_break_rules_say_all_that_is_wrong_and_count_once(self):
        self.fill(230)
        self.spoil(7, 150)
        done = self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertIn("refused 2,", done.text)
        row = self.row(150)
        self.assertEqual((row["state"], row["error_code"]), ("refused", "employment_type.unknown_value"))
        self.assertIn("title has 1 character", row["error_message"])
        self.assertIn("؛ ", row["error_message_ar"])
        self.assert_mirrored(self.expected_without(7, 150))

    def test_a_refused_row_says_the_same_as_after_a_pass_that_read_it(self):
        self.fill(3)
        self.spoil(2)
        self.agent.run("backfill", expect=ROWS_LEFT)
        first = self.row(2)
        self.agent.run("backfill", expect=ROWS_LEFT)
        again = self.row(2)
        said = ("state", "error_code", "error_message", "error_message_ar", "desired_hash")
        self.assertEqual([first[name] for name in said], [again[name] for name in said])
        self.db.psql("UPDATE job SET title = 'Nurse', contract = 'full_time' WHERE id = 2")
        self.agent.run("once")
        self.assert_mirrored()

    def test_rows_that_count_as_gone_and_keys_that_stand_twice_make_no_job(self):
        self.db.psql("ALTER TABLE job DROP CONSTRAINT job_pkey")
        self.fill(120)
        self.fill(1, first=40, title="Twin")
        self.db.psql("UPDATE job SET deleted_at = now() WHERE id = 9")
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual(self.row(40)["error_code"], "key.duplicate")
        self.assertNotIn("9", self.states())
        self.assert_mirrored(self.expected_without(40))

    def test_an_expression_that_fails_for_a_row_is_told_and_ends_it(self):
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "{column: pay}", '{sql: "round(90000 / pay)"}'))
        self.fill(150)
        self.db.psql("UPDATE job SET pay = 0 WHERE id = 99")
        done = self.agent.run("backfill", expect=CONFIG)
        self.assertIn('mapping "jobs"', done.stderr)
        self.assertIn("division by zero", done.stderr)

    def test_what_changes_while_it_is_sent_is_sent_as_it_is_then(self):
        self.sandbox = self.start_sandbox(*self.SLOW)
        self.agent.configure(qudra={"base_url": self.sandbox.base_url, "concurrency": 1})
        self.fill(900)
        running = self.agent.start("backfill")
        eventually(lambda: len(self.sandbox.requests("POST")) >= 1)
        self.db.psql("UPDATE job SET title = 'Senior ' || id WHERE id % 3 = 0")
        self.assertEqual(running.wait(), OK)
        self.agent.run("once")
        self.assert_mirrored()

    def test_after_a_kill_the_rest_is_found_by_reading_the_rows(self):
        self.sandbox = self.start_sandbox(*self.SLOW)
        self.agent.configure(qudra={"base_url": self.sandbox.base_url, "concurrency": 1})
        self.fill(900)
        self.spoil(1)
        running = self.agent.start("backfill")
        eventually(lambda: self.db.value(
            "SELECT count(*) FROM qudra_sync.job WHERE state = 'synced'") >= 100)
        running.kill()
        self.agent.resume("backfill", expect=ROWS_LEFT)
        self.assert_mirrored(self.expected_without(1))
        self.assertEqual(self.row(1)["state"], "refused")


class WhatAPassReads(AnOpenAccount):
    def test_the_first_takes_keys_alone_and_the_second_reads_rows(self):
        self.fill(20)
        self.assertEqual(self.pages(), {"rows": 0, "keys": 1})
        self.assertEqual(self.pages(), {"rows": 1, "keys": 0})

    def test_where_new_jobs_are_limited_the_first_reads_rows_too(self):
        self.agent.configure(qudra={"quota": 1000})
        self.fill(20)
        self.assertEqual(self.pages(), {"rows": 1, "keys": 0})

    def test_where_the_account_has_jobs_a_new_mapping_reads_rows(self):
        self.fill(20)
        self.agent.run("backfill")
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace("name: jobs", "name: others"))
        self.assertEqual(self.pages(), {"rows": 1, "keys": 0})


if __name__ == "__main__":
    unittest.main()
