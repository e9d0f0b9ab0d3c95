import shutil
from pathlib import Path

import pytest

from tests.integration.shop import Shop, small_shop


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = small_shop(tmp_path_factory.mktemp("built") / "shop")
    shop.daily()
    return shop


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shipped sample after one run, for tests that only read it."""
    shop = Shop(tmp_path_factory.mktemp("sample"))
    shop.settings = dict.fromkeys(
        ("WINBACK_SOURCES", "WINBACK_INBOX", "WINBACK_TIMEZONE", "WINBACK_CURRENCY"), ""
    )
    shop.run("run")
    return shop


@pytest.fixture
def shop(built: Shop, tmp_path: Path) -> Shop:
    """The shop after its first run, for one test alone."""
    shutil.copytree(built.folder, tmp_path / "shop")
    return Shop(tmp_path / "shop")
