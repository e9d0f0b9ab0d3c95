"""Tables of schema ``raw_shopify``: what a shop at Shopify tells of itself."""

from assets.contract_tables import checks_of, extracted_tables

tables = extracted_tables("shopify")
checks = checks_of("shopify")
