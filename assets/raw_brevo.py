"""Tables of schema ``raw_brevo``: what Brevo tells of mails and who they went to."""

from assets.contract_tables import checks_of, extracted_tables

tables = extracted_tables("brevo")
checks = checks_of("brevo")
