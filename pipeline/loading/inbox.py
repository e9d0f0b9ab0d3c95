"""Loads an entity's folder of the inbox into raw_files."""

from pathlib import Path

from pipeline.loading.load import LoadReport, LoadStopped, Rules, load_files
from pipeline.loading.unread import INBOX
from pipeline.sources.contract import ENTITIES
from pipeline.sources.entity import Entity
from pipeline.sources.event_dumps import as_dump
from pipeline.sources.files import InboxFile, inbox_files
from pipeline.warehouse import Warehouse


def load_entity(warehouse: Warehouse, entity: Entity, inbox: Path, rules: Rules) -> LoadReport:
    """Take the new and changed files of ``inbox/<entity>`` into ``raw_files.<entity>``."""
    files = [as_dump(file, entity.name) for file in _listed(inbox, entity)]
    return load_files(warehouse, INBOX, entity, files, rules)


def _listed(inbox: Path, entity: Entity) -> list[InboxFile]:
    if not inbox.is_dir():
        raise LoadStopped(
            f"{entity.name} cannot be loaded: the inbox {inbox} is no folder; make it, or set "
            "WINBACK_INBOX to the folder that your files come in."
        )
    if not any((inbox / each.name).exists() for each in ENTITIES):
        raise LoadStopped(
            f"{entity.name} cannot be loaded: the inbox {inbox} has none of the folders "
            f"{', '.join(each.name for each in ENTITIES)}; is it the right folder, and is it there?"
        )
    try:
        return inbox_files(inbox, entity.name)
    except OSError as error:
        raise LoadStopped(
            f"{entity.name} cannot be loaded: {inbox / entity.name} cannot be listed "
            f"({error.strerror}); make it a folder that this process may read."
        ) from error
