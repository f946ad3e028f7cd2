"""Tests over several employers: one table for all, a column that says whose a row is."""

from collections import defaultdict

from harness import Agent, MirrorCase, content


class AccountsCase(MirrorCase):
    """A table `job` with the column `employer`; a key at the sandbox for each of `employers`."""

    employers = ("acme", "najd")
    plans = {}  # of employers whose plan is not growth
    TABLE = MirrorCase.TABLE + "ALTER TABLE job ADD COLUMN employer text NOT NULL DEFAULT 'acme';"
    MAPPING = MirrorCase.MAPPING.replace("  removed:", "  account: employer\n  removed:")

    def start_sandbox(self, *options, **more):
        keys = [word for name in self.employers
                for word in ("--key", f"{self.key(name)}:{self.plans.get(name, 'growth')}:{name}")]
        return super().start_sandbox(*options, *keys, **more)

    def new_agent(self, **options):
        agent = Agent(self.url(), self.sandbox.base_url, **options)
        self.addCleanup(agent.close)
        agent.write("mappings/jobs.yaml", self.MAPPING)
        common = agent.config["qudra"]
        del common["api_key_file"]
        common["plan"] = "growth"
        self.name_accounts(agent)
        return agent

    def name_accounts(self, agent):
        """Where the agent learns of the accounts: here, of agent.yaml."""
        agent.configure(accounts=[
            {"name": name, "api_key_file": self.key_file(agent, name),
             "plan": self.plans.get(name, "growth")} for name in self.employers])

    @staticmethod
    def key(name):
        return f"qk_test_{name}"

    def key_file(self, agent, name, key=None):
        """The path of a file with the employer's key."""
        path = agent.write(f"keys/{name}", (key or self.key(name)) + "\n")
        path.chmod(0o600)
        return str(path)

    def add_row(self, name, **columns):
        """The account as a row of the table."""
        columns = {"name": name, "api_key_file": self.key_file(self.agent, name), **columns}
        values = ", ".join("NULL" if value is None else f"'{value}'" for value in columns.values())
        self.db.psql(f"INSERT INTO qudra_sync.account ({', '.join(columns)}) VALUES ({values})")

    def fill(self, n, first=1, employer="acme", title="Engineer"):
        self.db.psql(f"INSERT INTO job (id, title, employer) SELECT i, '{title} ' || i, "
                     f"'{employer}' FROM generate_series({first}, {first + n - 1}) AS i")

    def open_of(self, employer):
        """Titles of the employer's open jobs at Qudra."""
        return sorted(job["title"] for job in self.sandbox.open() if job["account"] == employer)

    def expected_of(self, employer):
        return sorted(row["title"] for row in self.db.rows(
            f"SELECT title FROM job WHERE deleted_at IS NULL AND open AND employer = '{employer}'"))

    def is_mirrored_for(self, *employers):
        return all(self.open_of(name) == self.expected_of(name) for name in employers)

    def assert_each_mirrored(self, *employers):
        """What the table says of each employer is what its account holds, and nothing twice."""
        wanted = defaultdict(list)
        for row in self.db.rows("SELECT * FROM job WHERE deleted_at IS NULL AND open"):
            wanted[row["employer"]].append(content(
                {"title": row["title"], "description": row["body"], "city": row["city"],
                 "employment_type": row["contract"], "salary_min": int(row["pay"]),
                 "currency": "SAR", "status": "active"}))
        jobs = self.sandbox.open()
        for name in employers or self.employers:
            self.assertEqual(sorted(content(job) for job in jobs if job["account"] == name),
                             sorted(wanted[name]), name)
        stats = self.sandbox.stats()
        self.assertEqual(stats["breaches"], 0, "requests over the limit")
        self.assertEqual(stats["duplicates"], stats["duplicates_of_closed"],
                         stats["duplicate_list"])

    def account(self, name):
        found = self.db.rows(f"SELECT * FROM qudra_sync.account WHERE name = '{name}'")
        return found[0] if found else None

    def held_by(self):
        """The agents that live, each with the accounts it holds."""
        return {row["name"]: set(row["held"]) for row in self.db.rows(
            "SELECT g.name, coalesce(json_agg(a.name) FILTER (WHERE a.name IS NOT NULL), '[]') "
            "AS held FROM qudra_sync.agent g LEFT JOIN qudra_sync.account a ON a.holder = g.name "
            "GROUP BY g.name")}


class TableAccountsCase(AccountsCase):
    """The accounts are rows of qudra_sync.account: add_row() makes one."""

    def name_accounts(self, agent):
        agent.configure(accounts="database")


def is_pid(agent_name, running):
    """Whether the name in a lease is that of a process."""
    return f" pid {running.process.pid} " in agent_name
