"""Metrics and readiness where there are several accounts and several agents."""

import unittest
import urllib.error
import urllib.request

from accounts import TableAccountsCase
from harness import eventually
from test_monitoring import free_port


class OfAccounts(TableAccountsCase):
    employers = tuple(f"e{i}" for i in range(4))

    def setUp(self):
        super().setUp()
        for i, name in enumerate(self.employers):
            self.add_row(name)
            self.fill(2, first=1 + 100 * i, employer=name)

    def start(self, *words, **options):
        """An agent with metrics, and its port."""
        port = free_port()
        self.agent.configure(metrics={"listen": f"127.0.0.1:{port}", **options})
        running = self.agent.start("run", *words)
        running.log_contains(" started ")
        return running, port

    def get(self, port, path):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()
        except OSError:
            return None, ""

    def values(self, port, metric):
        """By label set."""
        lines = self.get(port, "/metrics")[1].splitlines()
        return {line[len(metric):].rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in lines if line.startswith(metric + "{")}

    def test_those_beyond_the_bound_are_summed_as_other(self):
        running, port = self.start(accounts=1)
        eventually(lambda: self.is_mirrored_for(*self.employers))
        used = "qudra_sync_quota_jobs_used"
        eventually(lambda: self.values(port, used) == {
            '{account="e0"}': 2, '{account="other"}': 6})
        self.assertEqual(self.values(port, used), {'{account="e0"}': 2, '{account="other"}': 6})
        pushed = self.values(port, "qudra_sync_rows_pushed_total")
        self.assertEqual(pushed['{account="other",operation="create",outcome="done"}'], 6)
        self.assertNotIn("e1", self.get(port, "/metrics")[1])
        running.stop()

    def test_an_agent_tells_of_what_it_holds_alone(self):
        first, port = self.start()
        second, other_port = self.start()
        eventually(lambda: len(self.values(port, "qudra_sync_window_requests_limit")) == 2)
        eventually(lambda: len(self.values(other_port, "qudra_sync_window_requests_limit")) == 2)
        names = {*self.values(port, "qudra_sync_window_requests_limit"),
                 *self.values(other_port, "qudra_sync_window_requests_limit")}
        self.assertEqual(len(names), 4)
        first.stop()
        second.stop()

    def test_one_that_holds_nothing_because_others_do_is_ready(self):
        first, port = self.start("--account", "e0")
        eventually(lambda: self.get(port, "/readyz")[0] == 200)
        spare, spare_port = self.start("--account", "e0")
        spare.log_contains("waiting for the account")
        eventually(lambda: self.get(spare_port, "/readyz")[0] == 200)
        spare.stop()
        first.stop()

    def test_one_bad_key_among_several_is_no_reason_not_to_be_ready(self):
        self.key_file(self.agent, "e0", "qk_test_wrong")
        running, port = self.start()
        eventually(lambda: self.values(port, "qudra_sync_trouble").get(
            '{account="e0",condition="key_refused"}') == 1)
        eventually(lambda: self.get(port, "/readyz")[0] == 200)
        running.stop()

    def test_none_but_bad_keys_is_one(self):
        for name in self.employers:
            self.key_file(self.agent, name, "qk_test_wrong")
        running, port = self.start()
        eventually(lambda: "is stopped" in self.get(port, "/readyz")[1])
        running.stop()


if __name__ == "__main__":
    unittest.main()
