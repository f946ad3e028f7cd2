"""Whether every allowed request is used and none refused, alone and with others on the key.

Windows are shortened to 3 s at 5 ms and to 6 s at 250 ms, so that twenty of them pass in minutes.
What is lost is lost at their edges, and that does not shrink with the window: an answer's way of
250 ms is 4 % of 6 s, and 0.4 % of a minute. So what holds here holds ten times over in a real
minute. On Scale the limit is cut with the window, to the real 167 requests a second: what is judged
is the pacing, and not how many requests a second two cores make. Only whole windows count: not the
one in which the work begins, nor the last.
"""

import http.client
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import harness
from world import NARROW, World

SANDBOX = ("--limit", "unlimited", "--quota", "unlimited", "--embedding-ms", "0")
# plan, latency in ms, window in s, requests a window
CASES = (("free", 5, 3, 100), ("free", 250, 6, 100), ("growth", 5, 3, 1000),
         ("growth", 250, 6, 1000), ("scale", 5, 6, 1000), ("scale", 250, 6, 1000))
KEEN = {"headroom": "0%", "concurrency": 64, "quota": "unlimited"}
SHARING = {"concurrency": 64, "quota": "unlimited"}


def all_windows(sandbox):
    return sandbox.stats()["keys"][0]["windows"]


def begin(sandbox, latency_ms, limit, window_s):
    """The limit holds from a fresh window on: what was used of this one was used without."""
    sandbox.options(latency_ms=latency_ms, limit=limit)
    end = all_windows(sandbox)[-1]["start"] + window_s
    harness.eventually(lambda: time.time() > end, 2 * window_s, "a fresh window")
    return end


def whole_windows(sandbox, since, window_s, limit):
    """Number of whole windows, requests used in them, requests refused in all."""
    used = [w for w in all_windows(sandbox) if w["start"] >= since and w["used"] > 0]
    first, last = used[0]["start"], used[-1]["start"]
    inner = [w for w in used if first < w["start"] < last]
    n = (last - first) // window_s - 1
    return n, sum(min(w["used"], limit) for w in inner), sum(w["refused"] for w in used)


def tell(report, name, windows, limit, at_least=0.98, **refusals):
    n, used, refused = windows
    report.figure(f"{name}: requests used / allowed", used / max(1, n * limit), "×",
                  at_least=at_least, note=f"{n} whole windows of {limit:,}")
    if refusals:
        report.figure(f"{name}: 429s", refused, **refusals)


def pace(bench, plan, latency_ms, window_s, limit):
    rows = limit * (bench.size.windows + 1)
    world = World(bench.server, "pacing", rows, width=NARROW, plan=plan, qudra=KEEN,
                  sandbox=(*SANDBOX, "--window", str(window_s)))
    try:
        world.mirror()
        world.db.psql("UPDATE job SET pay_max = pay_max + 100")
        since = begin(world.sandbox, latency_ms, limit, window_s)
        world.spend("once")
        tell(bench.report, f"{plan}, {latency_ms} ms",
             whole_windows(world.sandbox, since, window_s, limit), limit, at_most=0)
    finally:
        world.remove()


def pacing(bench):
    for case in CASES:
        pace(bench, *case)


# ---- with others on the key ----------------------------------------------------------------------


class Agents:
    """Several agents with a database each, all on one key of one sandbox."""

    WINDOW_S, LIMIT = 3, 1000

    def __init__(self, bench, n):
        self.rows = self.LIMIT * (bench.size.windows + 1) // n
        self.sandbox = harness.Sandbox(*SANDBOX, "--window", str(self.WINDOW_S), "--log-size",
                                       "200000", plan="growth")
        self.worlds = [World(bench.server, f"sharing_{i}", self.rows, width=NARROW, plan="growth",
                             qudra=SHARING, sandbox=self.sandbox) for i in range(n)]
        for world in self.worlds:
            world.spend("backfill")
            world.db.psql("UPDATE job SET pay_max = pay_max + 100")

    def work(self):
        since = begin(self.sandbox, 5, self.LIMIT, self.WINDOW_S)
        with ThreadPoolExecutor(len(self.worlds)) as pool:
            list(pool.map(lambda world: world.spend("once"), self.worlds))
        return whole_windows(self.sandbox, since, self.WINDOW_S, self.LIMIT)

    def refused_updates(self):
        log = self.sandbox.admin("log?limit=200000")["requests"]
        return sum(1 for r in log if r["method"] == "PATCH" and r["status"] == 429)

    def remove(self):
        for world in self.worlds:
            world.remove()
        self.sandbox.stop()


class Greedy(threading.Thread):
    """Another program on the key: as fast as it can until it is refused, and again when it may."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.over, self.taken = port, threading.Event(), 0

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.over.is_set():
            connection.request("GET", "/v1/partner/jobs?limit=1",
                               headers={"Authorization": f"Bearer {harness.KEY}"})
            answer = connection.getresponse()
            answer.read()
            self.taken += answer.status == 200
            if answer.status == 429:
                self.over.wait(float(answer.headers["Retry-After"]))


def sharing(bench):
    for n in (2, 4):
        agents = Agents(bench, n)
        try:
            tell(bench.report, f"{n} agents with a database each", agents.work(), agents.LIMIT,
                 at_least=0.98 * 0.95, at_most=0)
        finally:
            agents.remove()
    beside_a_greedy_program(bench)


def beside_a_greedy_program(bench):
    agents = Agents(bench, 1)
    greedy = Greedy(agents.sandbox.port)
    try:
        greedy.start()
        windows = agents.work()
        greedy.over.set()
        tell(bench.report, "with a greedy program", windows, agents.LIMIT, at_least=0.9)
        bench.report.figure("with a greedy program: 429s of ours, a window",
                            agents.refused_updates() / max(1, windows[0]), at_most=1,
                            note=f"the other took {greedy.taken:,} requests")
    finally:
        agents.remove()
