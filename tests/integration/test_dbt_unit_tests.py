from tests.dbt_project import DbtProject


def test_every_unit_test_of_the_dbt_project_passes(empty_project: DbtProject) -> None:
    finished = empty_project.run("test", "--select", "test_type:unit")

    assert finished.returncode == 0, finished.stdout
    assert "PASS=" in finished.stdout
    assert "PASS=0" not in finished.stdout
