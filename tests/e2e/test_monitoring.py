"""Alert rules and dashboard: they fire on what they are for, and ask for metrics that there are."""

import json
import re
import signal
import socket
import subprocess
import unittest
import urllib.parse
import urllib.request

from harness import ROOT, MirrorCase, dies_with_parent, eventually

ALERTS = ROOT / "packaging/monitoring/alerts.yaml"
DASHBOARD = ROOT / "packaging/monitoring/dashboard.json"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def expressions():
    """What alerts and dashboard ask Prometheus for."""
    dashboard = json.loads(DASHBOARD.read_text())
    return [re.sub(r"\$__rate_interval", "5m", re.sub(r'=~"\$\w+"', '=~".*"', target["expr"]))
            for panel in dashboard["panels"] for target in panel["targets"]]


class Rules(unittest.TestCase):
    def test_each_alert_fires_on_what_it_is_for_and_none_on_a_healthy_agent(self):
        done = subprocess.run(["promtool", "test", "rules", ROOT / "tests/docs/alerts_test.yaml"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_alert_is_tested_and_explained_in_the_guide(self):
        alerts = set(re.findall(r"- alert: (\w+)", ALERTS.read_text()))
        tested = set(re.findall(r" alertname: (\w+)\n", (ROOT / "tests/docs/alerts_test.yaml").read_text()))
        guide = (ROOT / "docs/guide.md").read_text()
        explained = set(re.findall(r"\bQudraSync\w+", guide))
        self.assertEqual(alerts, tested)
        self.assertEqual(alerts, explained)

    def test_every_metric_that_is_asked_for_is_in_the_reference(self):
        known = set(re.findall(r"^\| `(qudra_sync_\w+)`", (ROOT / "docs/reference.md").read_text(), re.M))
        asked = set(re.findall(r"\bqudra_sync_\w+", ALERTS.read_text() + DASHBOARD.read_text()))
        asked = {re.sub(r"_bucket$", "", name) for name in asked}
        self.assertEqual(asked - known, set())


class Scraped(MirrorCase):
    """A real Prometheus scrapes a real agent, with the rules loaded."""

    def setUp(self):
        super().setUp()
        self.fill(20)
        self.db.psql("INSERT INTO job (id, title) VALUES (900, 'no')")
        self.agent_port, self.port = free_port(), free_port()
        self.agent.configure(metrics={"listen": f"127.0.0.1:{self.agent_port}"})

    def start_prometheus(self):
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                  "rule_files": [str(ALERTS)],
                  "scrape_configs": [{"job_name": "qudra-sync", "static_configs": [
                      {"targets": [f"127.0.0.1:{self.agent_port}"]}]}]}
        file = self.agent.write("prometheus.yml", json.dumps(config))
        process = subprocess.Popen(
            ["prometheus", f"--config.file={file}", f"--web.listen-address=127.0.0.1:{self.port}",
             f"--storage.tsdb.path={self.agent.folder}/tsdb"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.agent.folder,
            preexec_fn=dies_with_parent(signal.SIGKILL))

        def end():
            process.terminate()
            process.wait(30)
        self.addCleanup(end)

    def ask(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def value(self, expression):
        found = (self.ask("query", query=expression) or {}).get("result")
        return float(found[0]["value"][1]) if found else None

    def test_prometheus_takes_the_rules_and_sees_the_rows(self):
        self.start_prometheus()
        running = self.agent.start()
        eventually(lambda: self.value('qudra_sync_rows{state="synced"}') == 20)
        self.assertEqual(self.value('qudra_sync_rows{state="refused"}'), 1)
        self.assertEqual(self.value('up{job="qudra-sync"}'), 1)
        rules = self.ask("rules")["groups"][0]["rules"]
        eventually(lambda: all(rule["health"] == "ok" for rule in self.ask("rules")["groups"][0]["rules"]))
        self.assertGreater(len(rules), 5)
        for expression in expressions():
            self.assertIsNotNone(self.ask("query", query=expression), expression)
        running.stop()


if __name__ == "__main__":
    unittest.main()
