"""A scan asks the state of whole pages where it can, and finds what has changed in them all the same."""

import re
import unittest

from harness import MirrorCase


class AScan(MirrorCase):
    FIRST, ROWS = 10_000, 4_000  # keys of one length, which ascend

    def setUp(self):
        super().setUp()
        self.fill(self.ROWS, first=self.FIRST)
        self.agent.run("backfill")

    def scan(self):
        """How many pages a scan asked about as a whole, and how many row by row."""
        log = self.agent.run("backfill", "--log-level", "trace").stderr
        return (len(re.findall(r'on=state sql="-- Whether the rows of a page', log)),
                len(re.findall(r'on=state sql="-- Those rows of a page', log)))

    def test_of_a_table_without_change_compares_no_page_row_by_row(self):
        whole, by_row = self.scan()
        self.assertGreater(whole, 3)
        self.assertEqual(by_row, 0)
        self.assert_mirrored()

    def test_finds_an_edit_a_new_row_and_one_that_is_gone(self):
        self.db.psql(f"""ALTER TABLE job DISABLE TRIGGER touch;
            UPDATE job SET title = 'Edited' WHERE id = {self.FIRST + 1700};
            DELETE FROM job WHERE id IN ({self.FIRST}, {self.FIRST + 2500}, {self.FIRST + 3999});
            INSERT INTO job (id, title) VALUES ({self.FIRST + self.ROWS}, 'New at the end')""")
        whole, by_row = self.scan()
        self.assertGreater(whole, by_row)
        self.assertGreater(by_row, 0)
        self.assert_mirrored()

    def test_finds_what_has_changed_in_each_page(self):
        self.db.psql("ALTER TABLE job DISABLE TRIGGER touch;"
                     "UPDATE job SET pay = pay + 1 WHERE id % 400 = 7")
        whole, by_row = self.scan()
        self.assertLess(whole, by_row)  # it asks less and less
        self.assert_mirrored()

    def test_finds_keys_of_another_length_in_between(self):
        self.db.psql(f"INSERT INTO job (id, title) SELECT i, 'Long key ' || i "
                     f"FROM generate_series({10 * self.FIRST + 5}, {10 * self.FIRST + 24}) i")
        self.scan()
        whole, _ = self.scan()
        self.assertGreater(whole, 0)
        self.assert_mirrored()


if __name__ == "__main__":
    unittest.main()
