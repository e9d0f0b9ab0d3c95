"""What raw holds for standing of a source's orders, for who looks which of them are gone."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.sources.catalogue import schema_of
from pipeline.sources.contract import ENTITY_BY_NAME
from pipeline.warehouse import Warehouse

AT_ONCE = 1_000


@dataclass(frozen=True)
class StandingOrders:
    """Orders of a source that are not cancelled, each in its newest version."""

    warehouse: Warehouse
    source: str

    def numbers(self) -> set[str]:
        """Return their numbers."""
        with self.warehouse.connect() as connection:
            rows = connection.execute(f"select order_id from ({self._newest})").fetchall()
        return {number for (number,) in rows}

    def records(self, numbers: Collection[str]) -> Iterator[dict[str, Any]]:
        """Yield those of the given numbers in the columns of the contract, times with a Z."""
        columns = ", ".join(
            f"""strftime("{column.name}", '%Y-%m-%dT%H:%M:%S.%fZ') as "{column.name}" """
            if column.kind == "time"
            else f'cast("{column.name}" as varchar) as "{column.name}"'
            for column in ENTITY_BY_NAME["orders"].columns
        )
        query = f"select {columns} from ({self._newest}) where list_contains(?, order_id)"
        with self.warehouse.connect() as connection:
            found = connection.execute(f"{query} order by order_id", [sorted(numbers)])
            names = [column[0] for column in found.description or ()]
            while rows := found.fetchmany(AT_ONCE):
                yield from (dict(zip(names, row, strict=True)) for row in rows)

    @property
    def _newest(self) -> str:
        """Return the SQL of the orders as the source told them last."""
        return f"""
            select * from {schema_of(self.source)}.orders
            qualify row_number() over (
                partition by order_id
                order by updated_at desc nulls last, _loaded_at desc, _row_number desc
            ) = 1 and coalesce(status, 'paid') <> 'cancelled'"""
