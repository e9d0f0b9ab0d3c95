"""Tables of schema ``raw_klaviyo``: contacts, consents and events of mails from Klaviyo."""

from assets.contract_tables import checks_of, extracted_tables

tables = extracted_tables("klaviyo")
checks = checks_of("klaviyo")
