"""`backfill`: stopped in any way, it goes on where it was; its bar is for terminals."""

import os
import pty
import re
import signal
import subprocess
import unittest

from harness import (DEADLINE_S, OK, MirrorCase, dies_with_parent, eventually, plain_environment)


class AStoppedBackfill(MirrorCase):
    sandbox_options = (*MirrorCase.sandbox_options, "--latency-ms", "40")

    def lease_is_free(self):
        return self.db.value("SELECT NOT EXISTS (SELECT FROM qudra_sync.agent "
                             "WHERE alive_until > clock_timestamp())")

    def start_and_wait_for(self, jobs):
        backfill = self.agent.start("backfill")
        eventually(lambda: len(self.sandbox.jobs()) >= jobs)
        return backfill

    def test_killed_in_the_middle_it_makes_no_duplicate_and_loses_nothing(self):
        self.fill(1500)
        self.agent.configure(qudra={"concurrency": 2})
        self.start_and_wait_for(200).kill()
        self.agent.resume("backfill")
        self.assert_mirrored()

    def test_killed_again_and_again_it_still_ends_well(self):
        self.fill(900)
        self.agent.configure(qudra={"concurrency": 1})
        for jobs in (100, 300, 500):
            self.start_and_wait_for(jobs).kill()
            eventually(self.lease_is_free)
        self.agent.run("backfill")
        self.assert_mirrored()

    def test_terminated_it_ends_what_is_in_flight_and_records_it(self):
        self.fill(1500)
        self.agent.configure(qudra={"concurrency": 2})
        backfill = self.start_and_wait_for(200)
        backfill.send(signal.SIGTERM)
        self.assertIn(backfill.wait(), (OK, 65))
        unsettled = {"sending", "uncertain"} & set(self.states().values())
        self.assertEqual(unsettled, set())
        recorded = self.db.value("SELECT count(*) FROM qudra_sync.job WHERE job_id IS NOT NULL")
        self.assertEqual(recorded, len(self.sandbox.jobs()))
        self.agent.run("backfill")
        self.assert_mirrored()


class TheProgressBar(MirrorCase):
    def on_a_terminal(self, *words):
        """What a command shows on a terminal of 80 columns."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            self.agent.command(*words), cwd=self.agent.folder, stdin=theirs, stdout=theirs,
            stderr=theirs, env=plain_environment(TERM="xterm", COLUMNS="80"),
            preexec_fn=dies_with_parent(signal.SIGKILL))
        os.close(theirs)
        shown = b""
        try:
            while block := os.read(ours, 65536):
                shown += block
        except OSError:  # Linux's way of saying that the other end is closed
            pass
        os.close(ours)
        self.assertEqual(process.wait(DEADLINE_S), OK, shown)
        return shown.decode()

    def test_on_a_terminal_it_moves_in_its_line(self):
        self.fill(500)
        shown = self.on_a_terminal("backfill")
        self.assertRegex(shown, r"\r")
        self.assertRegex(shown, r"100 ?%|500")

    def test_without_a_terminal_there_are_plain_lines(self):
        self.fill(50)
        done = self.agent.run("backfill")
        self.assertNotRegex(done.text, r"[\r\x1b]")
        self.assertTrue(re.search(r"50", done.text), done.text)

    def test_results_and_talk_are_kept_apart(self):
        self.fill(5)
        self.assertEqual(self.agent.run("once").text, "", "`once` is quiet when all is well")


if __name__ == "__main__":
    unittest.main()
