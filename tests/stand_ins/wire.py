"""How calls of a stand-in come off the wire and answers go on it, whole or spoilt."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.stand_ins.calls import Call, Reply
from tests.stand_ins.faults import Fault, Way

LONGEST_STALL_SECONDS = 10
BYTE_PAUSE_SECONDS = 0.01


class Listener(ThreadingHTTPServer):
    """Listens on a free port of loopback and lets ``answer`` say what to answer and how."""

    daemon_threads = True

    def __init__(self, answer: Callable[[Call], tuple[Reply, Fault | None]]) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.answer = answer
        self.stopped = threading.Event()
        self.dripped_bytes = 0
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and let go whoever is still waiting."""
        self.stopped.set()
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in two packets would wait 40 ms for one another.
    disable_nagle_algorithm = True
    server: Listener

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        reply, fault = self.server.answer(Call(self.command, parts.path, query, self.headers, body))
        # Who gave up has closed the connection.
        with suppress(OSError):
            self._give(reply, fault.way if fault else None)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any  # noqa: N815

    def _give(self, reply: Reply, way: Way | None) -> None:
        if way is Way.STALLED:
            self.server.stopped.wait(LONGEST_STALL_SECONDS)
        if way in (Way.DROPPED, Way.LOST, Way.STALLED):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        content = reply.content()
        self.send_response(reply.status)
        given = {"Content-Type": "application/json", **reply.headers}
        for name, value in {**given, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self._send(content, way)

    def _send(self, content: bytes, way: Way | None) -> None:
        if way is Way.TRUNCATED:
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        elif way is Way.SLOW:
            for place in range(len(content)):
                self.wfile.write(content[place : place + 1])
                self.server.dripped_bytes += 1
                if self.server.stopped.wait(BYTE_PAUSE_SECONDS):
                    return
        else:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing; the stand-in keeps a log of calls."""
