"""TLS and HTTP/2: one connection with many streams where the server has it, HTTP/1.1 where not."""

import unittest

from harness import AWAY, MirrorCase
from proxies import TlsEnd
from test_metrics import free_port


class BehindTls(MirrorCase):
    plan = "free"  # a request for each job
    sandbox_options = ("--no-limit", "--quota", "unlimited", "--latency-ms", "100")
    ROWS, IN_FLIGHT = 40, 16

    def listen(self, **options):
        """From now on the agent comes through TLS."""
        self.end = TlsEnd(self.sandbox.address, free_port(), **options)
        self.addCleanup(self.end.close)
        self.agent.configure(qudra={"base_url": self.end.base_url, "concurrency": self.IN_FLIGHT,
                                    "ca_file": str(self.end.ca_file)})

    def wire_of(self, *words):
        """What a command puts on the wire: protocols, connections, methods."""
        before = len(self.end.wire())
        self.agent.run(*words)
        seen = self.end.wire()[before:]
        return ({line[0] for line in seen}, {line[1] for line in seen}, [line[2] for line in seen])


class WithHttp2(BehindTls):
    def test_all_requests_are_streams_of_one_connection(self):
        self.listen()
        self.fill(self.ROWS)
        protocols, connections, methods = self.wire_of("backfill")
        self.assertEqual((protocols, len(connections)), ({"HTTP/2.0"}, 1))
        self.assertEqual(methods.count("POST"), self.ROWS)
        self.db.psql("UPDATE job SET title = 'Edited ' || id")
        protocols, connections, methods = self.wire_of("once")
        self.assertEqual((protocols, len(connections)), ({"HTTP/2.0"}, 1))
        self.assertEqual(methods.count("PATCH"), self.ROWS)
        self.assertGreaterEqual(self.sandbox.stats()["in_flight_peak"], self.IN_FLIGHT // 2)
        self.assert_mirrored()

    def test_a_connection_that_the_server_ends_costs_no_request(self):
        """GOAWAY: streams that are open end well, the next ones go to another connection."""
        self.listen(requests=10)
        self.fill(self.ROWS)
        protocols, connections, methods = self.wire_of("backfill")
        self.assertEqual(protocols, {"HTTP/2.0"})
        self.assertGreater(len(connections), 2)
        self.assertEqual(methods.count("POST"), self.ROWS)
        self.assert_mirrored()


class WithoutHttp2(BehindTls):
    def test_connections_are_reused(self):
        self.listen(http2=False)
        self.fill(self.ROWS)
        protocols, connections, methods = self.wire_of("backfill")
        self.assertEqual(protocols, {"HTTP/1.1"})
        self.assertEqual(methods.count("POST"), self.ROWS)
        self.assertLessEqual(len(connections), self.IN_FLIGHT)
        self.assert_mirrored()


class Trust(BehindTls):
    def test_nothing_is_sent_to_a_server_that_nobody_vouches_for(self):
        self.listen()
        self.fill(3)
        del self.agent.config["qudra"]["ca_file"]
        self.agent.configure()
        done = self.agent.run("check", expect=AWAY)
        self.assertIn("certificate", done.text)
        self.assertEqual(self.end.wire(), [])

    def test_a_file_of_certificates_that_is_not_there_is_named(self):
        self.listen()
        self.agent.configure(qudra={"ca_file": "no-such.pem"})
        done = self.agent.run("check", expect=AWAY)
        self.assertIn("no-such.pem", done.text)


if __name__ == "__main__":
    unittest.main()
