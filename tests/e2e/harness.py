"""What the end-to-end tests stand on: a real PostgreSQL, the sandbox, and the program itself.

Everything is private: the server (see servers.py) listens on a socket of its own, the sandbox takes
any free port. Everything started here dies with the process that started it, also when that is
killed. Nothing sleeps: whoever waits, waits for something, by `eventually`.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

from servers import (DEADLINE_S, Database, Pooler, Postgres, Session, SmallDisk,  # noqa: F401
                     dies_with_parent, eventually, plain_environment, postgres_programs,
                     psql_command, remove_shared_server, shared_server)

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("QS_BUILD", ROOT / "build" / "asan")).resolve()
WRAPPER = os.environ.get("QS_WRAPPER", "").split()  # valgrind with its options
KEY = "qk_test_harness"

OK, USAGE, ROWS_LEFT, AWAY, INTERNAL, LOCKED, KEY_REFUSED, CONFIG = 0, 64, 65, 69, 70, 75, 77, 78

# ---- the sandbox ---------------------------------------------------------------------------------


class Sandbox:
    """qudra-sandbox with its admin endpoints."""

    def __init__(self, *options, key=KEY, plan="growth", stays=False, log=subprocess.DEVNULL):
        command = [BUILD / "qudra-sandbox", "--key", f"{key}:{plan}", *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True,
            start_new_session=True, preexec_fn=None if stays else dies_with_parent(signal.SIGTERM))
        line = self.process.stdout.readline()
        if "http" not in line:
            raise RuntimeError(f"qudra-sandbox did not start: {line}")
        self.port = int(line.rsplit(":", 1)[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self.base_url = self.address + "/v1"

    def stop(self):
        """Once; its exit status then proves that no sanitizer found anything."""
        if self.process is None:
            return
        process, self.process = self.process, None
        process.terminate()
        status = process.wait(DEADLINE_S)
        process.stdout.close()
        if status != 0:
            raise AssertionError(f"qudra-sandbox ended with {status}")

    def admin(self, path, body=None, method=None):
        request = urllib.request.Request(
            f"{self.address}/_sandbox/{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=DEADLINE_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            raise AssertionError(f"{path}: {e.read().decode()}") from e

    def jobs(self):
        return self.admin("jobs")["jobs"]

    def live(self):
        """Jobs that are not deleted."""
        return [job for job in self.jobs() if not job["deleted"]]

    def open(self):
        """Jobs that are neither deleted nor closed."""
        return [job for job in self.live() if job["status"] != "closed"]

    def titled(self, title):
        """The one live job of this title."""
        found = [job for job in self.live() if job["title"] == title]
        assert len(found) == 1, f"{len(found)} jobs are called {title!r}"
        return found[0]

    def stats(self):
        return self.admin("stats")

    def log(self):
        return self.admin("log")["requests"]

    def requests(self, method=None):
        """Requests of the agent so far; of one method."""
        return [r for r in self.log() if method in (None, r["method"])]

    def fault(self, kind, **rule):
        match = rule.pop("match", {})
        self.admin("faults", {"match": match, "fault": kind, **rule})

    def no_faults(self):
        self.admin("faults", method="DELETE")

    def options(self, **changes):
        self.admin("options", {name.replace("_", "-"): value for name, value in changes.items()})


# ---- the program ---------------------------------------------------------------------------------


SANITIZER = re.compile(r"(ERROR: \w+Sanitizer|runtime error:|LeakSanitizer)")


class Done:
    """A command that has ended."""

    def __init__(self, status, stdout, stderr):
        self.status, self.stdout, self.stderr = status, stdout, stderr
        self.text = stdout + stderr

    @property
    def json(self):
        return json.loads(self.stdout)


class Agent:
    """A folder with agent.yaml, mappings and key, in which qudra-sync is run."""

    def __init__(self, database_url, base_url, key=KEY, plan="growth", **options):
        self.folder = Path(tempfile.mkdtemp(prefix="qs-agent-"))
        (self.folder / "mappings").mkdir()
        self.environment = {}
        self.running = []
        self.write_key(key)
        self.config = {
            "qudra": {"api_key_file": "key", "plan": plan, "quota": "unlimited",
                      "base_url": base_url, "timeout": "5s", "settle_wait": "1s"},
            "database": {"url": database_url},
            "sync": {"interval": "200ms"},
            "mappings": ["mappings/*.yaml"],
        }
        self.configure(**options)

    def configure(self, **sections):
        """Changes options: configure(sync={"interval": "1s"}). JSON is YAML's flow style."""
        for name, value in sections.items():
            if isinstance(value, dict):
                self.config.setdefault(name, {}).update(value)
            else:
                self.config[name] = value
        self.write("agent.yaml", json.dumps(self.config, indent=2))

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def write_key(self, key, mode=0o600):
        path = self.folder / "key"
        path.touch(mode=0o600)
        path.write_text(key + "\n")
        path.chmod(mode)

    def command(self, *words):
        return [*WRAPPER, str(BUILD / "qudra-sync"), *map(str, words)]

    def _environment(self):
        return plain_environment(**{"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
                                    "UBSAN_OPTIONS": "print_stacktrace=1", **self.environment})

    def run(self, *words, expect=OK, timeout_s=DEADLINE_S * 2):
        """Runs a command to its end. `expect` is its exit status, several, or None for any."""
        try:
            done = subprocess.run(self.command(*words), cwd=self.folder, env=self._environment(),
                                  capture_output=True, timeout=timeout_s, text=True,
                                  stdin=subprocess.DEVNULL, errors="replace")
        except subprocess.TimeoutExpired as e:
            said = b"".join(part or b"" for part in (e.stdout, e.stderr)).decode(errors="replace")
            raise AssertionError(f"qudra-sync {' '.join(map(str, words))} did not end within "
                                 f"{timeout_s} s:\n{said}") from None
        result = Done(done.returncode, done.stdout, done.stderr)
        check_sanitizer(result.stderr)
        expected = expect if isinstance(expect, (tuple, list)) or expect is None else (expect,)
        if expected is not None and result.status not in expected:
            raise AssertionError(f"qudra-sync {' '.join(map(str, words))}: exit status "
                                 f"{result.status}, expected {expect}\n{result.text}")
        return result

    def resume(self, *words, expect=OK):
        """As run, after a kill: a lease that nobody gave back has to run out first."""
        def attempt():
            done = self.run(*words, expect=None)
            return None if done.status == LOCKED else done
        done = eventually(attempt)
        assert done.status == expect, f"{' '.join(words)}: exit status {done.status}\n{done.text}"
        return done

    def start(self, *words, **options):
        running = Running(self.command(*(words or ("run",))), self.folder, self._environment(),
                          **options)
        self.running.append(running)
        return running

    def close(self):
        for running in self.running:
            running.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def check_sanitizer(text):
    if SANITIZER.search(text):
        raise AssertionError("the sanitizers complain:\n" + text[-8000:])


class Running:
    """A qudra-sync that has been started and not ended."""

    def __init__(self, command, folder, environment):
        self.lines = []
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, text=True,
            errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            preexec_fn=dies_with_parent(signal.SIGKILL))
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    @property
    def log(self):
        return "".join(self.lines)

    def log_contains(self, pattern, deadline_s=DEADLINE_S, after=0):
        """Waits for a line; returns how many lines there were, as `after` of the next call."""
        def look():
            if re.search(pattern, "".join(self.lines[after:])):
                return len(self.lines)
            if self.process.poll() is not None and not self.reader.is_alive():
                raise AssertionError(f"ended without {pattern!r} in its log:\n{self.log}")
            return None
        try:
            return eventually(look, deadline_s)
        except AssertionError as e:
            raise AssertionError(f"{pattern!r} is not in the log: {e}\n{self.log}") from e

    def send(self, number):
        self.process.send_signal(number)

    def wait(self, deadline_s=DEADLINE_S):
        try:
            status = self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {deadline_s:g} s:\n{self.log[-8000:]}") from None
        self.reader.join(DEADLINE_S)
        check_sanitizer(self.log)
        return status

    def stop(self, number=signal.SIGTERM, expect=OK):
        self.send(number)
        status = self.wait()
        assert status == expect, f"ended with {status}, expected {expect}\n{self.log}"

    def kill(self):
        self.send(signal.SIGKILL)
        self.wait()

    def close(self):
        if self.process.poll() is None:
            self.kill()
        else:
            self.wait()
        self.process.stdout.close()


# ---- the comparison ------------------------------------------------------------------------------

FIELDS = ("title", "description", "city", "employment_type", "salary_min", "salary_max", "currency",
          "status")


def content(job):
    """What a job says, as a value that compares; fields that are not there do not count."""
    return tuple((name, job[name]) for name in FIELDS if job.get(name) not in (None, ""))


def mirror_differences(database, sandbox, expected):
    """What keeps the mirror from being exact, in words; nothing when it is.

    `expected` maps each key of the table to the payload that plain Python makes of its row, for all
    rows that should be at Qudra. Every one of them must be there once, bound to its row in the
    state; whatever else is at Qudra must be closed or deleted.
    """
    jobs = {job["id"]: job for job in sandbox.jobs()}
    bound = {row["source_key"]: row for row in database.rows(
        "SELECT source_key, job_id, state FROM qudra_sync.job WHERE job_id IS NOT NULL")}
    wrong = []
    for key, payload in expected.items():
        payload = {"currency": "SAR", "status": "active", **payload}
        row = bound.get(str(key))
        job = jobs.get(row["job_id"]) if row else None
        if job is None or job["deleted"]:
            wrong.append(f"{key} is not at Qudra")
        elif content(job) != content(payload):
            wrong += [f"{key}: {name} is {job.get(name)!r} at Qudra, the table makes "
                      f"{payload.get(name)!r}" for name in FIELDS
                      if (job.get(name) or None) != (payload.get(name) or None)]
        elif row["state"] != "synced":
            wrong.append(f"{key} is {row['state']}")
    owned = {bound[str(key)]["job_id"] for key in expected if str(key) in bound}
    wrong += [f"{job['id']} ({job['title']!r}) belongs to no row" for job in jobs.values()
              if not job["deleted"] and job["status"] != "closed" and job["id"] not in owned]
    shared = [job for job, n in Counter(row["job_id"] for row in bound.values()).items() if n > 1]
    return wrong + [f"{job} is bound twice" for job in shared]


def mirror_equal(database, sandbox, expected):
    wrong = mirror_differences(database, sandbox, expected)
    if wrong:
        raise AssertionError(f"{len(wrong)} differences, such as:\n  " + "\n  ".join(wrong[:8]))


# ---- the tests' base -----------------------------------------------------------------------------


class ServerCase(unittest.TestCase):
    """A database for each test, on this process's server."""

    maxDiff = 4000
    database_options = ""

    def setUp(self):
        self.server = shared_server()
        name = f"t{os.getpid()}_{time.monotonic_ns()}"
        self.db = self.server.database(name, options=self.database_options)
        self.addCleanup(self._drop)
        self.db.create_agent_role()

    def _drop(self):
        shared_server()
        self.db.drop()

    def url(self, role=Database.AGENT):
        return self.db.url(role)


class MirrorCase(ServerCase):
    """A table `job`, a sandbox and an agent whose mapping mirrors the table."""

    plan = "growth"
    sandbox_options = ("--no-limit", "--quota", "unlimited")
    migrated = True

    TABLE = """
        CREATE TABLE job (
            id          integer PRIMARY KEY,
            title       text,
            body        text DEFAULT 'A good job.',
            city        text DEFAULT 'Riyadh',
            contract    text DEFAULT 'full_time',
            pay         numeric DEFAULT 9000,
            open        boolean NOT NULL DEFAULT true,
            deleted_at  timestamptz,
            updated_at  timestamptz NOT NULL DEFAULT clock_timestamp());
        CREATE INDEX job_updated_at ON job (updated_at, id);
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END$$;
        CREATE TRIGGER touch BEFORE UPDATE ON job FOR EACH ROW EXECUTE FUNCTION touch();
        GRANT SELECT ON job TO qs_agent;
    """
    MAPPING = """\
name: jobs
source:
  table: public.job
  key: id
  updated_at: updated_at
  removed: deleted_at IS NOT NULL
fields:
  title:           {column: title}
  description:     {column: body}
  city:            {column: city}
  employment_type: {column: contract}
  salary_min:      {column: pay}
  currency:        {const: SAR}
  status:          {sql: "CASE WHEN open THEN 'active' ELSE 'closed' END"}
"""

    def setUp(self):
        super().setUp()
        self.db.psql(self.TABLE)
        self.sandbox = self.start_sandbox(*self.sandbox_options)
        self.agent = self.new_agent()
        if self.migrated:
            self.agent.run("migrate")

    def start_sandbox(self, *options, **more):
        sandbox = Sandbox(*options, **{"plan": self.plan, **more})
        self.addCleanup(sandbox.stop)
        return sandbox

    def new_agent(self, **options):
        agent = Agent(self.url(), self.sandbox.base_url, **{"plan": self.plan, **options})
        self.addCleanup(agent.close)
        agent.write("mappings/jobs.yaml", self.MAPPING)
        return agent

    def fill(self, n, first=1, title="Engineer"):
        """n rows, each with a title of its own."""
        self.db.psql(f"INSERT INTO job (id, title) SELECT i, '{title} ' || i "
                     f"FROM generate_series({first}, {first + n - 1}) AS i")

    def states(self):
        return {row["source_key"]: row["state"] for row in
                self.db.rows("SELECT source_key, state FROM qudra_sync.job")}

    def row(self, key):
        """What the state says of one row."""
        found = self.db.rows(f"SELECT * FROM qudra_sync.job WHERE source_key = '{key}'")
        self.assertEqual(len(found), 1, f"{key} has no row in the state")
        return found[0]

    def expected(self):
        """What this mapping makes of the table, in plain Python."""
        return {row["id"]: {"title": row["title"], "description": row["body"], "city": row["city"],
                            "employment_type": row["contract"], "salary_min": int(row["pay"]),
                            "status": "active" if row["open"] else "closed"}
                for row in self.db.rows("SELECT * FROM job WHERE deleted_at IS NULL")}

    def assert_mirrored(self, expected=None):
        mirror_equal(self.db, self.sandbox, self.expected() if expected is None else expected)
        stats = self.sandbox.stats()
        self.assertEqual(stats["breaches"], 0, "requests over the limit")
        self.assertEqual(stats["duplicates"], 0, stats["duplicate_list"])

    def is_mirrored(self):
        try:
            return not mirror_differences(self.db, self.sandbox, self.expected())
        except AssertionError:
            return False

    @contextlib.contextmanager
    def no_requests(self):
        before = self.sandbox.stats()["requests_total"]
        yield
        self.assertEqual(self.sandbox.stats()["requests_total"] - before, 0, "requests were sent")
