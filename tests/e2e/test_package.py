"""The service and the Debian package, in a folder of their own: nothing is installed on this machine."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BUILD, ROOT, MirrorCase, eventually

UNITS = ROOT / "packaging/systemd"


def run(*command, cwd=ROOT):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=cwd,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


class Units(unittest.TestCase):
    def test_they_are_hardened(self):
        for unit in UNITS.glob("*.service"):
            said = run("systemd-analyze", "security", "--offline=yes", "--threshold=20", unit)
            score = float(re.search(r"exposure level for \S+: ([\d.]+)", said)[1])
            self.assertLessEqual(score, 2.0, unit.name)

    def test_both_services_run_in_the_same_cage(self):
        def cage(name):
            text = (UNITS / name).read_text()
            return re.search(r"\nUser=.*?MemoryMax=\S+", text, re.S)[0]
        self.assertEqual(cage("qudra-sync.service"), cage("qudra-sync-once.service"))

    def test_systemd_finds_nothing_wrong_with_them(self):
        with tempfile.TemporaryDirectory() as folder:
            for unit in [*UNITS.glob("*.service"), *UNITS.glob("*.timer")]:
                text = unit.read_text().replace("/usr/bin/qudra-sync", "/bin/true")
                Path(folder, unit.name).write_text(re.sub(r"Documentation=.*\n", "", text))
            self.assertEqual(run("systemd-analyze", "verify", *sorted(Path(folder).iterdir())), "")


class Notify(MirrorCase):
    """What systemd hears of the service."""

    def setUp(self):
        super().setUp()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        path = str(self.agent.folder / "notify")
        self.socket.bind(path)
        self.socket.settimeout(0.05)
        self.agent.environment.update(NOTIFY_SOCKET=path, WATCHDOG_USEC="2000000")
        self.heard = []

    def hears(self, state, times=1):
        def listen():
            try:
                self.heard.append(self.socket.recv(4096).decode().splitlines()[0])
            except TimeoutError:
                pass
            return self.heard.count(state) >= times
        eventually(listen, what=f"{state} is heard ({self.heard})")

    def test_ready_then_the_watchdog_then_stopping(self):
        running = self.agent.start()
        self.hears("READY=1")
        self.hears("WATCHDOG=1", times=3)
        running.stop()
        self.hears("STOPPING=1")
        self.assertEqual(self.heard[0], "READY=1")
        self.assertLess(self.heard.count("WATCHDOG=1"), 20, "not at every turn")

    def test_another_process_that_inherits_the_watchdog_is_silent(self):
        self.agent.environment["WATCHDOG_PID"] = "1"
        running = self.agent.start()
        self.hears("READY=1")
        running.stop()
        self.hears("STOPPING=1")
        self.assertNotIn("WATCHDOG=1", self.heard)


class Package(unittest.TestCase):
    """dpkg works in a folder (--root); the maintainer scripts are told so by DPKG_ROOT."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="qs-deb-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.old = cls.make_package("0.0.1", "interval: 30s")
        cls.new = cls.make_package("0.0.2", "interval: 31s")

    @classmethod
    def make_package(cls, version, interval):
        """Of the program under test; the configuration differs between the two."""
        stage, tree = cls.folder / version, cls.folder / f"tree-{version}"
        run("make", "install", "-o", "all", f"B={BUILD}", f"DESTDIR={stage}", "PREFIX=/usr")
        tree.mkdir()
        for name in ("packaging", "agent", "migrations", "docs"):
            (tree / name).symlink_to(ROOT / name)
        example = (ROOT / "agent.yaml.example").read_text()
        (tree / "agent.yaml.example").write_text(example.replace("interval: 30s", interval))
        run("sh", "packaging/deb/build.sh", stage, version, cls.folder, cwd=tree)
        return next(cls.folder.glob(f"*_{version}_*.deb"))

    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="root-", dir=self.folder))
        for name in ("var/lib/dpkg/updates", "var/lib/dpkg/info", "etc"):
            (self.root / name).mkdir(parents=True)
        (self.root / "var/lib/dpkg/status").touch()

    def dpkg(self, *words):
        command = ["dpkg", f"--root={self.root}", f"--log={self.root}/log", "--force-script-chrootless",
                   "--force-depends", "--force-not-root", "--force-confold", *words]
        return run(*([] if os.geteuid() == 0 else ["fakeroot"]), *command)

    def etc(self, name):
        return self.root / "etc/qudra-sync" / name

    def left(self):
        """Files that the package or the administrator put there."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*")
                      if "qudra" in str(path.relative_to(self.root)) and path.is_file())

    def test_it_installs_upgrades_removes_and_purges(self):
        self.dpkg("--install", self.old)
        self.assertEqual(self.etc("environment").stat().st_mode & 0o777, 0o600)
        self.assertIn("qudra-sync:", (self.root / "etc/passwd").read_text())
        run(self.root / "usr/bin/qudra-sync", "--version")
        self.etc("mappings/jobs.yaml").write_text("name: jobs\n")
        self.etc("environment").write_text("DATABASE_URL=edited\n")

        self.dpkg("--install", self.new)
        self.assertIn("interval: 31s", self.etc("agent.yaml").read_text(), "not edited: replaced")
        self.assertEqual(self.etc("environment").read_text(), "DATABASE_URL=edited\n")

        self.dpkg("--remove", "qudra-sync")
        self.assertEqual([path for path in self.left() if path.startswith("usr")], [])
        self.assertTrue(self.etc("mappings/jobs.yaml").exists())

        self.dpkg("--purge", "qudra-sync")
        self.assertEqual(self.left(), [])

    def test_an_edited_configuration_survives_an_upgrade(self):
        self.dpkg("--install", self.old)
        self.etc("agent.yaml").write_text("edited: yes\n")
        self.dpkg("--install", self.new)
        self.assertEqual(self.etc("agent.yaml").read_text(), "edited: yes\n")

    def test_lintian_finds_no_error(self):
        run("lintian", "--fail-on", "error", "--allow-root", self.new)

    def test_what_the_service_reads_is_what_the_package_brings(self):
        listed = run("dpkg-deb", "-c", self.new)
        for path in ("/usr/bin/qudra-sync", "/etc/qudra-sync/agent.yaml", "/etc/qudra-sync/environment"):
            self.assertIn(f" .{path}\n", listed)
            self.assertIn(path, (UNITS / "qudra-sync.service").read_text())


if __name__ == "__main__":
    unittest.main()
