"""What each vendor's API asks of every call, for the source and the destination alike."""
