"""What may stand in between: a web proxy, a server that ends TLS, and a
database that is cut off."""

import contextlib
import os
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from servers import dies_with_parent, eventually


def connections(listener):
    """Those that come, until the listener is closed."""
    with contextlib.suppress(OSError):
        while True:
            yield listener.accept()[0]


class WebProxy(threading.Thread):
    """Tunnels to wherever CONNECT says; while it does not work, it answers with a page."""

    PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"

    def __init__(self, works=True):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.works, self.seen, self.tunnels = works, [], []
        self.start()

    def run(self):
        for connection in connections(self.listener):
            self.seen.append(connection.recv(4096).split(b"\r\n")[0].decode())
            if self.works:
                self._tunnel(connection, self.seen[-1].split()[1])
            else:
                with connection:
                    connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n"
                                       b"Content-Length: %d\r\nConnection: close\r\n\r\n%s"
                                       % (len(self.PAGE), self.PAGE))

    def _tunnel(self, connection, to):
        host, port = to.rsplit(":", 1)
        server = socket.create_connection((host, int(port)))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.tunnels.append((connection, server))
        for ends in ((connection, server), (server, connection)):
            threading.Thread(target=self._pump, args=ends, daemon=True).start()

    @staticmethod
    def _pump(source, sink):
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                sink.sendall(part)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def fail(self):
        """From now on, and whoever is going through it is cut off."""
        self.works = False
        while self.tunnels:
            for end in self.tunnels.pop():
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.fail()
        self.listener.close()


def make_certificate(folder, name, *more, key=None):
    """name.pem and its key, by openssl."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-keyout", key or f"{name}.key", "-out", f"{name}.pem", *more], cwd=folder,
                   capture_output=True, check=True)


class TlsEnd:
    """nginx before a server: TLS by a private authority, HTTP/2 where it is wanted."""

    CONFIG = """
        daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;
        events {{ worker_connections 512; }}
        http {{
            log_format wire '$server_protocol $remote_port $request_method $status';
            access_log {folder}/wire wire;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
            scgi_temp_path {folder}/scgi;
            server {{
                listen 127.0.0.1:{port} ssl {http2};
                ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
                keepalive_requests {requests};
                location / {{ proxy_pass {behind}; proxy_http_version 1.1; }} }} }}
    """

    def __init__(self, behind, port, http2=True, requests=1_000_000):
        """`requests`: after so many a connection is ended, as every server does some time."""
        self.folder = Path(tempfile.mkdtemp(prefix="qs-tls-"))
        self.ca_file = self.folder / "ca.pem"
        self.base_url = f"https://127.0.0.1:{port}/v1"
        self._make_certificates()
        config = self.folder / "conf"
        config.write_text(self.CONFIG.format(folder=self.folder, port=port, behind=behind,
                                             http2="http2" if http2 else "", requests=requests))
        program = shutil.which("nginx")
        if program is None:
            raise RuntimeError("nginx is not there: run `make deps`")
        with open(self.folder / "said", "wb") as said:
            self.process = subprocess.Popen(
                [program, "-c", config, "-p", self.folder, "-e", self.folder / "errors"],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGKILL))
        eventually(lambda: self._listens(port), what=f"nginx listens (see {self.folder})")

    def _make_certificates(self):
        make_certificate(self.folder, "ca", "-subj", "/CN=The tests' authority")
        make_certificate(self.folder, "cert", "-subj", "/CN=server", "-addext",
                         "subjectAltName=IP:127.0.0.1", "-CA", "ca.pem", "-CAkey", "ca.key",
                         key="key.pem")

    @staticmethod
    def _listens(port):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        return False

    def wire(self):
        """Protocol, connection, method, status of each request so far."""
        lines = (self.folder / "wire").read_text().splitlines()
        return [line.split() for line in lines]

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Cutter(threading.Thread):
    """A PostgreSQL server behind a wire that is cut at a statement, counted over all connections.

    `cut_at(n, applied)`: the n-th statement from now on is lost on its way, or (applied) done by the
    server and its answer lost. All connections are cut with it, as by a failover.
    """

    ENDS = (b"Q", b"S")  # simple query, sync: the last message of a statement

    def __init__(self, server):
        super().__init__(daemon=True)
        self.target = f"{server.folder}/.s.PGSQL.5432"
        self.folder = tempfile.mkdtemp(prefix="qs-cut-")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{self.folder}/.s.PGSQL.5432")
        self.listener.listen(16)
        self.lock = threading.Lock()
        self.open, self.statements, self.at, self.applied = set(), 0, 0, False
        self.start()

    def url(self, database, role):
        return f"postgresql:///{database}?host={self.folder}&user={role}"

    def cut_at(self, n, applied):
        with self.lock:
            self.statements, self.at, self.applied = 0, n, applied

    def run(self):
        for client in connections(self.listener):
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
            with self.lock:
                self.open |= {client, server}
            wire = Wire(self, client, server)
            for way in (wire.forward, wire.back):
                threading.Thread(target=way, daemon=True).start()

    def cut(self):
        with self.lock:
            doomed, self.open = self.open, set()
        for end in doomed:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self):
        self.listener.close()
        self.cut()
        os.unlink(f"{self.folder}/.s.PGSQL.5432")
        os.rmdir(self.folder)


class Wire:
    def __init__(self, cutter, client, server):
        self.cutter, self.client, self.server = cutter, client, server
        self.losing = False

    def read(self, end, n):
        data = b""
        while len(data) < n:
            more = end.recv(n - len(data))
            if not more:
                raise OSError("closed")
            data += more
        return data

    def message(self, end, first=False):
        kind = b"" if first else self.read(end, 1)
        length = self.read(end, 4)
        return kind, kind + length + self.read(end, struct.unpack("!I", length)[0] - 4)

    def is_cut(self, kind):
        c = self.cutter
        with c.lock:
            c.statements += kind in c.ENDS
            return kind in c.ENDS and c.statements == c.at

    def forward(self):
        """From the agent to the server."""
        with contextlib.suppress(OSError):
            self.server.sendall(self.message(self.client, first=True)[1])
            while True:
                kind, data = self.message(self.client)
                if self.is_cut(kind):
                    if not self.cutter.applied:
                        break
                    self.losing = True
                self.server.sendall(data)
        if not self.losing:
            self.end()

    def back(self):
        """From the server to the agent; what is to be lost is waited for to its end."""
        with contextlib.suppress(OSError):
            while True:
                kind, data = self.message(self.server)
                if not self.losing:
                    self.client.sendall(data)
                elif kind == b"Z":
                    break
        self.end()

    def end(self):
        c = self.cutter
        with c.lock:
            mine = c.at > 0 and c.statements >= c.at
        if mine:
            c.cut()
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class TlsBeforePostgres(threading.Thread):
    """A PostgreSQL server behind TLS that ends each answer with the longest record there can be.

    libpq takes no more of a record than it has room for. The rest is decrypted already, and nothing
    comes any more by which the socket could tell of it.
    """

    RECORD = 16384  # RFC 8446, section 5.1
    QUIET_S = 0.02  # after which an answer is taken for whole
    WIDE = 100_000  # what makes libpq's room larger than any record, for good

    def __init__(self, server):
        super().__init__(daemon=True)
        self.target = f"{server.folder}/.s.PGSQL.5432"
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory(prefix="qs-") as folder:
            make_certificate(folder, "cert", "-subj", "/CN=localhost")
            self.context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/cert.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.too_long = 0  # last records for which libpq had no room
        self.start()

    def url(self, database, role):
        port = self.listener.getsockname()[1]
        return f"postgresql://{role}@127.0.0.1:{port}/{database}?sslmode=require"

    def run(self):
        for client in connections(self.listener):
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError), client, socket.socket(socket.AF_UNIX) as server:
            client.recv(8)  # SSLRequest, or a cancel's first half: then the handshake fails
            client.sendall(b"S")
            server.connect(self.target)
            with self.context.wrap_socket(client, server_side=True) as tls:
                self.pump(tls, server)

    def pump(self, tls, server):
        answer, has_room = b"", False
        while True:
            ready = select.select([tls, server], [], [], self.QUIET_S if answer else None)[0]
            if not ready:
                has_room = has_room or len(answer) > self.WIDE
                self.too_long += len(answer) > self.RECORD and not has_room
                self.send(tls, answer)
                answer = b""
            for end in ready:
                if not (data := end.recv(1 << 20)):
                    return
                if end is server:
                    answer += data
                    continue
                while tls.pending():
                    data += tls.recv(1 << 20)
                server.sendall(data)

    def send(self, tls, answer):
        first = max(0, len(answer) - self.RECORD)
        if first > 0:
            tls.sendall(answer[:first])
            time.sleep(self.QUIET_S)  # so that the last record comes alone
        tls.sendall(answer[first:])

    def close(self):
        self.listener.close()
