"""qudra-sandbox answers for many jobs at once, bulk and list, in every shape of its options."""

import unittest

from bare_sandbox import JOBS, Case, job


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


if __name__ == "__main__":
    unittest.main()
