"""Tables of schema ``raw_files``: what came as files in the inbox, in every version."""

from pathlib import Path

from assets.contract_tables import Load, checks_of, rules_of, tables_of
from pipeline.loading.inbox import load_entity
from pipeline.loading.load import LoadReport
from pipeline.loading.unread import INBOX
from pipeline.resources import RunResource
from pipeline.settings import Settings
from pipeline.sources.entity import Entity
from pipeline.warehouse import Warehouse


def _prepare(run: RunResource, settings: Settings, warehouse: Warehouse) -> Load:
    rules = rules_of(settings)
    inbox = settings.inbox or Path()

    def load(entity: Entity) -> LoadReport:
        return load_entity(warehouse, entity, inbox, rules)

    return load


tables = tables_of(INBOX, _prepare, "a second run reads only files that are new or have changed.")
checks = checks_of(INBOX)
