"""A preset of mappings/ against its product's schema as described, with rows that show the traps.

Each runs through `check` and is then mirrored whole: what the sandbox holds is compared with what the
rows mean.
"""

from harness import OK, ROOT, ROWS_LEFT, MirrorCase


class PresetCase(MirrorCase):
    preset = None

    def load(self, sql):
        """The product's schema and rows in place of the harness's table, and the preset as shipped."""
        self.db.psql("DROP TABLE job;" + sql)
        self.db.psql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO qs_agent")
        text = (ROOT / "mappings" / f"{self.preset}.yaml").read_text(encoding="utf-8")
        self.assertTrue(text.startswith("# yaml-language-server: $schema=mapping.schema.json\n#\n"))
        self.assertIn("# Fill in", text)
        self.agent.write("mappings/jobs.yaml", text)

    def check(self):
        done = self.agent.run("check", "--all", "--json", "--offline", expect=(OK, ROWS_LEFT))
        return next(s for s in done.json["sections"] if s["name"].startswith("mapping "))

    def assert_checked(self, accepted, refused=None, removed=0):
        """`refused`: the keys of each rule."""
        found = self.check()
        self.assertEqual([f for f in found["findings"] if f["level"] == "error"], [])
        self.assertEqual({r["rule"]: r["examples"] for r in found["refusals"]}, refused or {})
        self.assertEqual((found["accepted"], found["removed"]), (accepted, removed))
        return found

    def assert_jobs(self, expected):
        """`expected`: for each key of the source, what its job must say (fields left out: anything)."""
        self.agent.run("backfill", expect=(OK, ROWS_LEFT))
        jobs = {job["id"]: job for job in self.sandbox.jobs()}
        bound = {row["source_key"]: jobs[row["job_id"]] for row in self.db.rows(
            "SELECT source_key, job_id FROM qudra_sync.job WHERE job_id IS NOT NULL")}
        self.assertEqual(sorted(bound), sorted(expected))
        for key, fields in expected.items():
            self.assertEqual({name: bound[key].get(name) for name in fields}, fields, key)
        before = self.as_sent()
        self.agent.run("once", expect=(OK, ROWS_LEFT))
        self.assertEqual(self.as_sent(), before, "a second pass over unchanged rows sent a change")

    def as_sent(self):
        """The jobs at Qudra, without what becomes of them there by itself."""
        return [{name: value for name, value in job.items()
                 if name not in ("embedding_status", "match_ready")}
                for job in self.sandbox.jobs()]
