#!/usr/bin/env python3
"""A guard against slower code that no noise can trip: instructions of fixed work, by callgrind.

    tests/instructions/instructions.py [WORK]…     compares with figures.json; no work: all of them
    tests/instructions/instructions.py --renew     writes what is counted now (`make instructions`)

The counts are those of the release build. They hang on the compiler and the libraries, which is why
figures.json names them: figures of another toolchain are no measure, and the comparison fails.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROGRAM = Path(os.environ.get("QS_BUILD", ROOT / "build" / "release")) / "instructions"
FIGURES = HERE / "figures.json"
WORKS = ("plain", "html", "answer", "decide")
MORE_PERCENT = 5  # than recorded: too much

# memcpy and its like come in a version for each kind of CPU: the plainest is the same on all.
PLAIN_CPU = "glibc.cpu.hwcaps=-AVX2,-AVX,-AVX512F,-AVX512VL,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM," \
            "-BMI1,-BMI2,-LZCNT,-MOVBE,-SSE4_1,-SSE4_2,-SSSE3,-Fast_Unaligned_Copy"


def output(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT,
                              env={**os.environ, "GLIBC_TUNABLES": PLAIN_CPU})
    except FileNotFoundError:
        sys.exit(f"{command[0]} is missing: `make deps` installs valgrind, `make test` builds the "
                 "program")
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stderr}")
    return done.stdout.strip()


def toolchain():
    return f"{output(PROGRAM, 'toolchain')}, {output('valgrind', '--version')}, " \
           f"{platform.machine()}"


def count(work):
    with tempfile.NamedTemporaryFile(prefix="qs-") as found:
        output("valgrind", "--tool=callgrind", "-q", f"--callgrind-out-file={found.name}",
               "--collect-atstart=no", "--toggle-collect=counted", PROGRAM, work)
        return int(re.search(r"^(?:summary|totals): (\d+)", Path(found.name).read_text(), re.M)[1])


def renew():
    figures = {"toolchain": toolchain(), "instructions": {work: count(work) for work in WORKS}}
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")
    print(FIGURES.read_text(), end="")


def compare(works):
    figures = json.loads(FIGURES.read_text())
    if figures["toolchain"] != toolchain():
        sys.exit(f"The figures were made with {figures['toolchain']}.\nThis is {toolchain()}.\n"
                 "Counts of different toolchains cannot be compared: see \"Instructions\" in "
                 "tests/README.md.")
    worse = False
    for work in works:
        before, now = figures["instructions"][work], count(work)
        percent = (now / before - 1) * 100
        worse |= percent > MORE_PERCENT
        print(f"{work}: {now:,} instructions, {percent:+.1f} % of the {before:,} recorded"
              f"{f'; at most +{MORE_PERCENT} % is let through' if percent > MORE_PERCENT else ''}")
    if worse:
        print("What costs them: valgrind --tool=callgrind; what is worth it: make instructions")
    return 1 if worse else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="*", metavar="WORK", help=", ".join(WORKS))
    parser.add_argument("--renew", action="store_true")
    given = parser.parse_args()
    if set(given.works) - set(WORKS):
        parser.error(f"there are {', '.join(WORKS)}")
    return renew() if given.renew else compare(given.works or WORKS)


if __name__ == "__main__":
    sys.exit(main())
