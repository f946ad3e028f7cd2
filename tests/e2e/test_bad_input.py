"""Bad input: a clear error or a refused row, the proper exit status, and nothing lost."""

import unittest

from harness import (AWAY, CONFIG, KEY, KEY_REFUSED, OK, ROWS_LEFT, USAGE, MirrorCase, eventually)


class TheCommandLine(MirrorCase):
    migrated = False

    def test_mistakes_are_usage_and_name_the_nearest(self):
        for words, said in ((("onc",), "once"), (("rows", "--stat", "x"), "--state"),
                            (("explain", "jobs"), "explain"), (("once", "now"), "once"),
                            (("once", "--mapping", "job"), "jobs"), (("-c",), "-c|--config")):
            with self.subTest(words):
                self.assertRegex(self.agent.run(*words, expect=USAGE).stderr, said)

    def test_nothing_at_all_is_usage(self):
        self.agent.run(expect=(OK, USAGE))

    def test_help_and_version_are_none(self):
        for words in (("--help",), ("help",), ("help", "once"), ("once", "--help"), ("--version",)):
            self.agent.run(*words)

    def test_every_command_has_help_in_one_form(self):
        for command in ("run", "once", "backfill", "plan", "status", "rows", "explain", "retry",
                        "check", "migrate"):
            with self.subTest(command):
                shown = self.agent.run("help", command).stdout
                self.assertRegex(shown, rf"\AUsage: qudra-sync \[-c FILE\] {command}")


class Files(MirrorCase):
    migrated = False

    def refused(self, *said, command="once"):
        done = self.agent.run(command, expect=CONFIG)
        for pattern in said:
            self.assertRegex(done.stderr, pattern)
        return done

    def test_there_is_no_agent_yaml(self):
        (self.agent.folder / "agent.yaml").unlink()
        self.refused("agent.yaml")

    def test_broken_yaml_is_told_with_its_place(self):
        self.agent.write("agent.yaml", "qudra:\n  plan: growth\n   timeout: 3s\n")
        self.refused(r"agent\.yaml:3:\d+")

    def test_an_unknown_option_gets_the_nearest_name(self):
        self.agent.write("agent.yaml", (self.agent.folder / "agent.yaml").read_text()
                         .replace('"interval"', '"intervall"'))
        self.refused(r"agent\.yaml:\d+:\d+.*intervall", "interval")

    def test_all_mistakes_of_a_file_are_told_at_once(self):
        self.agent.configure(qudra={"plan": "huge", "timeout": "3 parsecs"})
        self.refused("huge", "parsecs")

    def test_all_mistakes_of_all_mappings_are_told_at_once(self):
        wrong = self.MAPPING.replace("{column: city}", "{colum: city}").replace("key:", "keys:")
        self.agent.write("mappings/jobs.yaml", wrong)
        self.agent.write("mappings/more.yaml", wrong)
        self.refused(*(rf"{name}\.yaml:\d+:\d+.*{word}" for name in ("jobs", "more")
                       for word in ("colum", "keys")))

    def test_an_unset_variable_is_named(self):
        self.agent.configure(database={"url": "${NO_SUCH_VARIABLE}"})
        self.refused("NO_SUCH_VARIABLE")

    def test_variables_and_their_defaults_are_expanded(self):
        self.agent.environment["THE_DATABASE"] = self.url()
        self.agent.configure(database={"url": "${THE_DATABASE}"}, qudra={"plan": "${P:-growth}"})
        self.agent.run("migrate")
        self.agent.run("once")

    def test_http_is_refused_but_for_loopback(self):
        self.agent.configure(qudra={"base_url": "http://qudra.example/v1"})
        self.refused("http", "loopback|https|TLS")

    def test_a_mapping_without_title_is_refused(self):
        self.agent.write("mappings/jobs.yaml",
                         "\n".join(line for line in self.MAPPING.splitlines()
                                   if not line.startswith("  title:")))
        self.refused("title")

    def test_no_mapping_matches(self):
        self.agent.configure(mappings=["nowhere/*.yaml"])
        self.refused("nowhere")


class TheDatabase(MirrorCase):
    def map(self, old, new):
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(old, new))

    def refused(self, *said):
        self.fill(1)
        with self.no_requests():
            done = self.agent.run("once", expect=CONFIG)
        for pattern in said:
            self.assertRegex(done.stderr, pattern)

    def test_a_missing_table(self):
        self.map("public.job", "public.jobz")
        self.refused("jobz")

    def test_a_missing_column(self):
        self.map("{column: city}", "{column: town}")
        self.refused("town", "jobs")

    def test_wrong_sql_names_the_mapping_and_check_shows_the_place(self):
        for old, new, line in (("{column: city}", "{column: town}", 10),
                               ("{column: pay}", '{sql: "round(payy)"}', 12)):
            with self.subTest(new):
                self.map(old, new)
                self.assertRegex(self.agent.run("once", expect=CONFIG).stderr, "jobs")
                shown = self.agent.run("check", "--offline", expect=CONFIG).text
                self.assertRegex(shown, rf"jobs\.yaml:{line}:\d+")

    def test_a_type_that_cannot_serve_as_updated_at(self):
        self.map("updated_at: updated_at", "updated_at: title")
        self.refused("updated_at|title")

    def test_a_missing_right_names_the_grant(self):
        self.db.psql("REVOKE SELECT ON job FROM qs_agent")
        self.refused("permission|GRANT", "job")

    def test_a_schema_that_was_not_migrated(self):
        self.db.psql("DROP SCHEMA qudra_sync CASCADE")
        self.refused("qudra-sync migrate")

    def test_a_database_that_does_not_exist(self):
        self.agent.configure(database={"url": self.server.url("no_such_db", "qs_agent")})
        self.agent.run("once", expect=CONFIG)

    def test_a_server_that_is_out_of_reach(self):
        self.agent.configure(database={"url": "postgresql:///x?host=/nonexistent",
                                       "connect_timeout": "1s"})
        self.agent.run("check", expect=AWAY)


class Rows(MirrorCase):
    def test_duplicate_keys_from_a_query_are_refused_and_the_others_mirrored(self):
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "table: public.job",
            "query: SELECT * FROM job UNION ALL SELECT * FROM job WHERE id = 2"))
        self.fill(4)
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual(self.row(2)["state"], "refused")
        self.assertEqual(self.row(2)["error_code"], "key.duplicate")
        self.assertEqual(len(self.sandbox.live()), 3)

    def test_a_null_key_is_refused_and_the_others_mirrored(self):
        self.db.psql("ALTER TABLE job ADD ref text; "
                     "INSERT INTO job (id, title, ref) VALUES (1, 'Nurse', 'a'), (2, 'Cook', NULL)")
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace("key: id", "key: ref"))
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual([job["title"] for job in self.sandbox.live()], ["Nurse"])
        self.assertIn("key.null", self.db.psql("SELECT error_code FROM qudra_sync.job"))


class InvalidText(MirrorCase):
    """A database in SQL_ASCII holds whatever bytes it was given."""

    database_options = "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"

    def test_a_broken_cell_refuses_its_row_and_no_other(self):
        self.fill(3)
        self.db.psql(r"INSERT INTO job (id, title) VALUES (9, E'Nurse \xff\xfe')")
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual(len(self.sandbox.live()), 3)
        self.assertEqual(self.row(9)["state"], "refused")
        self.assertRegex(self.row(9)["error_message"], "UTF-8")

    def test_arabic_in_it_is_mirrored_as_it_is(self):
        self.db.psql("INSERT INTO job (id, title) VALUES (1, 'ممرضة')")
        self.agent.run("backfill")
        self.sandbox.titled("ممرضة")


class Qudra(MirrorCase):
    def test_a_wrong_key_is_77_and_creates_nothing(self):
        self.fill(3)
        self.agent.write_key("qk_test_wrong")
        done = self.agent.run("once", expect=KEY_REFUSED)
        self.assertNotIn("qk_test_wrong", done.text)
        self.assertEqual(self.sandbox.jobs(), [])
        self.agent.write_key(KEY)
        self.agent.run("once")
        self.assert_mirrored()

    def test_a_key_of_no_known_kind_is_configuration(self):
        self.agent.write_key("secret")
        self.agent.run("once", expect=CONFIG)

    def test_check_tells_a_wrong_key(self):
        self.agent.write_key("qk_test_wrong")
        self.agent.run("check", expect=KEY_REFUSED)

    def test_qudra_out_of_reach_is_69(self):
        self.sandbox.stop()
        self.agent.run("check", expect=AWAY)

    def test_run_takes_up_a_new_key_without_a_restart(self):
        self.fill(3)
        self.sandbox.admin("keys", {"action": "revoke", "key": KEY})
        running = self.agent.start()
        running.log_contains(r"(?i)key")
        self.sandbox.admin("keys", {"key": "qk_test_fresh", "account": self.account()})
        self.agent.write_key("qk_test_fresh")
        eventually(self.is_mirrored)
        running.stop()
        self.assertNotIn("qk_test_fresh", running.log)

    def account(self):
        return self.sandbox.stats()["accounts"][0]["account"]


if __name__ == "__main__":
    unittest.main()
