"""qudra-sandbox by itself, for the tests that judge the judge: no agent, no database, no harness.

Self-contained: every test starts a sandbox of its own.
"""

import http.client
import json
import os
import subprocess
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
