"""`detect: watermark` on whatever partners write into updated_at.

Each form is one row of a table: how a write stamps the row, and what the mapping says of it. The
sweep is far away, so that what is found is found by time.
"""

import unittest

from harness import MirrorCase

NOW = "clock_timestamp()"
# name: (type of the column, how a moment is written into it, what the mapping says)
FORMS = {
    "timestamptz": ("timestamptz", "{}", ""),
    "timestamptz_of_whole_seconds": ("timestamptz(0)", "{}", ""),
    "timestamp_of_whole_seconds_in_utc": ("timestamp(0)", "{} AT TIME ZONE 'UTC'",
                                          "  time_zone: UTC\n"),
    "timestamp_in_utc": ("timestamp", "{} AT TIME ZONE 'UTC'", "  time_zone: UTC\n"),
    "timestamp_in_riyadh": ("timestamp", "{} AT TIME ZONE 'Asia/Riyadh'",
                            "  time_zone: Asia/Riyadh\n"),
    "timestamp_in_the_agents_zone": ("timestamp", "{} AT TIME ZONE 'Asia/Riyadh'", ""),
    "date": ("date", "({} AT TIME ZONE 'Asia/Riyadh')::date", "  time_zone: Asia/Riyadh\n"),
    "seconds_since_1970": ("bigint", "extract(epoch FROM {})", "  updated_at_unit: seconds\n"),
    "milliseconds_since_1970": ("bigint", "extract(epoch FROM {}) * 1000",
                                "  updated_at_unit: milliseconds\n"),
}


class TimeCase(MirrorCase):
    def stamp(self, column, write, says):
        """The table as if it had always been so."""
        self.db.psql(f"""DROP INDEX job_updated_at; ALTER TABLE job DROP updated_at;
            ALTER TABLE job ADD updated_at {column};
            CREATE INDEX job_updated_at ON job (updated_at, id);
            CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN NEW.updated_at := {write.format(NOW)}; RETURN NEW; END$$;
            DROP TRIGGER touch ON job;
            CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON job FOR EACH ROW EXECUTE FUNCTION touch()""")
        self.agent.write("mappings/jobs.yaml",
                         self.MAPPING.replace("  removed:", f"{says}  removed:"))

    def write_at(self, moment, sql):
        """A write whose updated_at says another moment: the clock was not right."""
        self.db.psql(f"ALTER TABLE job DISABLE TRIGGER touch; {sql.format(moment)}; "
                     "ALTER TABLE job ENABLE TRIGGER touch")

    def sync(self):
        self.agent.run("once")
        self.assert_mirrored()


class Forms(TimeCase):
    def check(self, column, write, says):
        self.stamp(column, write, says)
        self.fill(1200)
        self.sync()
        for n in (1, 2):
            self.db.psql(f"UPDATE job SET title = 'Edited {n}' WHERE id = {n}; "
                         f"INSERT INTO job (id, title) VALUES ({2000 + n}, 'New one {n}')")
            self.sync()
        with self.no_requests():
            self.sync()


def add_form(name, form):
    def test(self):
        self.check(*form)
    setattr(Forms, f"test_{name}", test)


for _name, _form in FORMS.items():
    add_form(_name, _form)


class Clocks(TimeCase):
    def test_a_clock_that_ran_ahead_does_not_take_the_watermark_with_it(self):
        self.fill(5)
        self.sync()
        self.write_at("now() + interval '1 day'",
                      "UPDATE job SET title = 'Ahead', updated_at = {} WHERE id = 1")
        self.sync()
        self.db.psql("UPDATE job SET title = 'In time' WHERE id = 2")
        self.sync()
        with self.no_requests():
            self.sync()

    def test_a_writers_clock_that_is_behind_by_less_than_the_overlap(self):
        self.agent.configure(sync={"overlap": "2m"})
        self.fill(5)
        self.sync()
        self.sync()
        self.write_at("now() - interval '90 seconds'",
                      "UPDATE job SET title = 'Back', updated_at = {} WHERE id = 1")
        self.sync()

    def test_a_servers_clock_that_was_set_back_blinds_nobody(self):
        """Behind the watermark all is looked at again, once; then it goes on from there."""
        for name in ("timestamptz", "date", "seconds_since_1970", "timestamp_in_riyadh"):
            with self.subTest(name):
                self.stamp(*FORMS[name])
                self.db.psql("DELETE FROM job")
                self.fill(5)
                self.agent.run("backfill", expect=None)
                self.agent.run("release")
                self.sync()
                self.db.psql("UPDATE qudra_sync.watermark SET changed_to = now() + interval '3 days'")
                self.db.psql(f"UPDATE job SET title = 'Set back, {name}' WHERE id = 2")
                self.sync()
                self.db.psql("UPDATE job SET title = title || '!' WHERE id = 3")
                self.sync()
                self.assertTrue(self.db.value("(SELECT changed_to < now() FROM qudra_sync.watermark)"))
                with self.no_requests():
                    self.sync()

    def test_what_is_written_further_back_is_found_by_the_sweep(self):
        self.fill(5)
        self.sync()
        self.write_at("now() - interval '1 day'",
                      "UPDATE job SET title = 'Long ago', updated_at = {} WHERE id = 1")
        self.agent.run("backfill")
        self.assert_mirrored()

    def test_a_row_without_a_time_is_found_by_the_sweep(self):
        self.stamp("timestamptz", "{}", "")
        self.fill(5)
        self.sync()
        self.write_at("NULL", "UPDATE job SET title = 'No time', updated_at = {} WHERE id = 1")
        with self.no_requests():
            self.agent.run("once")
        self.agent.run("backfill")
        self.assert_mirrored()

    def test_the_latest_of_several_times(self):
        self.db.psql("CREATE TABLE city (name text PRIMARY KEY, label text, updated_at timestamptz); "
                     "INSERT INTO city VALUES ('Riyadh', 'Riyadh', now()); "
                     "GRANT SELECT ON city TO qs_agent")
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "  table: public.job\n", "  query: SELECT job.*, city.label, city.updated_at AS city_at "
            "FROM job JOIN city ON city.name = job.city\n").replace(
            "updated_at: updated_at", "updated_at: greatest(updated_at, city_at)").replace(
            "{column: city}", "{column: label}"))
        self.fill(5)
        self.agent.run("once")
        self.db.psql("UPDATE city SET label = 'Jeddah', updated_at = clock_timestamp()")
        self.agent.run("once")
        self.assertEqual({job["city"] for job in self.sandbox.live()}, {"Jeddah"})


if __name__ == "__main__":
    unittest.main()
