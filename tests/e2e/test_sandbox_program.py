"""qudra-sandbox as a program: its options, its connections, its clock, and its admin."""

import http.client
import json
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from bare_sandbox import DEADLINE_S, JOBS, KEY, PROGRAM, Case, job


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
