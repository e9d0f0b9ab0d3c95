"""What a client raises when its source cannot be read."""


class SourceFailed(Exception):
    """A source that was not read; its text says why, and what to do, and holds no secret."""
