"""Tables of schema ``raw_listmonk``: what listmonk tells of subscribers and of bounces."""

from assets.contract_tables import checks_of, extracted_tables

tables = extracted_tables("listmonk")
checks = checks_of("listmonk")
