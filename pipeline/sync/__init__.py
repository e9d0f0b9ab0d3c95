"""Lists on their way out: what differs from what was sent, the brake, the ledger, its backups."""
