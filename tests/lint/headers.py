"""Each header compiles alone, and is guarded by the name that its place gives it."""

import re
import subprocess

import tree

FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-Iagent", f"-I{tree.BUILD}/gen", "-Itests", "-Werror",
         *tree.output("pkg-config", "--cflags", "libxml-2.0", "libpq").split()]

wrong = []
for path in tree.files("agent/*/*.h", "tests/sandbox/*.h"):
    done = subprocess.run(["gcc", *FLAGS, "-fsyntax-only", "-x", "c", str(path)], cwd=tree.ROOT,
                          capture_output=True, text=True)
    if done.returncode != 0:
        wrong.append(f"{path} does not compile alone:\n{done.stderr}")
    guard = f"{path.parent.name}_{path.stem}_H".upper()
    if not re.search(rf"#ifndef (QS_)?{guard}\n#define (QS_)?{guard}\n", path.read_text()):
        wrong.append(f"{path}: its guard should be QS_{guard}")
tree.finish(wrong)
