"""The judge is judged: qudra-sandbox keeps Part A strictly, and each option and fault does what its
README says. Self-contained: every test starts a sandbox of its own.
"""

import errno
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("QS_BUILD", ROOT / "build" / "release")) / "qudra-sandbox"
JOBS = "/v1/partner/jobs"
KEY = "qk_test_a"
DEADLINE_S = 20


def job(**changes):
    """A valid job; a change to None leaves the field out."""
    fields = {"title": "Site engineer", "description": "Concrete **and** steel", "city": "Riyadh",
              "employment_type": "full_time", "salary_min": 9000, "salary_max": 12000,
              "currency": "SAR", "status": "active", **changes}
    return {name: value for name, value in fields.items() if value is not None}


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def code(self):
        return self.json["error"]["code"]

    def rate(self, name):
        return int(self.headers["X-RateLimit-" + name])


class Sandbox:
    def __init__(self, *options):
        self.process = subprocess.Popen([PROGRAM, *options], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(line.rsplit(":", 1)[1])

    def close(self):
        self.process.terminate()
        status = self.process.wait(DEADLINE_S)
        self.process.stdout.close()
        assert status == 0, f"qudra-sandbox ended with {status}"

    def ask(self, method, path, body=None, key=KEY, timeout=DEADLINE_S, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            headers = {name.replace("_", "-"): value for name, value in headers.items()}
            if key is not None:
                headers["Authorization"] = "Bearer " + key
            if body is not None:
                headers.setdefault("Content-Type", "application/json")
                body = body if isinstance(body, (str, bytes)) else json.dumps(body)
            connection.request(method, path, body, headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def create(self, key=KEY, **changes):
        return self.ask("POST", JOBS, job(**changes), key=key)

    def bulk(self, *jobs, key=KEY, **headers):
        return self.ask("POST", JOBS + "/bulk", {"jobs": list(jobs)}, key=key, **headers)

    def admin(self, path, body=None, method=None):
        answer = self.ask(method or ("GET" if body is None else "POST"), "/_sandbox/" + path, body,
                          key=None)
        assert answer.status == 200, answer.text
        return answer.json

    def fault(self, kind, **rule):
        self.admin("faults", {"fault": kind, **rule})

    def stats(self):
        return self.admin("stats")

    def live(self):
        return [j for j in self.admin("jobs")["jobs"] if not j["deleted"]]


class Case(unittest.TestCase):
    def sandbox(self, *options, key=KEY + ":growth"):
        sandbox = Sandbox("--key", key, *options)
        self.addCleanup(sandbox.close)
        return sandbox


class TheProgram(Case):
    def run_it(self, *options):
        return subprocess.run([PROGRAM, *options], capture_output=True, text=True,
                              timeout=DEADLINE_S)

    def test_help_names_both_parts_of_the_api(self):
        done = self.run_it("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("Part A", done.stdout)
        self.assertIn("--bulk-shape", done.stdout)

    def test_a_mistyped_option_is_named_with_its_nearest(self):
        done = self.run_it("--bulk-shap", "top")
        self.assertEqual(done.returncode, 64)
        self.assertIn("--bulk-shape", done.stderr)

    def test_wrong_values_are_refused(self):
        for options in (["--listen", "0.0.0.0:0"], ["--listen", "nowhere"], ["--window", "0"],
                        ["--key", "qk_test_x:gold"], ["--bulk-shape", "round"],
                        ["--tls-cert", "x"], ["--limit"], ["stray"]):
            with self.subTest(options=options):
                self.assertEqual(self.run_it(*options).returncode, 64)

    def test_the_port_is_written_to_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            sandbox = self.sandbox("--port-file", folder + "/port")
            self.assertEqual(int(Path(folder, "port").read_text()), sandbox.port)

    def test_a_term_ends_it_at_once_although_requests_hang(self):
        sandbox = self.sandbox()
        sandbox.fault("timeout", ms=60000)
        hanging = socket.create_connection(("127.0.0.1", sandbox.port))
        self.addCleanup(hanging.close)
        hanging.sendall(b"GET /v1/partner/jobs HTTP/1.1\r\nHost: x\r\n"
                        b"Authorization: Bearer qk_test_a\r\n\r\n")
        while not sandbox.stats()["faults"]:
            pass
        began = time.monotonic()
        sandbox.process.send_signal(signal.SIGTERM)
        self.assertEqual(sandbox.process.wait(DEADLINE_S), 0)
        self.assertLess(time.monotonic() - began, 5)

    def test_a_connection_is_kept_alive(self):
        sandbox = self.sandbox()
        connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=DEADLINE_S)
        self.addCleanup(connection.close)
        local = set()
        for _ in range(3):
            connection.request("GET", JOBS, headers={"Authorization": "Bearer " + KEY})
            connection.getresponse().read()
            local.add(connection.sock.getsockname())
        self.assertEqual(len(local), 1)

    def test_it_speaks_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                            folder + "/key", "-out", folder + "/cert", "-subj", "/CN=localhost"],
                           capture_output=True, check=True)
            sandbox = self.sandbox("--tls-cert", folder + "/cert", "--tls-key", folder + "/key")
            context = ssl.create_default_context(cafile=folder + "/cert")
            context.check_hostname = False
            connection = http.client.HTTPSConnection("127.0.0.1", sandbox.port, context=context,
                                                     timeout=DEADLINE_S)
            self.addCleanup(connection.close)
            connection.request("GET", "/_sandbox/stats")
            self.assertEqual(connection.getresponse().status, 200)


class KeysAndPlans(Case):
    def test_an_unknown_or_malformed_key_gets_a_bilingual_401(self):
        sandbox = self.sandbox()
        for answer in (sandbox.ask("GET", JOBS, key=None), sandbox.ask("GET", JOBS, key="qk_no"),
                       sandbox.ask("GET", JOBS, key=None, Authorization="Basic " + KEY)):
            self.assertEqual((answer.status, answer.code), (401, "partner.unauthorized"))
            error = answer.json["error"]
            self.assertTrue(error["request_id"].startswith("req_"))
            self.assertTrue(error["message"] and error["messageAr"])
            self.assertIn("X-RateLimit-Limit", answer.headers)

    def test_accounts_cannot_see_each_other(self):
        sandbox = self.sandbox("--key", "qk_test_b:growth")
        path = JOBS + "/" + sandbox.create().json["id"]
        for method, body in (("GET", None), ("PATCH", {"status": "closed"}), ("DELETE", None)):
            answer = sandbox.ask(method, path, body, key="qk_test_b")
            self.assertEqual((answer.status, answer.code), (404, "partner.not_found"))
        self.assertEqual(sandbox.ask("GET", JOBS, key="qk_test_b").json["data"], [])

    def test_a_key_is_rotated_within_an_account(self):
        sandbox = self.sandbox(key="qk_test_a:growth:acme")
        path = JOBS + "/" + sandbox.create().json["id"]
        sandbox.admin("keys", {"action": "add", "key": "qk_test_new", "account": "acme"})
        self.assertEqual(sandbox.ask("GET", path, key="qk_test_new").status, 200)
        sandbox.admin("keys", {"action": "revoke", "key": KEY})
        self.assertEqual(sandbox.ask("GET", path).status, 401)
        self.assertEqual(sandbox.ask("GET", path, key="qk_test_new").status, 200)

    def test_keys_come_from_a_file_too(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("# keys\nqk_test_1:free:one\nqk_test_2:scale:two\n")
            file.flush()
            sandbox = self.sandbox("--keys-file", file.name)
            limits = [sandbox.ask("GET", JOBS, key=k).rate("Limit")
                      for k in ("qk_test_1", "qk_test_2", KEY)]
        self.assertEqual(limits, [100, 10000, 1000])

    def test_bulk_is_forbidden_on_the_free_plan_until_it_grows(self):
        sandbox = self.sandbox(key=KEY + ":free")
        answer = sandbox.bulk(job())
        self.assertEqual((answer.status, answer.code), (403, "partner.forbidden"))
        sandbox.admin("plan", {"account": KEY, "plan": "scale"})
        answer = sandbox.bulk(job())
        self.assertEqual((answer.status, answer.rate("Limit")), (201, 10000))


class TheWindow(Case):
    def test_the_headers_count_down_and_the_next_request_is_refused(self):
        sandbox = self.sandbox("--window", "86400", "--limit", "3")
        left = [sandbox.ask("GET", JOBS).rate("Remaining") for _ in range(3)]
        self.assertEqual(left, [2, 1, 0])
        over = sandbox.ask("GET", JOBS)
        self.assertEqual((over.status, over.code), (429, "partner.rate_limit"))
        self.assertEqual(over.rate("Reset") % 86400, 0)
        self.assertAlmostEqual(int(over.headers["Retry-After"]), over.rate("Reset") - time.time(),
                               delta=2)
        stats = sandbox.stats()
        self.assertEqual(stats["breaches"], 1)
        [window] = stats["keys"][0]["windows"]
        self.assertEqual((window["allowed"], window["used"], window["refused"]), (3, 3, 1))

    def test_a_new_window_lets_requests_through_again(self):
        sandbox = self.sandbox("--window", "1", "--limit", "1")
        deadline = time.monotonic() + DEADLINE_S
        seen = set()
        while seen != {200, 429}:
            seen.add(sandbox.ask("GET", JOBS).status)
            self.assertLess(time.monotonic(), deadline)
        while len(sandbox.stats()["keys"][0]["windows"]) < 2:
            sandbox.ask("GET", JOBS)
            self.assertLess(time.monotonic(), deadline)
        self.assertTrue(all(w["used"] <= 1 for w in sandbox.stats()["keys"][0]["windows"]))

    def test_each_key_has_a_window_of_its_own(self):
        sandbox = self.sandbox("--window", "86400", "--limit", "1", "--key", "qk_test_b:growth")
        self.assertEqual([sandbox.ask("GET", JOBS, key=k).status for k in (KEY, "qk_test_b", KEY)],
                         [200, 200, 429])

    def test_retry_after_may_be_a_date(self):
        sandbox = self.sandbox("--window", "86400", "--limit", "0", "--retry-after", "date")
        self.assertRegex(sandbox.ask("GET", JOBS).headers["Retry-After"], r"^\w{3}, .* GMT$")

    def test_no_limit_means_none(self):
        sandbox = self.sandbox("--no-limit", key=KEY + ":free")
        self.assertEqual({sandbox.ask("GET", JOBS).status for _ in range(120)}, {200})


class TheQuota(Case):
    def test_creates_stop_and_updates_go_on_until_the_month_turns(self):
        sandbox = self.sandbox("--quota", "1", "--quota-status", "402")
        path = JOBS + "/" + sandbox.create().json["id"]
        refused = sandbox.create(title="Another one")
        self.assertEqual((refused.status, refused.code), (402, "partner.quota_exceeded"))
        self.assertEqual(sandbox.ask("PATCH", path, {"status": "closed"}).status, 200)
        self.assertEqual(sandbox.ask("DELETE", path).status, 204)
        self.assertEqual(sandbox.create(title="Another one").status, 402)
        sandbox.admin("clock", {"next_month": True})
        self.assertEqual(sandbox.create(title="Another one").status, 201)
        self.assertEqual(sandbox.stats()["quota_refusals"], 2)

    def test_a_bulk_fills_the_quota_and_fails_the_rest(self):
        sandbox = self.sandbox("--quota", "2")
        answer = sandbox.bulk(*[job(title=f"Clerk {i}") for i in range(3)])
        self.assertEqual(answer.status, 207)
        self.assertEqual([r["status"] for r in answer.json["results"]],
                         ["created", "created", "failed"])
        self.assertIn("quota", answer.json["results"][2]["error"]["code"])
        self.assertEqual(sandbox.bulk(job(title="Clerk 4")).status, 403)

    def test_a_bulk_over_the_quota_may_be_refused_whole(self):
        sandbox = self.sandbox("--quota", "2", "--bulk-quota", "whole")
        self.assertEqual(sandbox.bulk(*[job(title=f"Clerk {i}") for i in range(3)]).status, 403)
        self.assertEqual(sandbox.live(), [])


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


class Bulk(Case):
    def test_good_items_are_created_and_bad_ones_fail_alone(self):
        sandbox = self.sandbox()
        answer = sandbox.bulk(job(title="Good one"), job(city=""), job(title="Good two"))
        self.assertEqual(answer.status, 207)
        results = answer.json["results"]
        self.assertEqual([(r["index"], r["status"]) for r in results],
                         [(0, "created"), (1, "failed"), (2, "created")])
        self.assertEqual(results[1]["error"]["details"][0]["field"], "city")
        self.assertEqual([j["title"] for j in sandbox.live()], ["Good one", "Good two"])

    def test_a_bulk_holds_1_to_100_jobs(self):
        sandbox = self.sandbox()
        jobs = [job(title=f"Clerk {i}") for i in range(101)]
        self.assertEqual(sandbox.bulk().status, 422)
        self.assertEqual(sandbox.bulk(*jobs).status, 422)
        self.assertEqual(sandbox.bulk(*jobs[:100]).status, 201)
        self.assertEqual(sandbox.stats()["jobs"]["largest_bulk"], 100)
        self.assertEqual(sandbox.stats()["accounts"][0]["quota_used"], 100)

    def test_every_shape_of_the_answer(self):
        for shape in ("results", "data", "jobs", "items", "top"):
            sandbox = self.sandbox("--bulk-shape", shape, "--bulk-inline", "--bulk-no-index",
                                   "--bulk-status", "200")
            answer = sandbox.bulk(job(), job(city="1"))
            self.assertEqual(answer.status, 200)
            results = answer.json if shape == "top" else answer.json[shape]
            self.assertTrue(results[0]["id"].startswith("job_"))
            self.assertNotIn("index", results[0])
            self.assertIn("error", results[1])

    def test_a_bad_item_may_refuse_the_whole(self):
        for status in ("400", "422"):
            sandbox = self.sandbox("--bulk-bad-item", status)
            self.assertEqual(sandbox.bulk(job(), job(city="1")).status, int(status))
            self.assertEqual(sandbox.live(), [])

    def test_another_path_and_wrapper(self):
        sandbox = self.sandbox("--bulk-path", "/v1/partner/bulk", "--bulk-key", "items")
        self.assertEqual(sandbox.ask("POST", "/v1/partner/bulk", {"items": [job()]}).status, 201)


class TheList(Case):
    def fill(self, sandbox, n):
        return [r["job"]["id"] for r in
                sandbox.bulk(*[job(title=f"Clerk {i}") for i in range(n)]).json["results"]]

    def pages(self, sandbox, limit, place=lambda body: body):
        ids, cursor = [], ""
        while cursor is not None:
            body = sandbox.ask("GET", f"{JOBS}?limit={limit}&cursor={cursor}" if cursor else
                               f"{JOBS}?limit={limit}").json
            ids += [j["id"] for j in body["data"]]
            cursor = place(body)["next_cursor"]
        return ids

    def test_pages_by_cursor_newest_first_each_job_once(self):
        sandbox = self.sandbox()
        made = self.fill(sandbox, 25)
        sandbox.ask("DELETE", JOBS + "/" + made.pop(7))
        for limit in (1, 10, 24, 100):
            self.assertEqual(self.pages(sandbox, limit), made[::-1])

    def test_the_cursor_may_stand_elsewhere(self):
        for place in ("pagination", "meta"):
            sandbox = self.sandbox("--cursor", place)
            made = self.fill(sandbox, 5)
            self.assertEqual(self.pages(sandbox, 2, lambda body: body[place]), made[::-1])

    def test_pages_by_number(self):
        sandbox = self.sandbox("--paging", "page", "--list-name", "top")
        made = self.fill(sandbox, 5)
        pages = [sandbox.ask("GET", f"{JOBS}?limit=2&page={n}").json for n in (1, 2, 3, 4)]
        self.assertEqual([j["id"] for page in pages for j in page], made[::-1])

    def test_parameters_are_judged(self):
        sandbox = self.sandbox()
        for query in ("limit=0", "limit=101", "limit=x", "cursor=cur_forged"):
            self.assertEqual(sandbox.ask("GET", f"{JOBS}?{query}").status, 400)

    def test_a_new_job_may_be_listed_late(self):
        sandbox = self.sandbox("--list-delay-ms", "86400000")
        path = JOBS + "/" + sandbox.create().json["id"]
        self.assertEqual(sandbox.ask("GET", JOBS).json["data"], [])
        self.assertEqual(sandbox.ask("GET", path).status, 200)
        sandbox.admin("options", {"list-delay-ms": 0})
        self.assertEqual(len(sandbox.ask("GET", JOBS).json["data"]), 1)

    def test_a_server_that_repeats_its_page(self):
        sandbox = self.sandbox("--repeat-page")
        self.fill(sandbox, 3)
        first = sandbox.ask("GET", JOBS + "?limit=2").json
        again = sandbox.ask("GET", f"{JOBS}?limit=2&cursor={first['next_cursor']}").json
        self.assertEqual(first, again)


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


class Faults(Case):
    def setUp(self):
        self.one = self.sandbox()

    def faulty(self, kind, **rule):
        self.one.fault(kind, times=1, **rule)

    def titles(self):
        return [j["title"] for j in self.one.live()]

    def test_refusals_that_apply_nothing(self):
        for kind, status in (("429", 429), ("500", 500), ("502_html", 502), ("503", 503),
                             ("gone_404", 404)):
            self.faulty(kind)
            self.assertEqual(self.one.create().status, status)
        self.assertEqual(self.titles(), [])
        self.assertEqual(self.one.stats()["breaches"], 0)

    def test_a_gateway_answers_in_html(self):
        self.faulty("502_html")
        self.assertIn("<html>", self.one.create().text)

    def test_an_injected_429_says_when_to_come_back(self):
        self.faulty("429", value=7)
        self.assertEqual(self.one.create().headers["Retry-After"], "7")

    def test_the_connection_is_reset_before_or_after_applying(self):
        for kind, left in (("reset_before", []), ("reset_after", ["Site engineer"])):
            self.faulty(kind)
            with self.assertRaises(ConnectionResetError) as caught:
                self.one.create()
            self.assertEqual(caught.exception.errno, errno.ECONNRESET)
            self.assertEqual(self.titles(), left)

    def test_an_answer_that_never_comes(self):
        for kind, left in (("timeout", []), ("timeout_after", ["Site engineer"])):
            self.faulty(kind)
            with self.assertRaises(TimeoutError):
                self.one.ask("POST", JOBS, job(), timeout=0.3)
            self.assertEqual(self.titles(), left)

    def test_answers_that_suffer_after_applying(self):
        self.faulty("half_body")
        with self.assertRaises(http.client.IncompleteRead):
            self.one.create(title="Torn body")
        self.faulty("5xx_after")
        self.assertEqual(self.one.create(title="Applied, yet 500").status, 500)
        self.faulty("502_html_after")
        self.assertEqual(self.one.create(title="Applied, yet 502").status, 502)
        self.faulty("garbage_json")
        with self.assertRaises(ValueError):
            self.one.create(title="Garbage").json
        self.assertEqual(len(self.titles()), 4)

    def test_bulk_answers_that_do_not_tell_which(self):
        jobs = [job(title=f"Clerk {i}") for i in range(20)]
        self.faulty("wrong_count")
        self.assertEqual(len(self.one.bulk(*jobs).json["results"]), 19)
        self.faulty("no_index")
        self.assertNotIn("index", self.one.bulk(*jobs).json["results"][0])
        self.faulty("shuffle")
        order = [r["index"] for r in self.one.bulk(*jobs).json["results"]]
        self.assertNotEqual(order, sorted(order))
        self.assertEqual(sorted(order), list(range(20)))
        self.faulty("mixed_207")
        answer = self.one.bulk(*jobs)
        self.assertEqual(answer.status, 207)
        self.assertEqual(sum(r["status"] == "failed" for r in answer.json["results"]), 10)
        self.assertEqual(len(self.titles()), 70)
        self.faulty("bulk_refused")
        self.assertEqual(self.one.bulk(*jobs).status, 422)

    def test_half_a_bulk_is_applied(self):
        self.faulty("half_applied")
        with self.assertRaises(ConnectionResetError):
            self.one.bulk(*[job(title=f"Clerk {i}") for i in range(10)])
        self.assertEqual(len(self.titles()), 5)

    def test_keys_plans_and_headers(self):
        self.faulty("plan_change", plan="scale")
        self.assertEqual(self.one.ask("GET", JOBS).rate("Limit"), 10000)
        self.faulty("lie_remaining", value=5)
        self.assertEqual(self.one.ask("GET", JOBS).rate("Remaining"), 5)
        self.faulty("drop_headers")
        self.assertNotIn("X-RateLimit-Limit", self.one.ask("GET", JOBS).headers)
        self.faulty("revoke_key")
        self.assertEqual([self.one.ask("GET", JOBS).status for _ in range(2)], [401, 401])

    def test_a_page_is_repeated(self):
        self.one.bulk(*[job(title=f"Clerk {i}") for i in range(5)])
        first = self.one.ask("GET", JOBS + "?limit=2").json
        path = f"{JOBS}?limit=2&cursor={first['next_cursor']}"
        self.faulty("repeat_page")
        second = self.one.ask("GET", path).json
        self.assertEqual(second["next_cursor"], first["next_cursor"])
        self.assertNotEqual(self.one.ask("GET", path).json["next_cursor"], first["next_cursor"])

    def test_rules_pick_by_number_period_method_and_path(self):
        self.one.fault("500", match={"method": "GET", "path": JOBS + "*", "nth": 3})
        self.assertEqual([self.one.ask("GET", JOBS).status for _ in range(4)],
                         [200, 200, 500, 200])
        self.one.admin("faults", method="DELETE")
        self.one.fault("503", match={"every": 2, "account": KEY})
        self.assertEqual([self.one.ask("GET", JOBS).status for _ in range(4)],
                         [200, 503, 200, 503])
        self.assertEqual(self.one.stats()["faults"], {"503": 2})
        self.assertEqual(self.one.admin("faults")[0]["seen"], 4)

    def test_chance_repeats_with_its_seed(self):
        def run():
            sandbox = self.sandbox("--seed", "7", "--no-limit")
            sandbox.fault("500", match={"probability": 0.3})
            return [sandbox.ask("GET", JOBS).status for _ in range(60)]
        first = run()
        self.assertEqual(first, run())
        self.assertTrue(5 < first.count(500) < 35)

    def test_a_script_is_read_from_a_file_and_checked(self):
        with tempfile.NamedTemporaryFile("w") as file:
            json.dump({"rules": [{"fault": "500", "times": 1}]}, file)
            file.flush()
            sandbox = self.sandbox("--faults", file.name)
        self.assertEqual([sandbox.ask("GET", JOBS).status for _ in range(2)], [500, 200])
        for rule in ({"fault": "explode"}, {"match": {}}, {"fault": "500", "often": 3}, [1]):
            self.assertEqual(sandbox.ask("POST", "/_sandbox/faults", rule, key=None).status, 400)
        self.assertEqual(sandbox.ask("GET", JOBS).status, 200)


class Time(Case):
    def test_a_slow_answer_holds_up_no_other(self):
        sandbox = self.sandbox()
        sandbox.fault("slow", ms=3000, times=1)
        slow = threading.Thread(target=sandbox.ask, args=("GET", JOBS))
        slow.start()
        self.addCleanup(slow.join)
        while not sandbox.stats()["faults"]:
            pass
        began = time.monotonic()
        self.assertEqual(sandbox.ask("GET", JOBS).status, 200)
        self.assertLess(time.monotonic() - began, 2)
        self.assertTrue(slow.is_alive())

    def test_latency_is_added_to_every_answer(self):
        sandbox = self.sandbox("--latency-ms", "100")
        began = time.monotonic()
        sandbox.ask("GET", JOBS)
        self.assertGreaterEqual(time.monotonic() - began, 0.1)

    def test_the_server_has_a_clock_of_its_own(self):
        sandbox = self.sandbox("--clock-offset-ms", "3600000")
        self.assertGreater(sandbox.ask("GET", JOBS).rate("Reset"), time.time() + 3000)
        sandbox.admin("clock", {"offset_ms": -3600000})
        self.assertLess(sandbox.ask("GET", JOBS).rate("Reset"), time.time() - 3000)


class TheAdmin(Case):
    def test_the_log_tells_every_request(self):
        sandbox = self.sandbox()
        sandbox.create()
        sandbox.ask("GET", JOBS)
        entries = sandbox.admin("log?limit=1")["requests"]
        self.assertEqual([(e["method"], e["path"], e["status"]) for e in entries],
                         [("GET", JOBS, 200)])
        self.assertEqual(sandbox.stats()["requests"]["create"], {"201": 1})

    def test_many_jobs_are_streamed(self):
        sandbox = self.sandbox("--no-limit", "--quota", "unlimited", "--key", "qk_test_b:growth")
        for page in range(30):
            sandbox.bulk(*[job(title=f"Clerk {page} {i}") for i in range(100)])
        sandbox.create(key="qk_test_b")
        self.assertEqual(len(sandbox.admin("jobs")["jobs"]), 3001)
        lines = sandbox.ask("GET", f"/_sandbox/jobs?format=lines&account={KEY}", key=None).text
        self.assertEqual(len([json.loads(line) for line in lines.splitlines()]), 3000)
        self.assertEqual(sandbox.admin("jobs?account=nobody"), {"jobs": []})

    def test_a_reset_forgets_all_but_the_keys(self):
        sandbox = self.sandbox()
        old = sandbox.create().json["id"]
        sandbox.admin("reset", {})
        self.assertEqual(sandbox.stats()["requests_total"], 0)
        self.assertNotEqual(sandbox.create().json["id"], old)
        self.assertEqual(sandbox.ask("GET", JOBS + "/" + old).status, 404)

    def test_options_change_while_it_runs(self):
        sandbox = self.sandbox()
        sandbox.admin("options", {"limit": 7, "bulk-shuffle": True, "quota-code": "x.quota"})
        self.assertEqual(sandbox.ask("GET", JOBS).rate("Limit"), 7)
        for wrong in ({"limt": 1}, {"listen": "x"}, {"limit": "many"}):
            self.assertEqual(sandbox.ask("POST", "/_sandbox/options", wrong, key=None).status, 400)

    def test_an_account_has_limits_of_its_own(self):
        sandbox = self.sandbox("--key", "qk_test_b:growth")
        sandbox.admin("plan", {"account": KEY, "limit": 9, "quota": 0})
        self.assertEqual(sandbox.ask("GET", JOBS).rate("Limit"), 9)
        self.assertEqual(sandbox.create().status, 403)
        self.assertEqual(sandbox.create(key="qk_test_b").rate("Limit"), 1000)


if __name__ == "__main__":
    unittest.main()
