"""The DuckDB file that runs own: how it is opened, which tables are always there, its backups."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline.sources.catalogue import CONTRACT_SOURCES, entities_of, schema_of
from pipeline.sources.entity import META_COLUMNS
from pipeline.sql import count_of

LOCK_WAIT_SECONDS = 20.0

FILE_COLUMNS = """
    file_id integer not null,
    entity varchar not null,
    path varchar not null,
    sort_key varchar not null,
    load_number integer not null,
    size_bytes bigint not null,
    modified_ns bigint not null,
    sha256 varchar not null,
    rows_read bigint not null,
    rows_kept bigint not null,
    rows_duplicate bigint not null,
    rows_quarantined bigint not null,
    loaded_at timestamp not null
"""

SAMPLE_SCHEMA = "raw_online_retail"
RAW_SCHEMAS = (SAMPLE_SCHEMA, *(schema_of(source) for source in CONTRACT_SOURCES))
"""Schemas of what came from outside, each with a registry ``loaded_files``."""

SAMPLE_TABLES = {
    "lines": """
        sheet varchar, "Invoice" varchar, "StockCode" varchar, "Description" varchar,
        "Quantity" integer, "InvoiceDate" timestamp, "Price" double, "Customer ID" integer,
        "Country" varchar""",
    "simulated_customers": """
        customer_id varchar, email varchar, language varchar, country varchar,
        registered_at timestamp""",
    "simulated_consents": """
        customer_id varchar, email varchar, channel varchar, state varchar, "at" timestamp,
        source varchar""",
    "simulated_email_events": """
        event_id varchar, customer_id varchar, email varchar, event varchar, occurred_at timestamp,
        campaign_id varchar, message_id varchar, bounce_type varchar, is_machine boolean,
        user_agent varchar""",
}
"""Columns of schema raw_online_retail as its Parquet files have them; times are shop-local."""

SYNC_TABLES = {
    "ledger": """
        push_number bigint not null, run_id varchar not null, as_of_date date not null,
        destination varchar not null, audience varchar not null, customer_id varchar not null,
        action varchar not null, payload_hash varchar, status varchar not null, reason varchar,
        recorded_at timestamp not null""",
    # No key: its index of strings would have to fit into memory. The engine keeps rows distinct.
    "members": """
        destination varchar not null, audience varchar not null, customer_id varchar not null,
        payload_hash varchar not null, since_date date not null, contact_id varchar,
        missing_since timestamp""",
    # What a plan is spared to compute; whatever is missing here is computed.
    "profile_hashes": """
        exports varchar not null, customer_id varchar not null, quick_hash ubigint not null,
        payload_hash varchar not null""",
    "enrolments": """
        as_of_date date not null, customer_id varchar not null, programme varchar not null,
        arm varchar not null, is_control boolean not null, salt varchar not null, entry_values json,
        recorded_at timestamp not null""",
    "programme_steps": """
        as_of_date date not null, customer_id varchar not null, programme varchar not null,
        entered_on date not null, step integer not null, message varchar not null,
        is_listed boolean not null, offer varchar not null, offer_ends_on date,
        recorded_at timestamp not null""",
    "suppressions": """
        destination varchar not null, email varchar not null, reason varchar not null,
        suppressed_at timestamp, read_at timestamp not null""",
    "suppression_readings": """
        destination varchar not null, read_at timestamp not null, problem varchar""",
    "list_readings": """
        destination varchar not null, audience varchar not null, read_at timestamp not null,
        strangers bigint not null""",
    "runs": """
        run_id varchar not null, as_of_date date not null, started_at timestamp not null,
        finished_at timestamp, status varchar not null""",
    "row_counts": """
        table_name varchar not null, row_count bigint not null, run_id varchar not null,
        counted_at timestamp not null""",
    "watermarks": """
        source varchar not null, stream varchar not null, until timestamp not null""",
    "settings": "name varchar primary key, value varchar not null",
}
"""What cannot be fetched again. dbt adds sync.customer_ids, under the same protection."""

ADDRESS_SIGN = r"[^@\s,;:\"<>()\[\]\p{C}\p{Z}]"
"""What an address is made of: no sign that separates, and none that is not seen."""
ADDRESS = rf"{ADDRESS_SIGN}+@{ADDRESS_SIGN}+\.{ADDRESS_SIGN}+"
PLAIN_ADDRESS = r"[a-z0-9_+-][a-z0-9._+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]+"
"""An address that is written as it is compared; most are, and seeing that is four times as fast."""
ODD_AT = r"""[\s\"\\]*(?:\(at\)|\[at\]|%40|&#64;|\x{ff20}|@)[\s\"@]*"""
QUOTING = r"\()[]{}:|"
BLANKS = " " * len(QUOTING)
LONGEST_ADDRESS = 254
"""In characters, by RFC 5321."""

MACROS = (
    # Spreadsheets and browsers leave an apostrophe or a scheme before an address.
    r"""create or replace macro main.without_dressing(x) as
        regexp_replace(lower(trim(x)), '^(mailto:|'')+|[.'']+$', '', 'g')""",
    # The address as it tells people apart; null where it is none.
    f"""create or replace macro main.email_address(x) as case
        when length(x) <= {LONGEST_ADDRESS} and regexp_full_match(x, '{PLAIN_ADDRESS}') then x
        when length(x) <= {LONGEST_ADDRESS}
            and regexp_full_match(main.without_dressing(x), '{ADDRESS}')
        then main.without_dressing(x) end""",
    # All that looks like addresses in a record that could not be read, odd spellings of @ included.
    f"""create or replace macro main.addresses_within(x) as list_distinct(list_transform(
        regexp_extract_all(
            translate(
                regexp_replace(
                    regexp_replace(lower(x), '\\p{{Cf}}', '', 'g'), '{ODD_AT}', '@', 'g'
                ),
                '{QUOTING}', '{BLANKS}'
            ),
            '{ADDRESS}'),
        lambda found: main.without_dressing(found)))""",
    """create or replace macro main.to_local(instant, zone) as timezone(
        zone, timezone('UTC', cast(instant as timestamp)))""",
    """create or replace macro main.with_offset_before(local_time, zone) as timezone(
        'UTC', timezone(zone, cast(local_time as timestamp) - interval 3 hour)
    ) + interval 3 hour""",
    # A time of day that the clock shows twice is meant as its first showing, so with the offset
    # in force before; ICU alone would take the second. One that the clock skips moves forward.
    """create or replace macro main.to_utc(local_time, zone) as case
        when main.to_local(main.with_offset_before(local_time, zone), zone)
            = cast(local_time as timestamp)
        then main.with_offset_before(local_time, zone)
        else timezone('UTC', timezone(zone, cast(local_time as timestamp))) end""",
)

QUARANTINE_ROWS = """
    source varchar not null, file varchar not null, file_sha256 varchar not null,
    row_number bigint, entity varchar not null, reason varchar not null, payload varchar,
    quarantined_at timestamp not null, settled_at timestamp
"""

UNREAD_ROWS = """
    create or replace view quarantine.unread_rows as
    select * exclude (settled_at) from quarantine.rows where settled_at is null
"""
"""Rows in quarantine that no later record has settled."""


@dataclass(frozen=True)
class Warehouse:
    """One DuckDB file. Connections are short: dbt and the checks need it to themselves."""

    path: Path
    memory_limit: str = "1GB"
    threads: int = 2

    @property
    def temporary_folder(self) -> Path:
        """Return where DuckDB spills what does not fit into memory."""
        return self.path.parent / "spill"

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file and close it again. Times are UTC, whatever the machine's zone is.

        Waits a while for a process that has not let go of the file yet, then raises
        ``duckdb.IOException`` naming it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = self._open()
        try:
            connection.execute("set timezone = 'UTC'")
            yield connection
        finally:
            connection.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": self.memory_limit,
            "threads": self.threads,
            "temp_directory": str(self.temporary_folder),
            # Give back what is freed: else the process grows to half as much again as its limit.
            "allocator_bulk_deallocation_flush_threshold": "16MB",
        }
        deadline = time.monotonic() + LOCK_WAIT_SECONDS
        while True:
            try:
                return duckdb.connect(str(self.path), config=config)
            except duckdb.IOException as error:
                if "lock" not in str(error).lower() or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def prepare(self) -> None:
        """Make every schema and table that is always there, and the macros that models use."""
        with self.connect() as connection:
            connection.execute("begin")
            for statement in _statements():
                connection.execute(statement)
            connection.execute("commit")
        self.path.chmod(0o600)

    def row_counts(self, schema: str) -> dict[str, int]:
        """Return the number of rows of every table of ``schema``."""
        with self.connect() as connection:
            names = [
                str(name)
                for (name,) in connection.execute(
                    "select table_name from duckdb_tables() where schema_name = ? order by 1",
                    [schema],
                ).fetchall()
            ]
            return {name: count_of(connection, f"{schema}.{name}") for name in names}


def _statements() -> Iterator[str]:
    yield from MACROS
    for schema in (*RAW_SCHEMAS, "sync", "quarantine"):
        yield f"create schema if not exists {schema}"
    for schema in RAW_SCHEMAS:
        yield f"create table if not exists {schema}.loaded_files ({FILE_COLUMNS})"
    for name, columns in SAMPLE_TABLES.items():
        yield f"create table if not exists {SAMPLE_SCHEMA}.{name} ({columns})"
    for source in CONTRACT_SOURCES:
        yield from _contract_tables(source)
    for name, columns in SYNC_TABLES.items():
        yield f"create table if not exists sync.{name} ({columns})"
    yield f"create table if not exists quarantine.rows ({QUARANTINE_ROWS})"
    yield UNREAD_ROWS


def _contract_tables(source: str) -> Iterator[str]:
    for entity in entities_of(source):
        columns = ", ".join(f'"{column.name}" {column.sql_type}' for column in entity.columns)
        table = f"{schema_of(source)}.{entity.name}"
        yield f"create table if not exists {table} ({columns}, {META_COLUMNS})"


def is_warehouse(path: Path) -> bool:
    """Tell whether ``path`` is a DuckDB file made by Winback: a warehouse, or published tables."""
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(
                "select count(*) from duckdb_schemas() where schema_name in ('sync', 'marts')"
            )
            return found.fetchall() != [(0,)]
    except duckdb.Error:
        return False
