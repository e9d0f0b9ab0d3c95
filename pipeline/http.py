"""The one way in which clients of outside systems speak HTTP: patient, bounded, discreet."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from pipeline.http_answers import Answer, HttpError, redacted, refusal
from pipeline.http_bodies import json_bytes
from pipeline.pacing import Pacer

CHUNK_BYTES = 2**16
REPEATABLE = ("GET", "HEAD", "PUT", "DELETE")

Parameters = Mapping[str, str | int | Sequence[str]]


@dataclass(frozen=True)
class Patience:
    """How long a client waits for an answer, and how often it asks again.

    ``answer_seconds`` bounds a whole answer, however slowly it drips in, ``download_seconds`` a
    whole file. A wait that the other
    side asks for is kept as it is; one beyond ``longest_wait_seconds`` ends the call instead.
    """

    connect_seconds: float = 10
    silence_seconds: float = 60
    answer_seconds: float = 300
    download_seconds: float = 3600
    attempts: int = 6
    first_wait_seconds: float = 1
    longest_wait_seconds: float = 120

    def wait_before(self, attempt: int) -> float:
        """Return how long to wait before an attempt, the second is 2, where nobody says it."""
        return min(self.first_wait_seconds * 2 ** (attempt - 2), self.longest_wait_seconds)


PATIENCE = Patience()


class _Broken(Exception):
    """An attempt of which nobody knows what came of it."""


def default_throttle(answer: Answer) -> float | None:
    """Return how many seconds a refusal for haste asks for, 0 for an unknown number, else None."""
    if answer.status != 429:
        return None
    return answer.seconds_to_wait("Retry-After", "RateLimit-Reset", "x-sib-ratelimit-reset") or 0


@dataclass
class HttpClient:
    """Calls of one API. ``secrets`` are what no error may show, ``headers`` go with every call.

    ``throttle`` finds refusals for haste, whatever they look like with this vendor.
    """

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    pacer: Pacer = field(default_factory=Pacer, repr=False)
    patience: Patience = PATIENCE
    throttle: Callable[[Answer], float | None] = default_throttle
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        # At the level of debugging it writes every address with its parameters.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
        self._session = requests.Session()
        # Without it a .netrc of the user would replace our key by what it holds for the host.
        self._session.auth = _as_it_is

    def get(self, path: str, parameters: Parameters | None = None) -> Any:
        """Return the JSON that a GET gives."""
        return self.call("GET", path, parameters=parameters).json()

    def call(
        self,
        method: str,
        path: str,
        *,
        parameters: Parameters | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        is_repeatable: bool | None = None,
    ) -> Answer:
        """Return the answer of a call that succeeded; raise ``HttpError`` otherwise.

        ``body`` is sent as JSON unless it is bytes. Refusals for haste are asked again always, what
        broke on the way only where that does no harm: GET, PUT, DELETE, or ``is_repeatable``.
        """
        what = redacted(f"{method} {path}", self.secrets)
        request = requests.Request(
            method,
            path if path.startswith(("http://", "https://")) else f"{self.base_url}{path}",
            params=dict(parameters or {}),
            data=body if body is None or isinstance(body, bytes) else json_bytes(body),
            headers={"Accept": "application/json", **self._content_type(body)}
            | dict(self.headers)
            | dict(headers or {}),
        )
        if urlsplit(request.url).netloc != urlsplit(self.base_url).netloc:
            raise HttpError(f"{what}: the address is not one of this API, so no key goes there")
        may_repeat = method in REPEATABLE if is_repeatable is None else is_repeatable
        return self._persist(what, lambda: self._attempt(request), may_repeat=may_repeat)

    def download(self, url: str, path: Path) -> int:
        """Write what stands at ``url`` to ``path`` and return its size; no key goes with it.

        What was cut off is fetched anew; ``path`` appears whole or not at all.
        """
        part = path.with_name(f"{path.name}.part")

        def fetch() -> Answer:
            with self._opened(requests.Request("GET", url), follow=True) as response:
                if not response.ok:
                    return Answer(response.status_code, response.headers, b"")
                with part.open("wb") as stream:
                    for chunk in _chunks(response, self._until(self.patience.download_seconds)):
                        stream.write(chunk)
                return Answer(response.status_code, response.headers, b"")

        try:
            self._persist("a download", fetch, may_repeat=True)
        except HttpError:
            part.unlink(missing_ok=True)
            raise
        part.replace(path)
        return path.stat().st_size

    def _content_type(self, body: Any) -> dict[str, str]:
        return {} if body is None else {"Content-Type": "application/json"}

    def _persist(self, what: str, attempt: Callable[[], Answer], *, may_repeat: bool) -> Answer:
        for number in range(1, self.patience.attempts + 1):
            is_last = number == self.patience.attempts
            own_wait = self.patience.wait_before(number + 1)
            self.pacer.wait()
            try:
                answer = attempt()
            except _Broken as broken:
                if is_last or not may_repeat:
                    raise HttpError(f"{what} {broken}", is_unknown=True) from None
                self.sleep(own_wait)
                continue
            asked_for = self.throttle(answer)
            if asked_for is None and (answer.is_ok or answer.status < 500 or not may_repeat):
                return self._judged(what, answer)
            if is_last:
                raise refusal(what, answer, self.secrets)
            self._wait(what, answer, asked_for or own_wait)
        raise AssertionError("at least one attempt is made")

    def _wait(self, what: str, answer: Answer, seconds: float) -> None:
        if seconds > self.patience.longest_wait_seconds:
            error = refusal(what, answer, self.secrets)
            raise HttpError(
                f"{error.sentence}; it asks to come back in {seconds:,.0f} seconds",
                status=error.status,
                code=error.code,
                body=error.body,
            )
        self.sleep(seconds)

    def _judged(self, what: str, answer: Answer) -> Answer:
        if not answer.is_ok:
            raise refusal(what, answer, self.secrets)
        return answer

    def _attempt(self, request: requests.Request) -> Answer:
        with self._opened(request, follow=False) as response:
            content = b"".join(_chunks(response, self._until(self.patience.answer_seconds)))
            answer = Answer(response.status_code, response.headers, content)
        if answer.is_ok and answer.is_json:
            try:
                answer.json()
            except ValueError:
                raise _Broken("was answered with broken JSON") from None
        return answer

    def _opened(self, request: requests.Request, *, follow: bool) -> requests.Response:
        patience = self.patience
        try:
            # Keys travel in headers of their own, which a redirect would carry anywhere.
            prepared = self._session.prepare_request(request)
            settings = self._session.merge_environment_settings(
                prepared.url or "", {}, True, None, None
            )
            return self._session.send(
                prepared,
                timeout=(patience.connect_seconds, patience.silence_seconds),
                allow_redirects=follow,
                **settings,
            )
        except requests.Timeout:
            raise _Broken("was not answered in time") from None
        except requests.RequestException as error:
            # Never its text, which holds the address with all its parameters.
            raise _Broken(f"broke off ({type(error).__name__})") from None

    def _until(self, seconds: float) -> Callable[[], bool]:
        deadline = self.clock() + seconds
        return lambda: self.clock() <= deadline


def _chunks(response: requests.Response, is_in_time: Callable[[], bool]) -> Iterator[bytes]:
    try:
        # What has come, be it less than was asked for: else no clock is looked at while it drips.
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
            yield chunk
            if not is_in_time():
                raise _Broken("was answered too slowly")
    except urllib3.exceptions.HTTPError as error:
        raise _Broken(f"was cut off ({type(error).__name__})") from None


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
