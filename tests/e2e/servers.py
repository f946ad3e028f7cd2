"""PostgreSQL for the tests: servers of our own, what stands before and behind them, and sessions.

A server is made in a temporary folder and listens on a socket in it. Everything started here dies
with the process that started it, also when that is killed. Nothing sleeps: whoever waits, waits for
something, by `eventually`.
"""

import atexit
import ctypes
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

DEADLINE_S = float(os.environ.get("QS_DEADLINE_S", 30))
POLL_S = 0.02
# Programs that packaging/dependencies.sh has unpacked and not installed.
TOOLS = Path(__file__).resolve().parents[2] / "build" / "tools"
os.environ["PATH"] += f":{TOOLS}/usr/bin:{TOOLS}/usr/sbin:/usr/sbin"

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def dies_with_parent(signal_number):
    """For preexec_fn: the child gets this signal when the thread that started it is gone."""
    def prepare():
        LIBC.prctl(PR_SET_PDEATHSIG, signal_number)
    return prepare


def eventually(condition, deadline_s=DEADLINE_S, what=None):
    """The first true value of condition(), which is asked again until the deadline. QS_DEADLINE_S
    stretches each."""
    deadline_s *= 1 if deadline_s >= DEADLINE_S else max(1, DEADLINE_S / 30)
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what or condition}")
        time.sleep(POLL_S)


def plain_environment(**more):
    """Without what would lead libpq, curl or the program astray."""
    kept = {name: value for name, value in os.environ.items()
            if not re.match(r"PG|QUDRA|QS_|(HTTPS?|ALL|NO)_PROXY$|DATABASE_URL", name, re.I)}
    return {**kept, "LC_ALL": "C.UTF-8", **more}


# ---- PostgreSQL ----------------------------------------------------------------------------------


def postgres_programs():
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if folders:
        return folders[-1]
    found = shutil.which("postgres")
    if found is None:
        raise RuntimeError("no PostgreSQL server is installed: run `make deps`")
    return Path(found).parent


class Postgres:
    """A server of our own. As root it runs as the user postgres: initdb refuses root."""

    SETTINGS = {"listen_addresses": "", "fsync": "off", "full_page_writes": "off",
                "shared_buffers": "32MB", "max_connections": "60", "autovacuum_naptime": "60s",
                "max_prepared_transactions": "0", "log_statement": "none", "timezone": "UTC",
                "log_line_prefix": "%m [%p] %d "}

    def __init__(self, template=None, folder=None):
        self.programs = postgres_programs()
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.folder = Path(folder or tempfile.mkdtemp(prefix="qs-"))
        self.data = self.folder / "data"
        self.process = None
        self.before = []  # words of a program that starts the server's
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        if template:
            self._call("cp", "-a", str(template), str(self.data))
        else:
            self._call(self.programs / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust",
                       "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")

    def _as_server(self):
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def _call(self, *command):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              cwd="/", stdin=subprocess.DEVNULL, **self._as_server())
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")

    def start(self, stays=False, **settings):
        """`stays`: the server outlives this process."""
        words = [*self.before, str(self.programs / "postgres"), "-D", str(self.data),
                 "-k", str(self.folder)]
        for name, value in {**self.SETTINGS, **settings}.items():
            words += ["-c", f"{name}={value}"]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                start_new_session=True,
                preexec_fn=None if stays else dies_with_parent(signal.SIGQUIT),
                **self._as_server())
        eventually(self._is_ready, what=f"PostgreSQL is up (see {self.folder}/log)")
        return self

    def _is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError("PostgreSQL: " + (self.folder / "log").read_text())
        return subprocess.run([self.programs / "pg_isready", "-q", "-h", self.folder],
                              stdin=subprocess.DEVNULL).returncode == 0

    def stop(self, how=signal.SIGQUIT):
        """SIGQUIT is `stop -m immediate`, SIGINT fast."""
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(DEADLINE_S)
        self.process = None

    def restart(self, how=signal.SIGQUIT):
        self.stop(how)
        return self.start()

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def standby(self, **settings):
        """A hot standby that follows this server, made by pg_basebackup and started."""
        copy = self.folder / "copy"
        self._call(self.programs / "pg_basebackup", "-h", self.folder, "-U", "postgres", "-D", copy,
                   "-c", "fast", "-R", "--no-sync")
        standby = Postgres(template=copy)
        self._call("rm", "-r", copy)
        return standby.start(**settings)

    def promote(self):
        self._call(self.programs / "pg_ctl", "promote", "-D", self.data, "-w")

    def is_standby(self):
        return self.psql("SELECT pg_is_in_recovery()") == "t"

    def url(self, database="postgres", role="postgres"):
        return f"postgresql:///{database}?host={self.folder}&user={role}"

    def psql(self, sql, database="postgres", role="postgres"):
        """What psql prints, unaligned and without headings."""
        done = subprocess.run(psql_command(self.url(database, role)), input=sql, text=True,
                              capture_output=True, env=plain_environment())
        if done.returncode != 0:
            raise AssertionError(f"psql: {done.stderr}\n{sql[:2000]}")
        return done.stdout.strip()

    def database(self, name, template="template0", options=""):
        self.psql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {options}')
        return Database(self, name)


def psql_command(url):
    """The program itself: Debian's psql is a script in front of it, five times as slow."""
    return [str(postgres_programs() / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", url]


class SmallDisk(Postgres):
    """A server whose folder `small` is a real file system of a few megabytes, mounted for it alone,
    in a name space of its own: where mounting is not allowed, in one of a user's."""

    def __init__(self, size, **more):
        super().__init__(**more)
        self.small = self.folder / "small"
        self._call("mkdir", self.small)
        mount = f'mount -t tmpfs -o size={size}$0 none {self.small} && exec "$@"'
        dies = ["setpriv", "--pdeathsig", "QUIT"]  # who changes what he may do is rid of ours
        self.as_root, refusal = False, ""
        for self.as_root in (True, False) if self.user else (False,):
            if self.as_root:
                uid, gid = str(self.user.pw_uid), str(self.user.pw_gid)
                self.before = ["unshare", "--mount", "sh", "-c", mount, f",uid={uid},gid={gid}", *dies,
                               "--reuid", uid, "--regid", gid, "--clear-groups"]
            else:
                self.before = ["unshare", "--mount", "--map-current-user", "--keep-caps",
                               "sh", "-c", mount, "", *dies]
            tried = subprocess.run([*self.before, "true"], capture_output=True, text=True, cwd="/",
                                   **self._as_server())
            if tried.returncode == 0:
                return
            refusal += tried.stderr
        raise RuntimeError(f"no file system can be mounted here: {refusal}")

    def _as_server(self):
        """Who mounts as root becomes the server's user then."""
        return {} if self.before and self.as_root else super()._as_server()

    def filler(self):
        """A file on it, by a path that leads there from outside."""
        return f"/proc/{self.process.pid}/root{self.small}/filler"

    def fill(self):
        done = subprocess.run(["dd", "if=/dev/zero", f"of={self.filler()}", "bs=4k"], text=True,
                              capture_output=True, cwd="/", **self._as_server())
        if "No space left" not in done.stderr:
            raise AssertionError(f"dd: {done.stderr}")

    def make_room(self):
        self._call("rm", self.filler())


class Database:
    """One test's database. The agent comes as a role with the least rights that do."""

    AGENT = "qs_agent"

    def __init__(self, server, name):
        self.server, self.name = server, name

    def url(self, role=AGENT):
        return self.server.url(self.name, role)

    def psql(self, sql, role="postgres"):
        return self.server.psql(sql, self.name, role)

    def rows(self, sql, role="postgres"):
        """The rows of a SELECT, as dictionaries."""
        return json.loads(self.psql(f"SELECT coalesce(json_agg(q), '[]') FROM ({sql}) AS q", role))

    def value(self, sql):
        return json.loads(self.psql(f"SELECT coalesce(to_json(({sql})), 'null')"))

    def session(self, role="postgres"):
        return Session(self.url(role))

    def drop(self):
        self.server.psql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def create_agent_role(self):
        """As the README has it: connect, the schema qudra_sync, and SELECT on what is mapped."""
        self.server.psql(f"""DO $$ BEGIN CREATE ROLE {self.AGENT} LOGIN;
            EXCEPTION WHEN duplicate_object THEN NULL; END $$""")
        self.psql(f'GRANT CONNECT, CREATE ON DATABASE "{self.name}" TO {self.AGENT}')


class Session:
    """A psql that stays: for transactions that stand open while something else happens."""

    def __init__(self, url):
        self.process = subprocess.Popen(psql_command(url), stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        env=plain_environment(),
                                        preexec_fn=dies_with_parent(signal.SIGTERM))

    def run(self, sql):
        self.process.stdin.write(f"{sql};\n\\echo --done--\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line == "--done--\n":
                return "".join(lines).strip()
            lines.append(line)
        raise AssertionError("psql: " + "".join(lines))

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(DEADLINE_S)


class Pooler:
    """pgbouncer in transaction mode before a server, with fewer connections than the agent opens."""

    ROLES = ("postgres", "qs_agent")

    def __init__(self, server, **settings):
        self.server = server
        self.folder = Path(tempfile.mkdtemp(prefix="qs-pool-"))
        (self.folder / "users").write_text("".join(f'"{role}" ""\n' for role in self.ROLES))
        lines = {"pool_mode": "transaction", "listen_addr": "", "listen_port": "6432",
                 "unix_socket_dir": self.folder, "auth_type": "trust", "max_client_conn": "60",
                 "auth_file": self.folder / "users", "default_pool_size": "3", **settings}
        (self.folder / "ini").write_text(f"[databases]\n* = host={server.folder}\n[pgbouncer]\n" +
                                         "".join(f"{k} = {v}\n" for k, v in lines.items()))
        if server.user:
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, server.user.pw_uid, server.user.pw_gid)
        self.process = None

    def start(self):
        program = shutil.which("pgbouncer")
        if program is None:
            raise RuntimeError("pgbouncer is not installed: run `make deps`")
        own = shutil.copy(program, self.folder)  # the clone may lie where the server's user may not go
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [own, self.folder / "ini"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd="/", start_new_session=True, preexec_fn=dies_with_parent(signal.SIGKILL),
                **self.server._as_server())
        eventually(self._listens, what=f"pgbouncer (see {self.folder}/log)")
        return self

    def _listens(self):
        """The socket is there a moment before it is listened on."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.folder / ".s.PGSQL.6432")) == 0

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(DEADLINE_S)
            (self.folder / ".s.PGSQL.6432").unlink(missing_ok=True)
        self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database, role=Database.AGENT):
        return f"postgresql:///{database}?host={self.folder}&port=6432&user={role}"


_server = None


def shared_server():
    """This process's server, made at first use. run.py hands over a cluster made by initdb once."""
    global _server
    if _server is None:
        _server = Postgres(template=os.environ.get("QS_TEST_CLUSTER"))
        atexit.register(_server.remove)
    if _server.process is None:
        _server.start()
    return _server


def remove_shared_server():
    if _server is not None:
        _server.remove()
