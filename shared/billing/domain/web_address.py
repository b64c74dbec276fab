"""An address that the product links to or posts to: encrypted, unless it is on this very machine."""

from typing import Final
from urllib.parse import SplitResult, urlsplit

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_web_address(text: str) -> bool:
    """Whether text is https://HOST, or http:// on this machine, with a port and a path at most.

    A user would be a secret in the wrong place, and another host than the eye sees; what follows ? or # is for the
    caller to add.
    """
    parts = web_parts(text)
    if parts is None or parts.username or parts.password or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def web_parts(text: str) -> SplitResult | None:
    """The parts of an absolute address, or None where it is none: no host, a port that is no number, an IPv6 typo."""
    try:
        parts = urlsplit(text)
        is_somewhere = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_somewhere else None
