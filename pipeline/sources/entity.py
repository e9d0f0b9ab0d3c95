"""What an entity of the inbox is: its columns, its key and what each value must be."""

from dataclasses import dataclass

META_COLUMNS = """
    _extra json, _file_id integer not null, _row_number bigint not null,
    _record_hash hugeint not null, _loaded_at timestamp not null
"""
"""What raw keeps beside a record: other columns, where it came from, what tells versions apart."""


@dataclass(frozen=True)
class Column:
    """A column of the contract.

    ``kind`` is one of text, currency, time, date, day_of_year, money, number, count, flag.
    ``allowed`` closes the set of values (compared in lower case), ``is_negative_allowed`` opens the
    range below zero, ``within`` closes it at both ends. ``is_personal`` keeps its values out of
    reasons.
    """

    name: str
    kind: str = "text"
    is_required: bool = False
    allowed: tuple[str, ...] = ()
    is_negative_allowed: bool = False
    within: tuple[int, int] | None = None
    is_personal: bool = False
    description: str = ""

    @property
    def sql_type(self) -> str:
        """Return the type of the column in raw. Times are UTC there."""
        return {
            "text": "varchar",
            "currency": "varchar",
            "time": "timestamp",
            "date": "date",
            "day_of_year": "varchar",
            "money": "decimal(18, 4)",
            "number": "decimal(18, 4)",
            "count": "integer",
            "flag": "boolean",
        }[self.kind]


@dataclass(frozen=True)
class Entity:
    """A folder of the inbox.

    ``key`` tells records apart. ``one_of`` names columns of which one has to be filled,
    ``together`` columns that are filled all or none. ``is_replaced_by_key`` marks entities whose
    rows of one key stand and fall together.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    one_of: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    is_replaced_by_key: bool = False
    description: str = ""

    @property
    def required(self) -> tuple[str, ...]:
        """Return the columns that a file must have."""
        return tuple(column.name for column in self.columns if column.is_required)
