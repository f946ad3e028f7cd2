"""The main job: a table, mirrored; what changes in it, followed."""

import unittest

from harness import OK, ROWS_LEFT, MirrorCase, content, eventually

JOBS = "/v1/partner/jobs"


class AFirstMirror(MirrorCase):
    def test_every_row_becomes_one_job(self):
        self.fill(250)
        self.agent.run("backfill")
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.live()), 250)

    def test_creates_go_a_hundred_to_a_request(self):
        self.fill(250)
        self.agent.run("backfill")
        posts = [r["path"] for r in self.sandbox.requests("POST")]
        self.assertEqual(posts, [JOBS + "/bulk"] * 3)
        self.assertEqual(self.sandbox.stats()["jobs"]["largest_bulk"], 100)

    def test_a_second_pass_sends_nothing(self):
        self.fill(120)
        self.agent.run("backfill")
        for command in ("once", "backfill", "once"):
            before = len(self.sandbox.requests("POST"))
            self.agent.run(command)
            self.assertEqual(len(self.sandbox.requests("POST")), before)
        self.assertEqual(self.sandbox.requests("PATCH") + self.sandbox.requests("DELETE"), [])

    def test_once_alone_mirrors_the_table_too(self):
        self.fill(30)
        self.agent.run("once")
        self.assert_mirrored()

    def test_an_empty_table_is_a_mirror_of_nothing(self):
        self.agent.run("once")
        self.assertEqual(self.sandbox.jobs(), [])

    def test_what_qudra_answered_is_recorded_beside_the_row(self):
        self.fill(1)
        self.agent.run("once")
        job, row = self.sandbox.titled("Engineer 1"), self.row(1)
        self.assertEqual(row["state"], "synced")
        self.assertEqual(row["job_id"], job["id"])
        self.assertEqual(row["qudra_url"], job["qudra_url"])
        self.assertEqual(row["job_status"], "active")
        self.assertIsNotNone(row["synced_at"])
        self.assertEqual(row["embedding_status"], "processing")
        self.assertIs(row["match_ready"], False)

    def test_arabic_html_and_long_text_arrive_as_the_mapping_makes_them(self):
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "{column: body}", "{column: body, transform: [html_to_markdown, {truncate: 200}]}")
            .replace("{column: city}", "{column: city, transform: [ksa_city]}"))
        self.db.psql("""INSERT INTO job (id, title, body, city, contract) VALUES
            (1, 'مهندس مدني', '<p>بناء <b>الطرق</b> &amp; الجسور</p>', 'الرياض', 'دوام كامل'),
            (2, 'Nurse', '<ul><li>Day</li><li>Night</li></ul>', 'جدة', 'Full-time'),
            (3, 'Cook', '<p>' || repeat('word ', 200) || '</p>', 'Dammam', 'part time')""")
        self.agent.write("mappings/jobs.yaml", (self.agent.folder / "mappings/jobs.yaml")
                         .read_text().replace("{column: contract}",
                                              '{column: contract, map: {"دوام كامل": full_time}}'))
        self.agent.run("once")
        engineer, nurse = self.sandbox.titled("مهندس مدني"), self.sandbox.titled("Nurse")
        self.assertEqual(engineer["description"], "بناء **الطرق** & الجسور")
        self.assertEqual(engineer["city"], "Riyadh")
        self.assertEqual(engineer["employment_type"], "full_time")
        self.assertEqual(nurse["city"], "Jeddah")
        self.assertRegex(nurse["description"], r"\A[-*] Day\n[-*] Night\Z")
        self.assertLessEqual(len(self.sandbox.titled("Cook")["description"]), 200)


class Changes(MirrorCase):
    def setUp(self):
        super().setUp()
        self.fill(20)
        self.agent.run("backfill")
        self.before = len(self.sandbox.requests())

    def sent(self):
        """Requests since the table was first mirrored, without the look at the list."""
        return [(r["method"], r["path"]) for r in self.sandbox.requests()[self.before:]
                if r["method"] != "GET"]

    def job_path(self, key):
        return f"{JOBS}/{self.row(key)['job_id']}"

    def test_an_edit_is_one_patch(self):
        self.db.psql("UPDATE job SET title = 'Senior engineer' WHERE id = 7")
        self.agent.run("once")
        self.assertEqual(self.sent(), [("PATCH", self.job_path(7))])
        self.assert_mirrored()

    def test_only_the_changed_field_is_sent(self):
        job = self.row(7)["job_id"]
        self.sandbox.admin(f"jobs/{job}", {"description": "edited by a person at Qudra"})
        self.db.psql("UPDATE job SET title = 'Senior engineer' WHERE id = 7")
        self.agent.run("once")
        self.assertEqual(self.sandbox.titled("Senior engineer")["description"],
                         "edited by a person at Qudra")

    def test_a_touched_row_with_the_same_content_sends_nothing(self):
        self.db.psql("UPDATE job SET updated_at = now()")
        self.agent.run("once")
        self.agent.run("backfill")
        self.assertEqual(self.sent(), [])

    def test_a_new_row_is_created(self):
        self.fill(3, first=21)
        self.agent.run("once")
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.live()), 23)

    def test_a_closed_row_closes_its_job(self):
        self.db.psql("UPDATE job SET open = false WHERE id = 3")
        self.agent.run("once")
        self.assertEqual(self.sandbox.titled("Engineer 3")["status"], "closed")
        self.assertEqual(self.sent(), [("PATCH", self.job_path(3))])
        self.assert_mirrored()

    def test_a_row_marked_as_removed_closes_its_job(self):
        self.db.psql("UPDATE job SET deleted_at = now() WHERE id = 3")
        self.agent.run("once")
        self.assertEqual(self.sandbox.titled("Engineer 3")["status"], "closed")
        self.assertEqual(self.row(3)["state"], "removed")
        self.assert_mirrored()

    def test_a_deleted_row_closes_its_job_at_the_next_whole_scan(self):
        self.db.psql("DELETE FROM job WHERE id = 3")
        self.agent.run("backfill")
        self.assertEqual(self.sandbox.titled("Engineer 3")["status"], "closed")
        self.assert_mirrored()

    def test_on_removed_delete_deletes_it(self):
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "fields:", "  on_removed: delete\nfields:"))
        self.db.psql("DELETE FROM job WHERE id = 3")
        path = self.job_path(3)
        self.agent.run("backfill")
        self.assertEqual(self.sent(), [("DELETE", path)])
        self.assertEqual(len(self.sandbox.live()), 19)
        self.assert_mirrored()

    def test_a_row_that_comes_back_is_mirrored_again(self):
        self.db.psql("UPDATE job SET deleted_at = now() WHERE id = 3")
        self.agent.run("once")
        self.db.psql("UPDATE job SET deleted_at = NULL WHERE id = 3")
        self.agent.run("once")
        self.assert_mirrored()

    def test_many_changes_at_once_end_in_the_same_mirror(self):
        self.db.psql("""UPDATE job SET pay = pay + 500 WHERE id <= 5;
            UPDATE job SET open = false WHERE id BETWEEN 6 AND 8;
            UPDATE job SET deleted_at = now() WHERE id BETWEEN 9 AND 10;
            INSERT INTO job (id, title) SELECT i, 'Nurse ' || i FROM generate_series(30, 60) i""")
        self.agent.run("once")
        self.assert_mirrored()
        self.agent.run("once")
        self.assert_mirrored()

    def test_a_changed_mapping_is_seen_without_a_changed_row(self):
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "{column: title}", "{sql: \"title || ' (m/f)'\"}"))
        self.agent.run("once")
        self.assertEqual(len([j for j in self.sandbox.live() if j["title"].endswith("(m/f)")]), 20)

    def test_a_job_deleted_at_qudra_is_created_again_when_its_row_changes(self):
        self.sandbox.admin(f"jobs/{self.row(4)['job_id']}", {"deleted": True})
        self.db.psql("UPDATE job SET title = 'Head of works' WHERE id = 4")
        self.agent.run("once")
        self.assertEqual(content(self.sandbox.titled("Head of works"))[0],
                         ("title", "Head of works"))


class TheEmbedding(MirrorCase):
    sandbox_options = (*MirrorCase.sandbox_options, "--embedding-ms", "300")

    def test_it_is_asked_for_until_the_job_can_be_matched(self):
        self.fill(3)
        running = self.agent.start()
        eventually(lambda: self.db.value(
            "SELECT count(*) FROM qudra_sync.job WHERE match_ready") == 3)
        running.stop()
        self.assertEqual(self.row(1)["embedding_status"], "ready")


class OnTheFreePlan(MirrorCase):
    plan = "free"

    def test_jobs_are_created_one_by_one(self):
        self.fill(12)
        self.agent.run("backfill")
        self.assertEqual({r["path"] for r in self.sandbox.requests("POST")}, {JOBS})
        self.assert_mirrored()

    def test_a_wrong_guess_at_the_plan_is_corrected_by_qudra(self):
        """agent.yaml says growth; Qudra answers bulk-create with 403."""
        self.fill(12)
        self.agent.configure(qudra={"plan": "growth"})
        self.agent.run("backfill", expect=(OK, ROWS_LEFT))
        self.agent.run("once", expect=(OK, ROWS_LEFT))
        self.assert_mirrored()


class TheQuota(MirrorCase):
    sandbox_options = ("--no-limit", "--quota", "10")

    def test_what_does_not_fit_is_deferred_and_the_rest_goes_on(self):
        self.fill(15)
        self.agent.configure(qudra={"quota": 10})
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual(len(self.sandbox.live()), 10)
        self.assertEqual(sorted(self.states().values()), ["deferred"] * 5 + ["synced"] * 10)
        key = next(key for key, state in self.states().items() if state == "synced")
        self.db.psql(f"UPDATE job SET title = 'Edited' WHERE id = {key}")
        self.agent.run("once", expect=ROWS_LEFT)
        self.sandbox.titled("Edited")

    def test_qudras_own_word_on_the_quota_counts(self):
        self.fill(15)
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual(len(self.sandbox.live()), 10)
        self.assertEqual(sorted(self.states().values()), ["deferred"] * 5 + ["synced"] * 10)


if __name__ == "__main__":
    unittest.main()
