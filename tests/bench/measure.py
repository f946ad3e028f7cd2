"""What a program costs: wall time, CPU of its own, peak of its memory.

CPU of a program that has ended is its own account at the kernel (wait4), of one that runs the
scheduler's (/proc/PID/task/*/schedstat: nanoseconds, where /proc/PID/stat has hundredths of a
second). The peak is VmHWM, read again and again until the end: ru_maxrss will not do, because it
begins with what the Python that started the program held.
"""

import os
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

SAMPLE_S = 0.02
MB = 1024 * 1024


@dataclass
class Spent:
    wall_s: float
    cpu_s: float
    peak_bytes: int
    status: int = 0
    text: str = field(default="", repr=False)


def cpu_of(pid):
    """Seconds that all threads of a running process have had a CPU."""
    ns = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        ns += int((thread / "schedstat").read_text().split()[0])
    return ns / 1e9


def peak_of(pid):
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


class PeakWatch(threading.Thread):
    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak, self.over = pid, 0, threading.Event()

    def run(self):
        while not self.over.is_set():
            self.peak = max(self.peak, peak_of(self.pid))
            self.over.wait(SAMPLE_S)


def spend(command, cwd=None, environment=None, expect=(0,)):
    """Runs a command to its end. Its output goes to a file: a pipe would have to be read."""
    with open(os.path.join(cwd or "/tmp", "output"), "w+b") as output:
        start = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], cwd=cwd, env=environment,
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        watch = PeakWatch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.over.set()
        watch.join()
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode not in expect:
        raise AssertionError(f"{command}: exit status {process.returncode}\n{text[-4000:]}")
    return Spent(wall, usage.ru_utime + usage.ru_stime, watch.peak, process.returncode, text)


def walls(rounds):
    return [spent.wall_s for spent in rounds]


def cpus(rounds):
    return [spent.cpu_s for spent in rounds]


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]
