"""Every part may fail: whatever is away, cut, full or wrong is told, waited for, and made good."""

import unittest

from harness import AWAY, CONFIG, OK, MirrorCase, eventually
from proxies import Cutter, TlsEnd, WebProxy
from test_metrics import free_port


class FailureCase(MirrorCase):
    def edits(self):
        """Something of each kind: a create, an update, a close and a removal."""
        self.fill(2, first=50)
        self.db.psql("UPDATE job SET title = title || ' edited' WHERE id = 1;"
                     "UPDATE job SET open = false WHERE id = 2;"
                     "UPDATE job SET deleted_at = now() WHERE id = 3")


class QudraIsAway(FailureCase):
    """For hours, with hours made of short deadlines."""

    def setUp(self):
        super().setUp()
        self.fill(6)
        self.agent.run("backfill")
        self.edits()

    def mirrored_after(self, fault, **rule):
        self.sandbox.fault(fault, **rule)
        running = self.agent.start()
        eventually(lambda: self.sandbox.stats()["faults"].get(fault, 0) >= 4)
        self.fill(2, first=60)  # life goes on meanwhile
        self.sandbox.no_faults()
        eventually(self.is_mirrored, 60)
        running.stop()
        self.assert_mirrored()

    def test_nothing_but_500(self):
        self.mirrored_after("500")

    def test_nothing_but_a_page_of_a_proxy(self):
        self.mirrored_after("502_html")

    def test_connections_that_are_reset(self):
        self.mirrored_after("reset_before")

    def test_a_name_that_is_not_found_is_an_outage_and_not_a_mistake(self):
        base = self.sandbox.base_url
        self.agent.run("once")
        self.fill(2, first=70)
        self.agent.configure(qudra={"base_url": "https://no-such-host.invalid/v1"})
        running = self.agent.start()
        running.log_contains("Qudra away: waiting for it.*no-such-host.invalid")
        running.stop()
        self.assertEqual(running.log.count("Qudra away"), 1, running.log)
        self.assertEqual(self.db.value(
            "SELECT count(*) FROM qudra_sync.job WHERE state IN ('uncertain', 'refused')"), 0)
        self.agent.configure(qudra={"base_url": base})
        self.agent.run("once")
        self.assert_mirrored()


class BehindAProxy(FailureCase):
    def test_one_that_answers_502_with_a_page_costs_nothing_but_time(self):
        proxy = WebProxy(works=False)
        self.addCleanup(proxy.close)
        base = self.sandbox.base_url
        self.agent.configure(qudra={"base_url": "https://api.qudra.invalid/v1"})
        self.agent.environment = {"HTTPS_PROXY": proxy.address}
        self.fill(5)
        running = self.agent.start()
        eventually(lambda: len(proxy.seen) >= 2)
        running.stop()
        self.assertEqual(proxy.seen[0], "CONNECT api.qudra.invalid:443 HTTP/1.1")
        self.assertEqual(set(self.states().values()), {"pending"})  # nothing can have left
        self.agent.environment = {}
        self.agent.configure(qudra={"base_url": base})
        self.agent.run("once")
        self.assert_mirrored()

    def test_one_that_works_is_gone_through_and_a_time_without_it_outlived(self):
        end = TlsEnd(self.sandbox.address, free_port())
        self.addCleanup(end.close)
        proxy = WebProxy()
        self.addCleanup(proxy.close)
        self.agent.configure(qudra={"base_url": end.base_url, "ca_file": str(end.ca_file)})
        self.agent.environment = {"HTTPS_PROXY": proxy.address}
        self.fill(5)
        running = self.agent.start()
        eventually(self.is_mirrored)
        self.assertRegex(proxy.seen[0], r"^CONNECT 127\.0\.0\.1:\d+ HTTP/1\.1$")
        before = len(proxy.seen)
        proxy.fail()
        self.edits()
        eventually(lambda: len(proxy.seen) >= before + 2)
        proxy.works = True
        eventually(self.is_mirrored)
        running.stop()
        self.assertEqual(self.sandbox.stats()["jobs"]["created"], 7)


class AKeyOfAnotherEnvironment(FailureCase):
    def test_it_is_refused_before_anything_is_sent(self):
        self.fill(3)
        self.agent.run("backfill")
        self.edits()
        self.agent.write_key("qk_live_mistake")
        with self.no_requests():
            for command in ("once", "backfill"):
                self.assertIn("environment", self.agent.run(command, expect=CONFIG).stderr)

    def test_put_into_a_running_agents_file_it_is_not_taken_up(self):
        self.fill(3)
        running = self.agent.start()
        eventually(self.is_mirrored)
        self.sandbox.admin("keys", {"action": "revoke", "key": "qk_test_harness"})
        self.edits()
        running.log_contains("Qudra refuses its key")
        before = self.sandbox.stats()["requests_total"]
        self.agent.write_key("qk_live_mistake")
        running.log_contains("is not taken up: it is for another environment")
        self.sandbox.admin("keys", {"key": "qk_test_second", "account": "qk_test_harness",
                                    "plan": "growth"})
        self.assertEqual(self.sandbox.stats()["requests_total"], before)
        self.agent.write_key("qk_test_second")
        eventually(self.is_mirrored)
        running.stop()
        self.assert_mirrored()
        self.assertEqual(running.log.count("new API key taken up"), 1)


class AFullDisk(FailureCase):
    """PostgreSQL answers 53100 to every write of one kind, and some time later to none."""

    def full(self, table, event):
        self.db.psql(f"""
            CREATE OR REPLACE FUNCTION public.full_disk() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN RAISE EXCEPTION 'could not extend file: No space left on device'
                        USING ERRCODE = '53100'; END$$;
            CREATE TRIGGER full_disk BEFORE {event} ON qudra_sync.{table}
                EXECUTE FUNCTION public.full_disk()""")

    def outlived(self, table, event):
        self.fill(6)
        self.agent.run("backfill")
        self.full(table, event)
        self.edits()
        self.agent.run("once", expect=AWAY)
        running = self.agent.start()
        running.log_contains("database away.*No space left")
        self.assertIsNone(running.process.poll())
        self.db.psql(f"DROP TRIGGER full_disk ON qudra_sync.{table}")
        eventually(self.is_mirrored, 60)
        running.stop()
        self.assertEqual(running.log.count("database away"), 1)
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.jobs()), 8)

    def test_when_what_was_found_is_marked(self):
        self.outlived("job", "INSERT")

    def test_when_a_create_is_journalled(self):
        self.outlived("create_attempt", "INSERT")

    def test_when_a_create_is_settled_in_the_journal(self):
        self.outlived("create_attempt", "DELETE")


class AConnectionThatIsCut(FailureCase):
    """At the n-th statement of a pass, for every n: lost on its way, or done and its answer lost."""

    def setUp(self):
        super().setUp()
        self.cutter = Cutter(self.server)
        self.addCleanup(self.cutter.close)
        self.fill(12)
        self.agent.run("backfill")
        self.agent.configure(database={"url": self.cutter.url(self.db.name, self.db.AGENT)})
        self.agent.configure(qudra={"settle_wait": "200ms"})

    def passes(self, applied):
        """Each with something to create, to update, to close and to remove."""
        for n in range(1, 200):
            self.db.psql(f"INSERT INTO job (id, title) VALUES ({100 + n}, 'Nurse {n}');"
                         f"UPDATE job SET pay = 9000 + {n} WHERE id <= 2;"
                         f"UPDATE job SET open = NOT open WHERE id = 3;"
                         f"UPDATE job SET deleted_at = CASE WHEN deleted_at IS NULL THEN now() END"
                         f" WHERE id = 4")
            self.cutter.cut_at(n, applied)
            done = self.agent.run("once", expect=(OK, AWAY))
            if self.cutter.statements < n:
                self.assertEqual(done.status, OK)
                return n
        raise AssertionError("a pass of 200 statements")

    def outlived(self, applied):
        self.assertGreater(self.passes(applied), 15)
        self.cutter.cut_at(0, False)
        self.agent.run("once")
        self.assert_mirrored()

    def test_when_the_statement_is_lost_on_its_way(self):
        self.outlived(applied=False)

    def test_when_the_answer_is_lost(self):
        self.outlived(applied=True)


if __name__ == "__main__":
    unittest.main()
