"""Tables of schema ``raw_klaviyo``: what Klaviyo tells of mails and who they went to."""

from assets.contract_tables import checks_of, extracted_tables

tables = extracted_tables("klaviyo")
checks = checks_of("klaviyo")
