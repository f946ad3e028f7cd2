"""What must hold when all is quiet: said from the table and from what Qudra holds, by plain Python."""

import re
from collections import Counter

from harness import content
from partner import is_valid, payload


class Judge:
    """A mixin, as Partner."""

    def expected(self):
        """Of the rows that are there, by key: what is to be at Qudra, None where a rule is broken."""
        rows = self.source.rows("SELECT * FROM job WHERE deleted_at IS NULL AND visible")
        expected = {}
        for row in rows:
            if row["title"] is not None:
                row["title"] += self.suffix
            valid = is_valid(row, "--cities" in self.options)
            expected[str(row["id"])] = payload(row) if valid else None
        return expected

    def seen(self, job):
        """A job's content. Where Qudra changes text, the words count, and not what it adds."""
        job = dict(job)
        if "--normalise" in self.options:
            for field in ("title", "description"):
                text = re.sub(r"</?\w+>", "", job.get(field) or "")
                job[field] = " ".join(re.findall(r"[^\W_]+", text))
            job["salary_max"] = None
        return content(job)

    def differences(self):
        """In words, what keeps the mirror from being exact; nothing when it is."""
        jobs = {job["id"]: job for job in self.sandbox.jobs() if not job["deleted"]}
        rows = {row["source_key"]: row for row in self.db.rows(
            "SELECT source_key, job_id, state, error_code FROM qudra_sync.job")}
        expected = self.expected()
        wrong = [line for key, want in expected.items()
                 for line in self.row_differs(key, want, rows.get(key), jobs)]
        owner = {row["job_id"]: key for key, row in rows.items() if row["job_id"]}
        for job in jobs.values():
            if job["id"] not in owner:
                if not self.state_lost:
                    wrong.append(f"{job['id']} ({job['title']!r}, {job['status']}) belongs to no row")
            elif owner[job["id"]] not in expected and (
                    job["status"] != "closed" or self.setup["on_removed"] == "delete"):
                wrong.append(f"{owner[job['id']]} is gone, and {job['id']} is {job['status']}")
        shared = Counter(row["job_id"] for row in rows.values() if row["job_id"])
        return wrong + [f"{job} is bound twice" for job, n in shared.items() if n > 1]

    def row_differs(self, key, want, row, jobs):
        if want is None:
            if row is None or row["state"] != "refused" or not row["error_code"]:
                yield f"{key} breaks a rule, and is {row and row['state']}"
            return
        job = jobs.get(row["job_id"]) if row else None
        if job is None and row and row["state"] == "refused" and self.setup["on_missing"] == "refuse":
            return
        if job is None:
            yield f"{key} is not at Qudra ({row and row['state']})"
        elif self.seen(job) != self.seen(want):
            held, wanted = dict(self.seen(job)), dict(self.seen(want))
            for name in sorted(held.keys() | wanted.keys()):
                if held.get(name) != wanted.get(name):
                    yield (f"{key}: {name} is {held.get(name)!r} at Qudra, the table makes "
                           f"{wanted.get(name)!r}")
        elif row["state"] != "synced":
            yield f"{key} is {row['state']}"

    def story(self, difference):
        """Everything that is known of the first row or job that differs."""
        key, job = re.match(r"\d+", difference), re.search(r"job_\w+", difference)
        where = f"source_key = '{key[0]}'" if key else f"job_id = '{job[0]}'" if job else "false"
        rows = self.db.rows(f"SELECT * FROM qudra_sync.job WHERE {where}")
        ids = {row["job_id"] for row in rows} | ({job[0]} if job else set())
        lines = [*rows, *self.source.rows("SELECT * FROM job WHERE id::text IN ('%s')" % "', '".join(
                     row["source_key"] for row in rows)),
                 *(j for j in self.sandbox.jobs() if j["id"] in ids),
                 *(r for r in self.sandbox.log() if r["path"].rsplit("/", 1)[1] in ids)]
        return "\n".join(map(str, lines))

    def restless(self):
        """Rows that wait for something else than a change of their own."""
        return self.db.value("SELECT (SELECT count(*) FROM qudra_sync.create_attempt) + (SELECT "
                             "count(*) FROM qudra_sync.job WHERE state IN "
                             "('pending', 'sending', 'uncertain', 'deferred', 'held'))")
