"""What the lint scripts share: the tree's files, and the way to tell what is wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("QS_BUILD", ROOT / "build" / "asan")).resolve()


def files(*patterns):
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


def room(path):
    return Path(path).stem.split("_")[0]


def uncommented(text):
    """Comments and literals blanked out, so that lines keep their numbers."""
    token = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(token, lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)


def output(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def finish(wrong):
    for line in wrong:
        print(line)
    sys.exit(1 if wrong else 0)
