"""The name of a commit in the audit log, where it takes the place of a version that it has read."""

import hashlib


def commit_name(what: str, document_id: str, version: str) -> str:
    """One that no other commit has: only one can follow a version, and an id of any length makes a short name."""
    return f"{what}-{hashlib.sha256(f'{document_id}@{version}'.encode()).hexdigest()[:16]}"
