"""Rows of several accounts that are not as they should be: none hides another, none moves by mistake."""

import unittest

from accounts import AccountsCase
from harness import ROWS_LEFT


class ARowOfNobody(AccountsCase):
    """Its employer has no account here: it is recorded nowhere."""

    def test_does_not_stand_for_a_row_that_is_gone(self):
        self.fill(10)
        self.fill(1, first=100, employer="unknown")
        self.agent.run("once")
        self.db.psql("DELETE FROM job WHERE id = 5")
        self.agent.run("backfill")
        self.assertEqual(self.open_of("acme"), self.expected_of("acme"))

    def test_that_had_a_job_does_not_either(self):
        self.fill(10)
        self.agent.run("once")
        self.db.psql("UPDATE job SET employer = 'unknown' WHERE id = 9; DELETE FROM job WHERE id = 5")
        self.agent.run("backfill")
        self.assertEqual(self.open_of("acme"), self.expected_of("acme"))


class ARowThatMoves(AccountsCase):
    def test_does_not_stand_for_rows_that_are_gone(self):
        self.fill(10)
        self.agent.run("once")
        self.db.psql("UPDATE job SET employer = 'najd' WHERE id = 9; DELETE FROM job WHERE id = 5")
        self.agent.run("backfill")
        self.assert_each_mirrored()


class AKeyThatComesTwice(AccountsCase):
    TABLE = AccountsCase.TABLE + "CREATE TABLE extra (job_id int, employer text); " \
                                 "GRANT SELECT ON extra TO qs_agent;"
    MAPPING = AccountsCase.MAPPING.replace(
        "  table: public.job\n",
        "  query: SELECT j.id, j.title, j.body, j.city, j.contract, j.pay, j.open, j.deleted_at, "
        "j.updated_at, coalesce(x.employer, j.employer) AS employer "
        "FROM public.job j LEFT JOIN public.extra x ON x.job_id = j.id\n")

    def setUp(self):
        super().setUp()
        self.fill(10)
        self.agent.run("once")

    def assert_refused_and_kept(self):
        created = self.sandbox.stats()["jobs"]["created"]
        for _ in range(2):
            self.agent.run("backfill", expect=ROWS_LEFT)
            row = self.db.rows("SELECT account, state, error_code FROM qudra_sync.job "
                               "WHERE source_key = '5'")
            self.assertEqual(row, [{"account": "acme", "state": "refused",
                                    "error_code": "key.duplicate"}])
        self.db.psql("DELETE FROM extra")
        self.agent.run("backfill")
        self.assert_each_mirrored()
        self.assertEqual(self.sandbox.stats()["jobs"]["created"], created)

    def test_is_refused_and_keeps_its_job(self):
        self.db.psql("INSERT INTO extra VALUES (5), (5)")
        self.assert_refused_and_kept()

    def test_is_so_too_where_the_two_are_of_different_employers(self):
        self.db.psql("INSERT INTO extra VALUES (5, 'najd'), (5, 'acme')")
        self.assert_refused_and_kept()


del AccountsCase

if __name__ == "__main__":
    unittest.main()
