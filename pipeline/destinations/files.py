"""Write each list to a CSV file of its own: one self-contained file for people and simple tools."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.destinations import private_files
from pipeline.destinations.cells import as_cell, header_of, is_unsafe, rows_of
from pipeline.destinations.contract import Changes, Outcome, payload_hash
from pipeline.sql import identifier, literal

NAME = "[a-z0-9_]+"
PREFIX = "winback_"
"""What the names of all lists begin with; other files in the folder are not ours."""
UNREADABLE = (duckdb.InvalidInputException, duckdb.ConversionException)
"""What DuckDB raises on a file that is no CSV of the columns it names."""

# Whoever stands there twice has no payload that could be the right one.
ONCE_EACH = """
    select customer_id, case when count(*) = 1 then min(payload_hash) else '' end as payload_hash
    from there group by customer_id
"""

NO_ADDRESS = """
    select customer_id, 'no address' as reason from incoming
    where coalesce(trim({address}), '') = ''
"""

# A number that begins with a plus can be read behind an apostrophe, an address of a mailbox cannot.
UNSAFE_EMAIL = f"""
    select customer_id, 'unsafe address' as reason from incoming where {is_unsafe("email")}
"""


@dataclass(frozen=True)
class FilesClient:
    """The folder of lists. Files are replaced as a whole, and only when their content changes.

    ``address`` is the column that people are reached by, and stands second; without one the rows
    hold what is sent of people and nothing that has to be there.
    """

    folder: Path
    memory_limit: str = "500MB"
    threads: int = 2
    name: str = "files"
    address: str | None = "email"
    batch_size: int | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the columns that every list begins with."""
        return ("customer_id", *([self.address] if self.address else []))

    def path(self, audience: str) -> Path:
        """Return the file of ``audience``; a name that is not safe as a file's is an error."""
        if not re.fullmatch(NAME, audience):
            raise ValueError(
                f"the list {audience!r} cannot be a file: use lower case letters, digits and _"
            )
        return self.folder / f"{audience}.csv"

    def audiences(self) -> list[str]:
        """Return the lists that there are files of. Copies and notes of people's own are none."""
        return sorted(
            path.stem
            for path in self.folder.glob(f"{PREFIX}*.csv")
            if re.fullmatch(NAME, path.stem) and header_of(path, self.keys)
        )

    def read_back(self, audience: str) -> pa.Table | None:
        """Return who stands in the file. One that cannot be read as a list counts as missing."""
        path = self.path(audience)
        columns = header_of(path, self.keys)
        if columns is None:
            return None
        found = payload_hash({name: identifier(name) for name in columns})
        with self._database() as connection:
            try:
                there = connection.execute(
                    f"""
                    select coalesce(customer_id, '') as customer_id, {found} as payload_hash
                    from {rows_of(path, columns)} as lines
                    """
                ).to_arrow_table()
            except UNREADABLE:
                return None
            if pc.count_distinct(there["customer_id"]).as_py() == len(there):
                return there
            connection.register("there", there)
            return connection.execute(ONCE_EACH).to_arrow_table()

    def apply(self, audience: str, changes: Changes) -> Outcome:
        """Rewrite the file if it would change. An address that a spreadsheet may run is refused.

        Other texts that begin like a formula get an apostrophe in front; an address would no
        longer be one with it.
        """
        path = self.path(audience)
        private_files.make_closed_folder(self.folder)
        temporary = private_files.begin(path)
        with self._database() as connection:
            for name in ("adds", "updates", "removes"):
                connection.register(name, getattr(changes, name))
            connection.execute("create view incoming as from adds union all by name from updates")
            connection.execute(f"create table refused as {self._refused()}")
            refused = dict(connection.execute("from refused").fetchall())
            try:
                _render(connection, path, self.keys, header_of(path, self.keys), temporary)
            except UNREADABLE:
                # read_back has called it missing, so everybody who belongs there comes anew.
                _render(connection, path, self.keys, None, temporary)
        private_files.finish(temporary, path)
        return Outcome(refused=refused)

    def _refused(self) -> str:
        if self.address is None:
            return "select customer_id, '' as reason from incoming limit 0"
        refusals = [NO_ADDRESS.format(address=identifier(self.address))]
        if self.address == "email":
            refusals.append(UNSAFE_EMAIL)
        return " union all ".join(refusals)

    def _database(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return private_files.database(self.folder, self.memory_limit, self.threads)


def _render(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    keys: Sequence[str],
    header: list[str] | None,
    target: Path,
) -> None:
    """Write to ``target`` what the file at ``path`` becomes. Needs the relations of ``apply``."""
    described = connection.execute("describe incoming").fetchall()
    types = {str(name): str(kind) for name, kind, *_ in described}
    there = f"from {rows_of(path, header)} as lines" if header else "from incoming limit 0"
    connection.execute(
        f"""create or replace temp view kept as
        from ({there}) as rows_there
        where customer_id is not null and customer_id not in (
            select customer_id from incoming union all select customer_id from removes
        )"""
    )
    old = [name for name in header or () if name not in types]
    columns = [*keys, *(name for name in types if name not in keys), *_in_use(connection, old)]
    connection.execute(
        f"""copy (
            select {", ".join(map(identifier, columns))} from (
                select {_cells(types, types)} from incoming
                where customer_id not in (select customer_id from refused)
                union all by name
                select {_cells(header or types, types)} from kept
            ) as cells
            order by customer_id
        ) to {literal(str(target))}
        (format csv, header, delimiter ',', quote '"', escape '"', use_tmp_file false)"""
    )


def _cells(columns: Iterable[str], types: Mapping[str, str]) -> str:
    return ", ".join(
        f"{as_cell(identifier(name), types.get(name, 'VARCHAR'))} as {identifier(name)}"
        for name in columns
    )


def _in_use(connection: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> list[str]:
    """Return those of ``columns``, gone from the payload, that the kept rows still have."""
    if not columns:
        return []
    counts = ", ".join(f"count({identifier(name)})" for name in columns)
    found = connection.execute(f"select {counts} from kept").fetchall()[0]
    return [name for name, count in zip(columns, found, strict=True) if count]


def left_behind(outbox: Path, destinations: Sequence[str]) -> str:
    """Return a sentence on lists that no run looks after any more, "" where there are none."""
    count = 0 if "files" in destinations else len(list(outbox.glob(f"{PREFIX}*.csv")))
    if not count:
        return ""
    return (
        f"{count} lists under {outbox} are of the time when WINBACK_DESTINATIONS named files; "
        "nobody is taken off them any more"
    )
