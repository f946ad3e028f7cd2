"""/metrics, /healthz and /readyz as Prometheus and a load balancer meet them."""

import shutil
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
        text = eventually(lambda: "qudra_sync_rows_pushed_total" in (t := self.get("/metrics")[1])
                          and t)
        self.assertIn('qudra_sync_rows_pushed_total{account="default",operation="create",'
                      'outcome="done"} 3\n', text)
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not installed: the text is not checked")
        done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                              capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_ready_once_a_pass_has_ended_and_healthy_all_along(self):
        running = self.agent.start()
        eventually(lambda: self.get("/readyz")[0] == 200)
        self.assertEqual(self.get("/healthz"), (200, "ok\n"))
        running.stop()

    def test_a_taken_port_stops_the_start_and_says_why(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.port))
            taken.listen()
            done = self.agent.run("run", expect=CONFIG)
        self.assertIn("Address already in use", done.stderr)
        self.assertIn("metrics.listen", done.stderr)


if __name__ == "__main__":
    unittest.main()
