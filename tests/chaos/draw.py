"""What a seed draws, so that it draws the same again when the tables here have grown.

Nothing depends on the length of a table: each choice has a lot of its own, made from the seed, the
name of what is drawn and its own name, and the shortest lot wins. A choice that is added takes some
seeds from the others, one that is taken away leaves its own to them, and all else stays as it was.
Numbers come from a stream for each name. Names are therefore for ever.
"""

import hashlib
import math
import random


class Draw:
    def __init__(self, seed):
        self.seed = seed
        self.streams = {}
        self.drawn = {}

    def _lot(self, *words):
        digest = hashlib.blake2b(repr((self.seed, *words)).encode(), digest_size=8).digest()
        return (int.from_bytes(digest, "big") + 1) / 2**64

    def once(self, name, weights):
        """One of the names that `weights` has, with its weight."""
        return min((c for c in weights if weights[c] > 0),
                   key=lambda choice: -math.log(self._lot(name, choice)) / weights[choice])

    def next(self, name, weights):
        """As once, and another the next time."""
        self.drawn[name] = self.drawn.get(name, 0) + 1
        return self.once(f"{name} {self.drawn[name]}", weights)

    def numbers(self, name):
        """The stream of numbers of this name."""
        if name not in self.streams:
            self.streams[name] = random.Random(f"{self.seed} {name}")
        return self.streams[name]


def takes(*options, **endpoints):
    """What a variant is made of: options of the sandbox, and what agent.yaml says under endpoints."""
    return options, endpoints


# A table for each thing that Qudra does not document (Part B), with every way the sandbox knows. The
# first is what the agent assumes, and is as likely as the others together.
PART_B = {
    "bulk shape": {"results": takes(), "data": takes("--bulk-shape", "data"),
                   "jobs": takes("--bulk-shape", "jobs"), "items": takes("--bulk-shape", "items"),
                   "top": takes("--bulk-shape", "top")},
    "bulk index": {"there": takes(), "missing": takes("--bulk-no-index")},
    "bulk order": {"kept": takes(), "any": takes("--bulk-shuffle")},
    "bulk item": {"wrapped": takes(), "the job": takes("--bulk-inline")},
    "bulk status": {"auto": takes(), "200": takes("--bulk-status", "200"),
                    "201": takes("--bulk-status", "201"), "207": takes("--bulk-status", "207")},
    "bad item": {"alone": takes(), "400": takes("--bulk-bad-item", "400"),
                 "422": takes("--bulk-bad-item", "422")},
    "bulk over quota": {"filled up": takes(), "whole": takes("--bulk-quota", "whole")},
    "bulk request": {"jobs/bulk": takes(),
                     "other": takes("--bulk-path", "/v1/partner/jobs:batch", "--bulk-key", "items",
                                    bulk_path="/partner/jobs:batch", bulk_wrapper="items")},
    "update": {"patch": takes(), "both": takes("--update", "both"),
               "put": takes("--update", "put", update_method="PUT"),
               "put merges": takes("--update", "put", "--put", "merge", update_method="PUT")},
    "update answer": {"200": takes(), "204": takes("--update-answer", "204")},
    "delete answer": {"204": takes(), "200": takes("--delete-answer", "200")},
    "gone": {"404": takes(), "410": takes("--gone-status", "410")},
    "one job": {"bare": takes(), "data": takes("--wrap", "data"), "job": takes("--wrap", "job")},
    "list": {"data": takes(), "jobs": takes("--list-name", "jobs"),
             "items": takes("--list-name", "items"), "results": takes("--list-name", "results"),
             "top": takes("--list-name", "top")},
    "paging": {"cursor": takes(), "pagination": takes("--cursor", "pagination"),
               "meta": takes("--cursor", "meta"), "page": takes("--paging", "page", paging="page")},
    "listed": {"at once": takes(), "late": takes("--list-delay-ms", "600"),
               "very late": takes("--list-delay-ms", "1500")},
    "text": {"as sent": takes(), "trimmed": takes("--normalise", "trim,fold"),
             "composed": takes("--normalise", "nfc"), "markdown": takes("--normalise", "markdown"),
             "html": takes("--normalise", "html"), "defaults": takes("--normalise", "defaults"),
             "all": takes("--normalise", "trim,fold,nfc,markdown,html,defaults")},
    "validation": {"422": takes(), "400": takes("--validation-status", "400")},
    "quota status": {"403": takes(), "402": takes("--quota-status", "402"),
                     "429": takes("--quota-status", "429")},
    "quota code": {"quota": takes(),
                   "other": takes("--quota-code", "partner.month_is_full", quota_code="month_is_full")},
    "retry after": {"seconds": takes(), "date": takes("--retry-after", "date")},
    "idempotency": {"ignored": takes(), "honoured": takes("--idempotency", "honoured")},
}

# The same for what is documented, or Qudra's own affair; the first is the likely one.
PART_A = {
    "latency": {"none": takes(), "some": takes("--latency-ms", "20", "--jitter-ms", "60")},
    "clock": {"right": takes(), "ahead": takes("--clock-offset-ms", "3600000"),
              "behind": takes("--clock-offset-ms", "-3600000")},
    "cities": {"any": takes(), "listed": takes("--cities", "{cities}")},
    "body": {"10 MB": takes(), "8 kB": takes("--body-limit", "8000")},
    "window": {"unlimited": takes("--no-limit"), "short": takes("--window", "3", "--limit", "90")},
    "quota": {"unlimited": takes("--quota", "unlimited"), "40": takes("--quota", "40")},
    "embedding": {"works": takes(), "fails": takes("--embedding-fail-every", "7")},
}

# How the partner has set things up, and what his table is like.
PARTNER = {
    "plan": {"free": 1, "growth": 2, "scale": 1},
    "detect": {"watermark": 2, "trigger": 1, "scan": 1},
    "databases": {"one": 1, "two": 1},
    "agents": {"one": 3, "two": 1},
    "on_removed": {"close": 1, "delete": 1},
    "on_missing": {"recreate": 3, "refuse": 1},
    "sweep": {"often": 1, "never": 1},
    "updated_at": {"clock_timestamp": 1, "now": 1},
    "timestamps": {"with zone": 3, "without": 1},
    "guard": {"off": 3, "20%": 1},
    "statements": {"1m": 3, "1s": 1},
    "in flight": {"8": 3, "1": 1},
    "write back": {"no": 3, "yes": 1},
    "at the end": {"nothing": 3, "the state is lost": 1},
}


def variant(draw, tables):
    """What was drawn of such tables, by name; the sandbox's options; the endpoints."""
    drawn, options, endpoints = {}, [], {}
    for name, choices in tables.items():
        first = next(iter(choices))
        weights = {choice: len(choices) - 1 if choice == first else 1 for choice in choices}
        drawn[name] = draw.once(name, weights)
        more, settings = choices[drawn[name]]
        options += more
        endpoints.update(settings)
    return drawn, options, endpoints
