from pathlib import Path

import pytest

from pipeline.warehouse import Warehouse
from tests.unit.inbox import Inbox


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    """An empty inbox beside a warehouse without rows."""
    warehouse = Warehouse(tmp_path / "var" / "warehouse.duckdb")
    warehouse.prepare()
    (tmp_path / "in box").mkdir()
    return Inbox(tmp_path / "in box", warehouse)
