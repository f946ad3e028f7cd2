"""What the README tells people to write works as it stands."""

import re
import subprocess
import unittest

from harness import KEY, ROOT, MirrorCase


def block(language, containing):
    """The README's one code block of this language that contains the text."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    found = [text for text in blocks if containing in text]
    assert len(found) == 1, f"{len(found)} blocks with {containing!r}"
    return found[0]


class TenMinutes(MirrorCase):
    migrated = False
    TABLE = """CREATE TABLE job_postings (id int PRIMARY KEY, title text, body_html text,
        city_name text, contract text, annual_min numeric, open boolean DEFAULT true,
        published boolean DEFAULT true, deleted_at timestamptz, updated_at timestamptz
        DEFAULT clock_timestamp())"""

    def make_the_key(self):
        """With a machine's /etc in the agent's folder."""
        for line in block("console", "/dev/stdin").splitlines():
            line = line.removeprefix("$ ").removeprefix("sudo ")
            subprocess.run(["sh", "-c", line.replace("/etc/qudra-sync", str(self.agent.folder))],
                           input=KEY, text=True, check=True)
        self.assertTrue((self.agent.folder / "mappings").is_dir())

    def test_role_configuration_mapping_and_commands(self):
        rights = block("sql", "CREATE ROLE").replace("qudra_sync LOGIN", "readme LOGIN")
        rights = rights.replace("TO qudra_sync", "TO readme").replace("DATABASE hr",
                                                                      f"DATABASE {self.db.name}")
        self.db.psql(rights)
        self.addCleanup(self.server.psql, "DROP ROLE readme")
        self.addCleanup(self.db.drop)
        self.db.psql("INSERT INTO job_postings (id, title, body_html, city_name, contract, "
                     "annual_min) VALUES (1, 'ممرضة', '<p>Care</p>', 'الرياض', 'دوام كامل', 96000)")
        configuration = block("yaml", "api_key_file").replace(
            "qudra:\n", f"qudra:\n  base_url: {self.sandbox.base_url}\n")
        self.agent.write("agent.yaml", configuration)
        (self.agent.folder / "key").unlink()
        (self.agent.folder / "mappings/jobs.yaml").unlink()
        (self.agent.folder / "mappings").rmdir()
        self.make_the_key()
        self.agent.write("mappings/jobs.yaml", block("yaml", "name: jobs"))
        self.agent.environment["DATABASE_URL"] = self.db.url("readme")
        commands = re.findall(r"qudra-sync (\w+) +#", block("console", "qudra-sync migrate"))
        self.assertEqual(commands, ["migrate", "check", "plan", "backfill", "run"])
        for command in commands[:-1]:
            self.agent.run(command)
        job = self.sandbox.titled("ممرضة")
        self.assertEqual((job["city"], job["salary_min"], job["description"]),
                         ("Riyadh", 8000, "Care"))


if __name__ == "__main__":
    unittest.main()
