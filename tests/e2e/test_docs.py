"""The docs say what is so: what is made from tables is up to date, what is written works as it stands."""

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

import yaml

from harness import BUILD, KEY_REFUSED, ROOT, ROWS_LEFT, Database, MirrorCase, Postgres, plain_environment

DOCS = ROOT / "docs"


def blocks(page):
    """(language, text) of each fenced block, in order."""
    return re.findall(r"^```(\w+)\n(.*?)^```", (DOCS / page).read_text(), re.S | re.M)


class Made(unittest.TestCase):
    def test_reference_man_page_and_completions_are_up_to_date(self):
        done = subprocess.run([BUILD / "reference"], cwd=ROOT, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_man_page_is_clean(self):
        done = subprocess.run(["mandoc", "-T", "lint", DOCS / "qudra-sync.1"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = [line for line in done.stdout.splitlines() if "mandoc.db" not in line]
        self.assertEqual((done.returncode, said), (0, []))

    def test_links_lead_somewhere(self):
        for page in DOCS.glob("*.md"):
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
                self.assertTrue((DOCS / target).exists(), f"{page.name}: {target}")


class Bash(unittest.TestCase):
    """What bash offers; zsh gets the same tables."""

    def offered(self, *words):
        script = ('. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _qudra_sync; '
                  'echo "${COMPREPLY[*]}"')
        done = subprocess.run(["bash", "-c", script, "bash",
                               ROOT / "packaging/completion/qudra-sync.bash", "qudra-sync", *words],
                              capture_output=True, text=True, check=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_commands_options_and_values(self):
        self.assertEqual(self.offered("st"), ["status"])
        self.assertEqual(self.offered("rows", "--st"), ["--state"])
        self.assertEqual(self.offered("-c", "x", "rows", "--state", "re"), ["refused", "removed"])
        self.assertEqual(self.offered("rows", "--state", "=", "ref"), ["refused"])
        self.assertEqual(self.offered("rows", "--after", ""), [])
        self.assertNotIn("--adopt", self.offered("rows", "--"))

    def test_zsh_reads_it(self):
        subprocess.run(["zsh", "-n", ROOT / "packaging/completion/_qudra-sync"], check=True)


class Guide(MirrorCase):
    """The guide from its first line to its last, as a new employer would follow it."""

    migrated = False
    TABLE = """CREATE TABLE job_postings (id int PRIMARY KEY, title text, body_html text,
        city_name text, contract text, monthly_pay numeric, open boolean DEFAULT true,
        deleted_at timestamptz, updated_at timestamptz DEFAULT clock_timestamp());
        INSERT INTO job_postings (id, title, body_html, city_name, contract, monthly_pay) VALUES
        (1, 'ممرضة', '<p>Care</p>', 'الرياض', 'FT', 8000), (2, 'no', 'x', 'Riyadh', 'FT', 1)"""

    # What only a whole machine has says its name and succeeds.
    STUBS = ("apt", "systemctl", "journalctl")

    def setUp(self):
        super().setUp()
        self.role = f"guide{os.getpid()}"
        self.addCleanup(self.server.psql, f"DROP ROLE IF EXISTS {self.role}")
        self.addCleanup(self.db.drop)
        self.etc = self.agent.folder / "etc"
        (self.etc / "mappings").mkdir(parents=True)
        example = (ROOT / "agent.yaml.example").read_text()
        (self.etc / "agent.yaml").write_text(example.replace(
            "qudra:\n", f"qudra:\n  base_url: {self.sandbox.base_url}\n", 1))
        self.make_programs()
        elsewhere = Postgres(template=os.environ.get("QS_TEST_CLUSTER"))
        self.addCleanup(elsewhere.remove)
        self.moved = elsewhere.start().database(self.db.name + "_new")

    def make_programs(self):
        programs = self.agent.folder / "bin"
        programs.mkdir()
        texts = {name: f'echo "{name} $*"' for name in self.STUBS}
        texts["qudra-sync"] = f'exec "{BUILD}/qudra-sync" -c "{self.etc}/agent.yaml" "$@"'
        for name, text in texts.items():
            (programs / name).write_text(f"#!/bin/sh\n{text}\n")
            (programs / name).chmod(0o755)

    def here(self, text):
        """The same with this test's folder, database, role and key."""
        text = text.replace("/etc/qudra-sync", str(self.etc))
        text = text.replace("postgresql://qudra_sync:choose-one@db.example/hr",
                            f"'{self.db.url(self.role)}'")
        text = text.replace("qk_test_your_key_here", self.agent_key())
        text = text.replace("/tmp/hr.sql", str(self.agent.folder / "hr.sql"))
        text = re.sub(r"\b(ROLE|TO|OWNED BY) qudra_sync\b", rf"\1 {self.role}", text)
        return text.replace("DATABASE hr", f'DATABASE "{self.db.name}"')

    def agent_key(self):
        return (self.agent.folder / "key").read_text().strip()

    def run_commands(self, text):
        """Each line that begins with `$ `, in one shell that the next block goes on with."""
        environment = self.agent.folder / "environment"
        environment.touch()
        lines = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
        self.assertEqual(len(lines), len(text.splitlines()), "every line is a command")
        for line in lines:
            script = f". '{environment}'\n{line}\nstatus=$?\nexport -p >'{environment}'\nexit $status"
            done = subprocess.run(
                ["bash", "-c", script], cwd=self.agent.folder, capture_output=True, text=True,
                stdin=subprocess.DEVNULL, env=plain_environment(
                    PATH=f"{self.agent.folder}/bin:{os.environ['PATH']}",
                    QUDRA_API_KEY_FILE=str(self.etc / "qudra_api_key"),
                    OWNER_URL=self.db.url("postgres"), NEW_OWNER_URL=self.moved.url("postgres"),
                    NEW_DATABASE_URL=self.moved.url(self.role)))
            self.assertIn(done.returncode, (0, ROWS_LEFT), f"{line}\n{done.stdout}{done.stderr}")

    def test_every_block_works_in_its_order(self):
        commands = 0
        for language, text in blocks("guide.md"):
            text = self.here(text)
            if language == "console":
                self.run_commands(text)
                commands += text.count("$ ")
            elif language == "sql":
                self.db.psql(text)
            elif named := re.match(r"# (\S+)\n", text):  # a file, by its first line
                Path(named[1]).write_text(text, encoding="utf-8")
            else:  # some lines of agent.yaml
                known = json.loads((DOCS / "agent.schema.json").read_text())["properties"]
                self.assertLessEqual(set(yaml.safe_load(text)), set(known), text)
        self.assertGreater(commands, 30)
        job = self.sandbox.titled("ممرضة")
        self.assertEqual((job["city"], job["salary_min"], job["description"]),
                         ("Riyadh", 8000, "Care"))
        self.assertIsNone(self.db.value("SELECT to_regnamespace('qudra_sync')"))
        self.assertEqual(self.sandbox.stats()["duplicates"], 0)


class Tables(MirrorCase):
    def test_the_page_has_the_tables_and_columns_of_the_database(self):
        page = (DOCS / "tables.md").read_text()
        documented = {(table, *cells) for table, body in
                      re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", page, re.S | re.M)
                      for cells in re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", body, re.M)}
        there = {(r["table_name"], r["column_name"], r["type"]) for r in self.db.rows(
            "SELECT table_name, column_name, CASE data_type WHEN 'USER-DEFINED' THEN udt_name "
            "WHEN 'timestamp with time zone' THEN 'timestamptz' ELSE data_type END AS type "
            "FROM information_schema.columns WHERE table_schema = 'qudra_sync'")}
        self.assertEqual(documented, there)

    def test_the_words_of_a_run_are_those_of_the_page(self):
        self.fill(40)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1; DELETE FROM job WHERE id > 5")
        self.agent.run("once")
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.agent.run("reconcile")
        self.agent.write_key("qk_test_of_somebody_else")
        self.agent.run("reconcile", expect=KEY_REFUSED)
        page = (DOCS / "tables.md").read_text()
        for column in ("kind", "outcome"):
            said = re.search(rf"^\| `{column}` \| text \| (.*) \|$", page, re.M)[1]
            for row in self.db.rows(f"SELECT DISTINCT {column} AS word FROM qudra_sync.run"):
                self.assertIn(row["word"], re.findall(r"\w+", said), column)

    def test_its_example_works(self):
        for language, text in blocks("tables.md"):
            self.assertEqual(language, "sql")
            self.db.psql(text, role=Database.AGENT)


def members(value, path=""):
    """Every path to a member: "rows[].state". Members named by data are one path."""
    if isinstance(value, list):
        return set().union(*(members(item, path + "[]") for item in value), set())
    if not isinstance(value, dict):
        return set()
    found = set()
    for name, inner in value.items():
        found |= {f"{path}.{name}"} | members(inner, f"{path}.{name}")
    return found


class Shapes(MirrorCase):
    """docs/json.md shows a whole example of each command's --json."""

    def setUp(self):
        super().setUp()
        self.fill(40)
        self.db.psql("INSERT INTO job (id, title, city) VALUES (900, 'no', 'Atlantis')")
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1; DELETE FROM job WHERE id = 2; "
                     "INSERT INTO job (id, title) VALUES (901, 'no')")
        self.agent.run("plan", "--out", "FILE")
        self.db.psql("UPDATE job SET title = 'Edited again' WHERE id = 1")

    def test_every_member_is_in_the_page_and_none_that_is_not_there(self):
        page = (DOCS / "json.md").read_text()
        shown = re.findall(r"^## `([^`]+)`\n.*?^```json\n(.*?)^```", page, re.S | re.M)
        self.assertEqual({command.split()[0] for command, _ in shown},
                         {"status", "rows", "explain", "plan", "check", "reconcile", "retry",
                          "release", "backfill"})
        for command, example in shown:
            with self.subTest(command):
                said = self.agent.run(*command.split(), expect=None).json
                self.assertEqual(members(json.loads(example)), members(said))


if __name__ == "__main__":
    unittest.main()
