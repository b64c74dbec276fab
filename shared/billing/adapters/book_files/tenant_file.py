"""tenant.json: the seller and its settings."""

from pathlib import Path

from billing.adapters.book_files.error_log import ErrorLog
from billing.adapters.book_files.json_objects import read_json
from billing.adapters.book_files.tenant_model import BookedTenant, tenant_in


def read_tenant(path: Path, *, log: ErrorLog) -> BookedTenant | None:
    """The tenant of a book, or None where what is wrong with the file is logged."""
    file = read_json(path, log=log)
    return None if file is None else tenant_in(file)
