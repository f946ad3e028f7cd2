#!/usr/bin/env python3
"""The proof of promise 2, the isync way: die at every step of every case, start again, compare.

    tests/crash/crash.py [--case NAME]… [--step L] [--only-once] [-j N] [-v]

A run of the case that logs its crash points counts its steps. Then, for each of them: everything
anew, the agent dies at that step, and is started again until it is quiet; then, but for --only-once,
the same with deaths in these later runs too, a step further each time, until one ends by itself. In
some cases it is the database that dies at the step, as in a power cut, and the agent lives on. In
the end the sandbox holds what the mapping makes of the table, no job was ever created twice, nothing
is left uncertain, and one more pass sends nothing at all.
"""

import argparse
import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

from world import Template, World, harness, now
from cases import every

CITIES = Path(__file__).resolve().parents[2] / "agent/formats/ksa_cities.tsv"
AGAIN_MAX = 40


class Runner:
    """One thread's worlds, a sandbox for each set of its options."""

    def __init__(self, server, templates, folder):
        self.server, self.templates, self.folder = server, templates, folder
        self.worlds = {}
        self.own = None

    def server_for(self, case):
        """The others' databases are not to die with that of this one."""
        if case.power_cut and self.own is None:
            self.own = harness.Postgres()
            self.own.start()
            self.templates_of_own = make_templates(self.own)
        return (self.own, self.templates_of_own) if case.power_cut else (self.server, self.templates)

    def world(self, case):
        key = (case.plan, case.sandbox, case.triggers, case.apart, case.power_cut)
        if key not in self.worlds:
            options = [o.replace("{cities}", str(self.folder / "cities")) for o in case.sandbox]
            sandbox = harness.Sandbox(*options, plan=case.plan)
            agent = harness.Agent("", sandbox.base_url, plan=case.plan)
            agent.configure(qudra={"settle_wait": "500ms", "timeout": "2s"})
            server, templates = self.server_for(case)
            self.worlds[key] = World(server, templates[case.triggers], sandbox, agent)
        world = self.worlds[key]
        world.agent.write("mappings/jobs.yaml", case.mapping)
        return world

    def close(self):
        for world in self.worlds.values():
            world.close()
        if self.own:
            self.own.remove()

    def count(self, case):
        log = Path(tempfile.mkstemp(dir=self.folder)[1])
        world = self.prepare(case)
        world.once("once" if case.dies == "run" else case.dies, QS_CRASH_LOG=str(log))
        return [line.split()[1] for line in log.read_text().splitlines()]

    def prepare(self, case):
        world = self.world(case)
        world.renew(case.apart)
        case.before(world)
        case.change(world)
        return world

    def step(self, case, at, again):
        """Dies at step `at`; whatever then is wrong is raised."""
        world = self.prepare(case)
        if case.power_cut:
            died = world.outlive_the_database(case.dies, at)
        else:
            died = not world.once(case.dies, QS_CRASH_AT=str(at))
        case.meanwhile(world)
        deaths = int(died)
        for further in range(1, AGAIN_MAX if again and died else 0):
            if world.once(case.dies, QS_CRASH_AT=str(further)):
                break
            deaths += 1
        case.recover(world)
        judge(case, world)
        return deaths


def judge(case, world):
    world.assert_silent(case.command)
    world.assert_mirrored(case.expected(world))
    stats = world.sandbox.stats()
    allowed = [case.created] if isinstance(case.created, int) else case.created
    if stats["jobs"]["created"] not in allowed:
        raise AssertionError(f"{stats['jobs']['created']} jobs were created, not {case.created}: "
                             f"{stats['duplicate_list']}")
    if stats["duplicates"] and not case.twins:
        raise AssertionError(f"duplicates: {stats['duplicate_list']}")
    case.check(world)


class Proof:
    """Cases × steps as tasks for the runners. A case that is counted puts its steps in line."""

    def __init__(self, args):
        self.args = args
        self.tasks = queue.Queue()
        self.lock = threading.Lock()
        self.failed, self.counts, self.deaths, self.passed = [], {}, 0, 0
        for name, case in every().items():
            if not args.cases or name in args.cases:
                self.tasks.put((name, case(), None, False))

    def work(self, runner):
        """To the end, in one thread: what it starts dies with that."""
        with contextlib.closing(runner):
            self.work_off(runner)

    def work_off(self, runner):
        while True:
            task = self.tasks.get()
            if task is None:
                return
            try:
                self.do(runner, *task)
            except Exception as e:  # whatever is wrong with this step, the others are to be seen too
                self.fail(task, e)
            finally:
                self.tasks.task_done()

    def do(self, runner, name, case, at, again):
        if at is None:
            points = runner.count(case)
            self.counts[name] = len(points)
            steps = [self.args.step] if self.args.step else range(1, len(points) + 1)
            once = self.args.only_once or case.power_cut
            for again_too in (False,) if once else (False, True):
                for step in steps:
                    self.tasks.put((name, case, step, again_too))
            return
        deaths = runner.step(case, at, again)
        with self.lock:
            self.deaths += deaths
            self.passed += 1
        if self.args.verbose:
            print(f"ok   {name} step {at}{' and again' if again else ''}: died {deaths} times",
                  flush=True)

    def fail(self, task, error):
        name, _, at, again = task
        text = str(error) if isinstance(error, AssertionError) else traceback.format_exc()
        with self.lock:
            self.failed.append(name)
            print(f"FAIL {name} step {at}{' and again' if again else ''}\n---- {text[:4000]}\n"
                  f"---- make crash CASE={name} STEP={at}", flush=True)


def make_templates(server):
    by_triggers = [case for case in every().values() if case.triggers]
    return {False: Template(server), True: Template(server, by_triggers[0].mapping)}


def prove(args, folder):
    server = harness.shared_server()
    templates = make_templates(server)
    (folder / "cities").write_text("".join(
        line.split("\t")[1] + "\n" for line in CITIES.read_text().splitlines()
        if line.startswith("C\t")))
    proof = Proof(args)
    runners = [Runner(server, templates, folder) for _ in range(args.jobs)]
    threads = [threading.Thread(target=proof.work, args=(r,)) for r in runners]
    for thread in threads:
        thread.start()
    try:
        proof.tasks.join()
    finally:  # who interrupts it waits for the steps that are being taken, and no others
        proof.tasks.queue.clear()
        for _ in threads:
            proof.tasks.put(None)
        for thread in threads:
            thread.join()
    return proof


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--case", dest="cases", action="append", choices=every(), metavar="NAME",
                        help="only this case (may be given again): " + ", ".join(every()))
    parser.add_argument("--step", type=int, help="only this step")
    parser.add_argument("--only-once", action="store_true", help="let no later run die")
    parser.add_argument("-j", dest="jobs", type=int, default=2, help="at a time")
    parser.add_argument("-v", dest="verbose", action="store_true", help="show each step")
    args = parser.parse_args()

    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda number, _: sys.exit(128 + number))
    folder = Path(tempfile.mkdtemp(prefix="qs-crash-"))
    folder.chmod(0o711)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    begin = now()
    try:
        proof = prove(args, folder)
    finally:
        harness.remove_shared_server()
        shutil.rmtree(folder, ignore_errors=True)
    for name, n in proof.counts.items():
        print(f"{n:5} steps  {name}")
    print(f"{sum(proof.counts.values())} steps × cases ({len(proof.counts)} cases), "
          f"{proof.deaths} deaths, {proof.passed} passed, {len(proof.failed)} failed "
          f"in {now() - begin:.0f} s")
    return 1 if proof.failed or not proof.counts else 0


if __name__ == "__main__":
    sys.exit(main())
