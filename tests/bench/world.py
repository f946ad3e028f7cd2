"""What the sections measure in: one PostgreSQL, and worlds of a table, a sandbox and an agent.

A row is about 1.5 KB, as a posting with a decent description is; every second one is Arabic. All
changes lie in the past, so that an idle poll finds nothing to look at again.
"""

import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import harness
from measure import spend

HERE = Path(__file__).resolve().parent
PLAIN = ("--no-limit", "--quota", "unlimited", "--embedding-ms", "0", "--latency-ms", "1")

# fsync is off: the disk is not what is judged, and it is off for all that are compared. A mirror that
# takes the largest plan twenty minutes is over in twenty seconds here: autovacuum looks around sixty
# times as often as by default, so that it sees as much of it.
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "8GB", "checkpoint_timeout": "30min",
            "shared_preload_libraries": "pg_stat_statements", "track_io_timing": "off",
            "pg_stat_statements.track_planning": "on", "autovacuum_naptime": "1s",
            "log_line_prefix": "%n %u "}

ENGLISH = """the team plans and delivers projects across Riyadh and the western region together with
    clients suppliers and engineers you will prepare weekly reports keep the schedule check drawings
    visit sites lead meetings train juniors write clear documents handle budgets and safety rules we
    offer housing transport yearly tickets medical cover for the family and time to learn""".split()
ARABIC = """نبحث عن مهندس لديه خبرة في إدارة المشاريع والتواصل مع العملاء وإعداد التقارير الأسبوعية
    ومتابعة الجدول الزمني وتدريب الموظفين الجدد والالتزام بقواعد السلامة ونقدم سكنا وبدل نقل
    وتذاكر سنوية وتأمينا طبيا للعائلة وفرصا للتعلم والتطور في بيئة عمل محترمة""".split()

TABLE = """
    CREATE TABLE job (
        id bigint PRIMARY KEY, title text, body text, city text, contract text, pay_min integer,
        pay_max integer, open boolean NOT NULL, posted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL);
    GRANT SELECT ON job TO qs_agent;
    CREATE EXTENSION pg_stat_statements;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END$$;
"""
FILL = """
    INSERT INTO job
    SELECT i, title || ' ' || i, substr(body, 1 + (i * 37 % 4000)::int, length) || ' ' || i,
           (ARRAY['Riyadh', 'Jeddah', 'Dammam', 'Abha'])[1 + i % 4],
           (ARRAY['full_time', 'contract', 'part_time'])[1 + i % 3], 6000 + i % 90 * 100,
           9000 + i % 90 * 100, true, '2026-01-01Z'::timestamptz + i * interval '1 second',
           '2026-01-01Z'::timestamptz + i * interval '1 second'
      FROM generate_series({first}, {last}) AS i
     CROSS JOIN LATERAL (SELECT * FROM (VALUES
           (0, 'Project engineer', $english${english}$english$, {width}),
           (1, 'مهندس مشاريع', $arabic${arabic}$arabic$, {width} * 5 / 9))
           AS v (kind, title, body, length) WHERE kind = i % 2) t;
"""
AFTER = """
    CREATE INDEX IF NOT EXISTS job_updated_at ON job (updated_at, id);
    DROP TRIGGER IF EXISTS touch ON job;
    CREATE TRIGGER touch BEFORE UPDATE ON job FOR EACH ROW EXECUTE FUNCTION touch();
"""
COLUMNS = ("id, title, body, city, contract, pay_min, pay_max, "
           "CASE WHEN open THEN 'active' ELSE 'closed' END, posted_at, updated_at")
MAPPING = """\
name: jobs
source:
  table: public.job
  key: id
  updated_at: updated_at
  priority: posted_at DESC
  detect: {detect}
fields:
  title:           {{column: title}}
  description:     {{column: body}}
  city:            {{column: city}}
  employment_type: {{column: contract}}
  salary_min:      {{column: pay_min}}
  salary_max:      {{column: pay_max}}
  currency:        {{const: SAR}}
  status:          {{sql: "CASE WHEN open THEN 'active' ELSE 'closed' END"}}
"""
PAYLOAD = """json_build_object('title', title, 'description', body, 'city', city,
    'employment_type', contract, 'salary_min', pay_min, 'salary_max', pay_max, 'currency', 'SAR',
    'status', CASE WHEN open THEN 'active' ELSE 'closed' END)"""
WIDE, NARROW = 1320, 60  # characters of an English body


def prose(words, n, seed=1):
    chance = random.Random(seed)
    text = ""
    while len(text) < n:
        text += " ".join(chance.choices(words, k=12)).capitalize() + ". "
    return text[:n]


def start_server(**settings):
    return harness.Postgres().start(**{**SETTINGS, **settings})


def python_with_libraries():
    """The reference's interpreter: that of the Debian packages may not be the first in PATH."""
    for python in (sys.executable, "/usr/bin/python3"):
        done = subprocess.run([python, "-c", "import psycopg2, requests"], capture_output=True)
        if done.returncode == 0:
            return python
    raise RuntimeError("no python3 with psycopg2 and requests: `make bench` installs them")


class World:
    def __init__(self, server, name, rows=0, width=WIDE, plan="scale", sandbox=PLAIN,
                 detect="watermark", **options):
        self.server, self.rows, self.width, self.plan = server, 0, width, plan
        server.psql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # of a section that broke
        self.db = server.database(name)
        self.db.create_agent_role()
        self.db.psql(TABLE)
        self.own_sandbox = not isinstance(sandbox, harness.Sandbox)
        self.sandbox = sandbox if not self.own_sandbox else harness.Sandbox(
            *sandbox, "--log-size", "200000", plan=plan)
        self.agent = self.new_agent(detect=detect, **options)
        self.grow(rows)
        self.first = None

    def new_agent(self, detect="watermark", **options):
        agent = harness.Agent(self.db.url(), self.sandbox.base_url, plan=self.plan)
        sections = {"qudra": {"timeout": "30s"}, "sync": {"interval": "1s"}}
        for name, values in options.items():
            sections.setdefault(name, {}).update(values)
        agent.configure(**sections)
        agent.write("mappings/jobs.yaml", MAPPING.format(detect=detect))
        agent.run("migrate")
        return agent

    def grow(self, rows):
        """Adds rows until there are that many; then all is as autovacuum leaves it."""
        step = 100_000
        for first in range(self.rows + 1, rows + 1, step):
            self.db.psql(FILL.format(first=first, last=min(first + step - 1, rows),
                                     width=self.width, english=prose(ENGLISH, 6000),
                                     arabic=prose(ARABIC, 6000)))
        self.rows = rows
        self.db.psql(AFTER)
        self.settle_down()

    def settle_down(self):
        self.db.psql("VACUUM (ANALYZE)")
        self.db.psql("CHECKPOINT")

    def spend(self, *words, expect=(0,)):
        """A command of the agent, run to its end."""
        return spend(self.agent.command(*words), self.agent.folder,
                     harness.plain_environment(), expect)

    def mirror(self):
        """The first backfill, once; what it cost."""
        if self.first is None:
            self.db.psql("SELECT pg_stat_statements_reset()")
            self.first = self.spend("backfill")
            live = self.sandbox.stats()["jobs"]["live"]
            assert live == self.rows, f"{live} jobs of {self.rows} rows"
            self.first.requests = self.requests()
            self.first.writes = self.writes()
            self.first.state_bytes = self.state_bytes()
            self.settle_down()
        return self

    def requests(self):
        return self.sandbox.stats()["requests_total"]

    def state_bytes(self):
        """Of the tables that grow with the rows."""
        return self.db.value("SELECT pg_total_relation_size('qudra_sync.job') "
                             "+ pg_total_relation_size('qudra_sync.queue')")

    def statements(self, where="true"):
        """What the agent's role had executed: calls, milliseconds, query."""
        return self.db.rows(f"""
            SELECT sum(s.calls)::bigint AS calls, sum(s.total_exec_time) AS exec_ms,
                   sum(s.total_plan_time) AS plan_ms, sum(s.wal_bytes)::bigint AS wal_bytes, s.query
              FROM pg_stat_statements s
              JOIN pg_database d ON d.oid = s.dbid
              JOIN pg_roles r ON r.oid = s.userid
             WHERE d.datname = '{self.db.name}' AND r.rolname = 'qs_agent' AND ({where})
             GROUP BY s.query ORDER BY exec_ms DESC""")

    def writes(self):
        """Statements that write to the state."""
        found = self.statements(r"query ~ '(INSERT INTO|UPDATE|DELETE FROM) qudra_sync'")
        return sum(statement["calls"] for statement in found)

    def remove(self):
        for running in self.agent.running:
            if running.process.poll() is None:
                running.send(signal.SIGTERM)
        self.agent.close()
        if self.own_sandbox:
            self.sandbox.stop()
        self.db.drop()


def reference(world, command):
    """The partner's script, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="qs-") as folder:
        return spend([python_with_libraries(), HERE / "reference.py", command,
                      world.db.url("postgres"), world.sandbox.base_url, harness.KEY], folder,
                     harness.plain_environment())
