"""A file of this machine that is made when it is first needed, and is the same for ever after."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp


def kept_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """What is in the file; the first caller puts there what `make` gives, for the file's owner alone to read.

    It appears whole or not at all, so that two first callers get the same.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, draft = mkstemp(dir=path.parent)  # readable by its owner alone
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
        with suppress(FileExistsError):
            os.link(draft, path)
        Path(draft).unlink()
    return path.read_bytes()
