"""Several agents on one key: one window, divided through PostgreSQL or by what the headers show."""

import unittest

from accounts import AccountsCase
from harness import MirrorCase, eventually


class SharedKey(MirrorCase):
    plan = "free"

    def work_together(self, *names):
        agents = [self.agent_of(name) for name in names]
        running = [agent.start() for agent in agents]
        eventually(lambda: len(self.sandbox.live()) == len(agents) * self.ROWS, deadline_s=90)
        for agent in running:
            agent.stop()
        stats = self.sandbox.stats()
        self.assertEqual((stats["breaches"], stats["duplicates"]), (0, 0))


class OneDatabase(SharedKey):
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


class TwoOnOneDatabase(OneDatabase):
    def test_two_agents_fill_the_window_together_and_none_is_refused(self):
        self.work_together("one", "two")

    def test_the_key_leaves_no_trace_in_the_state(self):
        self.agent_of("one").run("backfill")
        limits = self.db.value("SELECT limits FROM qudra_sync.account WHERE name = 'one'")
        self.assertRegex(limits["key"], "^[0-9a-f]{16}$")
        self.assertNotIn("qk_test", str(limits))


class FourOnOneDatabase(OneDatabase):
    """In windows that outlast the time in which they hear of each other."""

    LIMIT = 200
    sandbox_options = ("--limit", str(LIMIT), "--window", "8", "--quota", "unlimited")

    def test_four_agents_fill_the_window_together_and_none_is_refused(self):
        self.work_together("one", "two", "three", "four")


class BesideAnAccountWithoutRows(AccountsCase):
    """One may be about to have work while its agent is young. It does not take its part for ever."""

    sandbox_options = ("--limit", "40", "--window", "3", "--quota", "unlimited",
                       "--embedding-ms", "500")

    def key_file(self, agent, name, key=None):
        return super().key_file(agent, name, key or self.key("acme"))

    def test_the_embeddings_are_looked_at(self):
        running = self.agent.start()
        self.fill(3)
        eventually(lambda: len(self.open_of("acme")) == 3)
        self.db.psql("UPDATE qudra_sync.agent SET started_at = started_at - interval '1 minute'")
        eventually(lambda: self.db.value("SELECT count(*) FROM qudra_sync.job "
                                         "WHERE match_ready") == 3, deadline_s=60)
        running.stop()


class InTheHeadersAlone(SharedKey):
    """A database each: of the others an agent sees only what they leave in Remaining."""

    LIMIT = 400
    sandbox_options = ("--limit", str(LIMIT), "--window", "4", "--quota", "unlimited")
    ROWS = 300

    def agent_of(self, name):
        database = self.server.database(f"{self.db.name}_{name}")
        self.addCleanup(database.drop)
        database.create_agent_role()
        database.psql(self.TABLE)
        database.psql(f"INSERT INTO job (id, title) SELECT i, '{name} ' || i "
                      f"FROM generate_series(1, {self.ROWS}) AS i")
        agent = self.new_agent()
        agent.configure(qudra={"headroom": "5%"}, database={"url": database.url()})
        agent.run("migrate")
        return agent

    def test_two_agents_with_a_database_each_are_not_refused(self):
        self.work_together("one", "two")

    def test_nor_are_four(self):
        self.work_together("one", "two", "three", "four")


if __name__ == "__main__":
    unittest.main()
