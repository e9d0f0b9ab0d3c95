"""What is not right with key, scopes and lists for Klaviyo to be written to."""

from collections import Counter
from collections.abc import Iterator

from pipeline.apis.klaviyo import KlaviyoApi, problem_of
from pipeline.apis.klaviyo_lists import KlaviyoLists
from pipeline.destinations.properties import PREFIX
from pipeline.http import Parameters
from pipeline.http_answers import HttpError

READS: tuple[tuple[str, str, Parameters], ...] = (
    ("lists:read", "/api/lists", {"page[size]": 1}),
    ("profiles:read", "/api/profiles", {"page[size]": 1}),
)
WRITES = ("lists:write", "profiles:write")
IMPORT_OF_NOTHING = {"data": {"type": "profile-bulk-import-job", "attributes": {}}}
"""Has no profiles, so all that can come of it is a refusal: for its form, or before for a scope."""


def problems(api: KlaviyoApi, lists: KlaviyoLists) -> Iterator[str]:
    """Yield a sentence for each; raise ``HttpError`` where Klaviyo does not answer."""
    for scope, path, parameters in READS:
        try:
            api.get(path, parameters)
        except HttpError as error:
            if error.is_unknown:
                raise
            yield problem_of(error, scope)
            if error.status != 403:
                return
        else:
            if path == "/api/lists":
                yield from _double_lists(lists)
    yield from _missing_writes(api)


def _double_lists(lists: KlaviyoLists) -> Iterator[str]:
    names = Counter(one["attributes"]["name"] for one in lists.all())
    for name, count in sorted(names.items()):
        if name.startswith(PREFIX) and count > 1:
            yield (
                f"Klaviyo has {count} lists named {name}, of which only the oldest is kept up: "
                "delete the others"
            )


def _missing_writes(api: KlaviyoApi) -> Iterator[str]:
    operation = "POST /api/profile-bulk-import-jobs"
    try:
        api.call(operation, body=IMPORT_OF_NOTHING, is_repeatable=True)
    except HttpError as error:
        if error.is_unknown:
            raise
        if error.status == 403:
            named = [scope for scope in WRITES if scope in error.sentence]
            for scope in named or [" or ".join(WRITES)]:
                yield problem_of(error, scope)
        elif error.status != 400:
            yield problem_of(error, " or ".join(WRITES))
