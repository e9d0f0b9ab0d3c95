import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipeline.alerts import alert
from pipeline.settings import Settings


@pytest.fixture
def hook():
    got: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if self.path == "/broken" else 204)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()


def settings(url: str) -> Settings:
    return Settings(_env_file=None, alert_webhook=url)


def test_the_webhook_gets_subject_and_text(hook) -> None:
    url, got = hook

    assert alert(settings(url), "Winback run failed", "orders.csv: no order_id") == []
    assert got == [{"text": "Winback run failed\norders.csv: no order_id"}]


def test_a_webhook_that_fails_is_told_without_its_address(hook) -> None:
    url, _ = hook

    problems = alert(settings(f"{url}/broken"), "failed", "")
    problems += alert(settings("http://127.0.0.1:9/secret-token"), "failed", "")

    assert len(problems) == 2
    assert "500" in problems[0]
    assert "secret-token" not in "".join(problems)


def test_nothing_is_sent_when_nothing_is_configured() -> None:
    assert alert(Settings(_env_file=None), "failed", "") == []
