"""`status` as an operator meets it: one screen, what waits for what, and what to do next."""

import os
import pty
import re
import signal
import subprocess
import unicodedata
import unittest

from harness import (DEADLINE_S, OK, ROWS_LEFT, USAGE, MirrorCase, check_sanitizer, dies_with_parent,
                     eventually)


def on_terminal(agent, *words, **environment):
    """What the program writes to a terminal of its own."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(agent.command(*words), cwd=agent.folder, stdin=theirs, stdout=theirs,
                               stderr=subprocess.PIPE, env={**agent._environment(),
                                                            "TERM": "xterm", **environment},
                               preexec_fn=dies_with_parent(signal.SIGKILL))
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:
        pass  # Linux's way to say that the other end is closed
    os.close(ours)
    errors = process.stderr.read().decode()
    process.stderr.close()
    check_sanitizer(errors)
    return process.wait(DEADLINE_S), shown.decode().replace("\r\n", "\n")


def visible(line):
    """Columns that a line takes, where no character is wide."""
    return sum(unicodedata.category(c) not in ("Mn", "Cf") for c in line)


class OneScreen(MirrorCase):
    def status(self):
        return self.agent.run("status", "--json").json

    def attention(self):
        return {at["kind"]: at for at in self.status()["attention"]}

    def test_a_quiet_mirror_needs_nobody(self):
        self.fill(12)
        self.agent.run("backfill")
        shown = self.agent.run("status").stdout
        self.assertRegex(shown, r"synced\s+12\b")
        self.assertRegex(shown, "Nothing needs a person")
        self.assertEqual(self.status()["attention"], [])

    def test_before_anything_ran_it_says_how_to_begin(self):
        shown = self.agent.run("status").stdout
        self.assertRegex(shown, "qudra-sync backfill")
        self.assertEqual(self.status()["rows"]["states"]["synced"], 0)

    def test_refused_rows_are_counted_by_reason_with_the_command_that_lists_them(self):
        self.db.psql("INSERT INTO job (id, title) VALUES (1, 'no'), (2, 'x'), (3, 'Nurse')")
        self.agent.run("backfill", expect=ROWS_LEFT)
        refused = self.attention()["refused"]
        self.assertEqual((refused["rows"], refused["mapping"]), (2, "jobs"))
        self.assertIn("title.too_short", refused["what"])
        listed = self.agent.run(*refused["command"].split()[1:]).stdout
        self.assertEqual(len(re.findall(r"\brefused\b", listed)), 2)

    def test_changes_without_an_agent_are_told(self):
        self.fill(2)
        self.agent.run("backfill")
        self.db.psql("UPDATE qudra_sync.job SET state = 'pending', operation = 'update'")
        self.assertEqual(self.attention()["no_agent"]["rows"], 2)
        waits = self.status()["waits"]
        self.assertEqual([(w["wait"], w["rows"]) for w in waits], [("budget", 2)])
        self.assertGreaterEqual(self.status()["rows"]["oldest_pending_ms"], 0)

    def test_rows_over_the_quota_wait_for_the_month_to_turn(self):
        self.fill(30)
        self.agent.configure(qudra={"quota": 10})
        self.agent.run("backfill", expect=ROWS_LEFT)
        status = self.status()
        quota = status["accounts"][0]["quota"]
        self.assertEqual((quota["created"], quota["left"]), (10, 0))
        wait = {w["wait"]: w for w in status["waits"]}["quota"]
        self.assertEqual((wait["rows"], wait["until"]), (20, quota["turns_at"]))
        self.assertRegex(quota["turns_at"], r"-01T00:00:00\.000Z$")

    def test_held_removals_come_with_the_command_that_lets_them_go(self):
        self.fill(40)
        self.agent.run("backfill")
        self.db.psql("DELETE FROM job WHERE id > 5")
        self.agent.run("backfill", expect=ROWS_LEFT)
        held = self.attention()["held"]
        self.assertEqual(held["rows"], 35)
        self.assertEqual(held["command"], "qudra-sync release --mapping jobs")
        self.assertRegex(self.agent.run("status").stdout, re.escape(held["command"]))

    def test_close_latency_is_measured(self):
        self.fill(3)
        self.agent.run("backfill")
        self.assertIsNone(self.status()["rows"]["close_latency"]["max_ms"])
        self.db.psql("DELETE FROM job WHERE id = 1; UPDATE job SET open = false WHERE id = 2")
        self.agent.run("backfill")
        latency = self.status()["rows"]["close_latency"]
        self.assertLessEqual(latency["p50_ms"], latency["p95_ms"])
        self.assertLessEqual(latency["p95_ms"], latency["max_ms"])
        self.assertLess(latency["max_ms"], 60000)
        self.assertRegex(self.agent.run("status").stdout, "closed within p50")

    def test_the_window_is_told_as_the_agent_last_wrote_it(self):
        self.agent.run("backfill")
        for resets, left in (("+ interval '20 s'", 3), ("- interval '20 s'", 950)):
            self.db.psql(f"""UPDATE qudra_sync.account SET limits = jsonb_build_object(
                'limit', 950, 'left', 3, 'quota', 1000, 'resets_at',
                to_char((now() {resets}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))""")
            window = self.status()["accounts"][0]["window"]
            self.assertEqual((window["limit"], window["left"]), (950, left))
        self.assertRegex(self.agent.run("status").stdout, "950 of 950 left")

    def test_limits_of_another_form_are_limits_unknown(self):
        self.agent.run("backfill")
        self.db.psql("UPDATE qudra_sync.account SET limits = '[1]'")
        self.assertIsNone(self.status()["accounts"][0]["window"]["left"])

    def test_trouble_is_told_with_its_account(self):
        self.agent.run("backfill")
        self.db.psql("UPDATE qudra_sync.account SET trouble = 'Qudra refuses the key', "
                     "trouble_since = now() - interval '2 h'")
        self.assertRegex(self.agent.run("status").stdout,
                         r"account default: Qudra refuses the key, since 2 h 00 min ago")
        self.assertEqual(self.attention()["account_trouble"]["command"], "qudra-sync check")

    def test_the_agent_at_work_is_named(self):
        running = self.agent.start()
        eventually(lambda: self.status()["accounts"][0]["agent"])
        self.assertRegex(self.status()["accounts"][0]["agent"], rf"pid {running.process.pid}\b")
        running.stop()
        self.assertIsNone(self.status()["accounts"][0]["agent"])

    def test_an_account_that_is_not_asked_for_stays_out(self):
        self.fill(2)
        self.agent.run("backfill")
        self.db.psql("INSERT INTO qudra_sync.job (account, mapping, source_key, state)"
                     " VALUES ('other', 'old', '1', 'refused')")
        self.assertEqual(len(self.status()["mappings"]), 2)
        shown = self.agent.run("status", "--account", "default", "--json").json
        self.assertEqual([m["account"] for m in shown["mappings"]], ["default"])
        self.assertEqual(shown["rows"]["states"]["refused"], 0)

    def test_seconds_without_watch_are_a_mistake(self):
        self.agent.run("status", "5", expect=USAGE)
        self.agent.run("status", "--watch", "soon", expect=USAGE)


class OnATerminal(MirrorCase):
    def setUp(self):
        super().setUp()
        self.db.psql("INSERT INTO job (id, title) VALUES (1, 'no'), (2, 'مهندس برمجيات')")
        self.agent.run("backfill", expect=ROWS_LEFT)

    def test_colours_on_a_terminal_and_never_with_no_color(self):
        status, shown = on_terminal(self.agent, "status")
        self.assertEqual(status, OK)
        self.assertIn("\033[", shown)
        self.assertNotIn("\033[", on_terminal(self.agent, "status", NO_COLOR="1")[1])
        self.assertNotIn("\033[", self.agent.run("status").stdout)

    def test_lines_fit_the_terminal(self):
        for columns in (40, 60, 80, 120):
            for command in (("rows",), ("rows", "--lang", "ar"), ("explain", "jobs", "2"),
                            ("explain", "jobs", "1", "--lang", "ar")):
                with self.subTest(command, columns=columns):
                    shown = on_terminal(self.agent, *command, COLUMNS=str(columns), NO_COLOR="1")[1]
                    for line in shown.splitlines():
                        self.assertLessEqual(visible(line), columns, line)

    def test_watch_draws_again_until_it_is_stopped(self):
        running = self.agent.start("status", "--watch", "1")
        running.log_contains(r"refused\s+1\b")
        self.db.psql("UPDATE qudra_sync.job SET state = 'held' WHERE source_key = '1'")
        running.log_contains(r"held\s+1\b")
        running.stop()

    def test_watch_keeps_its_beginning_on_a_low_terminal(self):
        ours, theirs = pty.openpty()
        watching = subprocess.Popen(
            self.agent.command("status", "--watch", "1"), cwd=self.agent.folder, stdin=theirs,
            stdout=theirs, env={**self.agent._environment(), "TERM": "xterm", "LINES": "9"},
            preexec_fn=dies_with_parent(signal.SIGKILL))
        os.close(theirs)
        shown = b""
        while b"more lines" not in shown:
            shown += os.read(ours, 65536)
        screen = shown.decode().split("\033[3J")[1].splitlines()
        self.assertIn("qudra-sync", screen[0])
        self.assertEqual(len(screen), 8, screen)
        watching.send_signal(signal.SIGINT)
        self.assertEqual(watching.wait(DEADLINE_S), OK)
        os.close(ours)

    def test_watch_gives_one_json_object_a_line(self):
        running = self.agent.start("status", "--watch", "1", "--json")
        running.log_contains(r'(?m)^\{"accounts".*\}\n\{"accounts".*\}$')
        running.stop(signal.SIGINT)


class BesideARunningAgent(MirrorCase):
    """Commands that write, while another process holds the account."""

    def test_release_lets_the_agent_close_at_once(self):
        self.agent.configure(sync={"interval": "1h"})
        self.fill(40)
        self.agent.run("backfill")
        self.db.psql("DELETE FROM job WHERE id > 5")
        self.agent.run("backfill", expect=ROWS_LEFT)
        running = self.agent.start()
        running.log_contains("pass ended|started")
        done = self.agent.run("release", "--mapping", "jobs")
        self.assertRegex(done.stdout, r"^35 held removals put back in line")
        eventually(lambda: len(self.sandbox.open()) == 5)
        running.stop()

    def test_one_row_can_be_let_go(self):
        self.fill(40)
        self.agent.run("backfill")
        self.db.psql("DELETE FROM job WHERE id > 5")
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual(self.agent.run("release", "jobs", "7", "--json").json, {"rows": 1})
        self.assertEqual(self.row(7)["state"], "pending")
        self.assertEqual(self.row(8)["state"], "held")

    def test_retry_is_tried_at_once(self):
        self.agent.configure(sync={"interval": "1h"})
        self.fill(2)
        self.agent.run("backfill")
        self.db.psql("""UPDATE qudra_sync.job SET state = 'refused', operation = 'update',
                        error_code = 'partner.validation_failed', synced_hash = NULL,
                        desired_hash = synced_hash WHERE source_key = '1'""")
        running = self.agent.start()
        running.log_contains("started")
        self.agent.run("retry", "jobs", "1")
        eventually(lambda: self.row(1)["state"] == "synced")
        running.stop()

    def test_a_row_is_named_by_mapping_and_key(self):
        self.agent.run("retry", "jobs", expect=USAGE)
        self.agent.run("retry", "--key", "1", expect=USAGE)


if __name__ == "__main__":
    unittest.main()
