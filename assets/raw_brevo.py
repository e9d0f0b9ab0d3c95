"""Tables of schema ``raw_brevo``: contacts, consents and events of mails from Brevo."""

from assets.contract_tables import checks_of, extracted_tables

tables = extracted_tables("brevo")
checks = checks_of("brevo")
