"""Stands between the agent and the sandbox and keeps the bodies that went by."""

import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Recorder(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address):
        super().__init__(("127.0.0.1", 0), Handler)
        self.address, self.bodies = address, []
        self.base_url = f"http://127.0.0.1:{self.server_port}/v1"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.bodies.append(json.loads(body) if body else None)
        request = urllib.request.Request(self.server.address + self.path, body or None,
                                         dict(self.headers), method=self.command)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            answer = opener.open(request, timeout=30)
        except urllib.error.HTTPError as e:
            answer = e
        with answer:
            text = answer.read()
            self.send_response(answer.status)
            for name in ("Content-Type", "X-RateLimit-Limit", "X-RateLimit-Remaining",
                         "X-RateLimit-Reset"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_DELETE = forward

    def log_message(self, *_):
        pass
