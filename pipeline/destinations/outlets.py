"""Lists that no e-mail tool takes: for people who call, for survey tools and for advertising."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.destinations.audiences import AudiencesClient
from pipeline.destinations.contract import OwnFolder
from pipeline.destinations.files import FilesClient

OUTLETS: Mapping[str, str] = {"calls": "phone", "surveys": "email", "audiences": "ads"}
"""Each with the channel that its people have to have said yes to. They are kept always."""


def channel_of(destination: str) -> str:
    """Return the channel that people on lists of ``destination`` are contacted on."""
    return OUTLETS.get(destination, "email")


def exports_of(destination: str) -> str:
    """Return whose tables in schema exports say what ``destination`` is to hold.

    Files and every e-mail tool are sent the same lists, those of e-mail.
    """
    return destination if destination in OUTLETS else "email"


def client_of(outlet: str, outbox: Path) -> OwnFolder:
    """Return the client that keeps the lists of ``outlet`` in a folder of its own in ``outbox``."""
    folder = outbox / outlet
    if outlet == "audiences":
        return AudiencesClient(folder)
    return FilesClient(folder, name=outlet, address="phone" if outlet == "calls" else "email")
