"""qudra-sandbox puts each fault of its README into the way, and only where it was asked to."""

import errno
import http.client
import json
import tempfile
import unittest

from bare_sandbox import JOBS, KEY, Case, job


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


if __name__ == "__main__":
    unittest.main()
