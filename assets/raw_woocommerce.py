"""Tables of schema ``raw_woocommerce``: what a WooCommerce shop tells of itself."""

from assets.contract_tables import checks_of, extracted_tables

tables = extracted_tables("woocommerce")
checks = checks_of("woocommerce")
