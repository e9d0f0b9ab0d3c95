"""Runs a mapping and gives what came of it as records of a file, each with where it came from."""

from pathlib import Path

import duckdb

from pipeline.sources.files import read_parquet
from pipeline.sources.mapping import statements
from pipeline.sources.records import Records

ROW_NUMBER = "row_number"


def mapped_records(
    connection: duckdb.DuckDBPyConnection, query: str, source: str, folder: Path
) -> Records:
    """Return what ``query`` makes of the records that the query ``source`` gives.

    It runs once, because a mapping costs more than reading what came of it; the result lies in
    ``folder``. A mapping that passes ``row_number`` on keeps where each row came from.
    """
    target = folder / "mapped.parquet"
    for statement in statements(query, source, target):
        connection.execute(statement)
    records = read_parquet(connection, target)
    columns = dict(records.columns)
    if ROW_NUMBER not in columns:
        return records
    place = columns.pop(ROW_NUMBER).sql
    fields = ", ".join(["fault", "line", *(field.sql for field in columns.values())])
    relation = f"(select {place} as row_number, {fields} from {records.relation} as mapped)"
    return Records(relation=relation, columns=columns)


def ignored_count(connection: duckdb.DuckDBPyConnection, records: str, mapped: Records) -> int:
    """Return how many of the records that the query ``records`` gives no row was made of."""
    ((count,),) = connection.execute(
        f"""select count(*) from ({records}) as records
        anti join {mapped.relation} as mapped on records.row_number = mapped.row_number"""
    ).fetchall()
    return int(count)
