"""clang-format has nothing to change (`make format` does it)."""

import re
import subprocess

import tree

paths = [str(path) for path in tree.files("agent/*/*.[ch]", "tests/*/*.[ch]")]
done = subprocess.run(["clang-format", "--dry-run", *paths], capture_output=True, text=True)
found = sorted(set(re.findall(r"^(\S+?):\d+:\d+: (?:warning|error)", done.stderr, re.M)))
wrong = [f"{path}: run `make format`" for path in found]
tree.finish(wrong or ([done.stderr] if done.returncode else []))
