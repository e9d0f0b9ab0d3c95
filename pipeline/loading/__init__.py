"""Files of the inbox on their way into raw: read, checked, told apart by version, counted."""
