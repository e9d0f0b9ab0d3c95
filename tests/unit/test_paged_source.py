from datetime import datetime

import pytest

from pipeline.http_answers import HttpError
from pipeline.sources.extraction import PagedSource, SourceRefused

NOW = datetime.fromisoformat("2026-11-20")


class Failing:
    """A client that gives one page and then fails."""

    def __init__(self, status: int | None) -> None:
        self.status = status

    def pages(self, stream, since, until):
        yield [{"id": 1}]
        raise HttpError("GET /x was answered so", status=self.status)

    def problems(self):
        return []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_what_a_vendor_refuses_is_for_a_person_to_mend(tmp_path, status):
    source = PagedSource("klaviyo", (), Failing(status))
    with pytest.raises(SourceRefused, match="klaviyo cannot be read: GET /x was answered so"):
        source.write("events", NOW, NOW, tmp_path / "part")


@pytest.mark.parametrize("status", [None, 429, 500, 503])
def test_what_fails_on_the_vendors_side_may_be_tried_again(tmp_path, status):
    source = PagedSource("klaviyo", (), Failing(status))
    with pytest.raises(HttpError):
        source.write("events", NOW, NOW, tmp_path / "part")
