import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.compiled_models import CompiledModels
from tests.dbt_project import DbtProject
from tests.integration.programmes import COMPILED_FOR, Programmes, compiled
from tests.integration.shop import Shop, small_shop
from tests.integration.two_programmes import START, two_programmes


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


@pytest.fixture(scope="session")
def programme_models(
    empty_project: DbtProject, tmp_path_factory: pytest.TempPathFactory
) -> CompiledModels:
    """The models of programmes, as dbt compiles them."""
    compiling = DbtProject(tmp_path_factory.mktemp("programmes"))
    finished = compiling.run(
        "compile",
        *("--select", "programmes", "exports"),
        warehouse=str(empty_project.warehouse.path),
        as_of_date=str(COMPILED_FOR),
    )
    assert finished.returncode == 0, finished.stdout
    return compiled(compiling.manifest)


@pytest.fixture
def day(
    empty_project: DbtProject, programme_models: CompiledModels, tmp_path: Path
) -> Iterator[Programmes]:
    """Ada is a candidate of the programme dormant, subscribed, and nobody is a control."""
    # Under the same name, which the models as they are compiled bear.
    copy = DbtProject(tmp_path)
    shutil.copyfile(empty_project.warehouse.path, copy.warehouse.path)
    with copy.warehouse.connect() as connection:
        programmes = Programmes(connection, programme_models, START)
        two_programmes(programmes)
        yield programmes
