import gzip

import duckdb

from pipeline.sources.mapped_records import ignored_count, mapped_records
from pipeline.sources.mapping import json_lines

WITH_NUMBER = (
    "select row_number, record ->> '$.a' as a from records where (record ->> '$.a') <> 'x'"
)
WITHOUT = "select record ->> '$.a' as a from records"


def landed(folder):
    path = folder / "page[1].jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": "x"}\n{"a": "y"}\n{"a": "z"}\n'))
    return json_lines(path)


def test_a_row_keeps_the_place_of_the_record_that_it_was_made_of(tmp_path):
    with duckdb.connect() as connection:
        records = landed(tmp_path)
        mapped = mapped_records(connection, WITH_NUMBER, records, tmp_path)
        assert list(mapped.columns) == ["a"]
        place = mapped.columns["a"].sql
        rows = connection.execute(
            f"select row_number, fault, line, {place} from {mapped.relation} order by 1"
        ).fetchall()
        assert rows == [(2, None, None, "y"), (3, None, None, "z")]
        assert ignored_count(connection, records, mapped) == 1


def test_a_mapping_that_keeps_no_places_has_its_rows_numbered(tmp_path):
    with duckdb.connect() as connection:
        mapped = mapped_records(connection, WITHOUT, landed(tmp_path), tmp_path)
        numbers = connection.execute(f"select row_number from {mapped.relation}").fetchall()
        assert sorted(numbers) == [(1,), (2,), (3,)]
