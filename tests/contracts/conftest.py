import json
import sys
from pathlib import Path
from typing import Any

import pytest

CONTRACTS = Path(__file__).resolve().parents[2] / ".contracts"

# Behind everything else, so that the project's own packages stay those that it is tested with.
sys.path.append(str(CONTRACTS / "python"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.contracts)


@pytest.fixture(scope="session")
def mailchimp_specification() -> dict[str, Any]:
    text = (CONTRACTS / "mailchimp" / "mailchimp.com.json").read_text()
    specification: dict[str, Any] = json.loads(text)
    return specification
