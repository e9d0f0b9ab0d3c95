"""Everything that is not an asset: settings, sources, destinations, the ledger, the command."""
