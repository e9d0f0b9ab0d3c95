"""Tables of schema ``raw_sql``: what queries read from the shop's own database."""

from assets.contract_tables import checks_of, extracted_tables

tables = extracted_tables("sql")
checks = checks_of("sql")
