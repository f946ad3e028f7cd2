#!/usr/bin/env python3
"""Runs the tests of every kind and counts each case; `make test` builds first and then calls this.

    tests/run.py [--only KIND]… [-k PATTERN] [-j N] [-v]

Programs in C and lint scripts run beside the Python tests, which are shared out to a few
worker processes with a PostgreSQL server each. Nothing is ever skipped: a test that cannot run has
failed. The last line is "N passed, N failed"; the exit status is 1 when any failed.
"""

import argparse
import contextlib
import fnmatch
import importlib.util
import inspect
import json
import os
import queue
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
sys.path.insert(0, str(TESTS / "e2e"))
import harness  # noqa: E402 (found by the line above)

# Of a program, or of Python tests that run together: stretched as all deadlines are.
UNIT_TIMEOUT_S = int(400 * max(1, harness.DEADLINE_S / 30))
MEMORY_NEEDED = 4 << 30  # four times what a run was seen to take


# ---- what there is to run ------------------------------------------------------------------------
# A unit is {"kind", "name", …}: a command whose cases are counted by its output, or a class.


def c_programs(kind):
    programs = harness.BUILD / kind
    return [{"kind": kind, "name": source.stem, "command": [str(programs / source.stem)]}
            for source in sorted((TESTS / kind).glob("test_*.c"))]


def golden_cases():
    return [{"kind": "golden", "name": case.parent.name,
             "command": [str(harness.BUILD / "golden"), str(case.parent)]}
            for case in sorted((TESTS / "golden").glob("*/mapping.yaml"))]


def lint_scripts():
    return [{"kind": "lint", "name": script.stem, "command": [sys.executable, str(script)]}
            for script in sorted((TESTS / "lint").glob("*.py")) if script.stem != "tree"]


def load(file):
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def python_classes(kind):
    units = []
    for file in sorted((TESTS / kind).glob("test_*.py")):
        for name, found in inspect.getmembers(load(file), inspect.isclass):
            if found.__module__ == file.stem and issubclass(found, unittest.TestCase):
                methods = unittest.defaultTestLoader.getTestCaseNames(found)
                unit = {"kind": kind, "name": f"{file.stem}.{name}", "file": str(file), "class": name}
                units += [{**unit, "methods": some} for some in parts(found, methods)]
    return [unit for unit in units if unit["methods"]]


def parts(found, methods):
    """Each test by itself, so that no worker is left with the last long class; but what a class sets
    up for all its tests, it sets up once."""
    shares = found.setUpClass.__func__ is not unittest.TestCase.setUpClass.__func__
    return [methods] if shares else [[method] for method in methods]


def proofs():
    """A part of what `make crash`, `make chaos`, `make many` and `make fuzz` do at length."""
    def unit(name, build, *words):
        command = [sys.executable, str(TESTS / name / f"{name}.py"), *words]
        return {"kind": "proof", "name": name, "build": build, "command": command}
    cases = ("FirstFillInBulk", "EditsUndone", "EditedWhileUncertain", "PowerCutInFirstFill")
    return [unit("fuzz", "fuzz", "--seconds=60", "--nice", "-j3"),
            unit("crash", "crash", "--only-once", *(f"--case={case}" for case in cases)),
            unit("chaos", "asan"),
            unit("many", "asan", "--accounts=30", "--rows=1500", "--seconds=35", "--every=2",
                 "--window=10")]


def counted_works():
    """Instructions of the release build, which valgrind counts."""
    program = TESTS / "instructions" / "instructions.py"
    return [{"kind": "instructions", "name": work, "build": "release",
             "command": [sys.executable, str(program), work]}
            for work in json.loads((program.parent / "figures.json").read_text())["instructions"]]


# What takes longest begins first.
KINDS = {
    "proof": proofs,
    "lint": lint_scripts,
    "unit": lambda: c_programs("unit"),
    "golden": golden_cases,
    "edges": lambda: c_programs("edges"),
    "sql": lambda: python_classes("sql"),
    "e2e": lambda: python_classes("e2e"),
    "instructions": counted_works,
}


def select_units(kinds, pattern):
    """Those that match; of a class, the methods that match when the class does not."""
    for kind in kinds:
        for unit in KINDS[kind]():
            if pattern is None or fnmatch.fnmatch(unit["name"], f"*{pattern}*"):
                yield unit
            elif "methods" in unit:
                methods = fnmatch.filter(unit["methods"], f"*{pattern}*")
                if methods:
                    yield {**unit, "methods": methods}
            elif kind in ("unit", "edges"):
                yield {**unit, "filter": pattern}


# ---- results -------------------------------------------------------------------------------------


class Results:
    def __init__(self, verbose):
        self.verbose = verbose
        self.lock = threading.Lock()
        self.passed = 0
        self.failed = []

    def add(self, unit, cases, seconds):
        """`cases`: (name, text of the failure or None) of each."""
        with self.lock:
            bad = [(name, text) for name, text in cases if text is not None]
            self.passed += len(cases) - len(bad)
            self.failed += [f"{unit['kind']} {unit['name']}: {name}" for name, _ in bad]
            if bad or self.verbose:
                print(f"{'FAIL' if bad else 'ok  '} {unit['kind']:6} {unit['name']}: "
                      f"{len(cases) - len(bad)} of {len(cases)} passed in {seconds:.1f} s")
            if self.verbose:
                for name, text in cases:
                    print(f"       {'not ok' if text is not None else 'ok'} {name}")
            for name, text in bad:
                print(f"---- {name}\n{text.rstrip()}\n----")
            sys.stdout.flush()

    def finish(self):
        if self.failed:
            print("failed:", *self.failed, sep="\n  ")
        print(f"{self.passed} passed, {len(self.failed)} failed")
        return 1 if self.failed else 0


def tap_cases(text, status):
    """Cases of a cmocka program, by its TAP output; one more when it did not end well."""
    cases, planned = [], 0
    for part in re.split(r"\n(?=ok |not ok |1\.\.)", "\n" + text):
        plan = re.match(r"\s*1\.\.(\d+)", part)
        case = re.match(r"\s*(not ok|ok) \d+ - (\S+)(.*)", part, re.S)
        planned += int(plan.group(1)) if plan else 0
        if case:
            good = case.group(1) == "ok" and "# SKIP" not in case.group(3)
            cases.append((case.group(2), None if good else part.strip()))
    if len(cases) < planned or (status != 0 and all(bad is None for _, bad in cases)):
        cases.append(("the program as a whole", f"exit status {status}\n{text[-8000:]}"))
    return cases


# ---- programs ------------------------------------------------------------------------------------


def run_program(unit, databases):
    """Programs of edges/ get a database each."""
    environment = {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"}
    command = unit["command"]
    if "build" in unit:
        environment["QS_BUILD"] = str(harness.BUILD.parent / unit["build"])
    elif unit["kind"] != "lint":
        command = shlex.split(os.environ.get("QS_WRAPPER", "")) + command
    if "filter" in unit:
        environment["CMOCKA_TEST_FILTER"] = f"*{unit['filter']}*"
    if unit["kind"] == "edges":
        environment["QS_TEST_DATABASE_URL"] = databases.url(unit["name"])
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=UNIT_TIMEOUT_S)
        text, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as e:
        text, status = f"{e.output}\nnot done within {UNIT_TIMEOUT_S} s", 1
    except OSError as e:
        text, status = f"{command[0]}: {e.strerror}", 127
    if unit["kind"] in ("unit", "edges"):
        cases = tap_cases(text, status)
        return cases if cases or "filter" in unit else [("the program as a whole", "ran no test")]
    return [(unit["name"], text if status != 0 else None)]


class Databases:
    """The runner's own server, made when the first program asks."""

    def __init__(self, cluster):
        self.server = harness.Postgres(template=cluster)
        self.server.start()

    def url(self, name):
        self.server.database(name)
        return self.server.url(name)


# ---- Python tests: the worker's side -------------------------------------------------------------


class Recorder(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.cases = []

    def _note(self, test, text):
        self.cases.append((getattr(test, "_testMethodName", str(test)), text))

    def addSuccess(self, test):
        self._note(test, None)

    def addError(self, test, err):
        self._note(test, self._exc_info_to_string(err, test))

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._note(test, f"{subtest}\n{self._exc_info_to_string(err, test)}")

    def addSkip(self, test, reason):
        self._note(test, f"skipped, and nothing may be: {reason}")

    def addExpectedFailure(self, test, err):
        self._note(test, "an expected failure is none")

    addUnexpectedSuccess = addSuccess


def worker():
    """Units come as lines on stdin; each is answered by a line on what was stdout."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        unit = json.loads(line)
        recorder = Recorder()
        try:
            found = getattr(load(unit["file"]), unit["class"])
            unittest.TestSuite(found(method) for method in unit["methods"]).run(recorder)
        except KeyboardInterrupt:
            return 130
        except Exception as e:  # a module that cannot be loaded, a class that cannot be made
            recorder.cases.append((unit["class"], repr(e)))
        answers.write(json.dumps(recorder.cases) + "\n")
        answers.flush()
    return 0


# ---- Python tests: the runner's side -------------------------------------------------------------


class Worker:
    def __init__(self, cluster):
        self.cluster = cluster
        self.process = None

    def _start(self):
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, cwd=ROOT, env={**os.environ, "QS_TEST_CLUSTER": str(self.cluster)})

    def run(self, unit):
        if self.process is None or self.process.poll() is not None:
            self._start()
        try:
            self.process.stdin.write(json.dumps(unit) + "\n")
            self.process.stdin.flush()
            ready = select.select([self.process.stdout], [], [], UNIT_TIMEOUT_S)[0]
            line = self.process.stdout.readline() if ready else ""
        except BrokenPipeError:
            line = ""
        if line:
            return json.loads(line)
        self.process.kill()
        self.process.wait()
        return [(unit["class"], f"the worker died, or was not done within {UNIT_TIMEOUT_S} s")]

    def close(self, interrupt):
        """A worker that is idle ends with its input; a busy one is interrupted, and cleans up."""
        if self.process is None:
            return
        if interrupt:
            self.process.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.wait(60)


def drain(units, run, results):
    while True:
        try:
            unit = units.get_nowait()
        except queue.Empty:
            return
        begin = time.monotonic()
        results.add(unit, run(unit), time.monotonic() - begin)


def run_all(units, jobs, results, folder):
    cluster = None
    if any(unit["kind"] in ("edges", "sql", "e2e") for unit in units):
        cluster = harness.Postgres(folder=folder / "initdb").data
    databases = Databases(cluster) if any(u["kind"] == "edges" for u in units) else None
    programs, classes = queue.Queue(), queue.Queue()
    for unit in units:
        (classes if "class" in unit else programs).put(unit)
    workers = [Worker(cluster) for _ in range(min(jobs, classes.qsize()))]
    threads = [threading.Thread(target=drain, args=(classes, w.run, results)) for w in workers]
    threads += [threading.Thread(target=drain, args=(programs, lambda u: run_program(u, databases),
                                                     results)) for _ in range(os.cpu_count() or 1)]
    done = False
    try:
        for thread in threads:
            thread.daemon = True
            thread.start()
        for thread in threads:
            thread.join()
        done = True
    finally:
        for units in (programs, classes):
            units.queue.clear()
        for w in workers:
            w.close(interrupt=not done)
        if databases:
            databases.server.remove()


def memory():
    """Where the tests' files lie: in memory, when nobody says otherwise and there is room. Servers and
    databases are made by the hundred, and to a disk their files are dearer than the tests."""
    place = Path("/dev/shm")
    if "TMPDIR" in os.environ or not place.is_dir():
        return None
    found = os.statvfs(place)
    fits = found.f_bavail * found.f_frsize >= MEMORY_NEEDED and not found.f_flag & os.ST_NOEXEC
    return place if fits and os.access(place, os.W_OK | os.X_OK) else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", choices=KINDS, metavar="KIND",
                        help=f"only this kind (may be given again): {', '.join(KINDS)}")
    parser.add_argument("-k", dest="pattern", help="only tests whose name contains this")
    parser.add_argument("-j", dest="jobs", type=int, default=min(8, 2 * (os.cpu_count() or 1)),
                        help="worker processes for the Python tests")
    parser.add_argument("-v", dest="verbose", action="store_true", help="show each test")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return worker()

    # Stopped by TERM or by Ctrl-C: the folder goes all the same, and with us what we started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="qs-", dir=memory()))
    folder.chmod(0o711)
    (folder / "initdb").mkdir()
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    results = Results(args.verbose)
    begin = time.monotonic()
    try:
        run_all(list(select_units(args.only or KINDS, args.pattern)), args.jobs, results, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"in {time.monotonic() - begin:.0f} s")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
