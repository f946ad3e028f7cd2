"""The key is used and never shown: not in logs, not in the process list, not in the database."""

import contextlib
import os
import signal
import subprocess
import unittest

from harness import CONFIG, KEY, KEY_REFUSED, OK, ROWS_LEFT, MirrorCase, eventually


class TheKey(MirrorCase):
    def test_no_command_and_no_log_level_shows_it(self):
        self.fill(3)
        for words in (("check",), ("plan",), ("once",), ("status",), ("rows",),
                      ("explain", "jobs", "1")):
            with self.subTest(words):
                done = self.agent.run(*words, "--log-level", "trace", expect=(OK, ROWS_LEFT))
                self.assertNotIn(KEY, done.text)

    def test_errors_do_not_show_it(self):
        self.fill(1)
        self.agent.write_key(KEY + "-of-somebody-else")
        done = self.agent.run("once", "--log-level", "trace", expect=KEY_REFUSED)
        self.assertNotIn(KEY, done.text)

    def test_it_is_not_in_the_process_list_nor_readable_in_proc(self):
        self.fill(1)
        running = self.agent.start()
        eventually(self.is_mirrored)
        process = f"/proc/{running.process.pid}"
        with open(f"{process}/cmdline", "rb") as f:
            self.assertNotIn(KEY.encode(), f.read())
        with contextlib.suppress(PermissionError):  # better still: only root may look
            with open(f"{process}/environ", "rb") as f:
                self.assertNotIn(KEY.encode(), f.read())
        self.assertEqual(os.stat(f"{process}/mem").st_uid, 0, "the process is not dumpable")
        running.stop()

    def test_it_is_nowhere_in_the_database(self):
        self.fill(3)
        self.agent.run("once")
        dump = subprocess.run([self.server.programs / "pg_dump", "-d", self.url("postgres")],
                              capture_output=True, text=True, check=True)
        self.assertIn("qudra_sync", dump.stdout)
        self.assertNotIn(KEY, dump.stdout)
        self.assertNotIn(KEY, (self.server.folder / "log").read_text(errors="replace"))

    def test_a_key_file_that_others_may_read_is_refused(self):
        for mode in (0o644, 0o640, 0o604):
            with self.subTest(oct(mode)):
                self.agent.write_key(KEY, mode)
                done = self.agent.run("once", expect=CONFIG)
                self.assertRegex(done.stderr, "chmod|owner|600")

    def test_a_key_file_that_is_empty_or_not_there_is_refused(self):
        self.agent.write_key("")
        self.agent.run("once", expect=CONFIG)
        (self.agent.folder / "key").unlink()
        self.agent.run("once", expect=CONFIG)

    def test_it_may_come_from_the_environment(self):
        self.fill(1)
        self.agent.config["qudra"].pop("api_key_file")
        self.agent.configure(qudra={"api_key": "${QS_KEY_FOR_TEST}"})
        self.agent.environment["QS_KEY_FOR_TEST"] = KEY
        self.agent.run("once")
        self.assert_mirrored()

    def test_it_may_not_stand_in_agent_yaml(self):
        self.agent.config["qudra"].pop("api_key_file")
        self.agent.configure(qudra={"api_key": KEY})
        done = self.agent.run("once", expect=CONFIG)
        self.assertNotIn(KEY, done.text)

    def test_tls_verification_cannot_be_switched_off(self):
        self.agent.configure(qudra={"tls_verify": False})
        self.agent.run("once", expect=CONFIG)

    def test_a_core_file_is_not_written(self):
        running = self.agent.start()
        running.log_contains("started")
        with open(f"/proc/{running.process.pid}/limits") as limits:
            self.assertRegex(limits.read(), r"Max core file size\s+0\s+0")
        running.stop(signal.SIGTERM)


if __name__ == "__main__":
    unittest.main()
