"""Tables of schema ``raw_mailchimp``: what Mailchimp tells of mails and who they went to."""

from assets.contract_tables import checks_of, extracted_tables

tables = extracted_tables("mailchimp")
checks = checks_of("mailchimp")
