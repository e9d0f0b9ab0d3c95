import pytest

from tests.dbt_project import DbtProject
from tests.fault_table import lines_of


@pytest.fixture(scope="session")
def empty_project(tmp_path_factory: pytest.TempPathFactory) -> DbtProject:
    """Every model built once without a row in it."""
    project = DbtProject(tmp_path_factory.mktemp("empty_project"))
    project.warehouse.prepare()
    project.build("--empty")
    return project


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the matrix of faults, whichever processes its cells come from."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    cells = [
        tuple(value)
        for report in reports
        for name, value in report.user_properties
        if name == "fault" and report.when == "call"
    ]
    if cells:
        terminalreporter.section("after one more run all is as without the fault: right / tried")
        for line in lines_of(cells):
            terminalreporter.line(line)
