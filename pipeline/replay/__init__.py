"""The past once more, as if the product had been there: days, programmes, controls and results."""
