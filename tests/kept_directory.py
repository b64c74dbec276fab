"""Copies of a directory that a test may change, of one that was made once for many tests."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from billing.wiring import LOCAL_STORE


def copy_of(directory: Path, to: Path) -> Path:
    """A copy of a directory that nobody writes to: what the store's log holds is brought into its file first."""
    if (directory / LOCAL_STORE).is_file():
        with closing(sqlite3.connect(directory / LOCAL_STORE)) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
    return shutil.copytree(directory, to, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
