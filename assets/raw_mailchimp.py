"""Tables of schema ``raw_mailchimp``: contacts, consents and events of mails from Mailchimp."""

from assets.contract_tables import checks_of, extracted_tables

tables = extracted_tables("mailchimp")
checks = checks_of("mailchimp")
