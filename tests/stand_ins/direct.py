"""A stand-in asked without a wire between, where thousands of calls are to take little time.

What a spoilt wire does to a client is what ``requests`` makes of it; that it does make it of real
ones is tested with the client of HTTP.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import ProtocolError

from tests.stand_ins.calls import Call, Reply
from tests.stand_ins.faults import Way
from tests.stand_ins.server import StandIn


@contextmanager
def asked_directly(server: StandIn) -> Iterator[None]:
    """Let every request of this process go to ``server``, which need not have been started."""

    def send(
        session: requests.Session, request: requests.PreparedRequest, **settings: Any
    ) -> requests.Response:
        parts = urlsplit(request.url or "")
        body = request.body or b""
        call = Call(
            method=request.method or "",
            path=parts.path,
            query=parse_qs(parts.query, keep_blank_values=True),
            headers=CaseInsensitiveDict(request.headers),
            body=body if isinstance(body, bytes) else body.encode(),
        )
        reply, fault = server.answer(call)
        way = fault.way if fault else None
        if way is Way.STALLED:
            raise requests.ReadTimeout
        if way in (Way.DROPPED, Way.LOST):
            raise requests.ConnectionError
        return _response(reply, is_cut=way is Way.TRUNCATED)

    with (
        patch.object(requests.Session, "send", send),
        # The environment's settings are read anew for each call, which costs more than the call.
        patch.object(requests.Session, "merge_environment_settings", lambda *told: {}),
    ):
        yield


def _response(reply: Reply, *, is_cut: bool) -> requests.Response:
    response = requests.Response()
    response.status_code = reply.status
    response.headers.update({"Content-Type": "application/json", **reply.headers})
    response.raw = _Body(reply.content(), is_cut=is_cut)
    return response


class _Body:
    """What is read of an answer, which may end too early."""

    def __init__(self, content: bytes, *, is_cut: bool) -> None:
        self._content, self._is_cut = content, is_cut

    def read1(self, size: int, decode_content: bool) -> bytes:
        if self._is_cut:
            raise ProtocolError("cut off")
        content, self._content = self._content, b""
        return content

    def close(self) -> None:
        """There is nothing to close."""

    def release_conn(self) -> None:
        """There is no connection."""
