"""What a room exports carries the room's name, and somebody else uses it."""

import re

import tree

# What everybody uses every day goes by the short name of its type.
SHORT = {"mem": ("arena_", "buf_"), "op": ("row_state_",), "sql": ("migrations",),
         "metrics": ("metric_",), "limiter": ("plan",), "dialect": ("environments",),
         "problem": ("problems_",)}


sources = {tree.BUILD / source.relative_to(tree.ROOT).with_suffix(".o"): source
           for source in tree.files("agent/*/*.c", "tests/sandbox/*.c")}
objects = {source: (set(), set()) for source in sources.values()}
built = [str(path.relative_to(tree.ROOT)) for path in sources if path.exists()]
for line in tree.output("nm", "-A", "-P", *built).splitlines():
    path, name, kind = line.split()[:3]
    defined, used = objects[sources[tree.ROOT / path.rstrip(":")]]
    (used if kind == "U" else defined if kind in "TDBR" else set()).add(name)
tests = " ".join(path.read_text() for path in tree.files("tests/*/*.c"))
tests = set(re.findall(r"\w+", tests))
wrong = []
for path in tree.files("agent/*/*.c"):
    room = tree.room(path)
    words = {word for file in path.parent.glob(f"{room}*.[ch]") for word in file.stem.split("_")}
    words |= {"command"} if path.parent.name == "commands" else set()
    mine = (room + "_", *(word + "_" for word in words), *SHORT.get(room, ()))
    for name in sorted(n for n in objects[path][0] if n[0] != "_" and n != "main"):
        if not name.startswith(mine) and name != "commands":
            wrong.append(f"{path}: {name} does not begin with {mine[0]}")
        elsewhere = any(name in used for other, (_, used) in objects.items() if other != path)
        if not elsewhere and name not in tests:
            wrong.append(f"{path}: {name} is used nowhere else: make it static")
tree.finish(wrong)
