"""Functions that are not used here, and what is used in their place."""

import re

import tree

BANNED = {
    "strcpy|strcat|stpcpy|sprintf|vsprintf|gets": "write into a struct buf",
    "strtok|strtok_r": "split with struct text",
    "atoi|atol|atoll|atof": "clock_, json_ and text_ functions tell what is wrong",
    "system|popen": "the agent starts no programs",
    "sleep|usleep|nanosleep": "every wait is a deadline of the loop's",
    "malloc|calloc|realloc|strdup|strndup": "base/mem.h: memory or abort",
}
OWN = {"mem.c"}  # wraps them

wrong = []
for path in tree.files("agent/*/*.[ch]"):
    for number, line in enumerate(tree.uncommented(path.read_text()).splitlines(), 1):
        for names, instead in BANNED.items():
            found = re.search(rf"(?<![\w.>])({names})\s*\(", line)
            if found and path.name not in OWN:
                wrong.append(f"{path}:{number}: {found[1]}: {instead}")
tree.finish(wrong)
