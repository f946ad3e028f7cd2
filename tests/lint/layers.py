"""Includes go only where the table of agent/README.md lets them go."""

import re

import tree


def read_table():
    allowed, floor = {}, None
    for line in (tree.ROOT / "agent/README.md").read_text().splitlines():
        cells = [cell.strip().strip("`") for cell in line.split("|")[1:-1]]
        if len(cells) != 4 or cells[0] in ("floor", "---"):
            continue
        floor = cells[0] or floor
        allowed[floor, cells[1]] = cells[3].split()
    return allowed


allowed = read_table()
wrong = []
for path in tree.files("agent/*/*.[ch]"):
    room, floor = tree.room(path), path.parent.name
    may = allowed.get((floor, room), ["all"] if floor == "commands" else None)
    if may is None:
        wrong.append(f"{path}: agent/README.md has no room {room} on floor {floor}")
        continue
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'#include "(\w+)/(\w+)\.h"', line)
        if found and found[1] != "base" and "all" not in may and \
                tree.room(found[2]) not in (*may, room):
            wrong.append(f"{path}:{number}: {room} may not include {found[1]}/{found[2]}.h")
tree.finish(wrong)
