"""Several agents on one key: one window, divided through PostgreSQL or by what the headers show."""

import unittest

from harness import MirrorCase, eventually


class OneKey(MirrorCase):
    plan = "free"
    LIMIT = 60
    sandbox_options = ("--limit", str(LIMIT), "--window", "3", "--quota", "unlimited")
    ROWS = 150

    def agent_of(self, name):
        """An agent with an account and a table of its own."""
        agent = self.new_agent()
        agent.configure(qudra={"headroom": 0}, accounts=[{"name": name, "api_key_file": "key"}])
        agent.config["qudra"].pop("api_key_file")
        agent.configure()
        self.db.psql(f"CREATE TABLE {name} (LIKE job INCLUDING ALL); "
                     f"GRANT SELECT ON {name} TO qs_agent; INSERT INTO {name} (id, title) "
                     f"SELECT i, '{name} ' || i FROM generate_series(1, {self.ROWS}) AS i")
        agent.write("mappings/jobs.yaml", self.MAPPING.replace("name: jobs", f"name: {name}")
                    .replace("public.job", f"public.{name}"))
        return agent

    def test_two_agents_fill_the_window_together_and_none_is_refused(self):
        running = [self.agent_of(name).start() for name in ("one", "two")]
        eventually(lambda: len(self.sandbox.live()) == 2 * self.ROWS, deadline_s=60)
        for agent in running:
            agent.stop()
        stats = self.sandbox.stats()
        self.assertEqual(stats["breaches"], 0)
        self.assertEqual(stats["duplicates"], 0)

    def test_the_key_leaves_no_trace_in_the_state(self):
        self.agent_of("one").run("backfill")
        limits = self.db.value("SELECT limits FROM qudra_sync.account WHERE name = 'one'")
        self.assertRegex(limits["key"], "^[0-9a-f]{16}$")
        self.assertNotIn("qk_test", str(limits))


if __name__ == "__main__":
    unittest.main()
