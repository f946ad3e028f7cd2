"""qudra-sandbox keeps Part A strictly: the rules of a job, one job's life, and duplicates."""

import json
import tempfile
import unittest

from bare_sandbox import JOBS, Case, job


class TheRules(Case):
    def setUp(self):
        self.one = self.sandbox("--no-limit", "--quota", "unlimited")

    def test_a_created_job_comes_back_whole(self):
        answer = self.one.create()
        made = answer.json
        self.assertEqual(answer.status, 201)
        self.assertTrue(made["id"].startswith("job_"))
        self.assertEqual(made["embedding_status"], "processing")
        self.assertFalse(made["match_ready"])
        self.assertIn(made["id"], made["qudra_url"])
        self.assertRegex(made["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual({n: made[n] for n in job()}, job())

    def test_what_breaks_a_rule_is_refused_by_field(self):
        for field, value in {
                "title": "ab", "description": "x" * 20001, "city": "الرياض", "employment_type": "FT",
                "salary_min": 12.5, "salary_max": "15000", "currency": "USD", "status": "open",
                "id": "job_1", "embedding_status": "ready", "company": "Acme"}.items():
            with self.subTest(field=field):
                answer = self.one.create(**{field: value})
                self.assertEqual((answer.status, answer.code), (422, "partner.validation_failed"))
                details = answer.json["error"]["details"]
                self.assertEqual([d["field"] for d in details], [field])
                self.assertTrue(details[0]["messageAr"])
        self.assertEqual(self.one.live(), [])

    def test_required_fields_and_salaries(self):
        for changes, refused in (
                ({"title": None}, "title"), ({"city": None}, "city"),
                ({"employment_type": None}, "employment_type"), ({"salary_min": None}, "salary_min"),
                ({"employment_type": "contract", "salary_min": None}, "salary_min"),
                ({"salary_max": 8999}, "salary_max"), ({"salary_min": -1}, "salary_min"),
                ({"title": None, "salary_min": 1.0}, "salary_min")):
            with self.subTest(changes=changes):
                details = self.one.create(**changes).json["error"]["details"]
                self.assertIn(refused, [d["field"] for d in details])
        for changes in ({"employment_type": "part_time", "salary_min": None, "salary_max": None},
                        {"employment_type": "internship", "salary_min": None, "salary_max": 3000},
                        {"salary_max": 9000}, {"currency": None, "status": None}):
            with self.subTest(changes=changes):
                self.assertEqual(self.one.create(**changes).status, 201)

    def test_lengths_are_counted_in_characters(self):
        for length, status in ((2, 422), (3, 201), (200, 201), (201, 422)):
            self.assertEqual(self.one.create(title="م" * length).status, status)
        for length, status in ((20000, 201), (20001, 422)):
            self.assertEqual(self.one.create(description="😀" * length).status, status)

    def test_the_envelope_is_judged_before_the_job(self):
        for body, headers, status in (
                ("{torn", {}, 400), (b'{"title": "\xff"}', {}, 400), ("", {}, 400),
                ("[]", {}, 422), (json.dumps(job()), {"Content_Type": "text/plain"}, 415),
                ('{"title": "abc", "title": "abd"}', {}, 422)):
            with self.subTest(body=body):
                self.assertEqual(self.one.ask("POST", JOBS, body, **headers).status, status)
        self.assertEqual(self.one.ask("PUT", JOBS, job()).status, 405)
        self.assertEqual(self.one.ask("GET", "/v1/nothing").status, 404)

    def test_a_body_over_the_limit_gets_413(self):
        sandbox = self.sandbox("--body-limit", "1000")
        self.assertEqual(sandbox.create(description="x" * 2000).status, 413)
        self.assertEqual(sandbox.create().status, 201)

    def test_a_list_of_cities_may_be_given(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("# cities\nRiyadh\tother spellings\nNEOM\n")
            file.flush()
            sandbox = self.sandbox("--cities", file.name)
        self.assertEqual([sandbox.create(city=c).status for c in ("NEOM", "Riyadh", "Paris")],
                         [201, 201, 422])


class OneJob(Case):
    def test_a_patch_changes_the_given_fields_alone(self):
        sandbox = self.sandbox()
        made = sandbox.create().json
        changed = sandbox.ask("PATCH", JOBS + "/" + made["id"], {"salary_max": 13000}).json
        self.assertEqual(changed["salary_max"], 13000)
        self.assertEqual(changed["title"], made["title"])
        self.assertGreaterEqual(changed["updated_at"], made["updated_at"])

    def test_a_patch_is_judged_on_the_job_as_it_would_be(self):
        sandbox = self.sandbox()
        path = JOBS + "/" + sandbox.create().json["id"]
        for changes in ({"salary_min": 13000}, {"salary_min": None}, {}, {"match_ready": True}):
            self.assertEqual(sandbox.ask("PATCH", path, changes).status, 422)
        self.assertEqual(sandbox.ask("GET", path).json["salary_min"], 9000)

    def test_a_deleted_job_is_kept_but_gone(self):
        sandbox = self.sandbox()
        path = JOBS + "/" + sandbox.create().json["id"]
        self.assertEqual(sandbox.ask("DELETE", path).status, 204)
        for method, body in (("GET", None), ("PATCH", {"status": "closed"}), ("DELETE", None)):
            self.assertEqual(sandbox.ask(method, path, body).status, 404)
        self.assertEqual(sandbox.ask("GET", JOBS).json["data"], [])
        self.assertTrue(sandbox.admin("jobs")["jobs"][0]["deleted"])

    def test_put_replaces_or_merges_by_option(self):
        sandbox = self.sandbox("--update", "put")
        path = JOBS + "/" + sandbox.create().json["id"]
        self.assertEqual(sandbox.ask("PATCH", path, {"status": "closed"}).status, 405)
        self.assertEqual(sandbox.ask("PUT", path, {"status": "closed"}).status, 422)
        self.assertNotIn("description", sandbox.ask("PUT", path, job(description=None)).json)
        sandbox.admin("options", {"put": "merge"})
        self.assertEqual(sandbox.ask("PUT", path, {"status": "closed"}).json["status"], "closed")

    def test_answers_of_part_b_follow_the_options(self):
        sandbox = self.sandbox("--update-answer", "204", "--delete-answer", "200", "--wrap", "job",
                               "--gone-status", "410")
        path = JOBS + "/" + sandbox.create().json["job"]["id"]
        answer = sandbox.ask("PATCH", path, {"status": "paused"})
        self.assertEqual((answer.status, answer.text), (204, ""))
        self.assertEqual(sandbox.ask("DELETE", path).json["job"]["status"], "paused")
        self.assertEqual(sandbox.ask("DELETE", path).status, 410)

    def test_the_embedding_becomes_ready_or_fails(self):
        sandbox = self.sandbox("--embedding-ms", "0", "--embedding-fail-every", "2")
        for i in range(2):
            sandbox.create(title=f"Clerk {i}")
        self.assertEqual([(j["embedding_status"], j["match_ready"]) for j in sandbox.live()],
                         [("ready", True), ("failed", False)])

    def test_a_person_at_qudra_edits_and_deletes(self):
        sandbox = self.sandbox()
        first, second = (sandbox.create(title=t).json["id"] for t in ("First", "Second"))
        sandbox.admin("jobs/" + first, {"title": "Edited by hand"})
        sandbox.admin("jobs/" + second, {"deleted": True})
        self.assertEqual([j["title"] for j in sandbox.live()], ["Edited by hand"])

    def test_text_is_normalised_as_asked(self):
        sandbox = self.sandbox("--normalise", "trim,fold,nfc,markdown,html,defaults")
        made = sandbox.create(title="  Cafe\u0301   manager ", salary_max=None,
                              description="* one\n__two__ <b>three</b>").json
        self.assertEqual(made["title"], "Caf\u00e9 manager")
        self.assertEqual(made["description"], "- one\n**two** three")
        self.assertEqual(made["salary_max"], 9000)


class Duplicates(Case):
    def test_a_create_of_equal_content_is_recorded(self):
        sandbox = self.sandbox("--normalise", "trim", "--key", "qk_test_b:growth")
        first = sandbox.create().json["id"]
        sandbox.create(title="Site engineer ")
        sandbox.create(key="qk_test_b")
        self.assertEqual(sandbox.stats()["duplicates"], 0)
        second = sandbox.create(status="paused").json["id"]
        stats = sandbox.stats()
        self.assertEqual(stats["duplicates"], 1)
        self.assertEqual([(d["id"], d["existing"]) for d in stats["duplicate_list"]],
                         [(second, first)])

    def test_a_deleted_or_changed_job_is_no_duplicate(self):
        sandbox = self.sandbox()
        path = JOBS + "/" + sandbox.create().json["id"]
        sandbox.ask("PATCH", path, {"title": "Something else"})
        path = JOBS + "/" + sandbox.create().json["id"]
        sandbox.ask("DELETE", path)
        sandbox.create()
        self.assertEqual(sandbox.stats()["duplicates"], 0)

    def test_one_of_a_closed_job_is_counted_apart(self):
        sandbox = self.sandbox()
        sandbox.create(status="closed")
        sandbox.create()
        stats = sandbox.stats()
        self.assertEqual((stats["duplicates"], stats["duplicates_of_closed"]), (1, 1))

    def test_an_idempotency_key_is_ignored_or_honoured(self):
        for option, jobs in (("ignored", 2), ("honoured", 1)):
            sandbox = self.sandbox("--idempotency", option)
            ids = {sandbox.ask("POST", JOBS, job(), Idempotency_Key="k").json["id"]
                   for _ in range(2)}
            self.assertEqual((len(ids), len(sandbox.live())), (jobs, jobs))
        other = sandbox.ask("POST", JOBS, job(title="Other"), Idempotency_Key="k")
        self.assertEqual(other.status, 422)


if __name__ == "__main__":
    unittest.main()
