"""Where the CPU of a first backfill goes: instructions by stage, counted by callgrind.

Counts do not depend on what else the machine does. They leave out the kernel's part, so the
milliseconds, which share out the CPU of the measured backfill by them, are an estimate.
"""

import re
import subprocess

import harness
from measure import spend
from world import World

ROWS = 2000
# A stage is the functions whose instructions, with all they call, make it up.
STAGES = {
    "read the source": ["source_scan_next", "source_rows"],
    "map and check": ["mapping_apply"],
    "hash": ["job_hash"],
    "compare and mark": ["state_compare", "state_mark"],
    "pick": ["state_pick"],
    "words of the texts, for the journal": ["job_words"],
    "journal": ["state_journal"],
    "write the JSON": ["qudra_bulk_create"],
    "send and wait": ["sender_start", "http_wait"],
    "read the answer": ["qudra_outcomes"],
    "record": ["state_record"],
}


def instructions(folder):
    """Inclusive counts by function, and the sum of all."""
    text = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100",
                           folder / "callgrind.out"],
                          capture_output=True, text=True, check=True).stdout
    counts = {}
    for count, name in re.findall(r"^\s*([\d,]+) \([ \d.]+%\)\s+\S*?([\w' ]+?)(?: \[\S*\])?$",
                                  text, re.M):
        function = name.split("'")[0].strip()
        counts[function] = max(counts.get(function, 0), int(count.replace(",", "")))
    return counts


def shares(bench):
    world = World(bench.server, "stages", ROWS)
    try:
        command = ["valgrind", "--tool=callgrind", "-q",
                   f"--callgrind-out-file={world.agent.folder}/callgrind.out",
                   harness.BUILD / "qudra-sync", "backfill"]
        spend(command, world.agent.folder, harness.plain_environment())
        counts = instructions(world.agent.folder)
    finally:
        world.remove()
    whole = counts["PROGRAM TOTALS"]
    by_stage = {stage: sum(counts.get(f, 0) for f in functions)
                for stage, functions in STAGES.items()}
    by_stage["map and check"] -= by_stage["hash"]
    by_stage["all else"] = whole - sum(by_stage.values())
    first = bench.world(bench.size.scans[0]).mirror().first
    per_hundred_ms = first.cpu_s / bench.size.scans[0] * 1e5
    for stage, count in sorted(by_stage.items(), key=lambda item: -item[1]):
        share = count / whole
        bench.report.figure(f"per 100 jobs created: {stage}", share * 100, "%",
                            note=f"{count / ROWS * 100:,.0f} instructions, "
                                 f"about {share * per_hundred_ms:.2f} ms")
