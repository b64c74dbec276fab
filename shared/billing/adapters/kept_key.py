"""A secret key in a file of this machine, made when it is first needed: what Secret Manager is to production."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp


def kept_key(path: Path) -> str:
    """The key in that file; the first caller makes 256 random bits there that only the file's owner can read.

    It appears whole or not at all, so that two first callers get the same one.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, draft = mkstemp(dir=path.parent)  # readable by its owner alone
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
        with suppress(FileExistsError):
            os.link(draft, path)
        Path(draft).unlink()
    return path.read_text(encoding="ascii").strip()
