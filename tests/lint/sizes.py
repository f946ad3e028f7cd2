"""Functions of at most 60 lines, files of at most 500. A table is no function."""

import tree

FUNCTION, FILE = 60, 500

wrong = []

for path in tree.files("agent/*/*.[ch]", "tests/*/*.[ch]", "tests/*.py", "tests/*/*.py"):
    lines = len(path.read_text().splitlines())
    if lines > FILE:
        wrong.append(f"{path}: {lines} lines")

for path in tree.files("agent/*/*.[ch]", "tests/*/*.[ch]"):
    lines = tree.uncommented(path.read_text()).splitlines()
    for begin, line in enumerate(lines):
        if line == "{":  # Linux braces: only a function's stands alone in the first column
            end = lines.index("}", begin)
            if end - begin - 1 > FUNCTION:
                wrong.append(f"{path}:{begin}: {lines[begin - 1].strip()}: {end - begin - 1} lines")
tree.finish(wrong)
