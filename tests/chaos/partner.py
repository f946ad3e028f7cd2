"""The partner: his table, what he does to it, and what the mapping makes of it."""

import unicodedata

from harness import MirrorCase

CITIES = ("Riyadh", "Jeddah", "Dammam", "Abha")
BODIES = ("'A good job.'", "'Two  spaces '", r"E'* one\n* two'", "'__Bold__ and <b>bold</b>'",
          "U&'Cafe\\0301'", "'وظيفة في الرياض'", "NULL")
TYPES = ("full_time", "full_time", "part_time", "contract", "internship")
SUFFIX = " (m/f)"
# One row is left alone: a source that is empty removes nothing, by design.
NEVER = "id > 0"
COLUMNS = "id, title, body, city, contract, pay, open, deleted_at, visible"

TABLE = """
    ALTER TABLE job ADD COLUMN qudra_id text, ADD COLUMN qudra_state text,
                    ADD COLUMN visible boolean NOT NULL DEFAULT true;
    GRANT UPDATE (qudra_id, qudra_state) ON job TO qs_agent;
    CREATE TABLE buried (LIKE job);
"""
WITHOUT_ZONE = """
    ALTER TABLE job ALTER updated_at TYPE timestamp USING updated_at AT TIME ZONE 'UTC',
                    ALTER updated_at SET DEFAULT (clock_timestamp() AT TIME ZONE 'UTC');
    DROP TABLE buried;
    CREATE TABLE buried (LIKE job);
"""


def table(setup):
    sql = MirrorCase.TABLE + TABLE
    if setup["timestamps"] == "without":
        sql += WITHOUT_ZONE
    if setup["updated_at"] == "now":  # of the transaction, as most frameworks have it
        sql = sql.replace("clock_timestamp()", "now()")
    return sql


def mapping(setup, title="{column: title}"):
    """The mapping for a table that is set up so."""
    source = "  where: visible\n"
    if setup["timestamps"] == "without":
        source += "  time_zone: UTC\n"
    if setup["write back"] == "yes":
        source += "  write_back: {job_id: qudra_id, status: qudra_state}\n"
    for key in ("detect", "on_removed", "on_missing"):
        source += f"  {key}: {setup[key]}\n"
    text = MirrorCase.MAPPING.replace("  removed:", source + "  removed:", 1)
    if setup["detect"] != "watermark":
        text = text.replace("  updated_at: updated_at\n", "")
        text = text.replace("  time_zone: UTC\n", "")
    return text.replace("{column: title}", title)


class Partner:
    """Events named here happen to the table. A mixin: `draw`, `source`, `sql`, `setup` and so on are
    the play's."""

    def some(self, name, most):
        """A condition that a few of the latest rows meet."""
        chance = self.draw.numbers(name)
        reach = chance.randint(1, most) * 9
        return (f"{NEVER} AND id % {chance.randint(2, 9)} = 1 AND id > (SELECT max(id) FROM job "
                f"WHERE id < 1000000) - {reach}")

    def insert(self):
        chance = self.draw.numbers("insert")
        n = chance.choice((1, 1, 3, 12, 5 if self.setup["plan"] == "free" else 150))
        n = max(1, min(n, self.most_rows - self.next_id))
        if self.next_id >= self.most_rows:
            return
        kind = chance.choice(TYPES)
        self.sql(f"INSERT INTO job (id, title, body, city, contract, pay) SELECT i, 'Job ' || i, "
                 f"{chance.choice(BODIES)}, '{chance.choice(CITIES)}', '{kind}', "
                 f"{'NULL' if kind == 'internship' else '5000 + i'} "
                 f"FROM generate_series({self.next_id}, {self.next_id + n - 1}) i")
        self.next_id += n

    def edit(self):
        self.revision += 1
        self.sql(f"UPDATE job SET title = 'Job ' || id || ' rev {self.revision}' "
                 f"WHERE {self.some('edit', 20)}")

    def retell(self):
        body = self.draw.numbers("retell").choice(BODIES)
        self.sql(f"UPDATE job SET body = {body} WHERE {self.some('retell', 15)}")

    def undo(self):
        self.sql(f"UPDATE job SET title = 'Job ' || id, pay = 5000 + id WHERE {self.some('undo', 40)}")

    def pay(self):
        self.sql(f"UPDATE job SET pay = pay + 7 WHERE {self.some('pay', 20)}")

    def close(self):
        self.sql(f"UPDATE job SET open = NOT open WHERE {self.some('close', 10)}")

    def remove(self):
        self.sql(f"UPDATE job SET deleted_at = now() WHERE {self.some('remove', 6)}")

    def restore(self):
        self.sql(f"UPDATE job SET deleted_at = NULL, visible = true WHERE {self.some('restore', 40)}")

    def hide(self):
        self.sql(f"UPDATE job SET visible = NOT visible WHERE {self.some('hide', 6)}")

    def twin(self):
        """Rows that look the same."""
        self.sql("UPDATE job SET title = 'Twin', body = 'The same.', city = 'Riyadh', pay = 7000, "
                 f"contract = 'full_time' WHERE {self.some('twin', 6)}")

    def swap(self):
        """Neighbours take each other's title."""
        self.sql("UPDATE job j SET title = other.title FROM job other WHERE "
                 f"other.id = CASE WHEN j.id % 2 = 0 THEN j.id + 1 ELSE j.id - 1 END "
                 f"AND j.id > 1 AND j.id / 2 IN (SELECT id / 2 FROM job WHERE {self.some('swap', 3)})")

    def spoil(self):
        """Rows that break a rule of ours, or of Qudra's."""
        how = self.draw.numbers("spoil").choice(
            ("title = 'x'", "title = NULL", "city = 'Atlantis'", "contract = 'full_time', pay = NULL",
             "pay = 0", "contract = 'by the hour'"))
        self.sql(f"UPDATE job SET {how} WHERE {self.some('spoil', 4)}")

    def mend(self):
        self.sql("UPDATE job SET title = 'Job ' || id, city = 'Riyadh', contract = 'full_time', "
                 f"pay = 5000 + id WHERE (title IS NULL OR title = 'x' OR city = 'Atlantis' OR pay IS NULL "
                 f"OR pay = 0 OR contract = 'by the hour') AND {self.some('mend', 40)}")

    def bury(self):
        self.sql(f"WITH gone AS (DELETE FROM job WHERE {self.some('bury', 4)} RETURNING *) "
                 "INSERT INTO buried SELECT * FROM gone")

    def exhume(self):
        """Rows come back as they were."""
        part = self.draw.numbers("exhume").randint(0, 2)
        self.sql(f"WITH back AS (DELETE FROM buried WHERE id % 3 <> {part} RETURNING *) "
                 f"INSERT INTO job ({COLUMNS}) SELECT {COLUMNS} FROM back ON CONFLICT DO NOTHING")

    def rebirth(self):
        """Rows go and come back, all the same, in one transaction."""
        self.sql(f"""DO $$ BEGIN
            CREATE TEMP TABLE again ON COMMIT DROP AS SELECT * FROM job WHERE {self.some("rebirth", 5)};
            DELETE FROM job WHERE id IN (SELECT id FROM again);
            INSERT INTO job ({COLUMNS}) SELECT {COLUMNS} FROM again;
            DROP TABLE again; END $$""")

    def reload(self):
        """The whole table is emptied and filled again, as exports do."""
        self.sql(f"""DO $$ BEGIN
            CREATE TEMP TABLE again ON COMMIT DROP AS SELECT * FROM job;
            TRUNCATE job;
            INSERT INTO job ({COLUMNS}) SELECT {COLUMNS} FROM again;
            DROP TABLE again; END $$""")

    def rekey(self):
        """The same rows under other keys."""
        self.moved += 1
        self.sql(f"UPDATE job SET id = id + {1000000 * self.moved} WHERE id < 1000000 "
                 f"AND {self.some('rekey', 3)}")


# ---- what must come of it ------------------------------------------------------------------------


def is_valid(row, cities_listed):
    title, pay = (row["title"] or "").strip(), row["pay"]
    if not 3 <= len(title) or (cities_listed and row["city"] not in CITIES):
        return False
    if row["contract"] not in TYPES or (pay is None and row["contract"] in ("full_time", "contract")):
        return False
    return pay is None or pay > 0


def payload(row):
    """The mapping trims text and composes it."""
    def text(value):
        return value and unicodedata.normalize("NFC", value.strip())
    return {"title": text(row["title"]), "description": text(row["body"]), "city": row["city"],
            "employment_type": row["contract"], "currency": "SAR",
            "salary_min": None if row["pay"] is None else int(row["pay"]),
            "status": "active" if row["open"] else "closed"}
