"""A database behind TLS whose answers come in records that libpq has no room for."""

import unittest

from harness import MirrorCase
from proxies import TlsBeforePostgres


class RecordsLongerThanTheRoom(MirrorCase):
    def setUp(self):
        super().setUp()
        self.tls = TlsBeforePostgres(self.server)
        self.addCleanup(self.tls.close)
        self.agent.configure(database={"url": self.tls.url(self.db.name, "qs_agent"),
                                       "statement_timeout": "5s"})

    def test_are_read_to_their_end(self):
        self.fill(300)
        self.agent.run("backfill")
        self.assert_mirrored()
        self.assertGreater(self.tls.too_long, 0)


if __name__ == "__main__":
    unittest.main()
