"""A secret key in a file of this machine, made when it is first needed: what Secret Manager is to production."""

import secrets
from pathlib import Path

from billing.adapters.kept_file import kept_file


def kept_key(path: Path) -> str:
    """The key in that file; the first caller makes 256 random bits there that only the file's owner can read."""
    return kept_file(path, lambda: secrets.token_urlsafe(32).encode("ascii")).decode("ascii").strip()
