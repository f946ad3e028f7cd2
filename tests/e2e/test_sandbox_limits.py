"""qudra-sandbox keeps Part A strictly: keys and plans, the window, the quota."""

import tempfile
import time
import unittest

from bare_sandbox import DEADLINE_S, JOBS, KEY, Case, job


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


if __name__ == "__main__":
    unittest.main()
