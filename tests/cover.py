"""Lines that the tests ran, by floor and by file; fails when a pure floor falls below its share.

    tests/cover.py build/cover
"""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AT_LEAST = {"formats": 90, "rules": 90}  # percent


def lines_of(folder):
    """{source file: {line number: how often it ran}}"""
    lines = defaultdict(dict)
    for notes in sorted(folder.rglob("*.gcno")):
        done = subprocess.run(["gcov", "--json-format", "--stdout", str(notes)], cwd=ROOT,
                              capture_output=True, text=True, check=True)
        for text in done.stdout.splitlines():
            for file in json.loads(text)["files"]:
                for line in file["lines"]:
                    old = lines[file["file"]].get(line["line_number"], 0)
                    lines[file["file"]][line["line_number"]] = old + line["count"]
    return lines


def main():
    floors = defaultdict(lambda: [0, 0])
    for file, lines in sorted(lines_of(Path(sys.argv[1]).resolve()).items()):
        if not file.startswith("agent/"):
            continue
        ran = sum(1 for count in lines.values() if count)
        print(f"{100 * ran / len(lines):5.1f} %  {ran:5} of {len(lines):5}  {file}")
        floors[file.split("/")[1]][0] += ran
        floors[file.split("/")[1]][1] += len(lines)
    low = False
    for floor, (ran, of) in floors.items():
        share = 100 * ran / of
        low = low or share < AT_LEAST.get(floor, 0)
        wanted = f"  (at least {AT_LEAST[floor]})" if floor in AT_LEAST else ""
        print(f"{share:5.1f} %  {floor}{wanted}")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
