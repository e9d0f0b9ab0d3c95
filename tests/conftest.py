import pytest

from tests.dbt_project import DbtProject


@pytest.fixture(scope="session")
def empty_project(tmp_path_factory: pytest.TempPathFactory) -> DbtProject:
    """Every model built once without a row in it."""
    project = DbtProject(tmp_path_factory.mktemp("empty_project"))
    project.warehouse.prepare()
    project.build("--empty")
    return project
