"""Tables of schema ``raw_listmonk``: contacts, consents and events of mails from listmonk."""

from assets.contract_tables import checks_of, extracted_tables

tables = extracted_tables("listmonk")
checks = checks_of("listmonk")
