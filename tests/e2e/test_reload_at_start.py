"""HUP while `run` still connects is no stop."""

import signal
import socket
import unittest

from harness import MirrorCase


class WhileItConnects(MirrorCase):
    def setUp(self):
        super().setUp()
        self.server_socket = socket.create_server(("127.0.0.1", 0))
        self.server_socket.settimeout(20)
        self.addCleanup(self.server_socket.close)
        self.held = []
        self.addCleanup(lambda: [c.close() for c in self.held])
        self.mute = f"postgresql://nobody@127.0.0.1:{self.server_socket.getsockname()[1]}/none"

    def caller(self):
        """Somebody connects, and hears nothing."""
        self.held.append(self.server_socket.accept()[0])

    def test_it_goes_on_connecting_and_a_stop_ends_it_well(self):
        self.agent.configure(database={"url": self.mute})
        running = self.agent.start("run")
        self.caller()
        running.send(signal.SIGHUP)
        self.caller()
        running.stop()


if __name__ == "__main__":
    unittest.main()
