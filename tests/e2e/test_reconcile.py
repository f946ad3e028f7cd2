"""reconcile: drift of each kind is found and repaired, and a lost state is adopted back: no job is
created twice, whatever Qudra does to the text."""

import json
import unittest
import urllib.request

from harness import AWAY, KEY, KEY_REFUSED, LOCKED, OK, ROWS_LEFT, USAGE, MirrorCase

KINDS = ("gone", "edited", "unowned", "duplicate", "doubtful")


class ReconcileCase(MirrorCase):
    def reconcile(self, *options, expect=None):
        """The first account's report."""
        return self.agent.run("reconcile", "--json", *options, expect=expect).json[0]

    def assert_drift(self, report, **expected):
        found = {kind: report[kind] for kind in KINDS if report[kind]}
        self.assertEqual(found, expected, report)

    def mirror(self, n):
        self.fill(n)
        self.agent.run("once")

    def age(self):
        """Longer ago than a list may be late."""
        self.db.psql("UPDATE qudra_sync.job SET synced_at = now() - interval '1 hour'")

    def edit(self, key, **changes):
        self.sandbox.admin(f"jobs/{self.row(key)['job_id']}", changes)

    def post(self, **job):
        """An earlier script of the partner's posts a job with the same key."""
        body = {"description": "A good job.", "city": "Riyadh", "employment_type": "full_time",
                "salary_min": 9000, "currency": "SAR", "status": "active", **job}
        request = urllib.request.Request(
            f"{self.sandbox.base_url}/partner/jobs", data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return json.load(answer)["id"]

    def lose_state(self):
        self.db.psql("DROP SCHEMA qudra_sync CASCADE")
        self.agent.run("migrate")

    def writes(self):
        return len([r for r in self.sandbox.requests() if r["method"] != "GET"])

    def assert_each_row_has_its_job(self):
        """As assert_mirrored, where text does not come back as it was sent."""
        rows = self.db.rows("SELECT source_key, job_id, state FROM qudra_sync.job")
        self.assertEqual({row["state"] for row in rows}, {"synced"}, rows)
        bound = {row["job_id"] for row in rows}
        self.assertEqual(len(bound), len(rows), "a job is bound twice")
        self.assertEqual(bound, {job["id"] for job in self.sandbox.open()})

    def assert_adopts(self, n):
        """Binds all n rows without a word to Qudra, and the next pass has nothing to send."""
        self.lose_state()
        writes = self.writes()
        report = self.reconcile("--adopt", expect=OK)
        self.assertEqual((report["adopted"], report["to_update"]), (n, 0))
        self.agent.run("once")
        self.assertEqual(self.writes(), writes)
        self.assert_each_row_has_its_job()


class Drift(ReconcileCase):
    def test_a_true_mirror_has_no_drift_and_is_only_read(self):
        self.mirror(250)
        writes = self.writes()
        report = self.reconcile("--fix", "--adopt", expect=OK)
        self.assert_drift(report)
        self.assertEqual((report["listed"], report["owned"], report["requests"]), (250, 250, 3))
        self.assertEqual(self.writes(), writes)

    def test_a_job_that_is_gone_is_told_and_made_anew(self):
        self.mirror(8)
        lost = self.row(3)["job_id"]
        self.edit(3, deleted=True)
        report = self.reconcile(expect=ROWS_LEFT)
        self.assert_drift(report, gone=1)
        finding = report["findings"][0]
        self.assertEqual((finding["key"], finding["job_id"], finding["confirmed"]),
                         ("3", lost, True))
        self.assertEqual(self.row(3)["job_id"], lost, "a report changes nothing")
        self.agent.run("reconcile", "--fix", expect=OK)
        self.assertNotEqual(self.row(3)["job_id"], lost)
        self.assert_mirrored()
        self.assert_drift(self.reconcile(expect=OK))

    def test_on_missing_refuse_is_kept_to(self):
        self.agent.write("mappings/jobs.yaml",
                         self.MAPPING.replace("  key: id\n", "  key: id\n  on_missing: refuse\n"))
        self.mirror(4)
        self.edit(2, deleted=True)
        self.agent.run("reconcile", "--fix", expect=ROWS_LEFT)
        self.assertEqual(self.row(2)["state"], "refused")
        self.assertIsNotNone(self.row(2)["error_message_ar"])
        self.assertEqual(len(self.sandbox.open()), 3)

    def test_an_edited_job_is_told_by_field_and_set_right(self):
        self.mirror(5)
        self.edit(2, title="Somebody was here", status="paused")
        report = self.reconcile("--adopt", expect=ROWS_LEFT)
        self.assert_drift(report, edited=1)
        self.assertEqual(report["findings"][0]["fields"], ["title", "status"])
        self.agent.run("reconcile", "--fix", expect=OK)
        self.assert_mirrored()
        self.assert_drift(self.reconcile("--fix", expect=OK))

    def test_an_edit_that_the_answer_to_an_update_showed_is_told_all_the_same(self):
        self.mirror(5)
        self.edit(2, city="Tabuk", status="paused")
        self.db.psql("UPDATE job SET title = 'Another' WHERE id IN (2, 3)")
        self.agent.run("once")
        self.age()
        report = self.reconcile(expect=ROWS_LEFT)
        self.assert_drift(report, edited=1)
        self.assertEqual(report["findings"][0]["fields"], ["city", "status"])
        self.agent.run("reconcile", "--fix", expect=OK)
        self.assert_mirrored()

    def test_a_closed_job_that_was_opened_at_qudra_is_closed_again(self):
        self.mirror(4)
        self.db.psql("UPDATE job SET deleted_at = now() WHERE id = 1")
        self.agent.run("once")
        self.assert_drift(self.reconcile("--fix", expect=OK))
        self.edit(1, status="active")
        self.assert_drift(self.reconcile("--adopt", expect=ROWS_LEFT), edited=1)
        self.agent.run("reconcile", "--fix", expect=OK)
        self.assert_mirrored()

    def test_unowned_jobs_and_duplicates_are_told_and_left_alone(self):
        self.mirror(3)
        stranger, twin = self.post(title="Stranger"), self.post(title="Engineer 2")
        report = self.reconcile("--fix", expect=ROWS_LEFT)
        self.assert_drift(report, unowned=1, duplicate=1)
        self.assertEqual({f["kind"]: f["job_id"] for f in report["findings"]},
                         {"unowned": stranger, "duplicate": twin})
        self.assertEqual(len(self.sandbox.open()), 5)

    def test_a_key_of_another_account_repairs_nothing(self):
        self.mirror(20)
        self.sandbox.admin("keys", {"key": "qk_test_other", "account": "other", "plan": "growth"})
        self.agent.write_key("qk_test_other")
        report = self.reconcile("--fix", expect=ROWS_LEFT)
        self.assertTrue(report["guarded"])
        self.assertEqual((report["gone"], report["marked"]), (20, 0))
        self.assertEqual(report["requests"], 1, "no job is read one by one")
        self.assertIn("another Qudra account", self.agent.run("reconcile", expect=ROWS_LEFT).stdout)
        self.assertEqual(set(self.states().values()), {"synced"})

    def test_a_page_that_comes_again_does_not_lose_a_job(self):
        self.mirror(350)
        self.sandbox.fault("repeat_page", match={"method": "GET", "nth": 2})
        report = self.reconcile("--fix", expect=OK)
        self.assert_drift(report)
        self.assertTrue(report["whole"])
        self.assert_mirrored()

    def test_a_list_that_fails_for_a_while_is_read_to_its_end(self):
        self.mirror(350)
        self.sandbox.fault("503", match={"method": "GET", "nth": 2}, value=0)
        self.sandbox.fault("reset_before", match={"method": "GET", "nth": 3})
        report = self.reconcile("--fix", expect=OK)
        self.assertEqual(report["owned"], 350)

    def test_a_short_budget_says_how_far_it_came(self):
        self.mirror(350)
        self.age()
        self.edit(1, deleted=True)
        report = self.reconcile("--requests", "2", expect=ROWS_LEFT)
        self.assertFalse(report["whole"])
        self.assertEqual((report["listed"], report["requests"]), (200, 2))
        self.assert_drift(report)
        report = self.reconcile("--fix", "--requests", "4", expect=ROWS_LEFT)
        self.assertEqual((report["gone"], report["unread"], report["marked"]), (1, 1, 0))
        self.agent.run("reconcile", "--requests", "0", expect=USAGE)

    def test_reporting_runs_beside_an_agent_and_repairing_does_not(self):
        self.mirror(3)
        running = self.agent.start()
        self.fill(1, first=4)
        running.log_contains("pass ended")
        self.assert_drift(self.reconcile(expect=OK))
        self.agent.run("reconcile", "--fix", expect=LOCKED)
        self.agent.run("reconcile", "--adopt", expect=LOCKED)
        running.stop()

    def test_what_was_not_compared_is_not_counted(self):
        self.mirror(3)
        running = self.agent.start()
        self.fill(1, first=4)
        running.log_contains("pass ended")
        nothing = "account default: not compared\n"
        self.assertEqual(self.agent.run("reconcile", "--fix", expect=LOCKED).stdout, nothing)
        running.stop()
        self.agent.write_key(KEY + "-of-somebody-else")
        self.assertEqual(self.agent.run("reconcile", expect=KEY_REFUSED).stdout, nothing)
        self.assertRegex(self.reconcile(expect=KEY_REFUSED)["error"], "key")
        self.agent.write_key(KEY)
        self.sandbox.stop()
        self.assertEqual(self.agent.run("reconcile", expect=AWAY).stdout, nothing)

    def test_a_dead_agents_lease_is_waited_for(self):
        """Its holder ran elsewhere: that it is dead cannot be known, only that it renews nothing."""
        self.mirror(3)
        self.db.psql("INSERT INTO qudra_sync.agent VALUES ('elsewhere pid 7', now(), "
                     "now() + interval '5 s', true); "
                     "UPDATE qudra_sync.account SET holder = 'elsewhere pid 7'")
        self.agent.run("reconcile", "--adopt", "--fix")

    def test_the_run_is_kept_in_the_history(self):
        self.mirror(2)
        self.post(title="Stranger")
        self.agent.run("reconcile", expect=ROWS_LEFT)
        run = self.db.rows("SELECT outcome, counts FROM qudra_sync.run WHERE kind = 'reconcile'")
        self.assertEqual([(r["outcome"], r["counts"]["unowned"]) for r in run], [("rows_left", 1)])


class AListThatIsLate(ReconcileCase):
    """New jobs are not in it yet, by Part B; a job that a person has deleted is old."""

    sandbox_options = (*MirrorCase.sandbox_options, "--list-delay-ms", "600000")

    def setUp(self):
        super().setUp()
        self.agent.configure(qudra={"settle_wait": "1m"})
        self.mirror(9)
        self.sandbox.admin("clock", {"offset_ms": 3600 * 1000})
        self.age()

    def test_late_ones_use_up_no_request_that_tells_a_job_is_gone(self):
        self.fill(150, first=100)
        self.agent.run("once")
        self.edit(9, deleted=True)
        report = self.reconcile("--fix", expect=None)
        self.assert_drift(report, gone=1)
        self.assertEqual((report["marked"], report["unread"], report["guarded"]), (1, 0, False))

    def test_a_late_one_that_is_gone_is_told_too_where_it_can_be_asked_for(self):
        self.fill(1, first=100)
        self.agent.run("once")
        self.edit(100, deleted=True)
        self.assert_drift(self.reconcile(expect=ROWS_LEFT), gone=1)

    def test_many_late_ones_that_are_gone_are_not_made_anew(self):
        self.fill(50, first=100)
        self.agent.run("once")
        for key in range(100, 120):
            self.edit(key, deleted=True)
        created = self.sandbox.stats()["jobs"]["created"]
        self.agent.run("reconcile", "--fix", expect=None)
        self.assertEqual(self.sandbox.stats()["jobs"]["created"], created)


class Adoption(ReconcileCase):
    def test_a_lost_state_is_adopted_whole(self):
        self.mirror(230)
        self.assert_adopts(230)
        self.assert_mirrored()
        self.assert_drift(self.reconcile("--fix", expect=OK))

    def test_rows_of_equal_content_are_interchangeable(self):
        self.db.psql("INSERT INTO job (id, title) SELECT i, 'Engineer' FROM generate_series(1, 30) i")
        self.agent.run("once")
        self.assert_adopts(30)

    def test_rows_new_since_the_state_was_lost_are_created_and_no_others(self):
        self.mirror(20)
        self.lose_state()
        self.fill(5, first=21)
        self.agent.run("reconcile", "--adopt", expect=OK)
        self.agent.run("once")
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.jobs()), 25)

    def test_rows_changed_since_the_state_was_lost_are_bound_and_updated(self):
        self.mirror(12)
        self.lose_state()
        self.db.psql("UPDATE job SET body = 'A better job.' WHERE id = 2")
        self.db.psql("UPDATE job SET open = false WHERE id = 3")
        self.db.psql("UPDATE job SET title = title || '!' WHERE id = 4")
        report = self.reconcile("--adopt", expect=ROWS_LEFT)
        self.assertEqual((report["adopted"], report["to_update"]), (12, 3))
        self.agent.run("once")
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.jobs()), 12)

    def test_adopt_and_fix_together_leave_nothing_to_do(self):
        self.mirror(12)
        self.lose_state()
        self.db.psql("UPDATE job SET body = 'A better job.' WHERE id = 2")
        self.agent.run("reconcile", "--adopt", "--fix", expect=OK)
        self.assert_mirrored()

    def test_jobs_of_an_earlier_script_are_adopted(self):
        self.fill(6)
        for i in range(1, 5):
            self.post(title=f" ENGINEER  {i}", description="A *good* job!")
        report = self.reconcile("--adopt", "--fix", expect=OK)
        self.assertEqual(report["adopted"], 4)
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.jobs()), 6)

    def test_pending_rows_of_an_earlier_pass_are_bound_too(self):
        self.fill(6)
        self.db.psql("""INSERT INTO qudra_sync.job (account, mapping, source_key, state, operation)
                        SELECT 'default', 'jobs', i, 'pending', 'create' FROM generate_series(1, 3) i""")
        for i in range(1, 7):
            self.post(title=f"Engineer {i}")
        self.assertEqual(self.reconcile("--adopt", expect=OK)["adopted"], 6)
        self.agent.run("once")
        self.assert_mirrored()

    def test_the_archive_of_closed_jobs_is_no_drift(self):
        self.mirror(5)
        self.db.psql("UPDATE job SET deleted_at = now() WHERE id <= 2")
        self.agent.run("once")
        self.lose_state()
        report = self.reconcile("--adopt", expect=OK)
        self.assertEqual((report["adopted"], report["closed"]), (3, 2))

    def test_what_cannot_be_told_is_left_to_a_person(self):
        self.db.psql("INSERT INTO job (id, title, body) VALUES (1, 'Driver', 'Van'), "
                     "(2, 'Driver', 'Bus'), (3, 'Nurse', 'Ward')")
        old = self.post(title="Driver", description="Drives")
        report = self.reconcile("--adopt", expect=ROWS_LEFT)
        self.assert_drift(report, doubtful=2, unowned=1)
        self.assertIn(old, report["findings"][0]["message"])
        self.agent.run("once", expect=ROWS_LEFT)
        self.assertEqual([job["title"] for job in self.sandbox.open()], ["Driver", "Nurse"])
        self.assertEqual(self.states(), {"1": "uncertain", "2": "uncertain", "3": "synced"})
        with self.subTest("and is asked again when there is less doubt"):
            self.sandbox.admin(f"jobs/{old}", {"deleted": True})
            self.assertEqual(self.reconcile("--adopt", expect=OK)["freed"], 2)
            self.agent.run("once")
            self.assert_mirrored()

    def test_retry_creates_what_was_in_doubt(self):
        self.db.psql("INSERT INTO job (id, title, body) VALUES (1, 'Driver', 'Van'), "
                     "(2, 'Driver', 'Bus')")
        self.post(title="Driver", description="Drives")
        self.agent.run("reconcile", "--adopt", expect=ROWS_LEFT)
        self.agent.run("retry", "--code", "adopt.ambiguous")
        self.agent.run("once")
        self.assertEqual(len(self.sandbox.open()), 3)

    def test_adopted_jobs_are_written_back(self):
        self.db.psql("ALTER TABLE job ADD qudra_id text; GRANT UPDATE (qudra_id) ON job TO qs_agent")
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "  key: id\n", "  key: id\n  write_back: {job_id: qudra_id}\n"))
        self.mirror(3)
        self.lose_state()
        self.db.psql("UPDATE job SET qudra_id = NULL")
        self.agent.run("reconcile", "--adopt", expect=OK)
        written = {row["qudra_id"] for row in self.db.rows("SELECT qudra_id FROM job")}
        self.assertEqual(written, {job["id"] for job in self.sandbox.open()})


class AdoptionOverPartB(ReconcileCase):
    """A lost state, whatever the server does to the text."""

    WILD = ["  Engineer  one ", "Inge\u0301nieur", "مهندس  موقع", "* Lead *", "__Head__ of <b>sales</b>",
            "C++ developer", "C developer"]

    def variants(self, way, *more):
        self.sandbox = self.start_sandbox(*self.sandbox_options, "--normalise", way, *more)
        self.agent = self.new_agent()
        for i, title in enumerate(self.WILD, 1):
            quoted = title.replace("'", "''")
            self.db.psql(f"INSERT INTO job (id, title, body, pay) VALUES ({i}, E'{quoted}', "
                         f"E'  * one\\n* two  \\n\\n\\n__bold__ and <i>thin</i>\\t{i} ', 9000)")
        self.agent.run("once")
        self.assert_each_row_has_its_job()
        self.assert_drift(self.reconcile("--fix", expect=OK))
        self.assert_adopts(len(self.WILD))
        self.assert_drift(self.reconcile("--fix", expect=OK))

    def test_an_edit_is_seen_under_all_of_them(self):
        self.variants("trim,fold,nfc,markdown,html,defaults")
        self.edit(5, description="Somebody was here")
        report = self.reconcile("--fix", expect=OK)
        self.assert_drift(report, edited=1)
        self.assert_each_row_has_its_job()
        self.assert_drift(self.reconcile("--fix", expect=OK))

    def test_lost_creates_that_settling_cannot_tell_apart_are_told_apart(self):
        self.variants("markdown")
        self.db.psql("INSERT INTO job (id, title, body) VALUES (21, 'Driver', '* van, bus'), "
                     "(22, 'Driver', '* van bus')")
        self.sandbox.fault("reset_after", match={"method": "POST"}, times=1)
        self.agent.run("once", expect=ROWS_LEFT)
        self.assertEqual(self.row(21)["error_code"], "create.ambiguous")
        writes = self.writes()
        self.assertEqual(self.reconcile("--adopt", expect=OK)["adopted"], 2)
        self.agent.run("once")
        self.assertEqual(self.writes(), writes)
        self.assert_each_row_has_its_job()
        job = next(j for j in self.sandbox.open() if j["id"] == self.row(21)["job_id"])
        self.assertIn("van,", job["description"])

    def test_answers_without_a_body_are_no_drift(self):
        self.variants("trim,fold,nfc,markdown,html,defaults", "--update-answer", "204")
        self.db.psql("UPDATE job SET pay = 9500")
        self.agent.run("once")
        self.assert_drift(self.reconcile("--fix", expect=OK))


def add_variants():
    ways = ("trim", "fold", "nfc", "markdown", "html", "defaults",
            "trim,fold,nfc,markdown,html,defaults")
    for way in ways:
        def test(self, way=way):
            self.variants(way)
        setattr(AdoptionOverPartB, f"test_text_{way.replace(',', '_and_')}", test)


add_variants()


class AdoptionOnThePagingVariant(ReconcileCase):
    sandbox_options = (*MirrorCase.sandbox_options, "--paging", "page", "--list-name", "items")

    def new_agent(self, **options):
        agent = super().new_agent(**options)
        agent.configure(qudra={"endpoints": {"paging": "page"}})
        return agent

    def test_a_lost_state_is_adopted_whole(self):
        self.mirror(230)
        self.lose_state()
        self.assertEqual(self.reconcile("--adopt", expect=OK)["adopted"], 230)
        self.agent.run("once")
        self.assert_mirrored()


if __name__ == "__main__":
    unittest.main()
