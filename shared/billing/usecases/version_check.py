"""What a caller asks of the version that its change is made over: it is told that version, and raises if it won't do.

It is asked each time that the document is read to be changed, and the commit expects the same version: between the
check and the write nobody is quicker unseen.
"""

from collections.abc import Callable

VersionCheck = Callable[[str], None]

ABSENT = "none"
"""The version that is told where nothing stands yet."""


def any_version(_version: str) -> None:
    """The check of a caller that changes whatever stands."""
