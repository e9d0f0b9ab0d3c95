"""Reads subscribers and bounces from listmonk. Opens and clicks stand in its database alone."""

from datetime import datetime, timedelta

from pipeline.apis.listmonk import ListmonkApi, Pages
from pipeline.http import Parameters
from pipeline.http_answers import HttpError
from pipeline.sources.extraction import Stream

LOOK_BACK = timedelta(days=3)
STREAMS = (Stream("subscribers"), Stream("bounces", overlap=LOOK_BACK))


class ListmonkClient:
    """The streams of one installation."""

    def __init__(self, api: ListmonkApi) -> None:
        self._api = api

    def pages(self, stream: str, since: datetime, until: datetime) -> Pages:
        """Yield bounces since the start of the window, or all subscribers as they are now.

        What has come since ``until`` may be among them, and comes again in the next window.
        """
        if since >= until:
            return
        if stream == "subscribers":
            yield from self._api.subscribers()
        elif stream == "bounces":
            yield from self._api.bounces(since)
        else:
            raise ValueError(
                f"listmonk has no stream {stream}; it has {', '.join(one.name for one in STREAMS)}"
            )

    def problems(self) -> list[str]:
        """Return what is wrong with address, token and permissions, a sentence each."""
        found = []
        query: Parameters = {"query": "subscribers.id > 0", "page": 1, "per_page": 1}
        wanted: tuple[tuple[str, str, Parameters], ...] = (
            ("subscribers:get_all and subscribers:sql_query", "/subscribers", query),
            ("bounces:get", "/bounces", {"page": 1, "per_page": 1}),
        )
        for permission, path, parameters in wanted:
            try:
                self._api.get(path, parameters)
            except HttpError as error:
                found.append(_problem(error, permission))
                if error.status != 403:
                    break
        return found


def _problem(error: HttpError, permission: str) -> str:
    if error.status == 401:
        return "listmonk does not know the user: see WINBACK_LISTMONK_USER and _TOKEN"
    if error.status == 403:
        return f"the user of listmonk lacks the permission {permission}: give it in his role"
    return f"listmonk: {error.sentence}"
