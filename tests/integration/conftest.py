import shutil
from pathlib import Path

import pytest

from tests.integration.shop import Shop, small_shop


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = small_shop(tmp_path_factory.mktemp("built") / "shop")
    shop.daily()
    return shop


@pytest.fixture
def shop(built: Shop, tmp_path: Path) -> Shop:
    """The shop after its first run, for one test alone."""
    shutil.copytree(built.folder, tmp_path / "shop")
    return Shop(tmp_path / "shop")
