"""The figures of one run: a table to read, and the same as JSON."""

import json
import os
import platform
import time
from pathlib import Path


def shown(value, unit):
    if isinstance(value, float):
        value = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    elif isinstance(value, int):
        value = f"{value:,}"
    return f"{value} {unit}".strip()


class Report:
    def __init__(self, **about):
        self.figures = []
        self.broken = []
        self.about = {**about, "machine": machine(),
                      "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                      "load_at_start": os.getloadavg()}
        self.section = None
        print(f"{json.dumps(self.about['machine'])}, load {os.getloadavg()[0]:.1f}")

    def figure(self, name, value, unit="", at_most=None, at_least=None, note=None):
        """One line of the report. Without a goal it is for information."""
        met = None
        if at_most is not None:
            met = value <= at_most
        elif at_least is not None:
            met = value >= at_least
        self.figures.append({"section": self.section, "figure": name, "value": value,
                             "unit": unit, "at_most": at_most, "at_least": at_least, "met": met,
                             "note": note})
        print(self._line(self.figures[-1]), flush=True)

    def ratio(self, name, ours, theirs, note=None, **goal):
        """Two lists of rounds: the best of each, and how far the rounds were apart."""
        spread = max(max(ours) / min(ours), max(theirs) / min(theirs))
        noisy = f"rounds up to {spread:.2f} × apart" if spread > 1.15 else None
        self.figure(name, min(ours) / min(theirs), "×",
                    note="; ".join(part for part in (note, noisy) if part) or None, **goal)

    def broke(self, error):
        self.broken.append({"section": self.section, "error": str(error)})

    @staticmethod
    def _line(f):
        goal = ""
        if f["at_most"] is not None:
            goal = "≤ " + shown(f["at_most"], f["unit"])
        elif f["at_least"] is not None:
            goal = "≥ " + shown(f["at_least"], f["unit"])
        mark = {True: "ok", False: "SHORT", None: ""}[f["met"]]
        note = f"  ({f['note']})" if f["note"] else ""
        return f"  {f['figure']:<64} {shown(f['value'], f['unit']):>14}  {goal:<14} {mark:<5}{note}"

    def show(self):
        section = None
        for f in self.figures:
            if f["section"] != section:
                section = f["section"]
                print(f"\n{section}")
            print(self._line(f))
        for b in self.broken:
            print(f"\n{b['section']} BROKE: {b['error']}")
        goals = [f for f in self.figures if f["met"] is not None]
        short = [f for f in goals if not f["met"]]
        print(f"\n{len(goals) - len(short)} of {len(goals)} goals reached; "
              f"{len(self.broken)} sections broke")

    def write(self, path):
        self.about["load_at_end"] = os.getloadavg()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**self.about, "figures": self.figures, "broken": self.broken},
                                   indent=1, ensure_ascii=False) + "\n")


def machine():
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cpu": model, "cores": os.cpu_count(), "memory_gb": round(memory / 2**30),
            "kernel": platform.release(),
            "system": platform.freedesktop_os_release()["PRETTY_NAME"]}
