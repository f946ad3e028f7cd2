"""/metrics, /healthz and /readyz as Prometheus and a load balancer meet them."""

import socket
import subprocess
import unittest
import urllib.error
import urllib.request

from harness import CONFIG, MirrorCase, eventually


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Scraped(MirrorCase):
    sandbox_options = ("--limit", "500", "--quota", "unlimited")

    def setUp(self):
        super().setUp()
        self.fill(3)
        self.port = free_port()
        self.agent.configure(metrics={"listen": f"127.0.0.1:{self.port}"})

    def get(self, path):
        """Status and text; None while nobody listens."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            with e:
                return e.code, e.read().decode()
        except OSError:
            return None, ""

    def test_a_scrape_is_accepted_by_promtool(self):
        self.agent.start()
        eventually(lambda: "qudra_sync_passes_total" in self.get("/metrics")[1])
        created = ('qudra_sync_rows_pushed_total{account="default",operation="create",'
                   'outcome="done"} 3\n')
        text = eventually(lambda: created in (t := self.get("/metrics")[1]) and t)
        done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                              capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_ready_once_a_pass_has_ended_and_healthy_all_along(self):
        running = self.agent.start()
        eventually(lambda: self.get("/readyz")[0] == 200)
        self.assertEqual(self.get("/healthz"), (200, "ok\n"))
        running.stop()

    def value(self, series):
        """Of one line of /metrics; None where there is none."""
        for line in self.get("/metrics")[1].splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return None

    def test_the_budget_and_the_rows_are_shown(self):
        self.agent.configure(qudra={"quota": 40})
        self.agent.start()
        account = 'account="default"'
        eventually(lambda: self.value(f"qudra_sync_window_requests_limit{{{account}}}") == 500)
        eventually(lambda: self.value(f"qudra_sync_quota_jobs_used{{{account}}}") == 3)
        self.assertEqual(self.value(f"qudra_sync_quota_jobs_limit{{{account}}}"), 40)
        self.assertEqual(self.value(f"qudra_sync_rate_limited_total{{{account}}}"), 0)
        self.assertEqual(self.value(f'qudra_sync_trouble{{{account},condition="key_refused"}}'), 0)
        self.assertIsNotNone(self.value(f'qudra_sync_rows{{{account},state="synced"}}'))
        self.assertLess(self.value('qudra_sync_source_lag_seconds{mapping="jobs"}'), 30)

    def test_not_ready_while_the_key_is_refused(self):
        self.sandbox.admin("keys", {"action": "revoke", "key": "qk_test_harness"})
        self.agent.start()
        eventually(lambda: "is stopped" in self.get("/readyz")[1])
        self.assertEqual(self.value(
            'qudra_sync_trouble{account="default",condition="key_refused"}'), 1)
        self.assertEqual(self.get("/healthz")[0], 200)

    def test_a_taken_port_stops_the_start_and_says_why(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.port))
            taken.listen()
            done = self.agent.run("run", expect=CONFIG)
        self.assertIn("Address already in use", done.stderr)
        self.assertIn("metrics.listen", done.stderr)


if __name__ == "__main__":
    unittest.main()
