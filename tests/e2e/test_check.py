"""`check`: everything that can be proved before anything is sent, found in one go."""

import json
import re
import unittest

from harness import AWAY, CONFIG, KEY_REFUSED, OK, ROWS_LEFT, USAGE, MirrorCase


class CheckCase(MirrorCase):
    def check(self, *words, expect=OK):
        """What `check --json` found, by section."""
        done = self.agent.run("check", "--json", *words, expect=expect)
        self.found = json.loads(done.stdout)
        return {section["name"]: section for section in self.found["sections"]}

    def said(self, section, level):
        return [f["message"] + " | " + (f["hint"] or "") for f in section["findings"]
                if f["level"] == level]

    def assert_said(self, section, level, *words):
        for message in self.said(section, level):
            if all(word in message for word in words):
                return
        self.fail(f"no {level} with {words} in {json.dumps(section['findings'], indent=1)}")


class CheckState(CheckCase):
    def test_a_role_that_is_kept_from_writing_is_found(self):
        role = self.db.AGENT
        self.db.psql(f"ALTER ROLE {role} IN DATABASE {self.db.name} "
                     "SET default_transaction_read_only = on")
        sections = self.check("--offline", expect=CONFIG)
        self.assert_said(sections["state database"], "error", "kept from writing", role)


class CheckRows(CheckCase):
    def test_good_rows_pass_and_nothing_is_sent(self):
        self.fill(20)
        with self.no_requests():
            sections = self.check("--offline")
        jobs = sections["mapping jobs"]
        self.assertEqual((jobs["rows"], jobs["accepted"], jobs["refused"], jobs["whole"]),
                         (20, 20, 0, True))
        self.assertEqual(self.said(jobs, "warning"), [])
        self.assertTrue(self.found["ok"])

    def test_refused_rows_are_counted_by_rule_with_three_examples(self):
        self.fill(10)
        self.db.psql("UPDATE job SET city = 'Atlantis' WHERE id <= 4;"
                     "UPDATE job SET title = 'x' WHERE id = 7; UPDATE job SET pay = NULL WHERE id = 9")
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "{column: city}", "{column: city, transform: [ksa_city]}"))
        jobs = self.check("--offline", expect=ROWS_LEFT)["mapping jobs"]
        rules = {r["rule"]: (r["rows"], r["examples"]) for r in jobs["refusals"]}
        self.assertEqual(rules, {"city.unknown": (4, ["1", "2", "3"]),
                                 "title.too_short": (1, ["7"]),
                                 "salary_min.required": (1, ["9"])})
        self.assertEqual(jobs["refused"], 6)
        self.assertEqual(jobs["unknown"], [{"field": "city", "value": "Atlantis", "rows": 4,
                                            "defaulted": False}])

    def test_unknown_values_that_a_default_hides_are_told(self):
        self.fill(3)
        self.db.psql("UPDATE job SET contract = 'ad hoc' WHERE id < 3;"
                     "UPDATE job SET city = 'Atlantis' WHERE id = 3")
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "{column: contract}", "{column: contract, default: full_time}").replace(
            "{column: city}", "{column: city, transform: [ksa_city], default: Riyadh}"))
        jobs = self.check("--offline")["mapping jobs"]
        self.assertEqual(jobs["unknown"], [
            {"field": "city", "value": "Atlantis", "rows": 1, "defaulted": True},
            {"field": "employment_type", "value": "ad hoc", "rows": 2, "defaulted": True}])

    def test_accounts_that_nobody_knows_are_told(self):
        self.db.psql("ALTER TABLE job ADD employer text DEFAULT 'default'")
        self.fill(3)
        self.db.psql("UPDATE job SET employer = 'acme' WHERE id = 2")
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "  removed:", "  account: employer\n  removed:"))
        self.assertEqual(self.check("--offline")["mapping jobs"]["unknown"], [
            {"field": "account", "value": "acme", "rows": 1, "defaulted": False}])

    def test_a_sample_is_tried_unless_all_rows_are_asked_for(self):
        self.fill(1500)
        self.assertEqual(self.check("--offline")["mapping jobs"]["rows"], 1000)
        self.assertEqual(self.check("--offline", "--all")["mapping jobs"]["rows"], 1500)
        jobs = self.check("--offline", "--rows", "7")["mapping jobs"]
        self.assertEqual((jobs["rows"], jobs["whole"]), (7, False))

    def test_a_sample_and_all_rows_are_not_asked_for_at_once(self):
        self.assertRegex(self.agent.run("check", "--rows", "7", "--all", expect=USAGE).stderr,
                         "--rows and --all")

    def test_repeated_and_missing_keys_are_refused(self):
        self.db.psql("ALTER TABLE job DROP CONSTRAINT job_pkey, ALTER id DROP NOT NULL")
        self.fill(4)
        self.db.psql("INSERT INTO job (id, title) VALUES (2, 'Engineer'), (NULL, 'Engineer')")
        jobs = self.check("--offline", expect=ROWS_LEFT)["mapping jobs"]
        self.assertEqual({r["rule"]: r["rows"] for r in jobs["refusals"]},
                         {"key.duplicate": 2, "key.null": 1})
        self.assertEqual((jobs["rows"], jobs["accepted"], jobs["refused"]), (6, 3, 3))

    def test_rows_without_a_time_are_told(self):
        self.db.psql("ALTER TABLE job ALTER updated_at DROP NOT NULL")
        self.fill(3)
        self.db.psql("ALTER TABLE job DISABLE TRIGGER touch;"
                     "UPDATE job SET updated_at = NULL WHERE id = 2")
        self.assert_said(self.check("--offline")["mapping jobs"], "warning", "NULL in 1 of them")

    def test_people_read_the_same_findings(self):
        self.fill(3)
        self.db.psql("UPDATE job SET title = 'x' WHERE id = 2")
        done = self.agent.run("check", "--offline", expect=ROWS_LEFT)
        for words in ("mapping jobs", "3 rows tried, which is all: 2 accepted, 1 refused",
                      "title.too_short", "(keys 2)", "it can run"):
            self.assertIn(words, done.stdout)


class CheckMappings(CheckCase):
    def test_every_mistake_in_partner_sql_is_found_in_one_go(self):
        path = self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "{column: title}", "{column: tittle}").replace(
            "{column: body}", "{sql: \"upper(nobody)\"}").replace(
            "deleted_at IS NOT NULL", "deleted IS NOT NULL"))
        jobs = self.check("--offline", expect=CONFIG)["mapping jobs"]
        places = {(p["line"], p["column"]) for p in jobs["problems"]}
        lines = path.read_text().splitlines()
        self.assertEqual(places, {(n, line.index(word) + 1) for n, line in enumerate(lines, 1)
                                  for word in ("tittle", "nobody", "deleted IS") if word in line})
        self.assertEqual(len(jobs["problems"]), 3)

    def test_mistakes_of_several_mappings_are_found_in_one_go(self):
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace("column: body", "column: bdoy"))
        self.agent.write("mappings/more.yaml", self.MAPPING.replace("name: jobs", "name: more")
                         .replace("public.job", "public.jbo"))
        sections = self.check("--offline", expect=CONFIG)
        self.assertIn("bdoy", sections["mapping jobs"]["problems"][0]["message"])
        self.assertIn("jbo", sections["mapping more"]["problems"][0]["message"])
        shown = self.agent.run("check", "--offline", expect=CONFIG).stdout
        self.assertIn("^^^^", shown)

    def test_a_broken_file_is_told_as_json_too(self):
        self.agent.write("mappings/jobs.yaml", "name: [")
        sections = self.check("--offline", expect=CONFIG)
        self.assertFalse(self.found["ok"])
        self.assertEqual(len(self.said(sections["configuration"], "error")), 1)

    def test_a_timestamp_without_zone_needs_one(self):
        self.db.psql("ALTER TABLE job ALTER updated_at TYPE timestamp")
        self.fill(1)
        jobs = self.check("--offline")["mapping jobs"]
        self.assert_said(jobs, "warning", "no time zone", "source.time_zone")
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "  removed:", "  time_zone: UTC\n  removed:"))
        self.assertEqual(self.said(self.check("--offline")["mapping jobs"], "warning"), [])

    def test_an_hour_that_comes_twice_is_told(self):
        self.db.psql("ALTER TABLE job ALTER updated_at TYPE timestamp")
        self.fill(1)
        with_zone = self.MAPPING.replace("  removed:", "  time_zone: Europe/Paris\n  removed:")
        self.agent.write("mappings/jobs.yaml", with_zone)
        self.assert_said(self.check("--offline")["mapping jobs"], "warning", "comes twice")
        self.agent.write("mappings/jobs.yaml", with_zone.replace("  removed:",
                                                                 "  overlap: 1h\n  removed:"))
        self.assertEqual(self.said(self.check("--offline")["mapping jobs"], "warning"), [])


class CheckDatabase(CheckCase):
    migrated = False

    def test_it_needs_no_schema(self):
        self.fill(2)
        sections = self.check("--offline")
        self.assert_said(sections["state database"], "warning", "not there yet",
                         "qudra-sync migrate")
        self.assertEqual(sections["mapping jobs"]["accepted"], 2)
        self.assertEqual(self.db.value("SELECT to_regnamespace('qudra_sync') IS NULL"), True)

    def test_a_role_that_may_not_make_the_schema_gets_the_grant_to_run(self):
        self.db.psql(f'REVOKE CREATE ON DATABASE "{self.db.name}" FROM qs_agent')
        self.assert_said(self.check("--offline")["state database"], "warning", "GRANT CREATE ON",
                         "qs_agent")

    def test_a_table_that_may_not_be_read_gets_the_grant_to_run(self):
        self.db.psql("REVOKE SELECT ON job FROM qs_agent")
        jobs = self.check("--offline", expect=CONFIG)["mapping jobs"]
        self.assertIn("GRANT SELECT ON job TO \"qs_agent\"", jobs["problems"][0]["hint"])

    def test_a_server_that_is_away_is_no_mistake_of_the_files(self):
        self.agent.configure(database={"url": self.url().replace(self.db.name, "nowhere_at_all")})
        self.check("--offline", expect=CONFIG)
        self.agent.configure(database={"url": "postgresql:///x?host=/nonexistent"})
        self.check("--offline", expect=AWAY)

    def test_row_level_security_is_told(self):
        self.fill(2)
        self.db.psql("ALTER TABLE job ENABLE ROW LEVEL SECURITY;"
                     "CREATE POLICY shown ON job TO qs_agent USING (id > 0)")
        self.assert_said(self.check("--offline")["mapping jobs"], "warning", "row level security")

    def test_write_back_needs_the_right_to_update_its_columns(self):
        self.db.psql("ALTER TABLE job ADD qudra_id text, ADD qudra_state text")
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "  removed:", "  write_back: {job_id: qudra_id, status: qudra_state}\n  removed:"))
        jobs = self.check("--offline", expect=CONFIG)["mapping jobs"]
        self.assert_said(jobs, "error", "GRANT SELECT (", '"qudra_state") ON public.job')
        hint = next(f["hint"] for f in jobs["findings"] if "GRANT" in (f["hint"] or ""))
        self.db.psql("REVOKE SELECT ON job FROM qs_agent; GRANT SELECT (id, title, body, city, "
                     "contract, pay, open, deleted_at, updated_at) ON job TO qs_agent;" +
                     re.search("GRANT.* TO ", hint)[0] + "qs_agent")
        self.assert_said(self.check("--offline")["mapping jobs"], "ok", "write_back")
        self.db.psql("ALTER TABLE job DROP qudra_id")
        self.assert_said(self.check("--offline", expect=CONFIG)["mapping jobs"], "error",
                         "qudra_id")

    def test_a_big_table_without_an_index_gets_the_index_to_make(self):
        self.fill(12000)
        self.db.psql("DROP INDEX job_updated_at; ANALYZE job")
        jobs = self.check("--offline")["mapping jobs"]
        self.assert_said(jobs, "warning", "looking for changes", "12000",
                         'CREATE INDEX CONCURRENTLY ON "public"."job" ("updated_at", "id")')
        self.db.psql('CREATE INDEX ON "public"."job" ("updated_at", "id")')
        jobs = self.check("--offline")["mapping jobs"]
        self.assertEqual(self.said(jobs, "warning"), [])
        self.assert_said(jobs, "note", "looking for changes: Index Scan by job_updated_at_id_idx")
        self.assert_said(jobs, "note", "looking up a row: Index Scan by job_pkey of job")

    def test_a_big_table_without_a_key_index_gets_that_too(self):
        self.db.psql("ALTER TABLE job DROP CONSTRAINT job_pkey")
        self.fill(12000)
        self.db.psql("ANALYZE job")
        jobs = self.check("--offline")["mapping jobs"]
        for what in ("looking up a row", "each page of a full scan"):
            self.assert_said(jobs, "warning", what,
                             'CREATE INDEX CONCURRENTLY ON "public"."job" ("id")')

    def test_a_small_table_may_be_read_whole(self):
        self.fill(500)
        self.db.psql("DROP INDEX job_updated_at; ANALYZE job")
        self.assertEqual(self.said(self.check("--offline")["mapping jobs"], "warning"), [])


class CheckKey(CheckCase):
    def test_a_good_key_costs_one_request(self):
        before = self.sandbox.stats()["requests_total"]
        sections = self.check()
        self.assert_said(sections["account default"], "ok", "takes the key")
        self.assert_said(sections["account default"], "ok", "sandbox")
        self.assertEqual(self.sandbox.stats()["requests_total"] - before, 1)

    def test_a_refused_key_is_77(self):
        self.agent.write_key("qk_test_nobody_knows")
        self.assert_said(self.check(expect=KEY_REFUSED)["account default"], "error", "refuses the key")

    def test_a_key_without_the_prefix_is_a_mistake(self):
        self.agent.write_key("sk_live_something")
        self.check("--offline", expect=CONFIG)

    def test_qudra_out_of_reach_is_69(self):
        self.agent.configure(qudra={"base_url": "http://127.0.0.1:1/v1"})
        self.assert_said(self.check(expect=AWAY)["account default"], "error", "cannot be reached")
        self.check("--offline", expect=OK)

    def test_a_base_url_of_the_other_environment_is_a_mistake(self):
        self.agent.configure(qudra={"base_url": "https://api.qudrah.io/v1"})
        self.assert_said(self.check("--offline", expect=CONFIG)["account default"], "error",
                         "base_url is that of production")

    def test_state_of_the_other_environment_is_a_mistake(self):
        self.agent.run("once")
        self.db.psql("UPDATE qudra_sync.account SET environment = 'production'")
        self.assert_said(self.check("--offline", expect=CONFIG)["account default"], "error",
                         "production")


if __name__ == "__main__":
    unittest.main()
